//===- LowerNorms.cpp - Softmax and norms -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Elements of `x`, widened, less the maximum of their row.
static Value emitShifted(ImplicitLocOpBuilder &b, ValueRange in) {
  return arith::SubFOp::create(b, widen(b, in[0]), in[1]);
}

template <typename Op>
static LogicalResult lowerSoftmax(Op op, Lowering &lowering, bool isLogarithm) {
  RankedTensorType lowered = getLoweredType(op.getX().getType());
  if (!lowered || lowered.getElementType().isF64())
    return op.emitOpError() << "has no code for elements of "
                            << getElementTypeOrSelf(op.getX().getType());
  Type element = lowered.getElementType(), type = getWideType(element);
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Reducer reducer(b, lowering.getSizes(b, op.getX()), op.getAxis());
  Value x = lowering.get(op.getX());
  // NaN makes the whole sum NaN; the maximum need not tell.
  Value max = reducer.maxNumber(type, reducer.whole(x), [](ImplicitLocOpBuilder &b, ValueRange in) {
    return widen(b, in[0]);
  });
  Input rows = reducer.whole(x), maxima = reducer.group(max);
  if (isLogarithm) {
    Value sum = reducer.sum(type, {rows, maxima}, [](ImplicitLocOpBuilder &b, ValueRange in) {
      return math::ExpOp::create(b, emitShifted(b, in)).getResult();
    });
    Value log = reducer.mapGroups(type, sum, [](ImplicitLocOpBuilder &b, ValueRange in) {
      return math::LogOp::create(b, in[0]).getResult();
    });
    lowering.replace(
        op, reducer.mapWhole(element, {rows, maxima, reducer.group(log)},
                             [&](ImplicitLocOpBuilder &b, ValueRange in) {
                               Value shifted = emitShifted(b, in);
                               return narrow(b, arith::SubFOp::create(b, shifted, in[2]), element);
                             }));
    return success();
  }
  Value exp = reducer.mapWhole(type, {rows, maxima}, [](ImplicitLocOpBuilder &b, ValueRange in) {
    return math::ExpOp::create(b, emitShifted(b, in)).getResult();
  });
  Value sum = reducer.sum(type, reducer.whole(exp),
                          [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; });
  lowering.replace(
      op, reducer.mapWhole(element, {reducer.whole(exp), reducer.group(sum)},
                           [&](ImplicitLocOpBuilder &b, ValueRange in) {
                             // One division per row. The sum is at least 1, its
                             // largest term, and no more than the row is long.
                             Value one = arith::ConstantOp::create(b, b.getFloatAttr(type, 1.0));
                             Value scale = arith::DivFOp::create(b, one, in[1]);
                             return narrow(b, arith::MulFOp::create(b, in[0], scale), element);
                           }));
  return success();
}

LogicalResult moec::lower(onnx::SoftmaxOp op, Lowering &lowering) {
  return lowerSoftmax(op, lowering, /*isLogarithm=*/false);
}
LogicalResult moec::lower(onnx::LogSoftmaxOp op, Lowering &lowering) {
  return lowerSoftmax(op, lowering, /*isLogarithm=*/true);
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

namespace {
/// What layer norm and RMS norm share: rows of the axes from `axis` on.
class Norm {
public:
  Norm(Operation *op, Lowering &lowering, ImplicitLocOpBuilder &b, Value x, int64_t axis,
       Type stash)
      : op(op), lowering(lowering), b(b), x(x), sizes(lowering.getSizes(b, x)),
        reducer(b, sizes, getAxes(sizes.size(), axis)), stash(stash) {}

  static SmallVector<int64_t> getAxes(int64_t rank, int64_t axis) {
    return llvm::to_vector(llvm::seq<int64_t>(axis, rank));
  }

  /// `x` in the type of the first part; sums are wider where that is narrow.
  Value stashed(ImplicitLocOpBuilder &b, Value element) const {
    return widen(b, emitCast(b, element, element.getType(), stash));
  }
  Type getSumType() const { return getWideType(stash); }

  /// How a scale or bias is read: aligned at the last axis; sizes of 1 repeat.
  Input getParameter(Value original, StringRef name);

  /// The reciprocal of the root of `sum / count + epsilon`, per row.
  Value getInverse(Value sum, APFloat epsilon) const {
    Value count = reducer.getCount(getSumType());
    return reducer.mapGroups(getSumType(), sum, [&](ImplicitLocOpBuilder &b, ValueRange in) {
      ScalarMath m(b, getSumType());
      Value variance = m.add(m.div(in[0], count), m.number(epsilon.convertToFloat()));
      return m.div(m.number(1), m.op<math::SqrtOp>(variance));
    });
  }
  /// A statistic as an optional result.
  Value getStatistic(Value statistic) const {
    Value rounded = statistic;
    if (stash != getSumType())
      rounded = reducer.mapGroups(stash, statistic, [&](ImplicitLocOpBuilder &b, ValueRange in) {
        return narrow(b, in[0], stash);
      });
    return reducer.keepAxes(rounded);
  }

  Operation *op;
  Lowering &lowering;
  ImplicitLocOpBuilder &b;
  Value x;
  SmallVector<OpFoldResult> sizes;
  Reducer reducer;
  Type stash;
};
} // namespace

Input Norm::getParameter(Value original, StringRef name) {
  auto type = cast<RankedTensorType>(original.getType());
  int64_t rank = sizes.size(), missing = rank - type.getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    onnx::Size size = lowering.getSymbolicSize(original, axis);
    onnx::Size expected = lowering.getSymbolicSize(x, missing + axis);
    bool repeats = !lowering.isEqual(size, expected) && size.isConstant(1);
    exprs.push_back(repeats ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(missing + axis));
    if (repeats || lowering.isEqual(size, expected))
      continue;
    // A size of 1 that a run decides would have to be another kernel.
    OpFoldResult here = lowering.getSize(b, original, axis);
    Value equal = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, getValueOrCreateConstantIndexOp(b, b.getLoc(), here),
        getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[missing + axis]));
    Lowering::check(b, equal, "the sizes of " + name + " are not those of x");
  }
  return Input{lowering.get(original), AffineMap::get(rank, 0, exprs, b.getContext())};
}

static LogicalResult checkTypes(Operation *op, Type stash) {
  for (Value operand : op->getOperands())
    if (!getLoweredType(operand.getType()))
      return op->emitOpError() << "has no code for operands of " << operand.getType();
  if (!getLoweredElementType(stash))
    return op->emitOpError() << "has no code for stash " << stash;
  return success();
}

LogicalResult moec::lower(onnx::RMSNormOp op, Lowering &lowering) {
  if (failed(checkTypes(op, op.getStash())))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Norm norm(op, lowering, b, op.getX(), op.getAxis(), op.getStash());
  Input scale = norm.getParameter(op.getScale(), "scale");
  Input x = norm.reducer.whole(lowering.get(op.getX()));
  Type sumType = norm.getSumType();
  Value squares =
      norm.reducer.sum(sumType, x, [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        Value value = norm.stashed(b, in[0]);
        return arith::MulFOp::create(b, value, value);
      });
  Value inverse = norm.getInverse(squares, op.getEpsilon());
  Type element = getElementTypeOrSelf(op.getY().getType());
  Value y = norm.reducer.mapWhole(element, {x, norm.reducer.group(inverse), scale},
                                  [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                    Value quotient =
                                        arith::MulFOp::create(b, norm.stashed(b, in[0]), in[1]);
                                    // Rounded to the type of the scale before it is scaled.
                                    quotient = widen(b, emitCast(b, quotient, sumType, element));
                                    Value scaled =
                                        arith::MulFOp::create(b, quotient, widen(b, in[2]));
                                    return narrow(b, scaled, element);
                                  });
  SmallVector<Value> results{y};
  if (op.getInvStdDev())
    results.push_back(norm.getStatistic(inverse));
  lowering.replace(op, results);
  return success();
}

LogicalResult moec::lower(onnx::LayerNormOp op, Lowering &lowering) {
  if (failed(checkTypes(op, op.getStash())))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Norm norm(op, lowering, b, op.getX(), op.getAxis(), op.getStash());
  const Reducer &reducer = norm.reducer;
  Type sumType = norm.getSumType(), element = getElementTypeOrSelf(op.getY().getType());
  Input x = reducer.whole(lowering.get(op.getX()));
  SmallVector<Input> inputs;
  Value sum = reducer.sum(
      sumType, x, [&](ImplicitLocOpBuilder &b, ValueRange in) { return norm.stashed(b, in[0]); });
  Value count = reducer.getCount(sumType);
  Value mean = reducer.mapGroups(sumType, sum, [&](ImplicitLocOpBuilder &b, ValueRange in) {
    return arith::DivFOp::create(b, in[0], count).getResult();
  });
  auto emitCentred = [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    return arith::SubFOp::create(b, norm.stashed(b, in[0]), in[1]);
  };
  Value squares = reducer.sum(sumType, {x, reducer.group(mean)},
                              [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                                Value centred = emitCentred(b, in);
                                return arith::MulFOp::create(b, centred, centred);
                              });
  Value inverse = norm.getInverse(squares, op.getEpsilon());
  inputs = {x, reducer.group(mean), reducer.group(inverse)};
  inputs.push_back(norm.getParameter(op.getScale(), "scale"));
  if (op.getBias())
    inputs.push_back(norm.getParameter(op.getBias(), "bias"));
  Value y = reducer.mapWhole(element, inputs, [&](ImplicitLocOpBuilder &b, ValueRange in) {
    Value quotient = arith::MulFOp::create(b, emitCentred(b, in), in[2]);
    // Rounded to the type of x before it is scaled.
    quotient = widen(b, emitCast(b, quotient, sumType, element));
    Value value = arith::MulFOp::create(b, quotient, widen(b, in[3]));
    if (op.getBias())
      value = arith::AddFOp::create(b, value, widen(b, in[4]));
    return narrow(b, value, element);
  });
  SmallVector<Value> results{y};
  if (op.getMean())
    results.push_back(norm.getStatistic(mean));
  if (op.getInvStdDev())
    results.push_back(norm.getStatistic(inverse));
  lowering.replace(op, results);
  return success();
}
