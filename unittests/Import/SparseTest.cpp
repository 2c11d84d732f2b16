//===- SparseTest.cpp - Tests of sparse tensors -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

struct Sparse {
  std::vector<float> values;
  std::vector<int64_t> indices, indexDims, dims;
};

void fill(onnxpb::SparseTensorProto *sparse, const Sparse &s) {
  sparse->mutable_values()->set_name("w");
  sparse->mutable_values()->set_data_type(int32_t(DataType::Float));
  sparse->mutable_values()->add_dims(s.values.size());
  for (float value : s.values)
    sparse->mutable_values()->add_float_data(value);
  sparse->mutable_indices()->set_data_type(int32_t(DataType::Int64));
  for (int64_t dim : s.indexDims)
    sparse->mutable_indices()->add_dims(dim);
  for (int64_t index : s.indices)
    sparse->mutable_indices()->add_int64_data(index);
  for (int64_t dim : s.dims)
    sparse->add_dims(dim);
}

ModelProto sparseModel(const Sparse &s) {
  ModelProto model = emptyModel();
  addNode(model, "Add", {"x", "w"}, {"y"});
  fill(model.mutable_graph()->add_sparse_initializer(), s);
  return model;
}

std::string denseBytes(const Sparse &s) {
  auto model = parse(sparseModel(s));
  if (!model)
    return llvm::toString(model.takeError());
  EXPECT_EQ(model->graph().sparse_initializer_size(), 0);
  const OnnxTensor *w = model->initializer("w");
  if (!w)
    return "absent";
  EXPECT_EQ(std::vector<int64_t>(w->dims.begin(), w->dims.end()), s.dims);
  return w->inlineBytes().empty() ? "" : std::string(w->inlineBytes().data(), w->bytes);
}

TEST(Sparse, Densified) {
  EXPECT_EQ(denseBytes({{5, 7}, {1, 5}, {2}, {2, 3}}), bytesOf<float>({0, 5, 0, 0, 0, 7}));
  EXPECT_EQ(denseBytes({{5, 7}, {0, 1, 1, 2}, {2, 2}, {2, 3}}), bytesOf<float>({0, 5, 0, 0, 0, 7}));
  EXPECT_EQ(denseBytes({{5}, {3}, {1, 1}, {4}}), bytesOf<float>({0, 0, 0, 5}));
  EXPECT_EQ(denseBytes({{}, {}, {0}, {2}}), bytesOf<float>({0, 0}));
  EXPECT_EQ(denseBytes({{5}, {0}, {1}, {}}), bytesOf<float>({5}));
  EXPECT_EQ(denseBytes({{}, {}, {0}, {0, 4}}), "");
}

TEST(Sparse, ConstantsToo) {
  ModelProto model = reluModel();
  NodeProto *node = addNode(model, "Constant", {}, {"c"}, "constant");
  fill(addAttribute(node, "sparse_value", SparseTensorAttribute)->mutable_sparse_tensor(),
       {{5}, {1}, {1}, {2}});
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  const AttributeProto &attribute = result->graph().node(1).attribute(0);
  EXPECT_EQ(attribute.name(), "value");
  EXPECT_EQ(attribute.type(), TensorAttribute);
  EXPECT_EQ(attribute.t().raw_data(), bytesOf<float>({0, 5}));
}

TEST(Sparse, Errors) {
  struct Case {
    Sparse sparse;
    std::string part;
  };
  const Case cases[] = {
      {{{5}, {6}, {1}, {2, 3}}, "index 6 outside"},
      {{{5}, {-1}, {1}, {2, 3}}, "index -1 outside"},
      {{{5}, {0, 3}, {1, 2}, {2, 3}}, "index 3 outside"},
      {{{5, 6}, {2, 1}, {2}, {4}}, "do not ascend"},
      {{{5, 6}, {1, 1}, {2}, {4}}, "do not ascend"},
      {{{5, 6}, {1}, {1}, {4}}, "needs values of shape [N]"},
      {{{5}, {1, 1, 1}, {1, 3}, {2, 2}}, "needs values of shape [N]"},
      {{{5}, {1}, {1, 1, 1}, {4}}, "needs values of shape [N]"},
      {{{5, 6}, {0, 1}, {2}, {1}}, "more values than"},
      {{{5}, {0}, {1}, {-4}}, "negative or larger"},
      {{{5}, {0}, {1}, {1ll << 40, 1ll << 40}}, "negative or larger"},
  };
  for (const Case &c : cases)
    EXPECT_TRUE(failsWith(parse(sparseModel(c.sparse)), ImportError::BadInput, "w", {c.part}))
        << c.part;

  ModelProto narrow = sparseModel({{5}, {0}, {1}, {4}});
  auto *indices = narrow.mutable_graph()->mutable_sparse_initializer(0)->mutable_indices();
  indices->clear_int64_data();
  indices->set_data_type(int32_t(DataType::Int32));
  indices->add_int32_data(0);
  EXPECT_TRUE(failsWith(parse(narrow), ImportError::BadInput, "w", {"int64 indices"}));
}

TEST(Sparse, LargeResultsAreOverTheLimit) {
  EXPECT_TRUE(failsWith(parse(sparseModel({{5}, {0}, {1}, {1 << 20, 1 << 10}})),
                        ImportError::Resource, "w",
                        {"4294967296 bytes", "--limit sparse-dense-bytes=N"}));
  // The limit is for all of them together.
  ModelProto two = sparseModel({{5}, {0}, {1}, {1000}});
  auto *second = two.mutable_graph()->add_sparse_initializer();
  fill(second, {{5}, {0}, {1}, {1000}});
  second->mutable_values()->set_name("v");
  ImportOptions options;
  options.limits.sparseDenseBytes = 7999;
  EXPECT_TRUE(failsWith(parse(two, options), ImportError::Resource, "v", {"4000 bytes"}));
  options.limits.sparseDenseBytes = 8000;
  auto result = parse(two, options);
  EXPECT_TRUE(isRead(result));
}

} // namespace
