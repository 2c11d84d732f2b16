//===- RankBatches.cpp - A batch over ranks and back ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RankBatches.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeRange.h"

#include <cstring>

using namespace mlir;
using namespace moec;

static bool hasDynamicRows(Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked && ranked.getRank() > 0 && ranked.isDynamicDim(0);
}

/// Bytes of what lies behind one index of dimension 0.
static int64_t rowBytes(const Tensor &tensor) {
  int64_t bytes = bytesOf(tensor.dtype());
  for (int64_t size : tensor.shape().drop_front())
    bytes *= size;
  return bytes;
}

/// A tensor like `like` with `rows` along dimension 0.
static llvm::Expected<Tensor> createRows(const Tensor &like, int64_t rows) {
  SmallVector<int64_t> shape(like.shape());
  shape.front() = rows;
  if (std::optional<Tensor> tensor = Tensor::create(like.dtype(), shape))
    return *tensor;
  return llvm::createStringError("cannot allocate tensor<" + shapeToString(like.dtype(), shape) +
                                 ">");
}

static void copyRows(const Tensor &from, int64_t first, Tensor &to, int64_t target, int64_t count) {
  if (count == 0)
    return;
  if (int64_t bytes = rowBytes(from); count * bytes)
    memcpy(to.bytes() + target * bytes, from.bytes() + first * bytes, count * bytes);
}

llvm::Expected<SmallVector<SmallVector<Tensor>>> moec::splitBatch(ArrayRef<Tensor> inputs,
                                                                  TypeRange types, int64_t ranks) {
  SmallVector<SmallVector<Tensor>> result(ranks);
  if (inputs.empty())
    return result;
  if (!hasDynamicRows(types.front()) || inputs.front().rank() == 0)
    return llvm::createStringError(
        "the first input has no dynamic dimension 0: there is no batch to split over ranks");
  const int64_t batch = inputs.front().dim(0);
  int64_t first = 0;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    const int64_t count = batch / ranks + (rank < batch % ranks);
    for (auto [input, type] : llvm::zip_equal(inputs, types)) {
      if (!hasDynamicRows(type) || input.rank() == 0 || input.dim(0) != batch) {
        result[rank].push_back(input);
        continue;
      }
      llvm::Expected<Tensor> part = createRows(input, count);
      if (!part)
        return part.takeError();
      copyRows(input, first, *part, 0, count);
      result[rank].push_back(*part);
    }
    first += count;
  }
  return result;
}

/// Whether both have the same shape and the same bits.
static bool areEqual(const Tensor &a, const Tensor &b) {
  return a.shape() == b.shape() &&
         (a.numElements() == 0 ||
          memcmp(a.bytes(), b.bytes(), a.numElements() * bytesOf(a.dtype())) == 0);
}

/// The rows of result `index` for each entry of the batch, if they are as many on every rank.
static std::optional<int64_t> rowsOfEntry(ArrayRef<SmallVector<Tensor>> results,
                                          ArrayRef<int64_t> batches, size_t index) {
  std::optional<int64_t> each;
  for (auto [tensors, batch] : llvm::zip_equal(results, batches)) {
    const int64_t rows = tensors[index].dim(0);
    if (batch == 0 ? rows != 0 : rows % batch != 0 || rows / batch != each.value_or(rows / batch))
      return std::nullopt;
    if (batch)
      each = rows / batch;
  }
  return each;
}

/// Result `index` of all ranks, one after the other.
static llvm::Expected<Tensor> concatenate(ArrayRef<SmallVector<Tensor>> results, size_t index) {
  const Tensor &first = results.front()[index];
  int64_t rows = 0;
  for (const SmallVector<Tensor> &tensors : results) {
    if (tensors[index].shape().drop_front() != first.shape().drop_front())
      return llvm::createStringError("rows of result %zu have other sizes on other ranks", index);
    rows += tensors[index].dim(0);
  }
  llvm::Expected<Tensor> all = createRows(first, rows);
  if (!all)
    return all.takeError();
  int64_t target = 0;
  for (const SmallVector<Tensor> &tensors : results) {
    copyRows(tensors[index], 0, *all, target, tensors[index].dim(0));
    target += tensors[index].dim(0);
  }
  return all;
}

llvm::Expected<SmallVector<Tensor>> moec::joinBatches(ArrayRef<SmallVector<Tensor>> results,
                                                      ArrayRef<int64_t> batches, TypeRange types) {
  SmallVector<Tensor> joined;
  for (size_t index = 0; index < types.size(); ++index) {
    const Tensor &first = results.front()[index];
    std::optional<int64_t> each;
    if (!batches.empty() && hasDynamicRows(types[index]))
      each = rowsOfEntry(results, batches, index);
    const bool isSame =
        llvm::all_of(results, [&](const auto &tensors) { return areEqual(tensors[index], first); });
    if (isSame && each.value_or(1) != 1)
      return llvm::createStringError(
          "result %zu is the same on every rank, and nothing tells whether its rows belong to "
          "entries of the batch",
          index);
    if (isSame && !each) {
      joined.push_back(first);
      continue;
    }
    if (!each)
      return llvm::createStringError(
          "result %zu differs between ranks and has no rows for each entry of the batch", index);
    llvm::Expected<Tensor> all = concatenate(results, index);
    if (!all)
      return all.takeError();
    joined.push_back(*all);
  }
  return joined;
}
