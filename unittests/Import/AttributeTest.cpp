//===- AttributeTest.cpp - Tests of node attributes -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

/// A model whose only node has one attribute `a` of the declared type, filled by `fill`.
template <typename Fill>
ModelProto attributeModel(AttributeType type, Fill fill) {
  ModelProto model = reluModel();
  fill(*addAttribute(model.mutable_graph()->mutable_node(0), "a", type));
  return model;
}

int32_t readType(const ModelProto &model) {
  auto result = parse(model);
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return -1;
  }
  return result->graph().node(0).attribute(0).type();
}

TEST(Attributes, TypeIsInferredFromTheValue) {
  auto infer = [](auto fill) { return readType(attributeModel(UndefinedAttribute, fill)); };
  EXPECT_EQ(infer([](AttributeProto &a) { a.set_f(0); }), FloatAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.set_i(0); }), IntAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.set_s("x"); }), StringAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.add_floats(1); }), FloatsAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.add_ints(1); }), IntsAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.add_strings("x"); }), StringsAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.mutable_tp(); }), TypeProtoAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) { a.mutable_g(); }), GraphAttribute);
  EXPECT_EQ(infer([](AttributeProto &a) {
              a.mutable_t()->set_data_type(1);
              a.mutable_t()->set_raw_data("1234");
            }),
            TensorAttribute);
}

TEST(Attributes, DefaultsThatProto3LeavesOut) {
  for (AttributeType type : {FloatAttribute, IntAttribute, StringAttribute, IntsAttribute,
                             StringsAttribute, TensorsAttribute})
    EXPECT_EQ(readType(attributeModel(type, [](AttributeProto &) {})), type);
}

TEST(Attributes, Errors) {
  auto check = [](AttributeType type, auto fill, ImportError::Kind kind, const char *part) {
    EXPECT_TRUE(failsWith(parse(attributeModel(type, fill)), kind, "relu", {"'a'", part})) << part;
  };
  auto nothing = [](AttributeProto &) {};
  check(UndefinedAttribute, nothing, ImportError::BadInput, "has no value");
  check(TensorAttribute, nothing, ImportError::BadInput, "has no value");
  check(GraphAttribute, nothing, ImportError::BadInput, "has no value");
  check(AttributeType(77), nothing, ImportError::Unsupported, "type 77");
  check(
      IntAttribute, [](AttributeProto &a) { a.set_f(1); }, ImportError::BadInput,
      "declared as INT and has a value of type FLOAT");
  check(
      IntAttribute,
      [](AttributeProto &a) {
        a.set_i(1);
        a.add_ints(1);
      },
      ImportError::BadInput, "a value of type INT and one of type INTS");
  check(
      IntAttribute, [](AttributeProto &a) { a.set_ref_attr_name("b"); }, ImportError::BadInput,
      "not in one");

  ModelProto model = reluModel();
  NodeProto *node = model.mutable_graph()->mutable_node(0);
  addAttribute(node, "a", IntAttribute);
  addAttribute(node, "a", IntAttribute);
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "relu", {"'a' occurs twice"}));
  node->mutable_attribute(0)->clear_name();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "relu", {"no name"}));
  model = reluModel();
  model.mutable_graph()->mutable_node(0)->clear_op_type();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "relu", {"no op_type"}));
}

TEST(Attributes, NestedGraphsAreCheckedToo) {
  ModelProto model = attributeModel(GraphAttribute, [](AttributeProto &a) {
    addNode(*a.mutable_g()->mutable_node(), "Relu", {"x"}, {"inner"}, "in")->set_domain("nowhere");
  });
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "in", {"'nowhere'"}));
  model = attributeModel(GraphAttribute, [](AttributeProto &a) {
    TensorProto *tensor = a.mutable_g()->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(1);
    tensor->add_dims(-1);
  });
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "w", {"shape [-1]"}));
}

} // namespace
