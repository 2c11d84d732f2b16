//===- MoESharding.cpp - How ops of moe split over a grid -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops of ops and what they index, for upstream's propagation of shardings
// through what surrounds a layer. A product of ranges is a sum over experts,
// of which each row has terms of one: ranks that have some experts have partial
// sums. moe-shard-experts places experts itself, without partial sums, which
// would have other bits; nothing else carries placements of these ops out.
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoESharding.h"

#include "dialects/MoE/IR/MoE.h"

#include "mlir/Dialect/Shard/Interfaces/ShardingInterfaceImpl.h"

using namespace mlir;
using namespace moec::moe;
using shard::ReductionKind;
using shard::ShardingInterface;
using utils::IteratorType;

namespace {

/// The loops of an op, by name.
class Loops {
public:
  explicit Loops(MLIRContext *context) : context(context) {}

  unsigned parallel() { return add(IteratorType::parallel); }
  unsigned sum() { return add(IteratorType::reduction, ReductionKind::Sum); }
  /// Parts of which cannot be joined: an op that is split along it has no meaning.
  unsigned whole() { return add(IteratorType::reduction, ReductionKind::Generic); }

  /// What the next operand, or result after the last operand, is indexed by. Null values have none.
  void index(Value value, ArrayRef<unsigned> dims) {
    if (value)
      indexed.emplace_back(dims);
  }

  ArrayRef<IteratorType> getTypes() const { return types; }
  ArrayRef<ReductionKind> getKinds() const { return kinds; }

  SmallVector<AffineMap> getMaps() const {
    SmallVector<AffineMap> maps;
    for (ArrayRef<unsigned> dims : indexed) {
      SmallVector<AffineExpr> places;
      for (unsigned dim : dims)
        places.push_back(getAffineDimExpr(dim, context));
      maps.push_back(AffineMap::get(types.size(), 0, places, context));
    }
    return maps;
  }

private:
  unsigned add(IteratorType type, ReductionKind kind = ReductionKind::Sum) {
    types.push_back(type);
    if (type == IteratorType::reduction)
      kinds.push_back(kind);
    return types.size() - 1;
  }

  MLIRContext *context;
  SmallVector<IteratorType> types;
  SmallVector<ReductionKind> kinds;
  SmallVector<SmallVector<unsigned>> indexed;
};

/// A stack of matrices of experts.
SmallVector<unsigned> stack(WeightLayout layout, unsigned expert, unsigned out, unsigned in) {
  return layout == WeightLayout::OutIn ? SmallVector<unsigned>{expert, out, in}
                                       : SmallVector<unsigned>{expert, in, out};
}

void describe(GroupedMatmulOp op, Loops &loops) {
  unsigned row = loops.parallel(), out = loops.parallel(), in = loops.sum(), expert = loops.sum();
  // Parts of columns are ranges, so columns of the result are none of the weights'.
  unsigned column = op.getParts() == 1 ? out : loops.whole();
  loops.index(op.getRows(), {row, in});
  loops.index(op.getOffsets(), {loops.whole()});
  loops.index(op.getWeights(), stack(op.getLayout(), expert, out, in));
  loops.index(op.getBias(), {expert, out});
  loops.index(op.getResult(), {row, column});
}

/// The first half of experts, whose result has columns `inner`. An activation is of whole sums.
template <typename OpTy>
void describeFirstHalf(OpTy op, Loops &loops, unsigned row, unsigned expert, unsigned inner,
                       function_ref<void(unsigned gate)> indexSecond) {
  const bool isFused = op.getGate() != Gate::None && op.getGate() != Gate::Separate;
  const bool isWide = isFused || op.getActivation() == Activation::SwigluHalf;
  unsigned in = loops.whole(), gate = isWide ? loops.whole() : inner;
  loops.index(op.getRows(), {row, in});
  loops.index(op.getOffsets(), {loops.whole()});
  loops.index(op.getW1(), stack(op.getLayout1(), expert, gate, in));
  if (indexSecond)
    indexSecond(gate);
  else
    loops.index(op.getB1(), {expert, gate});
  loops.index(op.getW3(), stack(op.getLayout1(), expert, inner, in));
  loops.index(op.getB3(), {expert, inner});
}

void describe(ExpertOp op, Loops &loops) {
  unsigned row = loops.parallel(), out = loops.parallel(), expert = loops.sum();
  unsigned inner = loops.sum();
  describeFirstHalf(op, loops, row, expert, inner, [&](unsigned gate) {
    loops.index(op.getW2(), stack(op.getLayout2(), expert, out, inner));
    loops.index(op.getB1(), {expert, gate});
    loops.index(op.getB2(), {expert, out});
  });
  loops.index(op.getResult(), {row, out});
}

void describe(ExpertHiddenOp op, Loops &loops) {
  unsigned row = loops.parallel(), inner = loops.parallel(), expert = loops.sum();
  unsigned column = op.getParts() == 1 ? inner : loops.whole();
  describeFirstHalf(op, loops, row, expert, inner, nullptr);
  loops.index(op.getResult(), {row, column});
}

/// Tokens need each other to be counted, so only features split.
void describe(DispatchOp op, Loops &loops) {
  unsigned feature = loops.parallel(), token = loops.whole(), choice = loops.whole();
  loops.index(op.getX(), {token, feature});
  loops.index(op.getIds(), {token, choice});
  loops.index(op.getSlots(), {token, choice});
  loops.index(op.getScale(), {token, choice});
  loops.index(op.getRows(), {loops.whole(), feature});
  loops.index(op.getOffsets(), {loops.whole()});
  loops.index(op.getPositions(), {token, choice});
}

/// Positions are those of all rows; terms of a token may be on several ranks.
void describe(CombineOp op, Loops &loops) {
  unsigned token = loops.parallel(), feature = loops.parallel(), choice = loops.sum();
  loops.index(op.getRows(), {loops.whole(), feature});
  loops.index(op.getPositions(), {token, choice});
  loops.index(op.getWeights(), {token, choice});
  loops.index(op.getPassthrough(), {token, feature});
  loops.index(op.getResult(), {token, feature});
}

template <typename OpTy>
struct Sharding : ShardingInterface::ExternalModel<Sharding<OpTy>, OpTy> {
  static Loops loopsOf(Operation *op) {
    Loops loops(op->getContext());
    describe(cast<OpTy>(op), loops);
    return loops;
  }
  SmallVector<IteratorType> getLoopIteratorTypes(Operation *op) const {
    return llvm::to_vector(loopsOf(op).getTypes());
  }
  SmallVector<ReductionKind> getReductionLoopIteratorKinds(Operation *op) const {
    return llvm::to_vector(loopsOf(op).getKinds());
  }
  SmallVector<AffineMap> getIndexingMaps(Operation *op) const { return loopsOf(op).getMaps(); }

  LogicalResult partition(Operation *op, ArrayRef<Value> operands,
                          ArrayRef<shard::Sharding> operandShardings,
                          ArrayRef<shard::Sharding> resultShardings, IRMapping &map,
                          SymbolTableCollection &symbols, OpBuilder &builder) const {
    for (const shard::Sharding &sharding :
         llvm::concat<const shard::Sharding>(operandShardings, resultShardings))
      for (shard::GridAxesAttr axes : sharding.getSplitAxes())
        if (!axes.empty())
          return op->emitOpError(
              "is not partitioned by the shard dialect, which would lose rows and "
              "sums; use --moe-shard-experts");
    shard::partitionTriviallyShardableOperation(*op, operands, operandShardings, resultShardings,
                                                map, symbols, builder);
    return success();
  }
};

template <typename... OpTys>
void attach(MLIRContext *context) {
  (OpTys::template attachInterface<Sharding<OpTys>>(*context), ...);
}

} // namespace

void moec::moe::attachShardingInterfaces(MLIRContext *context) {
  attach<CombineOp, DispatchOp, ExpertHiddenOp, ExpertOp, GroupedMatmulOp>(context);
}
