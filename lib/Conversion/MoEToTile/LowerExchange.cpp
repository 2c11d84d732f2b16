//===- LowerExchange.cpp - experts on other ranks ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MoEToTile/Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace moec {

LogicalResult lowerGrids(ModuleOp module) {
  shard::GridOp only;
  for (auto grid : llvm::make_early_inc_range(module.getOps<shard::GridOp>())) {
    if (only) {
      InFlightDiagnostic error =
          grid.emitOpError("is a second grid; the ranks that run a program together are one grid");
      error.attachNote(only.getLoc()) << "the first one is here";
      return error;
    }
    only = grid;
  }
  if (!only)
    return success();
  if (ShapedType::isDynamicShape(only.getShape()))
    return only.emitOpError("has a size that is not known; a program is compiled for a grid");
  module->setAttr(rt::RTDialect::kGrid,
                  DenseI64ArrayAttr::get(module.getContext(), only.getShape()));
  only.erase();
  return success();
}

namespace {

/// Bytes of a row.
int64_t getRowBytes(RankedTensorType type) {
  return type.getDimSize(1) * (type.getElementTypeBitWidth() / 8);
}

/// The declaration of exchanges like `op`, whose body yields `made`: layers that exchange alike
/// share it, so that they stay alike.
rt::ExchangeOp getExchange(moe::ExpertParallelOp op, RankedTensorType rows, RankedTensorType made) {
  ModuleOp module = op->getParentOfType<ModuleOp>();
  OpBuilder builder(module.getContext());
  auto number = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  auto declared = rt::ExchangeOp::create(
      builder, op.getLoc(), builder.getStringAttr("experts"), op.getAxesAttr(), op.getOwnersAttr(),
      op.getWindowAttr(), op.getChunksAttr(), number(getRowBytes(rows)), number(getRowBytes(made)),
      op.getRowFlopsAttr(), op.getPartsAttr());
  for (auto known : module.getOps<rt::ExchangeOp>()) {
    declared.setSymName(known.getSymName());
    if (known->getAttrDictionary() == declared->getAttrDictionary()) {
      declared.erase();
      return known;
    }
  }
  declared.setSymName("experts");
  SymbolTable(module).insert(declared, module.getBody()->begin());
  return declared;
}

/// A vector of numbers as one of `size`.
Value castSize(ImplicitLocOpBuilder &b, Value numbers, int64_t size) {
  auto type = cast<RankedTensorType>(numbers.getType());
  return type.getDimSize(0) == size
             ? numbers
             : tensor::CastOp::create(b, type.clone({size}), numbers).getResult();
}

/// Lets readers of a round's rows read them where they are.
void readReceived(ImplicitLocOpBuilder &b, Value rows, rt::ReceiveRowsOp receive) {
  auto type = cast<RankedTensorType>(rows.getType());
  // Apart, since an operand more moves the others.
  llvm::SmallSetVector<tile::RaggedMatmulOp, 4> products;
  for (OpOperand &use : rows.getUses())
    if (auto product = dyn_cast<tile::RaggedMatmulOp>(use.getOwner());
        product && &use == &product.getRowsMutable() && !product.getGather())
      products.insert(product);
  for (tile::RaggedMatmulOp product : products) {
    product.getRowsMutable().assign(receive.getMemory());
    product.getGatherMutable().assign(receive.getPlaces());
  }
  Value copy;
  for (OpOperand &use : llvm::make_early_inc_range(rows.getUses())) {
    if (auto dim = dyn_cast<tensor::DimOp>(use.getOwner()); dim && dim.getConstantIndex() == 0) {
      use.set(receive.getPlaces());
    } else {
      if (!copy)
        copy = copyRows(b, type, {receive.getMemory(), receive.getPlaces()}, receive.getWindow());
      use.set(copy);
    }
  }
}

LogicalResult check(moe::ExpertParallelOp op) {
  if (op.getNumResults() != 1)
    return op.emitOpError("has ") << op.getNumResults()
                                  << " results; one has a lowering, and `moec run --interpret` "
                                     "runs the others";
  for (Value rows : {Value(op.getRows()), Value(op.getResult(0))})
    if (auto type = cast<RankedTensorType>(rows.getType()); type.isDynamicDim(1))
      return op.emitOpError("exchanges rows of unknown length, ")
             << type << "; it has a lowering for static lengths";
  return success();
}

} // namespace

LogicalResult lowerExpertParallel(moe::ExpertParallelOp op, const Dispatches &dispatches) {
  if (failed(check(op)))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto rowsType = cast<RankedTensorType>(op.getRows().getType());
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  Block &body = op.getBody().front();
  Value made = body.getTerminator()->getOperand(0);
  auto name =
      FlatSymbolRefAttr::get(getExchange(op, rowsType, cast<RankedTensorType>(made.getType())));
  Value rows = op.getRows(), gather;
  if (auto it = dispatches.find(rows); it != dispatches.end()) {
    rows = it->second.x;
    gather = it->second.source;
  }
  // How many offsets there are is known, whatever their type says.
  Value offsets = castSize(b, op.getOffsets(), op.getNumExperts() + 1);
  Value count = tensor::DimOp::create(b, gather ? gather : rows, 0);
  if (!gather) {
    // A dispatch's offsets end where its rows do; others come from who knows where.
    Value last = tensor::ExtractOp::create(
        b, offsets, Value(arith::ConstantIndexOp::create(b, op.getNumExperts())));
    Value fits = arith::CmpIOp::create(
        b, arith::CmpIPredicate::sle, arith::IndexCastOp::create(b, b.getIndexType(), last), count);
    rt::CheckOp::create(b, fits, rt::Failure::InvalidArgument,
                        "an exchange between ranks has offsets that end beyond its rows");
  }
  auto begin = rt::BeginExchangeOp::create(b, name, rows, gather, offsets);
  Value results = emptyTensor(b, resultType, count);

  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, begin.getRounds(), one, results);
  ImplicitLocOpBuilder inner(op.getLoc(), OpBuilder::atBlockBegin(loop.getBody()));
  auto rangesType = RankedTensorType::get({op.getNumRanges() + 1}, inner.getI32Type());
  auto memoryType = RankedTensorType::get({ShapedType::kDynamic, rowsType.getDimSize(1)},
                                          rowsType.getElementType());
  auto placesType = RankedTensorType::get({ShapedType::kDynamic}, inner.getI64Type());
  auto receive = rt::ReceiveRowsOp::create(inner, memoryType, placesType, rangesType, name,
                                           loop.getInductionVar(), begin.getWindow(),
                                           emptyTensor(inner, rangesType, {}));
  readReceived(inner, body.getArgument(0), receive);
  Value ranges = receive.getRanges();
  if (Type wanted = body.getArgument(1).getType(); wanted != rangesType)
    ranges = tensor::CastOp::create(inner, wanted, ranges);
  body.getArgument(1).replaceAllUsesWith(ranges);
  made = body.getTerminator()->getOperand(0);
  Block *to = loop.getBody();
  to->getOperations().splice(to->end(), body.getOperations(), body.begin(), std::prev(body.end()));
  inner.setInsertionPointToEnd(to);
  auto returned = rt::ReturnRowsOp::create(inner, resultType, name, loop.getInductionVar(), made,
                                           loop.getRegionIterArg(0));
  scf::YieldOp::create(inner, returned.getResult());
  // Where layers can tell theirs from those of others.
  for (auto weight : llvm::make_early_inc_range(to->getOps<rt::GetWeightOp>()))
    weight->moveBefore(loop);

  auto end =
      rt::EndExchangeOp::create(b, resultType, name, rows, gather, offsets, loop.getResult(0));
  op.getResult(0).replaceAllUsesWith(end.getResult());
  return success();
}

/// The exchange that says which rows are of which slab of `product`; null if there is none.
static FlatSymbolRefAttr getExchange(tile::RaggedMatmulOp product) {
  Value ranges = product.getRanges();
  while (auto cast = ranges ? ranges.getDefiningOp<tensor::CastOp>() : tensor::CastOp())
    ranges = cast.getSource();
  auto receive = ranges ? ranges.getDefiningOp<rt::ReceiveRowsOp>() : rt::ReceiveRowsOp();
  return receive ? receive.getExchangeAttr() : FlatSymbolRefAttr();
}

void noteOwners(ModuleOp module) {
  // Null where any rank may read any slab.
  llvm::MapVector<StringAttr, FlatSymbolRefAttr> exchanges;
  module.walk([&](rt::GetWeightOp weight) {
    for (OpOperand &use : weight->getUses()) {
      FlatSymbolRefAttr exchange;
      if (auto product = dyn_cast<tile::RaggedMatmulOp>(use.getOwner());
          product && &use == &product.getSlabsMutable())
        exchange = getExchange(product);
      auto [known, isNew] = exchanges.try_emplace(weight.getWeightAttr().getAttr(), exchange);
      if (known->second != exchange)
        known->second = {};
    }
  });
  SymbolTable symbols(module);
  for (auto [name, exchange] : exchanges)
    if (exchange)
      symbols.lookup<rt::WeightOp>(name).setExchangeAttr(exchange);
}

} // namespace moec
