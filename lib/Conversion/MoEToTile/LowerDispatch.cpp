//===- LowerDispatch.cpp - dispatch and combine ------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MoEToTile/Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {

Value copyRows(ImplicitLocOpBuilder &b, RankedTensorType type, const DispatchedRows &rows,
               Value count) {
  Value x = rows.x;
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(count);
  if (type.isDynamicDim(1))
    sizes.push_back(tensor::DimOp::create(b, x, 1));
  Value init = emptyTensor(b, type, sizes);
  auto rowMap = AffineMap::get(2, 0, b.getAffineDimExpr(0));
  auto identity = b.getMultiDimIdentityMap(2);
  auto copy = linalg::GenericOp::create(
      b, TypeRange{type}, ValueRange{rows.source}, ValueRange{init},
      ArrayRef<AffineMap>{rowMap, identity},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value row = arith::IndexCastOp::create(nested, loc, nested.getIndexType(), args[0]);
        Value column = linalg::IndexOp::create(nested, loc, 1);
        Value element = tensor::ExtractOp::create(nested, loc, x, ValueRange{row, column});
        linalg::YieldOp::create(nested, loc, element);
      });
  return copy.getResult(0);
}

/// Whether every entry of `ids` is an expert: routers that have a lowering refuse no choice.
static bool refusesNothing(Value ids) {
  while (auto cast = ids.getDefiningOp<tensor::CastOp>())
    ids = cast.getSource();
  return isa_and_nonnull<moe::RouteOp, tile::SelectOp>(ids.getDefiningOp());
}

/// The rows of `type` in the order of experts, for readers that need them in memory. Where choices
/// may be refused their number is read back, and a static size must agree.
static Value copyDispatched(ImplicitLocOpBuilder &b, RankedTensorType type, Value ids,
                            DispatchedRows rows, Value count, Value offsets) {
  if (!refusesNothing(ids)) {
    int64_t experts = cast<RankedTensorType>(offsets.getType()).getDimSize(0) - 1;
    Value last = arith::ConstantIndexOp::create(b, experts);
    Value number = arith::IndexCastOp::create(b, b.getIndexType(),
                                              tensor::ExtractOp::create(b, offsets, last));
    if (!type.isDynamicDim(0)) {
      Value expected = arith::ConstantIndexOp::create(b, type.getDimSize(0));
      Value isEqual = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, expected);
      rt::CheckOp::create(b, isEqual, rt::Failure::InvalidArgument,
                          "moe.dispatch: choices are refused, so there are fewer rows than the " +
                              std::to_string(type.getDimSize(0)) + " of its type");
    }
    // Places behind the last expert's are not written.
    rows.source = tensor::ExtractSliceOp::create(
        b, rows.source, ArrayRef<OpFoldResult>{b.getIndexAttr(0)}, ArrayRef<OpFoldResult>{number},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
    count = number;
  }
  return copyRows(b, type, rows, count);
}

LogicalResult lowerDispatch(moe::DispatchOp op, Dispatches &dispatches) {
  if (op.getSlots())
    return op.emitOpError("slots (expert capacity) have no lowering yet; `moec run --interpret` "
                          "runs them");
  if (op.getScale())
    return op.emitOpError("scale (weights applied to the input of experts) has no lowering yet; "
                          "`moec run --interpret` runs it");
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto idsType = cast<RankedTensorType>(op.getIds().getType());
  Value tokens = tensor::DimOp::create(b, op.getIds(), 0);
  Value choices = tensor::DimOp::create(b, op.getIds(), 1);
  // One place per choice; those of refused choices stay unused at the end.
  Value count = arith::MulIOp::create(b, tokens, choices);
  auto sourceType = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  auto experts = static_cast<int64_t>(op.getExperts());
  auto offsetsType = RankedTensorType::get({experts + 1}, b.getI32Type());
  SmallVector<Value> idsSizes;
  if (idsType.isDynamicDim(0))
    idsSizes.push_back(tokens);
  if (idsType.isDynamicDim(1))
    idsSizes.push_back(choices);
  Value offsets = emptyTensor(b, offsetsType, {});
  Value source = emptyTensor(b, sourceType, count);
  Value places = emptyTensor(b, idsType, idsSizes);
  auto bucket = tile::BucketOp::create(b, TypeRange{offsetsType, sourceType, idsType}, op.getIds(),
                                       offsets, source, places);
  auto as = [&](Value value, Value like) -> Value {
    return value.getType() == like.getType()
               ? value
               : tensor::CastOp::create(b, like.getType(), value).getResult();
  };
  op.getOffsets().replaceAllUsesWith(as(bucket->getResult(0), op.getOffsets()));
  op.getPositions().replaceAllUsesWith(as(bucket->getResult(2), op.getPositions()));
  dispatches[op.getRows()] = {op.getX(), bucket->getResult(1)};

  // Experts and exchanges read tokens through `source`.
  auto isExpertRows = [](OpOperand &use) {
    return isa<moe::ExpertOp, moe::ExpertHiddenOp, moe::GroupedMatmulOp, moe::ExpertParallelOp>(
               use.getOwner()) &&
           use.getOperandNumber() == 0;
  };
  if (!llvm::all_of(op.getRows().getUses(), isExpertRows)) {
    auto rowsType = cast<RankedTensorType>(op.getRows().getType());
    Value rows = copyDispatched(b, rowsType, op.getIds(), dispatches[op.getRows()], count,
                                bucket->getResult(0));
    op.getRows().replaceUsesWithIf(rows, [&](OpOperand &use) { return !isExpertRows(use); });
  }
  return success();
}

LogicalResult lowerCombine(moe::CombineOp op) {
  if (op.getOrder() != moe::CombineOrder::Choice)
    return op.emitOpError("order = ")
           << moe::stringifyCombineOrder(op.getOrder()) << " has no lowering yet";
  if (op.getPassthrough())
    return op.emitOpError("passthrough has no lowering yet");
  if (std::optional<Type> accumulator = op.getAccumulator())
    if (!accumulator->isF32())
      return op.emitOpError("an accumulator of ") << *accumulator << " has no lowering yet";
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = cast<RankedTensorType>(op.getResult().getType());
  if (type.getElementType().isF64() || getElementTypeOrSelf(op.getRows().getType()).isF64())
    return op.emitOpError("f64 has no lowering");
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(b, op.getPositions(), 0));
  if (type.isDynamicDim(1))
    sizes.push_back(tensor::DimOp::create(b, op.getRows(), 1));
  auto gather =
      tile::WeightedGatherOp::create(b, type, op.getRows(), op.getPositions(), op.getWeights(),
                                     emptyTensor(b, type, sizes), op.getTermTypeAttr());
  op.getResult().replaceAllUsesWith(gather.getResult());
  return success();
}

} // namespace moec
