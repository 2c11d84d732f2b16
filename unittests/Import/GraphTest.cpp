//===- GraphTest.cpp - Tests of names and order in graphs -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

Names nodeNames(const GraphProto &graph) {
  Names result;
  for (const NodeProto &node : graph.node())
    result.push_back(node.name());
  return result;
}

TEST(Graph, SortsNodesAndKeepsTheirOrderOtherwise) {
  ModelProto model = emptyModel();
  addNode(model, "Add", {"a", "c"}, {"y"}, "last");
  addNode(model, "Relu", {"x"}, {"a"}, "first");
  addNode(model, "Neg", {"b"}, {"c"}, "third");
  addNode(model, "Exp", {"x"}, {"b"}, "second");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(nodeNames(result->graph()), (Names{"first", "second", "third", "last"}));
  ASSERT_EQ(result->notes().size(), 1u);
  EXPECT_NE(result->notes()[0].find("have been sorted"), std::string::npos);
}

TEST(Graph, CapturesOrderNodesToo) {
  ModelProto model = emptyModel();
  NodeProto *outer = addNode(model, "If", {"x"}, {"y"}, "outer");
  GraphProto *branch = addAttribute(outer, "then_branch", GraphAttribute)->mutable_g();
  addNode(*branch->mutable_node(), "Relu", {"t"}, {"z"}, "use");
  addNode(*branch->mutable_node(), "Neg", {"late"}, {"t"}, "def");
  addOutput(branch, "z", {});
  addNode(model, "Exp", {"x"}, {"late"}, "late");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(nodeNames(result->graph()), (Names{"late", "outer"}));
  EXPECT_EQ(nodeNames(result->graph().node(1).attribute(0).g()), (Names{"def", "use"}));
}

TEST(Graph, InnerNamesHideOuterOnes) {
  ModelProto model = reluModel();
  GraphProto *body =
      addAttribute(model.mutable_graph()->mutable_node(0), "body", GraphAttribute)->mutable_g();
  addNode(*body->mutable_node(), "Relu", {"y"}, {"o"});
  addInput(body, "y", {}); // Not the output of the node around it, so no cycle.
  addOutput(body, "o", {});
  auto result = parse(model);
  EXPECT_TRUE(isRead(result));
}

TEST(Graph, OptionalInputsAndOutputsHaveEmptyNames) {
  ModelProto model = emptyModel();
  addNode(model, "Clip", {"x", "", "x"}, {"y"});
  addNode(model, "LayerNormalization", {"x", "x"}, {"a", "", "b"});
  addNode(model, "LayerNormalization", {"x", "x"}, {"c", "", ""});
  auto result = parse(model);
  EXPECT_TRUE(isRead(result));
}

TEST(Graph, UnnamedNodesAreNumbered) {
  ModelProto model = emptyModel();
  addNode(model, "Relu", {"x"}, {"a"});
  addNode(model, "Neg", {"a"}, {"y"});
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(nodeNames(result->graph()), (Names{"Relu#0", "Neg#1"}));
}

TEST(Graph, InitialisersThatAreInputs) {
  ModelProto model = emptyModel();
  addNode(model, "Add", {"x", "w"}, {"y"});
  addInput(model.mutable_graph(), "w", {1});
  addInitializer(model, "w", DataType::Float, {1}, "1234");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_TRUE(result->isOverridable("w"));
  EXPECT_FALSE(result->isOverridable("x"));
  model.set_ir_version(3);
  auto old = parse(model);
  ASSERT_TRUE(isRead(old));
  EXPECT_FALSE(old->isOverridable("w"));
}

TEST(Graph, ErrorsOfNames) {
  struct Case {
    const char *what;
    void (*change)(ModelProto &);
    std::string node, part;
  };
  const Case cases[] = {
      {"undefined value", [](ModelProto &m) { addNode(m, "Neg", {"ghost"}, {"q"}, "neg"); }, "neg",
       "'ghost' is used"},
      {"undefined graph output", [](ModelProto &m) { addOutput(m.mutable_graph(), "z", {}); }, "z",
       "not computed"},
      {"two definitions", [](ModelProto &m) { addNode(m, "Neg", {"x"}, {"y"}, "neg"); }, "neg",
       "'y' is defined twice"},
      {"an output twice", [](ModelProto &m) { addNode(m, "Split", {"x"}, {"s", "s"}, "split"); },
       "split", "'s' is defined twice"},
      {"a node defines an input", [](ModelProto &m) { addNode(m, "Neg", {"y"}, {"x"}, "neg"); },
       "neg", "'x' is defined twice"},
      {"a node defines an initialiser",
       [](ModelProto &m) {
         addInitializer(m, "w", DataType::Float, {0});
         addNode(m, "Neg", {"x"}, {"w"}, "neg");
       },
       "neg", "'w' is defined twice"},
      {"two inputs", [](ModelProto &m) { addInput(m.mutable_graph(), "x", {}); }, "x",
       "'x' is defined twice"},
      {"two outputs", [](ModelProto &m) { addOutput(m.mutable_graph(), "y", {}); }, "y",
       "'y' is listed twice"},
      {"two initialisers",
       [](ModelProto &m) {
         addInitializer(m, "w", DataType::Float, {0});
         addInitializer(m, "w", DataType::Float, {0});
       },
       "w", "'w' is defined twice"},
      {"unnamed input", [](ModelProto &m) { addInput(m.mutable_graph(), "", {}); }, "",
       "input without a name"},
      {"unnamed output", [](ModelProto &m) { addOutput(m.mutable_graph(), "", {}); }, "",
       "output without a name"},
      {"unnamed initialiser", [](ModelProto &m) { addInitializer(m, "", DataType::Float, {0}); },
       "", "initializer without a name"},
      {"own output", [](ModelProto &m) { addNode(m, "Neg", {"q"}, {"q"}, "neg"); }, "neg",
       "circle: 'neg' needs 'neg'"},
      {"cycle",
       [](ModelProto &m) {
         addNode(m, "Neg", {"p"}, {"q"}, "one");
         addNode(m, "Neg", {"q"}, {"p"}, "two");
       },
       "one", "circle: 'one' needs 'two' needs 'one'"},
      {"captured undefined value",
       [](ModelProto &m) {
         GraphProto *g =
             addAttribute(m.mutable_graph()->mutable_node(0), "g", GraphAttribute)->mutable_g();
         addNode(*g->mutable_node(), "Neg", {"ghost"}, {"q"}, "inner");
       },
       "inner", "'ghost' is used"},
      {"a cycle through a nested graph",
       [](ModelProto &m) {
         GraphProto *g =
             addAttribute(m.mutable_graph()->mutable_node(0), "g", GraphAttribute)->mutable_g();
         addNode(*g->mutable_node(), "Neg", {"y"}, {"q"}, "inner");
       },
       "relu", "circle: 'relu' needs 'relu'"},
  };
  for (const Case &c : cases) {
    ModelProto model = reluModel();
    c.change(model);
    EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, c.node, {c.part})) << c.what;
  }
}

TEST(Graph, NamesInMessagesAreEscaped) {
  ModelProto model = reluModel();
  addNode(model, "Neg", {"\x1b[2J"}, {"q"}, "neg");
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "neg", {"'\\u{1b}[2J' is used"}));
}

TEST(Graph, LongChainsAndCyclesAreLinear) {
  // Written backwards, so that sorting has to move every node.
  constexpr int count = 100000;
  ModelProto model = emptyModel();
  for (int i = count; i > 0; --i)
    addNode(model, "Relu", {i == 1 ? "x" : "v" + std::to_string(i - 1)},
            {i == count ? "y" : "v" + std::to_string(i)});
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(result->graph().node(0).input(0), "x");
  EXPECT_EQ(result->graph().node(count - 1).output(0), "y");
  model.mutable_graph()->mutable_node(count - 1)->set_input(0, "y");
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "Relu#0", {"circle", "..."}));
}

} // namespace
