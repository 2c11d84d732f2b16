//===- LinalgOps.cpp - Named linalg ops -------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"
#include "lib/Interpret/RouterScores.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace moec;

namespace {

LogicalResult runFill(linalg::FillOp op, Frame &frame) {
  const Tensor &value = frame[op.getInputs()[0]], &init = frame[op.getOutputs()[0]];
  auto result = frame.allocate(op, init.dtype(), init.shape());
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < result->numElements(); ++i) {
    if (isReal(value.dtype()))
      result->setReal(i, value.real(0));
    else
      result->setInteger(i, value.integer(0));
  }
  return frame.set(op->getResult(0), *result);
}

/// Sums run over k in ascending order in f32 (f64 for f64) from the value of
/// `outs`, and are rounded once: linalg leaves the order open and says to sum
/// in the type of `outs`, which no matrix unit does for narrow types.
LogicalResult runMatmul(linalg::MatmulOp op, Frame &frame) {
  const Tensor &a = frame[op.getInputs()[0]], &b = frame[op.getInputs()[1]];
  const Tensor &init = frame[op.getOutputs()[0]];
  if (op.hasUserDefinedMaps())
    return op.emitOpError("with indexing maps of its own is not interpreted");
  if (!isReal(init.dtype()) || !isReal(a.dtype()) || !isReal(b.dtype()))
    return op.emitOpError("on integers is not interpreted");
  int64_t m = a.dim(0), k = a.dim(1), n = b.dim(1);
  if (failed(frame.checkShape(op, "the second operand", op.getInputs()[1], {k, n})) ||
      failed(frame.checkShape(op, "outs", op.getOutputs()[0], {m, n})))
    return failure();
  auto result = frame.allocate(op->getResult(0), {m, n});
  if (failed(result))
    return failure();
  frame.withAccumulator(init.dtype(), [&](auto real) {
    using Real = decltype(real);
    std::vector<Real> left = a.reals<Real>(), right = b.reals<Real>();
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        auto sum = static_cast<Real>(init.real(i * n + j));
        for (int64_t p = 0; p < k; ++p)
          sum += left[i * k + p] * right[p * n + j];
        result->setReal(i * n + j, sum);
      }
  });
  return frame.set(op->getResult(0), *result);
}

/// Strides of a row-major tensor.
SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

LogicalResult runTranspose(linalg::TransposeOp op, Frame &frame) {
  const Tensor &input = frame[op.getInput()];
  SmallVector<int64_t> sizes;
  for (int64_t dim : op.getPermutation())
    sizes.push_back(input.dim(dim));
  if (failed(frame.checkShape(op, "outs", op.getInit(), sizes)))
    return failure();
  return setTransposed(op, input, op.getPermutation(), frame);
}

LogicalResult runSoftmax(linalg::SoftmaxOp op, Frame &frame) {
  const Tensor &input = frame[op.getInput()];
  if (failed(frame.checkShape(op, "outs", op.getOutput(), input.shape())))
    return failure();
  auto result = frame.allocate(op->getResult(0), input.shape());
  if (failed(result))
    return failure();
  int64_t size = input.dim(op.getDimension()), stride = stridesOf(input.shape())[op.getDimension()];
  frame.withAccumulator(input.dtype(), [&](auto real) {
    using Real = decltype(real);
    std::vector<Real> line(size);
    for (int64_t i = 0; i < input.numElements(); ++i) {
      if (i / stride % size != 0) // not the first of its line
        continue;
      for (int64_t j = 0; j < size; ++j)
        line[j] = static_cast<Real>(input.real(i + j * stride));
      softmax<Real>(line);
      for (int64_t j = 0; j < size; ++j)
        result->setReal(i + j * stride, line[j]);
    }
  });
  return frame.set(op->getResult(0), *result);
}

double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }

template <double (*function)(double, double)>
LogicalResult binary(Operation *op, Frame &frame) {
  const Tensor &a = frame[op->getOperand(0)], &b = frame[op->getOperand(1)];
  if (!isReal(a.dtype()))
    return op->emitOpError("on integers is not interpreted");
  if (failed(frame.checkShape(op, "operands", op->getOperand(1), a.shape())) ||
      failed(frame.checkShape(op, "outs", op->getOperand(2), a.shape())))
    return failure();
  auto result = frame.allocate(op->getResult(0), a.shape());
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < result->numElements(); ++i)
    result->setReal(i, function(a.real(i), b.real(i)));
  return frame.set(op->getResult(0), *result);
}

} // namespace

LogicalResult moec::setTransposed(Operation *op, const Tensor &input, ArrayRef<int64_t> permutation,
                                  Frame &frame) {
  SmallVector<int64_t> sizes, strides, inputStrides = stridesOf(input.shape());
  for (int64_t dim : permutation) {
    sizes.push_back(input.dim(dim));
    strides.push_back(inputStrides[dim]);
  }
  auto result = frame.allocate(op->getResult(0), sizes);
  if (failed(result))
    return failure();
  SmallVector<int64_t> outputStrides = stridesOf(sizes);
  for (int64_t i = 0; i < result->numElements(); ++i) {
    int64_t from = 0;
    for (size_t dim = 0; dim < sizes.size(); ++dim)
      from += i / outputStrides[dim] % sizes[dim] * strides[dim];
    if (isReal(input.dtype()))
      result->setReal(i, input.real(from));
    else
      result->setInteger(i, input.integer(from));
  }
  return frame.set(op->getResult(0), *result);
}

void moec::addLinalgHandlers(HandlerTable &table) {
  table.add<linalg::FillOp, runFill>();
  table.add<linalg::MatmulOp, runMatmul>();
  table.add<linalg::TransposeOp, runTranspose>();
  table.add<linalg::SoftmaxOp, runSoftmax>();
  table.add(linalg::AddOp::getOperationName(), binary<add>);
  table.add(linalg::SubOp::getOperationName(), binary<subtract>);
  table.add(linalg::MulOp::getOperationName(), binary<multiply>);
}
