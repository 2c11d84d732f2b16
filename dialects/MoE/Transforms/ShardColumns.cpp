//===- ShardColumns.cpp - Columns of experts on ranks -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A column of a product is summed over all of its inputs by one rank, in the
// order in which it would be summed without ranks. So the next product needs
// all columns of this one, and they come together where the rows came from.
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/Transforms/ShardColumns.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moec::moe;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static LogicalResult checkDivides(Operation *op, StringRef what, int64_t columns, int64_t tp) {
  if (ShapedType::isDynamic(columns))
    return op->emitOpError() << "has an unknown number of columns in " << what
                             << ", which cannot be spread over tp = " << tp << " ranks";
  if (columns % tp == 0)
    return success();
  return op->emitOpError() << "has " << columns << " columns in " << what
                           << ", which do not divide over tp = " << tp
                           << " ranks; choose a tp that divides them";
}

static int64_t getColumns(Value rows) {
  return cast<RankedTensorType>(rows.getType()).getDimSize(1);
}

static LogicalResult checkProduct(Operation *op, DispatchOp dispatch) {
  if (op->getBlock() != dispatch->getBlock())
    return op->emitError() << "'" << op->getName()
                           << "' reads rows of a moe.dispatch in another block; exchanges must "
                              "happen on all ranks or on none";
  for (Value rows : {op->getOperand(0), Value(op->getResult(0))})
    if (!cast<RankedTensorType>(rows.getType()).isDynamicDim(0))
      return op->emitOpError("has a static number of rows, which cannot move to other ranks: how "
                             "many rows a rank gets depends on the routing");
  return success();
}

LogicalResult moec::moe::checkColumns(DispatchOp dispatch, int64_t tp, bool &hasProducts) {
  hasProducts = false;
  for (OpOperand &use : dispatch.getRows().getUses())
    if (isa<ExpertOp, ExpertHiddenOp, GroupedMatmulOp>(use.getOwner()) &&
        use.getOwner()->getOperand(1) != dispatch.getOffsets())
      return use.getOwner()->emitOpError(
          "has rows and offsets of different dispatches; its rows cannot move to other ranks");
  for (Operation *op : dispatch.getOffsets().getUsers()) {
    if (isa<ExchangeOp>(op))
      return op->emitError() << "the experts of this layer are on ranks already";
    if (!isa<ExpertOp, ExpertHiddenOp, GroupedMatmulOp>(op))
      continue; // reads numbers, such as how many rows an expert has
    hasProducts = true;
    if (failed(checkProduct(op, dispatch)))
      return failure();
    if (auto expert = dyn_cast<ExpertOp>(op))
      if (failed(checkDivides(op, "its hidden rows", expert.getInnerSize(), tp)))
        return failure();
    if (failed(checkDivides(op, "its result", getColumns(op->getResult(0)), tp)))
      return failure();
    if (auto parts = op->getAttrOfType<IntegerAttr>("parts"); parts && parts.getInt() != 1)
      return op->emitOpError("is computed in parts already");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Writes an expert as its two products, and returns the second.
static GroupedMatmulOp splitExpert(ExpertOp op) {
  OpBuilder b(op);
  auto type = cast<RankedTensorType>(op.getRows().getType());
  auto hiddenType =
      RankedTensorType::get({type.getDimSize(0), op.getInnerSize()}, type.getElementType());
  auto hidden = ExpertHiddenOp::create(
      b, op.getLoc(), hiddenType, op.getRows(), op.getOffsets(), op.getW1(), op.getB1(), op.getW3(),
      op.getB3(), op.getActivationAttr(), op.getGateAttr(), op.getLayout1Attr(), op.getAlphaAttr(),
      op.getUpOffsetAttr(), op.getGateMaxAttr(), op.getUpAbsAttr());
  auto result =
      GroupedMatmulOp::create(b, op.getLoc(), op.getResult().getType(), hidden.getResult(),
                              op.getOffsets(), op.getW2(), op.getB2(), op.getLayout2Attr());
  op.getResult().replaceAllUsesWith(result.getResult());
  op.erase();
  return result;
}

/// The owners of the parts of experts: parts of one are on neighbouring members.
static SmallVector<int64_t> getOwners(const ColumnPlacement &placement) {
  SmallVector<int64_t> owners;
  for (int64_t owner : placement.owners)
    for (int64_t part = 0; part < placement.tp; ++part)
      owners.push_back(owner * placement.tp + part);
  return owners;
}

/// Puts a pair of exchanges around a product.
template <typename OpTy>
static void shardProduct(OpTy op, const ColumnPlacement &placement) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto axes = b.getDenseI64ArrayAttr(placement.axes);
  auto owners = b.getDenseI64ArrayAttr(getOwners(placement));
  auto parts = b.getI64IntegerAttr(placement.tp);
  auto numbers = [&](int64_t count) { return RankedTensorType::get({count}, b.getI32Type()); };
  const int64_t ranges = owners.size(), members = placement.ep * placement.tp;
  Value offsets = op.getOffsets();
  auto exchange = ExchangeOp::create(b, loc, op.getRows().getType(), numbers(ranges + 1),
                                     numbers(ranges * members + 1), op.getRows(), offsets,
                                     placement.grid, axes, owners, parts);
  op.getRowsMutable().assign(exchange.getReceived());
  op.getOffsetsMutable().assign(exchange.getReceivedOffsets());
  op.setParts(placement.tp);
  auto whole = cast<RankedTensorType>(op.getResult().getType());
  op.getResult().setType(whole.clone({whole.getDimSize(0), whole.getDimSize(1) / placement.tp}));
  b.setInsertionPointAfter(op);
  auto back = ExchangeBackOp::create(b, loc, whole, op.getResult(), exchange.getSources(), offsets,
                                     placement.grid, axes, owners, parts);
  op.getResult().replaceAllUsesExcept(back.getResult(), back);
}

void moec::moe::shardColumns(DispatchOp dispatch, const ColumnPlacement &placement) {
  SmallVector<Operation *> products;
  for (Operation *op : dispatch.getOffsets().getUsers())
    if (isa<ExpertOp, ExpertHiddenOp, GroupedMatmulOp>(op))
      products.push_back(op);
  for (Operation *op : products) {
    if (auto expert = dyn_cast<ExpertOp>(op)) {
      GroupedMatmulOp second = splitExpert(expert);
      shardProduct(second.getRows().getDefiningOp<ExpertHiddenOp>(), placement);
      op = second;
    }
    if (auto hidden = dyn_cast<ExpertHiddenOp>(op))
      shardProduct(hidden, placement);
    else
      shardProduct(cast<GroupedMatmulOp>(op), placement);
  }
}
