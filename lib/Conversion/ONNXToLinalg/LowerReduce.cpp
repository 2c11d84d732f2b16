//===- LowerReduce.cpp - Reductions over axes -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;
using arith::CmpFPredicate;
using onnx::ReduceFn;

namespace {
/// One reduction on numbers of `type`, the wide form of the elements.
struct Reduction {
  Reduction(onnx::ReduceOp op, Type element)
      : fn(op.getFn()), element(element), type(getWideType(getLoweredElementType(element))) {
    isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  }

  bool isFloat() const { return isa<FloatType>(type); }
  TypedAttr getIdentity(Builder &b) const;
  Value emitTerm(ImplicitLocOpBuilder &b, Value x) const;
  Value emitCombine(ImplicitLocOpBuilder &b, Value acc, Value term) const;
  /// What is left to do with the reduced value; null if the type has no code.
  Value emitFinish(ImplicitLocOpBuilder &b, Value value, Value count) const;
  bool hasFinish() const;
  bool isSupported() const;

  ReduceFn fn;
  Type element, type;
  bool isUnsigned;
};
} // namespace

bool Reduction::isSupported() const {
  bool hasLogarithm = fn == ReduceFn::LogSum || fn == ReduceFn::LogSumExp;
  return !hasLogarithm || type.isF32();
}

TypedAttr Reduction::getIdentity(Builder &b) const {
  bool isMax = fn == ReduceFn::Max, isMin = fn == ReduceFn::Min;
  if (isFloat()) {
    double value = isMax ? -INFINITY : isMin ? INFINITY : fn == ReduceFn::Prod ? 1 : 0;
    return b.getFloatAttr(type, value);
  }
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value(width, fn == ReduceFn::Prod);
  if (isMax)
    value = isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  if (isMin)
    value = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  return b.getIntegerAttr(type, value);
}

Value Reduction::emitTerm(ImplicitLocOpBuilder &b, Value x) const {
  x = widen(b, x);
  ScalarMath m(b, type);
  if (fn == ReduceFn::SumSquare || fn == ReduceFn::L2)
    return m.mul(x, x);
  if (fn != ReduceFn::L1)
    return x;
  if (isFloat())
    return m.op<math::AbsFOp>(x);
  return emitIntegerUnary(b, onnx::UnaryFn::Abs, isUnsigned, x);
}

Value Reduction::emitCombine(ImplicitLocOpBuilder &b, Value acc, Value term) const {
  ScalarMath m(b, type);
  if (fn == ReduceFn::Prod)
    return m.mul(acc, term);
  if (fn != ReduceFn::Max && fn != ReduceFn::Min)
    return m.add(acc, term);
  bool isMax = fn == ReduceFn::Max;
  if (isFloat())
    return isMax ? m.max(acc, term) : m.min(acc, term);
  return emitIntegerBinary(b, isMax ? onnx::BinaryFn::Max : onnx::BinaryFn::Min, isUnsigned, acc,
                           term);
}

bool Reduction::hasFinish() const {
  return type != getLoweredElementType(element) || fn == ReduceFn::Mean || fn == ReduceFn::L2 ||
         fn == ReduceFn::LogSum;
}

Value Reduction::emitFinish(ImplicitLocOpBuilder &b, Value value, Value count) const {
  ScalarMath m(b, type);
  Type f64 = b.getF64Type();
  switch (fn) {
  case ReduceFn::Mean:
    value = isFloat() ? m.div(value, count)
                      : emitIntegerBinary(b, onnx::BinaryFn::Div, isUnsigned, value, count);
    break;
  case ReduceFn::L2:
    value = isFloat() ? m.op<math::SqrtOp>(value)
                      : emitCast(b, m.op<math::SqrtOp>(emitCast(b, value, element, f64)), f64,
                                 element);
    break;
  case ReduceFn::LogSum:
    value = m.op<math::LogOp>(value);
    break;
  default:
    break;
  }
  return narrow(b, value, getLoweredElementType(element));
}

/// log(sum exp(x - max)) + max, where an infinite maximum counts as 0.
static Value emitLogSumExp(ImplicitLocOpBuilder &b, const Reducer &reducer, Value x, Type element) {
  Type type = getWideType(element);
  Value max = reducer.max(type, reducer.whole(x), [](ImplicitLocOpBuilder &b, ValueRange in) {
    return widen(b, in[0]);
  });
  Value shift = reducer.mapGroups(type, max, [&](ImplicitLocOpBuilder &b, ValueRange in) {
    ScalarMath m(b, type);
    Value size = m.op<math::AbsFOp>(in[0]);
    return m.select(m.compare(CmpFPredicate::OLT, size, m.number(INFINITY)), in[0], m.number(0));
  });
  Value sum = reducer.sum(type, {reducer.whole(x), reducer.group(shift)},
                          [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                            ScalarMath m(b, type);
                            return m.op<math::ExpOp>(m.sub(widen(b, in[0]), in[1]));
                          });
  return reducer.mapGroups(element, {sum, shift}, [&](ImplicitLocOpBuilder &b, ValueRange in) {
    ScalarMath m(b, type);
    return narrow(b, m.add(m.op<math::LogOp>(in[0]), in[1]), element);
  });
}

namespace {
/// A reduction over axes that a run decides. Every axis has two loops, over the
/// result and over what is reduced; one of them has a single step, so the sum
/// of their indices is that of x.
class RunTimeReduction {
public:
  RunTimeReduction(onnx::ReduceOp op, Lowering &lowering, ImplicitLocOpBuilder &b)
      : op(op), lowering(lowering), b(b), sizes(lowering.getSizes(b, op.getX())) {}

  Value emit(const Reduction &reduction, Type element);

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  void readAxes();
  Value dropAxes(Value result);

  onnx::ReduceOp op;
  Lowering &lowering;
  ImplicitLocOpBuilder &b;
  SmallVector<OpFoldResult> sizes;
  SmallVector<Value> isReduced; // per axis of x
};
} // namespace

void RunTimeReduction::readAxes() {
  int64_t rank = sizes.size();
  int64_t count = cast<RankedTensorType>(op.getAxes().getType()).getDimSize(0);
  isReduced.assign(rank, arith::ConstantOp::create(b, b.getBoolAttr(false)));
  for (int64_t i = 0; i < count; ++i) {
    Value axis = getValueOrCreateConstantIndexOp(b, b.getLoc(),
                                                 lowering.getElement(b, op, op.getAxes(), i));
    Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, axis, constant(0));
    axis = arith::SelectOp::create(b, isNegative, arith::AddIOp::create(b, axis, constant(rank)),
                                   axis);
    Lowering::check(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, axis, constant(rank)),
                    "an axis is not one of x");
    for (int64_t d = 0; d < rank; ++d)
      isReduced[d] = arith::OrIOp::create(
          b, isReduced[d],
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, axis, constant(d)));
  }
}

Value RunTimeReduction::emit(const Reduction &reduction, Type element) {
  readAxes();
  int64_t rank = sizes.size();
  SmallVector<OpFoldResult> outer, inner;
  SmallVector<AffineExpr> sums, outerDims, innerDims;
  Value count = constant(1);
  for (int64_t d = 0; d < rank; ++d) {
    Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[d]);
    outer.push_back(arith::SelectOp::create(b, isReduced[d], constant(1), size).getResult());
    inner.push_back(arith::SelectOp::create(b, isReduced[d], size, constant(1)).getResult());
    count = arith::MulIOp::create(b, count, cast<Value>(inner.back()));
    outerDims.push_back(b.getAffineDimExpr(d));
    innerDims.push_back(b.getAffineDimExpr(rank + d));
    sums.push_back(outerDims.back() + innerDims.back());
  }
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(2 * rank, 0, exprs, b.getContext());
  };
  Value empty = tensor::EmptyOp::create(b, outer, reduction.type);
  Value identity = arith::ConstantOp::create(b, reduction.getIdentity(b));
  Value init = linalg::FillOp::create(b, identity, empty).getResult(0);
  // Only its sizes are read, by the loops.
  Value window = tensor::EmptyOp::create(b, inner, reduction.type);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.append(rank, utils::IteratorType::reduction);
  Value result =
      linalg::GenericOp::create(
          b, init.getType(), ValueRange{lowering.get(op.getX()), window}, init,
          ArrayRef{map(sums), map(innerDims), map(outerDims)}, iterators,
          [&](OpBuilder &builder, Location loc, ValueRange in) {
            ImplicitLocOpBuilder body(loc, builder);
            Value term = reduction.emitTerm(body, in[0]);
            linalg::YieldOp::create(body, reduction.emitCombine(body, in[2], term));
          })
          .getResult(0);
  Value number;
  if (op.getFn() == ReduceFn::Mean)
    number = emitCast(b, arith::IndexCastOp::create(b, b.getI64Type(), count),
                      b.getIntegerType(64, /*isSigned=*/true),
                      isa<FloatType>(reduction.type) ? reduction.type : reduction.element);
  if (reduction.hasFinish())
    result = buildMap(b, outer, element, Input{result, AffineMap()},
                      [&](ImplicitLocOpBuilder &b, ValueRange in) {
                        return reduction.emitFinish(b, in[0], number);
                      });
  return op.getKeepdims() ? result : dropAxes(result);
}

/// Elements stay in order; the sizes that are left are those of other axes.
Value RunTimeReduction::dropAxes(Value result) {
  int64_t rank = sizes.size();
  int64_t left = rank - cast<RankedTensorType>(op.getAxes().getType()).getDimSize(0);
  SmallVector<Value> shape(left, constant(1));
  Value place = constant(0);
  for (int64_t d = 0; d < rank; ++d) {
    Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[d]);
    for (int64_t i = 0; i < left; ++i) {
      Value isHere = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place, constant(i));
      isHere = arith::SelectOp::create(b, isReduced[d],
                                       arith::ConstantOp::create(b, b.getBoolAttr(false)), isHere);
      shape[i] = arith::SelectOp::create(b, isHere, size, shape[i]);
    }
    Value next = arith::AddIOp::create(b, place, constant(1));
    place = arith::SelectOp::create(b, isReduced[d], place, next);
  }
  // Axes that are given twice would leave more sizes than the result has.
  Lowering::check(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, place, constant(left)),
                  "an axis is given twice");
  ReassociationIndices all = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
  if (rank > 1)
    result = tensor::CollapseShapeOp::create(b, result, ArrayRef<ReassociationIndices>{all});
  if (left == 1)
    return result;
  SmallVector<OpFoldResult> mixed(shape.begin(), shape.end());
  auto type = RankedTensorType::get(SmallVector<int64_t>(left, ShapedType::kDynamic),
                                    getElementTypeOrSelf(result.getType()));
  ReassociationIndices kept = llvm::to_vector<2>(llvm::seq<int64_t>(0, left));
  return tensor::ExpandShapeOp::create(b, type, result, ArrayRef<ReassociationIndices>{kept},
                                       mixed);
}

LogicalResult moec::lower(onnx::ReduceOp op, Lowering &lowering) {
  Type element = getElementTypeOrSelf(op.getX().getType());
  RankedTensorType type = getLoweredType(op.getX().getType());
  if (!type)
    return op.emitOpError() << "has no code for operands of " << op.getX().getType();
  std::optional<SmallVector<int64_t>> axes = op.getStaticAxes();
  if (!axes && op.getAxes())
    if (auto constants = lowering.getConstants(op.getAxes())) {
      axes.emplace();
      for (int64_t axis : *constants)
        axes->push_back(axis < 0 ? axis + type.getRank() : axis);
      llvm::sort(*axes);
    }
  Reduction reduction(op, element);
  if (!reduction.isSupported())
    return op.emitOpError() << stringifyReduceFn(op.getFn()) << " has no code for elements of "
                            << element;
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  if (!axes) {
    auto axesType = cast<RankedTensorType>(op.getAxes().getType());
    if (axesType.isDynamicDim(0) || op.getFn() == ReduceFn::LogSumExp)
      return op.emitOpError("has no code for axes that are known at run time only; make them an "
                            "initializer of the model");
    if (axesType.getDimSize(0) < type.getRank()) {
      RunTimeReduction atRunTime(op, lowering, b);
      lowering.replace(op, atRunTime.emit(reduction, type.getElementType()));
      return success();
    }
    axes = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  }
  Reducer reducer(b, lowering.getSizes(b, op.getX()), *axes);
  Value x = lowering.get(op.getX()), result;
  if (op.getFn() == ReduceFn::LogSumExp) {
    result = emitLogSumExp(b, reducer, x, type.getElementType());
  } else {
    result = reducer.reduce(
        reduction.getIdentity(b), reducer.whole(x),
        [&](ImplicitLocOpBuilder &b, ValueRange in) { return reduction.emitTerm(b, in[0]); },
        [&](ImplicitLocOpBuilder &b, ValueRange in) {
          return reduction.emitCombine(b, in[0], in[1]);
        });
    Value count = op.getFn() == ReduceFn::Mean ? reducer.getCount(reduction.type) : Value();
    if (reduction.hasFinish())
      result = reducer.mapGroups(type.getElementType(), result,
                                 [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                   return reduction.emitFinish(b, in[0], count);
                                 });
  }
  lowering.replace(op, op.getKeepdims() ? reducer.keepAxes(result) : result);
  return success();
}
