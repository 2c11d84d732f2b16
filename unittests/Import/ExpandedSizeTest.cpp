//===- ExpandedSizeTest.cpp - Tests of limits on inlining -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

constexpr auto resource = ImportError::Resource;

/// Functions F1 ... Fn of two nodes, calls of the function before; F0 is Relu. Called once.
ModelProto chain(int depth, const std::string &nodeName = "p") {
  ModelProto model = emptyModel();
  for (int i = 1; i <= depth; ++i) {
    FunctionProto *f = addFunction(model, "F" + std::to_string(i), {"a"}, {"r"});
    std::string op = i == 1 ? "Relu" : "F" + std::to_string(i - 1);
    for (NodeProto *node : {addNode(*f->mutable_node(), op, {"a"}, {"t"}, nodeName),
                            addNode(*f->mutable_node(), op, {"t"}, {"r"}, nodeName + "2")})
      if (i != 1)
        node->set_domain("local");
  }
  addNode(model, "F" + std::to_string(depth), {"x"}, {"y"}, "call")->set_domain("local");
  return model;
}

/// The message of what a model fails with; empty if it is read.
std::string message(const ModelProto &model, const ImportLimits &limits) {
  ImportOptions options;
  options.limits = limits;
  auto result = parse(model, options);
  std::string text;
  if (!result)
    llvm::handleAllErrors(result.takeError(), [&](ImportError &error) { text = error.message; });
  return text;
}

TEST(ExpandedSize, NodesAreCountedExactly) {
  // A call counts, and each node of its function: 1 + 2 + 2 * (1 + 2 + 2 * (1 + 2)).
  ImportLimits limits;
  limits.expandedNodes = 21;
  EXPECT_EQ(message(chain(3), limits), "");
  limits.expandedNodes = 20;
  EXPECT_EQ(message(chain(3), limits),
            "the number of nodes that inlining of local functions would make, 21 or more, is more "
            "than the limit of 20; raise it with --limit expanded-nodes=N if the file is trusted");
}

TEST(ExpandedSize, NodesOfNestedGraphsCount) {
  ModelProto model = emptyModel();
  FunctionProto *f = addFunction(model, "F", {"a"}, {"r"});
  NodeProto *node = addNode(*f->mutable_node(), "If", {"a"}, {"r"}, "if");
  GraphProto *branch = addAttribute(node, "then_branch", GraphAttribute)->mutable_g();
  for (int i = 0; i < 5; ++i)
    addNode(*branch->mutable_node(), "Relu", {"a"}, {"v" + std::to_string(i)});
  addOutput(branch, "v0", {2, 3});
  addNode(model, "F", {"x"}, {"y"}, "call")->set_domain("local");
  ImportLimits limits;
  limits.expandedNodes = 7;
  EXPECT_EQ(message(model, limits), "");
  limits.expandedNodes = 6;
  EXPECT_NE(message(model, limits).find("would make, 7 or more"), std::string::npos);
}

/// Twice as many nodes per function: what no machine holds is refused by what is written of it.
TEST(ExpandedSize, DoublingIsRefusedWithoutExpansion) {
  EXPECT_TRUE(failsWith(parse(chain(30)), resource, "call",
                        {"would make, 3221225469 or more", "--limit expanded-nodes=N"}));
  // More than 64 bits count.
  ImportOptions options;
  options.limits.callDepth = 1000;
  EXPECT_TRUE(failsWith(parse(chain(500), options), resource, "call",
                        {"would make, 18446744073709551615 or more"}));
  // Not deeper than calls may be.
  std::string path = "call";
  for (int depth = 0; depth < 64; ++depth)
    path += "/p";
  EXPECT_TRUE(failsWith(parse(chain(500)), resource, path, {"--limit call-depth=N"}));
}

/// Names of nodes hold those of all calls around them.
TEST(ExpandedSize, LongNamesAreRefusedWithoutExpansion) {
  ImportOptions options;
  options.limits.callDepth = 1000;
  options.limits.expandedNodes = UINT64_MAX;
  std::string name(10000, 'n');
  EXPECT_TRUE(failsWith(parse(chain(40, name), options), resource, "call",
                        {"the size of the nodes that inlining of local functions would make",
                         "bytes or more", "--limit expanded-bytes=N"}));
}

/// A model that inlining accepts is never refused before it.
TEST(ExpandedSize, BytesAreAtMostThoseOfInlining) {
  for (const std::string &name : {std::string("p"), std::string(300, 'n')}) {
    ModelProto model = chain(4, name);
    uint64_t refused = 0, accepted = uint64_t(1) << 24;
    auto at = [&](uint64_t bytes) {
      ImportLimits limits;
      limits.expandedBytes = bytes;
      return message(model, limits);
    };
    ASSERT_EQ(at(accepted), "");
    while (accepted - refused > 1) {
      uint64_t middle = refused + (accepted - refused) / 2;
      (at(middle).empty() ? accepted : refused) = middle;
    }
    EXPECT_NE(at(refused).find("the nodes made by inlining"), std::string::npos) << at(refused);
    // And it is not far from it.
    EXPECT_NE(at(refused / 2).find("would make"), std::string::npos) << at(refused / 2);
  }
}

TEST(ExpandedSize, CirclesAreReportedAsCircles) {
  ModelProto model = chain(3);
  NodeProto *node = model.mutable_functions(0)->mutable_node(1);
  node->set_domain("local");
  node->set_op_type("F3");
  EXPECT_TRUE(
      failsWith(parse(model), ImportError::BadInput, "call/p/p/p2", {"circle", "recursion"}));
}

} // namespace
