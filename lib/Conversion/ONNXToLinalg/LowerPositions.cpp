//===- LowerPositions.cpp - Operators that compare positions ----*- C++ -*-===//
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
using arith::CmpIPredicate;

/// A position along `axis` as an i64.
static Value emitPosition(ImplicitLocOpBuilder &b, int64_t axis) {
  return arith::IndexCastOp::create(b, b.getI64Type(), linalg::IndexOp::create(b, axis));
}

static LogicalResult checkElements(Operation *op, ValueRange values) {
  for (Value value : values)
    if (!getLoweredType(value.getType()))
      return op->emitOpError() << "has no code for operands of " << value.getType();
  return success();
}

LogicalResult moec::lower(onnx::TriluOp op, Lowering &lowering) {
  if (failed(checkElements(op, op.getX())))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Type element = getLoweredElementType(getElementTypeOrSelf(op.getX().getType()));
  SmallVector<OpFoldResult> sizes = lowering.getSizes(b, op.getX());
  OpFoldResult k = b.getIndexAttr(0);
  if (op.getK())
    k = lowering.getElement(b, op, op.getK(), 0);
  Value diagonal = arith::IndexCastOp::create(b, b.getI64Type(),
                                              getValueOrCreateConstantIndexOp(b, b.getLoc(), k));
  int64_t rank = sizes.size();
  Input x{lowering.get(op.getX()), AffineMap()};
  lowering.replace(op, buildMap(b, sizes, element, x, [&](ImplicitLocOpBuilder &b, ValueRange in) {
                     ScalarMath m(b, element), i(b, b.getI64Type());
                     Value column = emitPosition(b, rank - 1), row = emitPosition(b, rank - 2);
                     auto how = op.getUpper() ? CmpIPredicate::sge : CmpIPredicate::sle;
                     Value isKept = i.compare(how, i.sub(column, row), diagonal);
                     return m.select(isKept, in[0], m.number(0));
                   }));
  return success();
}

/// The element of a tensor of one element, or at `position` of a 1-d one.
static Value extract(ImplicitLocOpBuilder &b, Value tensor, int64_t position = 0) {
  SmallVector<Value> indices;
  for (int64_t i = 0; i < cast<RankedTensorType>(tensor.getType()).getRank(); ++i)
    indices.push_back(arith::ConstantIndexOp::create(b, position));
  return b.createOrFold<tensor::ExtractOp>(tensor, indices);
}

LogicalResult moec::lower(onnx::OneHotOp op, Lowering &lowering) {
  if (failed(checkElements(op, op->getOperands())))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Type i64 = b.getI64Type(), original = getElementTypeOrSelf(op.getIndices().getType());
  Type element = getLoweredElementType(getElementTypeOrSelf(op.getValues().getType()));
  Value depth = emitCast(b, extract(b, lowering.get(op.getDepth())),
                         getElementTypeOrSelf(op.getDepth().getType()), i64);
  int64_t axis = op.getAxis();
  SmallVector<OpFoldResult> sizes = lowering.getSizes(b, op.getIndices());
  std::optional<OpFoldResult> known = lowering.build(b, lowering.getSymbolicSize(op, axis), op);
  if (!known) {
    Value isValid = arith::CmpIOp::create(b, CmpIPredicate::sge, depth,
                                          ScalarMath(b, i64).integer(0));
    Lowering::check(b, isValid, "depth is negative");
    known = arith::IndexCastOp::create(b, b.getIndexType(), depth).getResult();
  }
  sizes.insert(sizes.begin() + axis, *known);
  Value values = lowering.get(op.getValues());
  Value off = extract(b, values, 0), on = extract(b, values, 1);
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < static_cast<int64_t>(sizes.size()); ++i)
    if (i != axis)
      exprs.push_back(b.getAffineDimExpr(i));
  Input indices{lowering.get(op.getIndices()),
                AffineMap::get(sizes.size(), 0, exprs, b.getContext())};
  lowering.replace(
      op, buildMap(b, sizes, element, indices, [&](ImplicitLocOpBuilder &b, ValueRange in) {
        ScalarMath i(b, i64);
        Value index = emitCast(b, in[0], original, i64);
        Value isNegative = i.compare(CmpIPredicate::slt, index, i.integer(0));
        index = i.select(isNegative, i.add(index, depth), index);
        return i.select(i.compare(CmpIPredicate::eq, index, emitPosition(b, axis)), on, off);
      }));
  return success();
}
