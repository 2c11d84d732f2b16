//===- SparseTensor.cpp - Sparse tensors made dense -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/SparseTensor.h"
#include "lib/Import/AttributeType.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace llvm;
using namespace moec;

/// The row-major position of entry `row`, or an error text.
static Expected<uint64_t> position(const ImportContext &context, StringRef owner, StringRef name,
                                   ArrayRef<int64_t> index, ArrayRef<int64_t> dims,
                                   uint64_t elements) {
  auto outside = [&](int64_t at) {
    return context.bad(owner, "sparse tensor " + quoteName(name) + " has the index " + Twine(at) +
                                  " outside of its shape; export the model again");
  };
  if (index.size() == 1 && dims.size() != 1) {
    if (index[0] < 0 || uint64_t(index[0]) >= elements)
      return outside(index[0]);
    return uint64_t(index[0]);
  }
  uint64_t result = 0;
  for (auto [at, dim] : zip_equal(index, dims)) {
    if (at < 0 || at >= dim)
      return outside(at);
    result = result * dim + at;
  }
  return result;
}

Expected<onnxpb::TensorProto> moec::densify(const onnxpb::SparseTensorProto &sparse,
                                            StringRef owner, uint64_t &budget, TensorReader &reader,
                                            const ImportContext &context) {
  std::string name = sparse.values().name();
  std::string subject = "sparse tensor " + quoteName(name);
  if (owner.empty())
    owner = name;
  Expected<OnnxTensor> values = reader.check(sparse.values(), owner);
  if (!values)
    return values.takeError();
  Expected<OnnxTensor> indices = reader.check(sparse.indices(), owner);
  if (!indices)
    return indices.takeError();

  const DataTypeInfo &type = *values->type;
  if (type.bits < 8 || type.type == DataType::Float8E8M0)
    return context.unsupported(owner, subject + " has elements of type " + type.name +
                                          "; store it as a dense initializer");
  if (uint64_t(sparse.dims_size()) > context.limits().rank)
    return context.overLimit(owner, "the rank " + Twine(sparse.dims_size()) + " of " + subject,
                             &ImportLimits::rank);
  SmallVector<int64_t, 4> dims(sparse.dims().begin(), sparse.dims().end());
  std::optional<uint64_t> elements = countElements(dims);
  std::optional<uint64_t> bytes = elements ? packedBytes(type, *elements) : std::nullopt;
  if (!bytes)
    return context.bad(owner, subject + " has a shape that is negative or larger than 2^63-1 bits; "
                                        "export the model again");
  if (*bytes > budget)
    return context.overLimit(owner,
                             "the size of all sparse tensors, of which " + subject + " takes " +
                                 Twine(*bytes) + " bytes when dense,",
                             &ImportLimits::sparseDenseBytes);
  budget -= *bytes;

  uint64_t count = values->elements;
  ArrayRef<int64_t> shape = indices->dims;
  bool isLinear = shape.size() == 1;
  if (values->dims.size() != 1 || indices->type->type != DataType::Int64 ||
      (shape.size() != 1 && shape.size() != 2) || uint64_t(shape[0]) != count ||
      (!isLinear && uint64_t(shape[1]) != dims.size()))
    return context.bad(owner, subject + " needs values of shape [N] and int64 indices of shape [N] "
                                        "or [N, rank]; export the model again");

  // The limit on the result bounds what valid entries can take, so larger lists are wrong anyway.
  if (count > *elements)
    return context.bad(owner, subject + " has more values than its shape has elements; export the "
                                        "model again");
  Expected<std::vector<char>> valueBytes = reader.materialise(*values, values->bytes);
  if (!valueBytes)
    return valueBytes.takeError();
  Expected<std::vector<char>> indexBytes = reader.materialise(*indices, indices->bytes);
  if (!indexBytes)
    return indexBytes.takeError();

  std::string dense(*bytes, '\0');
  const size_t width = type.bits / 8, perEntry = isLinear ? 1 : dims.size();
  SmallVector<int64_t, 4> index(perEntry);
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (perEntry)
      std::memcpy(index.data(), indexBytes->data() + i * perEntry * 8, perEntry * 8);
    Expected<uint64_t> at = position(context, owner, name, index, dims, *elements);
    if (!at)
      return at.takeError();
    if (*at < next)
      return context.bad(owner,
                         subject + " has indices that do not ascend; export the model again");
    next = *at + 1;
    std::memcpy(dense.data() + *at * width, valueBytes->data() + i * width, width);
  }

  onnxpb::TensorProto result;
  result.set_name(name);
  result.set_data_type(sparse.values().data_type());
  *result.mutable_dims() = sparse.dims();
  result.set_raw_data(std::move(dense));
  return result;
}

Error moec::densifyGraph(onnxpb::GraphProto &graph, uint64_t &budget, TensorReader &reader,
                         const ImportContext &context) {
  for (const onnxpb::SparseTensorProto &sparse : graph.sparse_initializer()) {
    Expected<onnxpb::TensorProto> dense = densify(sparse, "", budget, reader, context);
    if (!dense)
      return dense.takeError();
    *graph.add_initializer() = std::move(*dense);
  }
  graph.clear_sparse_initializer();
  for (onnxpb::NodeProto &node : *graph.mutable_node()) {
    for (onnxpb::AttributeProto &attribute : *node.mutable_attribute()) {
      if (node.op_type() == "Constant" && node.domain().empty() &&
          attribute.name() == "sparse_value" && attribute.type() == SparseTensorAttribute) {
        Expected<onnxpb::TensorProto> dense =
            densify(attribute.sparse_tensor(), node.name(), budget, reader, context);
        if (!dense)
          return dense.takeError();
        attribute.Clear();
        attribute.set_name("value");
        attribute.set_type(TensorAttribute);
        *attribute.mutable_t() = std::move(*dense);
      }
      if (attribute.has_g())
        if (Error error = densifyGraph(*attribute.mutable_g(), budget, reader, context))
          return error;
      for (onnxpb::GraphProto &nested : *attribute.mutable_graphs())
        if (Error error = densifyGraph(nested, budget, reader, context))
          return error;
    }
  }
  return Error::success();
}
