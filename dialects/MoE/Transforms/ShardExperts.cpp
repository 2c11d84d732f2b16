//===- ShardExperts.cpp - Experts on ranks ----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of a dispatch are followed to the combines that add them up. What
// lies between runs on the ranks of the experts; the module is changed only
// after all of it is known to treat each row by itself.
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/RankGroup.h"
#include "dialects/MoE/Transforms/Passes.h"
#include "dialects/MoE/Transforms/ShardColumns.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace moec::moe {
#define GEN_PASS_DEF_SHARDEXPERTSPASS
#include "dialects/MoE/Transforms/Passes.h.inc"
} // namespace moec::moe

using namespace mlir;
using namespace moec::moe;

/// The grid's axes along which experts and their columns are spread.
static constexpr int64_t expertAxis = 1, columnAxis = 2;

namespace {

/// What becomes of the rows of one dispatch.
struct Layer {
  DispatchOp dispatch;
  /// Operands that read rows or offsets and move to the ranks of the experts.
  SmallVector<OpOperand *> moved;
  /// Operands of combines, which stay, that read rows that moved.
  SmallVector<OpOperand *> returned;
};

/// Follows the rows of a dispatch.
class LayerFinder {
public:
  explicit LayerFinder(DispatchOp dispatch) : layer{dispatch, {}, {}} {}

  FailureOr<Layer> find() {
    rows.insert(layer.dispatch.getRows());
    for (size_t i = 0; i < rows.size(); ++i)
      for (OpOperand &use : rows[i].getUses())
        if (failed(visit(use)))
          return failure();
    return layer;
  }

private:
  LogicalResult add(Value value) {
    rows.insert(value);
    return checkRows(value);
  }

  LogicalResult checkRows(Value value) {
    if (cast<RankedTensorType>(value.getType()).isDynamicDim(0))
      return success();
    return value.getDefiningOp()->emitError()
           << "has a static number of rows, which cannot move to other ranks: how many rows a "
              "rank gets depends on the routing";
  }

  LogicalResult visit(OpOperand &use) {
    Operation *user = use.getOwner();
    if (user->getBlock() != layer.dispatch->getBlock())
      return user->emitError() << "'" << user->getName()
                               << "' reads rows of a moe.dispatch in another block; exchanges must "
                                  "happen on all ranks or on none";
    if (auto combine = dyn_cast<CombineOp>(user); combine && use == combine.getRowsMutable()) {
      layer.returned.push_back(&use);
      return success();
    }
    if (auto expert = dyn_cast<ExpertOp>(user); expert && use == expert.getRowsMutable())
      return visitExperts(use, expert.getOffsetsMutable(), expert.getResult());
    if (auto half = dyn_cast<ExpertHiddenOp>(user); half && use == half.getRowsMutable())
      return visitExperts(use, half.getOffsetsMutable(), half.getResult());
    if (auto product = dyn_cast<GroupedMatmulOp>(user); product && use == product.getRowsMutable())
      return visitExperts(use, product.getOffsetsMutable(), product.getResult());
    if (OpTrait::hasElementwiseMappableTraits(user))
      return visitElementwise(use);
    if (isa<ExchangeOp>(user))
      return user->emitError() << "the experts of this layer are on ranks already";
    InFlightDiagnostic error = user->emitError()
                               << "'" << user->getName()
                               << "' reads rows of a moe.dispatch and cannot move to the ranks of "
                                  "the experts, since it may not treat each row by itself";
    error.attachNote(layer.dispatch.getLoc()) << "the dispatch is here";
    return error;
  }

  /// Rows by expert: the ranges go with them.
  LogicalResult visitExperts(OpOperand &use, OpOperand &offsets, Value result) {
    if (offsets.get() != layer.dispatch.getOffsets())
      return use.getOwner()->emitOpError(
          "has rows and offsets of different dispatches; its rows cannot move to other ranks");
    if (failed(move(use)) || failed(move(offsets)))
      return failure();
    return add(result);
  }

  LogicalResult visitElementwise(OpOperand &use) {
    Operation *user = use.getOwner();
    for (Value operand : user->getOperands())
      if (!rows.contains(operand) && !isRow(operand) && !matchPattern(operand, m_Constant()))
        return user->emitError() << "'" << user->getName()
                                 << "' combines rows of a moe.dispatch with other values, which "
                                    "other ranks do not have; its rows cannot move";
    if (failed(move(use)))
      return failure();
    for (Value result : user->getResults())
      if (failed(add(result)))
        return failure();
    return success();
  }

  /// Whether `value` comes from the rows, too, and is only visited later.
  bool isRow(Value value) {
    SmallVector<Value> pending{value};
    llvm::SmallPtrSet<Operation *, 8> seen;
    while (!pending.empty()) {
      Value next = pending.pop_back_val();
      if (rows.contains(next))
        return true;
      Operation *op = next.getDefiningOp();
      if (!op || !seen.insert(op).second)
        continue;
      if (auto expert = dyn_cast<ExpertOp>(op))
        pending.push_back(expert.getRows());
      else if (auto half = dyn_cast<ExpertHiddenOp>(op))
        pending.push_back(half.getRows());
      else if (auto product = dyn_cast<GroupedMatmulOp>(op))
        pending.push_back(product.getRows());
      else if (OpTrait::hasElementwiseMappableTraits(op))
        llvm::append_range(pending, op->getOperands());
    }
    return false;
  }

  LogicalResult move(OpOperand &use) {
    if (moved.insert(&use).second)
      layer.moved.push_back(&use);
    return checkRows(layer.dispatch.getRows());
  }

  Layer layer;
  llvm::SetVector<Value> rows;
  llvm::SmallPtrSet<OpOperand *, 16> moved;
};

struct ShardExperts : moec::moe::impl::ShardExpertsPassBase<ShardExperts> {
  using ShardExpertsPassBase::ShardExpertsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const int64_t members = ep, columns = tp, groups = dp;
    nextMember = 0;
    if (!isGrid(members, columns, groups)) {
      module.emitError() << "moe-shard-experts expects 1 to " << kMaxRanks
                         << " ranks, got ep=" << members << ", tp=" << columns
                         << " and dp=" << groups;
      return signalPassFailure();
    }
    if (columns > 1)
      return spreadColumns(module);
    if (members == 1)
      return addGrid(module);
    SmallVector<Layer> layers;
    WalkResult result = module.walk([&](Operation *op) {
      auto dispatch = dyn_cast<DispatchOp>(op);
      if (!dispatch)
        return WalkResult::advance();
      if (failed(checkPlace(dispatch)))
        return WalkResult::interrupt();
      FailureOr<Layer> layer = LayerFinder(dispatch).find();
      if (failed(layer))
        return WalkResult::interrupt();
      if (!layer->moved.empty())
        layers.push_back(*layer);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    addGrid(module);
    for (Layer &layer : layers)
      shard(layer);
  }

  static bool isGrid(int64_t ep, int64_t tp, int64_t dp) {
    return ep >= 1 && tp >= 1 && dp >= 1 && ep <= kMaxRanks / dp && tp <= kMaxRanks / dp / ep;
  }

  void spreadColumns(ModuleOp module) {
    SmallVector<DispatchOp> dispatches;
    WalkResult result = module.walk([&](DispatchOp dispatch) {
      bool hasProducts = false;
      if (failed(checkPlace(dispatch)) || failed(checkColumns(dispatch, tp, hasProducts)))
        return WalkResult::interrupt();
      if (hasProducts)
        dispatches.push_back(dispatch);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    addGrid(module);
    ColumnPlacement placement = {
        FlatSymbolRefAttr::get(grid.getSymNameAttr()), {expertAxis, columnAxis}, ep, tp, {}};
    for (DispatchOp dispatch : dispatches) {
      placement.owners = placeExperts(dispatch.getExperts());
      shardColumns(dispatch, placement);
      ++numLayers;
      numExperts += dispatch.getExperts();
    }
  }

  /// Ranks must come to the same exchanges, and find the grid.
  LogicalResult checkPlace(DispatchOp dispatch) {
    if (!isa<func::FuncOp>(dispatch->getParentOp()) ||
        dispatch->getParentOp()->getParentOp() != getOperation())
      return dispatch.emitOpError("is not in the body of a function of the module; its experts "
                                  "cannot be spread over ranks");
    if (const int64_t most = kMaxExperts / tp; static_cast<int64_t>(dispatch.getExperts()) > most)
      return dispatch.emitOpError("has ") << dispatch.getExperts() << " experts, more than " << most
                                          << (tp > 1 ? ", which is the limit with this tp" : "");
    return success();
  }

  void addGrid(ModuleOp module) {
    OpBuilder builder(module.getContext());
    SmallVector<int64_t> shape{dp, ep};
    if (tp > 1)
      shape.push_back(tp);
    grid = shard::GridOp::create(builder, module.getLoc(), "ranks", shape);
    SymbolTable(module).insert(grid, module.getBody()->begin());
  }

  void shard(Layer &layer) {
    DispatchOp dispatch = layer.dispatch;
    const int64_t experts = dispatch.getExperts();
    OpBuilder builder(dispatch->getContext());
    builder.setInsertionPointAfter(dispatch);
    auto symbol = FlatSymbolRefAttr::get(grid.getSymNameAttr());
    auto axes = builder.getDenseI64ArrayAttr({expertAxis});
    auto owners = builder.getDenseI64ArrayAttr(placeExperts(experts));
    auto numbers = [&](int64_t count) {
      return RankedTensorType::get({count}, builder.getI32Type());
    };
    auto exchange = ExchangeOp::create(
        builder, dispatch.getLoc(), dispatch.getRows().getType(), numbers(experts + 1),
        numbers(experts * ep + 1), dispatch.getRows(), dispatch.getOffsets(), symbol, axes, owners);
    for (OpOperand *use : layer.moved) {
      if (use->get() == dispatch.getRows())
        use->set(exchange.getReceived());
      else if (use->get() == dispatch.getOffsets())
        use->set(exchange.getReceivedOffsets());
    }
    llvm::DenseMap<Value, Value> back;
    for (OpOperand *use : layer.returned) {
      Value rows = use->get();
      if (rows == dispatch.getRows())
        continue; // never left
      Value &result = back[rows];
      if (!result) {
        builder.setInsertionPointAfterValue(rows);
        result = ExchangeBackOp::create(builder, rows.getLoc(), rows.getType(), rows,
                                        exchange.getSources(), dispatch.getOffsets(), symbol, axes,
                                        owners);
      }
      use->set(result);
    }
    ++numLayers;
    numExperts += experts;
  }

  /// The owners of a layer's experts. Those that are left over go to other members in each layer,
  /// so that no member has more than its share of all experts, and one.
  SmallVector<int64_t> placeExperts(int64_t experts) {
    SmallVector<int64_t> owners = getEvenOwners(experts, ep, nextMember);
    nextMember = (nextMember + experts % ep) % ep;
    return owners;
  }

  shard::GridOp grid;
  int64_t nextMember = 0;
};

} // namespace
