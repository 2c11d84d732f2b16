//===- Combine.cpp - moe.combine --------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "lib/Interpret/Frame.h"

#include <numeric>

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

/// The choices of token `t` in the order in which they are added.
std::vector<int64_t> orderOf(const Tensor &positions, int64_t t, CombineOrder order) {
  int64_t k = positions.dim(1);
  std::vector<int64_t> result(k);
  std::iota(result.begin(), result.end(), 0);
  if (order == CombineOrder::ExpertAscending)
    llvm::sort(result, [&](int64_t a, int64_t b) {
      int64_t first = positions.integer(t * k + a), second = positions.integer(t * k + b);
      return first != second ? first < second : a < b;
    });
  return result;
}

LogicalResult runCombine(CombineOp op, Frame &frame) {
  const Tensor &rows = frame[op.getRows()], &positions = frame[op.getPositions()];
  const Tensor &weights = frame[op.getWeights()];
  const Tensor *passthrough = frame.optional(op.getPassthrough());
  int64_t tokens = positions.dim(0), k = positions.dim(1), hidden = rows.dim(1);
  if (failed(frame.checkShape(op, "weights", op.getWeights(), {tokens, k})) ||
      failed(frame.checkShape(op, "passthrough", op.getPassthrough(), {tokens, hidden})))
    return failure();
  for (int64_t i = 0; i < tokens * k; ++i)
    if (positions.integer(i) < -1 || positions.integer(i) >= rows.dim(0))
      return op.emitOpError("positions[") << i / k << ", " << i % k << "] is "
                                          << positions.integer(i) << ", no row of " << rows.dim(0);
  auto result = frame.allocate(op->getResult(0), {tokens, hidden});
  if (failed(result))
    return failure();

  bool wide = rows.dtype() == DType::F64 || frame.options.accumulateF64;
  DType product = wide ? DType::F64 : DType::F32;
  std::optional<DType> term, accumulator = product;
  if (std::optional<Type> type = op.getTermType())
    term = dtypeOf(*type);
  if (std::optional<Type> type = op.getAccumulator())
    accumulator = dtypeOf(*type);
  for (int64_t t = 0; t < tokens; ++t) {
    std::vector<int64_t> order = orderOf(positions, t, op.getOrder());
    for (int64_t d = 0; d < hidden; ++d) {
      double sum = 0;
      for (int64_t j : order) {
        int64_t row = positions.integer(t * k + j);
        if (row < 0 && !passthrough)
          continue;
        double value = row < 0 ? passthrough->real(t * hidden + d) : rows.real(row * hidden + d);
        // One f64 operation rounded to a narrower type is that type's operation.
        double weight = roundTo(product, weights.real(t * k + j));
        double added = roundTo(product, roundTo(product, value) * weight);
        if (term)
          added = roundTo(*term, added);
        sum = roundTo(*accumulator, sum + added);
      }
      result->setReal(t * hidden + d, sum);
    }
  }
  return frame.set(op->getResult(0), *result);
}

} // namespace

void moec::addCombineHandlers(HandlerTable &table) { table.add<CombineOp, runCombine>(); }
