//===- FunctionTest.cpp - Tests of local functions --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

/// The nodes as lines `name: y = Op(a, b)`, nested graphs indented below.
std::string print(const GraphProto &graph, const std::string &indent = "") {
  std::string text;
  auto list = [](const auto &names) {
    std::string result;
    for (const std::string &name : names)
      result += (&name == &names[0] ? "" : ", ") + name;
    return result;
  };
  for (const NodeProto &node : graph.node()) {
    text += indent + node.name() + ": " + list(node.output()) + " = " + node.op_type() + "(" +
            list(node.input()) + ")\n";
    for (const AttributeProto &attribute : node.attribute())
      if (attribute.has_g())
        text += print(attribute.g(), indent + "  ");
  }
  for (const onnxpb::ValueInfoProto &output : graph.output())
    text += indent + "return " + output.name() + "\n";
  return text;
}

NodeProto *addCall(ModelProto &model, const std::string &function, const Names &inputs,
                   const Names &outputs, const std::string &name) {
  NodeProto *node = addNode(model, function, inputs, outputs, name);
  node->set_domain("local");
  return node;
}
NodeProto *addInner(FunctionProto *function, const std::string &op, const Names &inputs,
                    const Names &outputs, const std::string &name = "") {
  return addNode(*function->mutable_node(), op, inputs, outputs, name);
}

std::string expand(const ModelProto &model) {
  auto result = parse(model);
  if (!result)
    return llvm::toString(result.takeError());
  EXPECT_EQ(result->proto().functions_size(), 0);
  return print(result->graph());
}

TEST(Functions, NamesAreThoseOfTheCall) {
  ModelProto model = emptyModel();
  FunctionProto *gelu = addFunction(model, "Gate", {"a"}, {"r"});
  addInner(gelu, "Sigmoid", {"a"}, {"s"}, "sigmoid");
  addInner(gelu, "Mul", {"a", "s"}, {"r"});
  addCall(model, "Gate", {"x"}, {"m"}, "layer0");
  addCall(model, "Gate", {"m"}, {"y"}, "layer1");
  EXPECT_EQ(expand(model), "layer0/sigmoid: layer0/s = Sigmoid(x)\n"
                           "layer0/Mul#1: m = Mul(x, layer0/s)\n"
                           "layer1/sigmoid: layer1/s = Sigmoid(m)\n"
                           "layer1/Mul#1: y = Mul(m, layer1/s)\n"
                           "return y\n");
}

TEST(Functions, TakenNamesGetNumbers) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  addInner(f, "Neg", {"a"}, {"s"}, "neg");
  addInner(f, "Relu", {"s"}, {"r"}, "relu");
  addCall(model, "F", {"x"}, {"m"}, "call");
  addCall(model, "F", {"call/s"}, {"y"}, "call");
  addNode(model, "Exp", {"m"}, {"call/s"}, "exp");
  EXPECT_EQ(expand(model), "call/neg: call/s_1 = Neg(x)\n"
                           "call/relu: m = Relu(call/s_1)\n"
                           "exp: call/s = Exp(m)\n"
                           "call/neg_1: call/s_2 = Neg(call/s)\n"
                           "call/relu_1: y = Relu(call/s_2)\n"
                           "return y\n");
}

TEST(Functions, NestedCalls) {
  ModelProto model = emptyModel();
  FunctionProto *outer = addFunction(model, "Outer", {"a"}, {"r"});
  addInner(outer, "Inner", {"a"}, {"t"}, "one")->set_domain("local");
  addInner(outer, "Inner", {"t"}, {"r"}, "two")->set_domain("local");
  FunctionProto *inner = addFunction(model, "Inner", {"p"}, {"q"});
  addInner(inner, "Neg", {"p"}, {"h"}, "neg");
  addInner(inner, "Relu", {"h"}, {"q"}, "relu");
  addCall(model, "Outer", {"x"}, {"y"}, "call");
  EXPECT_EQ(expand(model), "call/one/neg: call/one/h = Neg(x)\n"
                           "call/one/relu: call/t = Relu(call/one/h)\n"
                           "call/two/neg: call/two/h = Neg(call/t)\n"
                           "call/two/relu: y = Relu(call/two/h)\n"
                           "return y\n");
}

TEST(Functions, AbsentArgumentsAndResults) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a", "b", "c"}, {"r", "s"});
  addInner(f, "Clip", {"a", "b", "c"}, {"r"}, "clip");
  addInner(f, "Neg", {"a"}, {"s"}, "neg");
  addCall(model, "F", {"x", "", "x"}, {"m"}, "one");
  addCall(model, "F", {"m"}, {"", "y"}, "two");
  EXPECT_EQ(expand(model), "one/clip: m = Clip(x, , x)\n"
                           "one/neg: one/s = Neg(x)\n"
                           "two/clip: two/r = Clip(m, , )\n"
                           "two/neg: y = Neg(m)\n"
                           "return y\n");
}

TEST(Functions, ResultsThatAreArgumentsAreCopied) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"a", "r", "r"});
  addInner(f, "Neg", {"a"}, {"r"}, "neg");
  addCall(model, "F", {"x"}, {"y", "p", "q"}, "call");
  EXPECT_EQ(expand(model), "call/neg: p = Neg(x)\n"
                           "call/Identity: y = Identity(x)\n"
                           "call/Identity_1: q = Identity(p)\n"
                           "return y\n");
}

TEST(Functions, AttributeReferences) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  f->add_attribute("required");
  AttributeProto *preset = f->add_attribute_proto();
  preset->set_name("preset");
  preset->set_type(FloatAttribute);
  preset->set_f(0.25);
  NodeProto *inner = addInner(f, "Op", {"a"}, {"r"}, "op");
  addAttribute(inner, "alpha", FloatAttribute)->set_ref_attr_name("preset");
  addAttribute(inner, "axis", IntAttribute)->set_ref_attr_name("required");
  addAttribute(inner, "own", IntAttribute)->set_i(3);
  addAttribute(addCall(model, "F", {"x"}, {"m"}, "one"), "required", IntAttribute)->set_i(7);
  addAttribute(addCall(model, "F", {"m"}, {"y"}, "two"), "preset", FloatAttribute)->set_f(0.5);
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  const NodeProto &one = result->graph().node(0), &two = result->graph().node(1);
  ASSERT_EQ(one.attribute_size(), 3);
  EXPECT_EQ(one.attribute(0).name(), "alpha");
  EXPECT_EQ(one.attribute(0).f(), 0.25);
  EXPECT_EQ(one.attribute(1).name(), "axis");
  EXPECT_EQ(one.attribute(1).i(), 7);
  ASSERT_EQ(two.attribute_size(), 2); // Absent in the call: absent in the node.
  EXPECT_EQ(two.attribute(0).f(), 0.5);
  EXPECT_EQ(two.attribute(1).name(), "own");
  for (const AttributeProto &attribute : one.attribute())
    EXPECT_TRUE(attribute.ref_attr_name().empty());
}

TEST(Functions, OwnOperatorSets) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  f->mutable_opset_import(0)->set_version(12);
  auto *ml = f->add_opset_import();
  ml->set_domain("ai.onnx.ml");
  ml->set_version(4);
  addInner(f, "Softmax", {"a"}, {"s"});
  addInner(f, "Scaler", {"s"}, {"r"})->set_domain("ai.onnx.ml");
  addCall(model, "F", {"x"}, {"m"}, "call");
  addNode(model, "Softmax", {"m"}, {"y"});
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(OnnxModel::opsetVersion(result->graph().node(0)), 12);
  EXPECT_EQ(OnnxModel::opsetVersion(result->graph().node(1)), 4);
  EXPECT_EQ(OnnxModel::opsetVersion(result->graph().node(2)), 21);
  EXPECT_EQ(result->opsetVersion("ai.onnx.ml"), 0);
  f->clear_opset_import();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "Softmax#0", {"opset_import"}));
}

TEST(Functions, Overloads) {
  ModelProto model = emptyModel();
  addInner(addFunction(model, "F", {"a"}, {"r"}), "Neg", {"a"}, {"r"}, "neg");
  FunctionProto *other = addFunction(model, "F", {"a"}, {"r"});
  other->set_overload("v2");
  addInner(other, "Exp", {"a"}, {"r"}, "exp");
  addCall(model, "F", {"x"}, {"m"}, "one");
  addCall(model, "F", {"m"}, {"y"}, "two")->set_overload("v2");
  EXPECT_EQ(expand(model), "one/neg: m = Neg(x)\ntwo/exp: y = Exp(m)\nreturn y\n");
}

TEST(Functions, NestedGraphsKeepTheirMeaning) {
  // The branch captures `a` and has a name of its own that equals the argument's name.
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  addInner(f, "Neg", {"a"}, {"n"}, "neg");
  GraphProto *branch =
      addAttribute(addInner(f, "If", {"n"}, {"r"}, "if"), "then_branch", GraphAttribute)
          ->mutable_g();
  addNode(*branch->mutable_node(), "Add", {"a", "n"}, {"x"}, "add");
  addNode(*branch->mutable_node(), "Mul", {"x", "a"}, {"out"}, "mul");
  addOutput(branch, "out", {});
  addCall(model, "F", {"x"}, {"y"}, "call");
  EXPECT_EQ(expand(model), "call/neg: call/n = Neg(x)\n"
                           "call/if: y = If(call/n)\n"
                           "  call/add: call/x = Add(x, call/n)\n"
                           "  call/mul: call/out = Mul(call/x, x)\n"
                           "  return call/out\n"
                           "return y\n");
}

TEST(Functions, CallsInNestedGraphsAndGraphsAsArguments) {
  ModelProto model = emptyModel();
  FunctionProto *wrap = addFunction(model, "Wrap", {"c"}, {"r"});
  wrap->add_attribute("body");
  NodeProto *inner = addInner(wrap, "If", {"c"}, {"r"}, "if");
  addAttribute(inner, "then_branch", GraphAttribute)->set_ref_attr_name("body");
  FunctionProto *twice = addFunction(model, "Twice", {"a"}, {"r"});
  addInner(twice, "Add", {"a", "a"}, {"r"}, "add");
  NodeProto *call = addCall(model, "Wrap", {"x"}, {"y"}, "call");
  GraphProto *body = addAttribute(call, "body", GraphAttribute)->mutable_g();
  addNode(*body->mutable_node(), "Twice", {"x"}, {"t"}, "in")->set_domain("local");
  addOutput(body, "t", {});
  EXPECT_EQ(expand(model), "call/if: y = If(x)\n"
                           "  in/add: t = Add(x, x)\n"
                           "  return t\n"
                           "return y\n");
}

TEST(Functions, LocalFunctionsWinOverOperators) {
  ModelProto model = reluModel();
  FunctionProto *relu = addFunction(model, "Relu", {"a"}, {"r"});
  relu->set_domain("ai.onnx");
  addInner(relu, "Abs", {"a"}, {"r"}, "abs");
  EXPECT_EQ(expand(model), "relu/abs: y = Abs(x)\nreturn y\n");
}

TEST(Functions, Errors) {
  struct Case {
    const char *what;
    void (*change)(ModelProto &, FunctionProto *, NodeProto *);
    ImportError::Kind kind;
    std::string node, part;
  };
  constexpr auto bad = ImportError::BadInput;
  const Case cases[] = {
      {"recursion",
       [](ModelProto &, FunctionProto *f, NodeProto *) {
         addInner(f, "F", {"a"}, {"z"}, "again")->set_domain("local");
       },
       bad, "call/again", "circle: 'local.F' -> 'local.F'"},
      {"mutual recursion",
       [](ModelProto &m, FunctionProto *f, NodeProto *) {
         addInner(f, "G", {"a"}, {"z"}, "g")->set_domain("local");
         FunctionProto *g = addFunction(m, "G", {"a"}, {"r"});
         addInner(g, "F", {"a"}, {"r"}, "f")->set_domain("local");
       },
       bad, "call/g/f", "circle: 'local.F' -> 'local.G' -> 'local.F'"},
      {"same function twice",
       [](ModelProto &m, FunctionProto *, NodeProto *) { addFunction(m, "F", {"a"}, {"r"}); }, bad,
       "F", "defined twice"},
      {"no name", [](ModelProto &, FunctionProto *f, NodeProto *) { f->clear_name(); }, bad, "",
       "no name"},
      {"too many inputs", [](ModelProto &, FunctionProto *, NodeProto *c) { c->add_input("x"); },
       bad, "call", "has 2 inputs, the function declares 1"},
      {"too many outputs", [](ModelProto &, FunctionProto *, NodeProto *c) { c->add_output("q"); },
       bad, "call", "has 2 outputs, the function declares 1"},
      {"undeclared attribute",
       [](ModelProto &, FunctionProto *, NodeProto *c) { addAttribute(c, "k", IntAttribute); }, bad,
       "call", "does not declare attribute 'k'"},
      {"undefined value",
       [](ModelProto &, FunctionProto *f, NodeProto *) { addInner(f, "Neg", {"x"}, {"z"}, "n"); },
       bad, "call/n", "'x' is used in local function 'local.F'"},
      {"output not computed",
       [](ModelProto &, FunctionProto *f, NodeProto *) { f->set_output(0, "z"); }, bad, "call",
       "output 'z' of local function 'local.F' is not computed"},
      {"value defined twice",
       [](ModelProto &, FunctionProto *f, NodeProto *) { addInner(f, "Neg", {"a"}, {"r"}, "n"); },
       bad, "n", "'r' of local function 'local.F' is defined twice"},
      {"value of an input's name",
       [](ModelProto &, FunctionProto *f, NodeProto *) { addInner(f, "Neg", {"r"}, {"a"}, "n"); },
       bad, "n", "'a' of local function 'local.F' is defined twice"},
      {"input twice", [](ModelProto &, FunctionProto *f, NodeProto *) { f->add_input("a"); }, bad,
       "call", "declares input 'a'"},
      {"attribute twice",
       [](ModelProto &, FunctionProto *f, NodeProto *) {
         f->add_attribute("k");
         f->add_attribute("k");
       },
       bad, "call", "declares attribute 'k'"},
      {"unnamed output", [](ModelProto &, FunctionProto *f, NodeProto *) { f->add_output(""); },
       bad, "call", "an output without a name"},
      {"default that refers",
       [](ModelProto &, FunctionProto *f, NodeProto *) {
         AttributeProto *a = f->add_attribute_proto();
         a->set_name("k");
         a->set_ref_attr_name("k");
       },
       bad, "F", "refers to attribute 'k'"},
      {"default graph",
       [](ModelProto &, FunctionProto *f, NodeProto *) {
         AttributeProto *a = f->add_attribute_proto();
         a->set_name("k");
         a->mutable_g();
       },
       ImportError::Unsupported, "call", "a graph as its default"},
      {"reference of another type",
       [](ModelProto &, FunctionProto *f, NodeProto *c) {
         f->add_attribute("k");
         addAttribute(c, "k", IntAttribute)->set_i(1);
         addAttribute(f->mutable_node(0), "alpha", FloatAttribute)->set_ref_attr_name("k");
       },
       bad, "call/neg", "which has another type"},
      {"absent input returned",
       [](ModelProto &, FunctionProto *f, NodeProto *c) {
         f->set_output(0, "a");
         c->set_input(0, "");
       },
       bad, "call", "an input that this call leaves out"},
      {"cycle in the body",
       [](ModelProto &, FunctionProto *f, NodeProto *) {
         addInner(f, "Neg", {"p"}, {"q"}, "n1");
         addInner(f, "Neg", {"q"}, {"p"}, "n2");
       },
       bad, "call/n1", "circle: 'call/n1' needs 'call/n2'"},
      {"opsets of two versions",
       [](ModelProto &, FunctionProto *f, NodeProto *) { f->add_opset_import()->set_version(5); },
       bad, "F", "21 and 5"},
  };
  for (const Case &c : cases) {
    ModelProto model = emptyModel();
    FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
    addInner(f, "Neg", {"a"}, {"r"}, "neg");
    c.change(model, f, addCall(model, "F", {"x"}, {"y"}, "call"));
    EXPECT_TRUE(failsWith(parse(model), c.kind, c.node, {c.part})) << c.what;
  }
}

/// Functions F0 ... Fn, each calling the next one twice.
ModelProto doubling(int depth, bool hasBody) {
  ModelProto model = emptyModel();
  for (int i = 0; i <= depth; ++i) {
    FunctionProto *f = addFunction(model, "F" + std::to_string(i), {"a"}, {"a"});
    for (int k = 0; k < 2 && i < depth; ++k)
      addInner(f, "F" + std::to_string(i + 1), {"a"}, {hasBody ? "v" + std::to_string(k) : ""})
          ->set_domain("local");
  }
  addCall(model, "F0", {"x"}, {"y"}, "call");
  return model;
}

TEST(Functions, Bombs) {
  ImportOptions options;
  options.limits.expandedNodes = 100000;
  EXPECT_EQ(expand(doubling(8, true)).empty(), false);
  for (bool hasBody : {true, false}) {
    auto result = parse(doubling(60, hasBody), options);
    ASSERT_FALSE(bool(result));
    llvm::handleAllErrors(result.takeError(), [](ImportError &error) {
      EXPECT_EQ(error.kind, ImportError::Resource);
      EXPECT_NE(error.message.find("--limit expanded-nodes=N"), std::string::npos);
    });
  }
  auto deep = parse(doubling(70, true));
  ASSERT_FALSE(bool(deep));
  llvm::handleAllErrors(deep.takeError(), [](ImportError &error) {
    EXPECT_EQ(error.kind, ImportError::Resource);
    EXPECT_NE(error.message.find("--limit call-depth=N"), std::string::npos);
  });

  // A large attribute that every node of the body refers to.
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  f->add_attribute("k");
  for (int i = 0; i < 1000; ++i) {
    NodeProto *node =
        addInner(f, "Neg", {"a"}, {i == 0 ? std::string("r") : "v" + std::to_string(i)});
    addAttribute(node, "k", StringAttribute)->set_ref_attr_name("k");
  }
  addAttribute(addCall(model, "F", {"x"}, {"y"}, "call"), "k", StringAttribute)
      ->set_s(std::string(1 << 20, 's'));
  options = {};
  options.limits.expandedBytes = 10 << 20;
  EXPECT_TRUE(failsWith(parse(model, options), ImportError::Resource, "call",
                        {"--limit expanded-bytes=N"}));
}

} // namespace
