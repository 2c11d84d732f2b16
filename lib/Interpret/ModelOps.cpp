//===- ModelOps.cpp - What models put around MoE layers ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The few `onnx` ops of a decoder without attention: norms, products, sums,
// reshapes and transposes. A product's sums and a norm's statistics run in f32, or f64 on
// demand; every op rounds its result once.
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <cmath>

using namespace mlir;
using namespace moec;

namespace {

/// Where the elements of a tensor are that broadcasts to a larger one.
class Broadcast {
public:
  /// Axes are aligned at the end; each size of `from` is 1 or that of `to`.
  Broadcast(ArrayRef<int64_t> from, ArrayRef<int64_t> to) : sizes(to), strides(to.size(), 0) {
    int64_t stride = 1;
    for (size_t i = 0; i < from.size(); ++i) {
      size_t axis = from.size() - 1 - i;
      if (from[axis] != 1)
        strides[to.size() - 1 - i] = stride;
      stride *= from[axis];
    }
  }

  /// The place of the element that element `index` of the larger tensor gets.
  int64_t operator()(int64_t index) const {
    int64_t place = 0;
    for (size_t axis = sizes.size(); axis-- > 0; index /= sizes[axis])
      place += index % sizes[axis] * strides[axis];
    return place;
  }

private:
  SmallVector<int64_t> sizes, strides;
};

/// The common shape of two tensors; emits an error if they have none.
FailureOr<SmallVector<int64_t>> broadcastShapes(Operation *op, ArrayRef<int64_t> a,
                                                ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &size = result[a.size() - 1 - i], other = b[b.size() - 1 - i];
    if (size != other && size != 1 && other != 1)
      return op->emitOpError("cannot broadcast sizes ") << size << " and " << other;
    if (size == 1)
      size = other;
  }
  return result;
}

LogicalResult checkBroadcasts(Operation *op, StringRef name, const Tensor &tensor,
                              ArrayRef<int64_t> to) {
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(op, tensor.shape(), to);
  if (failed(shape))
    return failure();
  if (*shape != to)
    return op->emitOpError("cannot broadcast ") << name << " to the input";
  return success();
}

/// The function of two reals, or null if it is not interpreted.
double (*realFunction(onnx::BinaryFn fn))(double, double) {
  switch (fn) {
  case onnx::BinaryFn::Add:
    return [](double a, double b) { return a + b; };
  case onnx::BinaryFn::Sub:
    return [](double a, double b) { return a - b; };
  case onnx::BinaryFn::Mul:
    return [](double a, double b) { return a * b; };
  case onnx::BinaryFn::Div:
    return [](double a, double b) { return a / b; };
  default:
    return nullptr;
  }
}

LogicalResult runBinary(onnx::BinaryOp op, Frame &frame) {
  const Tensor &a = frame[op.getLhs()], &b = frame[op.getRhs()];
  auto *function = realFunction(op.getFn());
  if (!function || !isReal(a.dtype()))
    return op.emitOpError() << onnx::stringifyBinaryFn(op.getFn()) << " of " << nameOf(a.dtype())
                            << " is not interpreted";
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(op, a.shape(), b.shape());
  if (failed(shape))
    return failure();
  auto result = frame.allocate(op->getResult(0), *shape);
  if (failed(result))
    return failure();
  Broadcast ofA(a.shape(), *shape), ofB(b.shape(), *shape);
  for (int64_t i = 0; i < result->numElements(); ++i)
    result->setReal(i, function(a.real(ofA(i)), b.real(ofB(i))));
  return frame.set(op->getResult(0), *result);
}

LogicalResult runCast(onnx::CastOp op, Frame &frame) {
  const Tensor &x = frame[op.getX()];
  auto result = frame.allocate(op->getResult(0), x.shape());
  if (failed(result))
    return failure();
  if (!isReal(x.dtype()) || !isReal(result->dtype()))
    return op.emitOpError("from or to integers is not interpreted");
  for (int64_t i = 0; i < result->numElements(); ++i)
    result->setReal(i, x.real(i));
  return frame.set(op->getResult(0), *result);
}

/// Products with one matrix on the right: rows of any number of axes.
LogicalResult runMatMul(onnx::MatMulOp op, Frame &frame) {
  const Tensor &a = frame[op.getLhs()], &b = frame[op.getRhs()];
  if (!isReal(a.dtype()) || a.rank() == 0 || b.rank() != 2)
    return op.emitOpError("is interpreted for reals and one matrix on the right");
  int64_t depth = b.dim(0), columns = b.dim(1);
  if (a.shape().back() != depth)
    return op.emitOpError("multiplies rows of ")
           << a.shape().back() << " with a matrix of " << depth << " rows";
  SmallVector<int64_t> shape(a.shape());
  shape.back() = columns;
  auto result = frame.allocate(op->getResult(0), shape);
  if (failed(result))
    return failure();
  frame.withAccumulator(a.dtype(), [&](auto real) {
    using Real = decltype(real);
    std::vector<Real> left = a.reals<Real>(), right = b.reals<Real>();
    for (int64_t i = 0; i < result->numElements(); ++i) {
      const Real *row = left.data() + i / columns * depth;
      Real sum = 0;
      for (int64_t p = 0; p < depth; ++p)
        sum += row[p] * right[p * columns + i % columns];
      result->setReal(i, sum);
    }
  });
  return frame.set(op->getResult(0), *result);
}

/// Normalises the rows that the axes from `axis` on make up: subtracts the mean
/// on demand, divides, rounds the quotient to `stash` and to `rounded`.
template <typename Finish>
LogicalResult normalise(Operation *op, const Tensor &x, int64_t axis, double epsilon, Type stash,
                        DType rounded, bool isCentred, Frame &frame, Finish finish) {
  auto result = frame.allocate(op->getResult(0), x.shape());
  std::optional<DType> quotient = dtypeOf(stash);
  if (failed(result))
    return failure();
  if (!quotient || axis < 0 || axis > x.rank())
    return op->emitOpError("with this axis or stash is not interpreted");
  int64_t size = 1;
  for (int64_t dim : x.shape().drop_front(axis))
    size *= dim;
  frame.withAccumulator(*quotient, [&](auto real) {
    using Real = decltype(real);
    std::vector<Real> values = x.reals<Real>();
    for (int64_t first = 0; first < x.numElements(); first += size) {
      Real mean = 0, square = 0;
      for (int64_t i = first; isCentred && i < first + size; ++i)
        mean += values[i] / static_cast<Real>(size);
      for (int64_t i = first; i < first + size; ++i)
        square += (values[i] - mean) * (values[i] - mean) / static_cast<Real>(size);
      Real root = std::sqrt(square + static_cast<Real>(epsilon));
      for (int64_t i = first; i < first + size; ++i)
        result->setReal(i,
                        finish(i, roundTo(rounded, roundTo(*quotient, (values[i] - mean) / root))));
    }
  });
  return frame.set(op->getResult(0), *result);
}

LogicalResult runRMSNorm(onnx::RMSNormOp op, Frame &frame) {
  const Tensor &x = frame[op.getX()], &scale = frame[op.getScale()];
  if (op.getInvStdDev())
    return op.emitOpError("with a second result is not interpreted");
  if (failed(checkBroadcasts(op, "the scale", scale, x.shape())))
    return failure();
  Broadcast place(scale.shape(), x.shape());
  return normalise(op, x, op.getAxis(), op.getEpsilon().convertToFloat(), op.getStash(),
                   scale.dtype(), /*isCentred=*/false, frame,
                   [&](int64_t i, double y) { return y * scale.real(place(i)); });
}

/// The shift is an addition of its own: the product is rounded before it.
LogicalResult runLayerNorm(onnx::LayerNormOp op, Frame &frame) {
  const Tensor &x = frame[op.getX()], &scale = frame[op.getScale()];
  const Tensor *bias = frame.optional(op.getBias());
  if (op.getMean() || op.getInvStdDev())
    return op.emitOpError("with a second result is not interpreted");
  if (failed(checkBroadcasts(op, "the scale", scale, x.shape())) ||
      (bias && failed(checkBroadcasts(op, "the bias", *bias, x.shape()))))
    return failure();
  Broadcast ofScale(scale.shape(), x.shape());
  Broadcast ofBias(bias ? bias->shape() : ArrayRef<int64_t>(), x.shape());
  return normalise(op, x, op.getAxis(), op.getEpsilon().convertToFloat(), op.getStash(), x.dtype(),
                   /*isCentred=*/true, frame, [&](int64_t i, double y) {
                     double scaled = y * scale.real(ofScale(i));
                     return bias ? roundTo(x.dtype(), scaled) + bias->real(ofBias(i)) : scaled;
                   });
}

LogicalResult runReshape(onnx::ReshapeOp op, Frame &frame) {
  const Tensor &x = frame[op.getX()], &wanted = frame[op.getShape()];
  SmallVector<int64_t> sizes;
  int64_t known = 1, open = -1;
  for (int64_t i = 0; i < wanted.numElements(); ++i) {
    int64_t size = wanted.integer(i);
    if (size == 0 && !op.getAllowzero() && i < x.rank())
      size = x.dim(i);
    if (size < -1 || (size == -1 && open >= 0))
      return op.emitOpError("has a shape with two open or negative sizes");
    if (size == -1)
      open = i;
    else if (llvm::MulOverflow(known, size, known))
      return op.emitOpError("has a too large size");
    sizes.push_back(size);
  }
  if (open >= 0) {
    sizes[open] = known ? x.numElements() / known : 0;
    known *= sizes[open];
  }
  if (known != x.numElements())
    return op.emitOpError("cannot give ") << x.numElements() << " elements the shape tensor<"
                                          << shapeToString(x.dtype(), sizes) << ">";
  return frame.set(op->getResult(0), x.reshaped(sizes));
}

LogicalResult runTranspose(onnx::TransposeOp op, Frame &frame) {
  return setTransposed(op, frame[op.getX()], op.getPerm(), frame);
}

LogicalResult runConstant(onnx::ConstantOp op, Frame &frame) {
  return setElements(op, op.getValue(), frame);
}

} // namespace

void moec::addModelHandlers(HandlerTable &table) {
  table.add<onnx::BinaryOp, runBinary>();
  table.add<onnx::CastOp, runCast>();
  table.add<onnx::ConstantOp, runConstant>();
  table.add<onnx::LayerNormOp, runLayerNorm>();
  table.add<onnx::MatMulOp, runMatMul>();
  table.add<onnx::RMSNormOp, runRMSNorm>();
  table.add<onnx::ReshapeOp, runReshape>();
  table.add<onnx::TransposeOp, runTranspose>();
}
