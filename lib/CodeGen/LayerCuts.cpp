//===- LayerCuts.cpp - Where one value carries all data flow - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/LayerCuts.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace moec::codegen {

void forEachUsedValue(Operation *op, function_ref<void(Value)> fn) {
  for (Value operand : op->getOperands())
    fn(operand);
  if (op->getNumRegions() == 0)
    return;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    fn(value);
}

bool readsData(Operation *op, Value value) {
  return isa<TensorType>(value.getType()) ? !isa<tensor::DimOp>(op) : !value.getType().isIndex();
}

bool isRepeatable(Operation *op) {
  // Tensors of several numbers are small weights, which layers do not share.
  if (DenseElementsAttr elements; matchPattern(op, m_Constant(&elements)))
    return elements.isSplat();
  // A view of a state made where it is read needs no copy to cross into a function.
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp, rt::PastOp>(op))
    return true;
  auto fill = dyn_cast<linalg::FillOp>(op);
  return fill && fill.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
}

namespace {

class CutFinder {
public:
  CutFinder(func::FuncOp function, Value source) : block(function.front()), source(source) {}

  SmallVector<Value> run() {
    collectDescendants();
    Value target = chooseTarget();
    if (!target)
      return {};
    collectAncestors(target);
    return findCuts(target);
  }

private:
  /// Ops that data from the source reaches.
  void collectDescendants() {
    DenseSet<Value> reached{source};
    for (Operation &op : block) {
      if (source.getDefiningOp() == &op)
        continue;
      bool isReached = false;
      forEachUsedValue(
          &op, [&](Value value) { isReached |= reached.contains(value) && readsData(&op, value); });
      if (!isReached)
        continue;
      descendants.insert(&op);
      reached.insert(op.result_begin(), op.result_end());
    }
  }

  /// The returned value that depends on most ops; an upper bound of their number
  /// is its depth, which costs one pass for all.
  Value chooseTarget() {
    DenseMap<Operation *, int64_t> depth;
    Value target;
    int64_t deepest = 0;
    for (Operation &op : block) {
      if (!descendants.contains(&op))
        continue;
      int64_t here = 0;
      forEachUsedValue(&op, [&](Value value) {
        if (Operation *definition = value.getDefiningOp(); definition && readsData(&op, value))
          here = std::max(here, depth.lookup(definition));
      });
      depth[&op] = here + 1;
    }
    for (Value value : block.getTerminator()->getOperands())
      if (int64_t here = depth.lookup(value.getDefiningOp()); here > deepest) {
        deepest = here;
        target = value;
      }
    return target;
  }

  void collectAncestors(Value target) {
    SmallVector<Operation *> worklist{target.getDefiningOp()};
    while (!worklist.empty()) {
      Operation *op = worklist.pop_back_val();
      if (!op || !descendants.contains(op) || !between.insert(op).second)
        continue;
      forEachUsedValue(op, [&](Value value) {
        if (readsData(op, value))
          worklist.push_back(value.getDefiningOp());
      });
    }
  }

  /// Every op between source and target lies on a path between them. So when
  /// one value is all that later ops read, each path passes through it.
  SmallVector<Value> findCuts(Value target) {
    DenseMap<Value, int64_t> readers;
    for (Operation *op : between)
      forEachUsedValue(op, [&](Value value) {
        bool isInside = value == source || between.contains(value.getDefiningOp());
        if (isInside && readsData(op, value))
          ++readers[value];
      });
    SmallVector<Value> cuts{source};
    int64_t open = 1;
    for (Operation &op : block) {
      if (!between.contains(&op))
        continue;
      forEachUsedValue(&op, [&](Value value) {
        auto it = readers.find(value);
        if (it != readers.end() && readsData(&op, value) && --it->second == 0)
          --open;
      });
      Value last;
      for (Value result : op.getResults())
        if (readers.contains(result)) {
          ++open;
          last = result;
        }
      if (open == 1 && last && isa<TensorType>(last.getType()))
        cuts.push_back(last);
    }
    if (cuts.back() != target)
      cuts.push_back(target);
    return cuts;
  }

  Block &block;
  Value source;
  DenseSet<Operation *> descendants, between;
};

} // namespace

SmallVector<Segment> findSegments(func::FuncOp function, Value source) {
  SmallVector<Value> cuts = CutFinder(function, source).run();
  if (cuts.size() < 2)
    return {};
  SmallVector<Segment> segments;
  DenseMap<Value, int64_t> begins; // by cut
  for (auto [number, cut] : llvm::enumerate(cuts)) {
    begins[cut] = number;
    if (number + 1 < cuts.size())
      segments.push_back({cut, cuts[number + 1], {}});
  }
  // An op belongs to the last segment that it depends on, sizes included.
  DenseMap<Value, int64_t> segmentOf;
  segmentOf[source] = 0;
  for (Operation &op : function.front().without_terminator()) {
    if (source.getDefiningOp() == &op)
      continue;
    int64_t segment = -1;
    forEachUsedValue(&op, [&](Value value) {
      if (auto it = segmentOf.find(value); it != segmentOf.end())
        segment = std::max(segment, it->second);
    });
    if (segment < 0)
      continue;
    // Behind the last cut nothing repeats. What is repeatable is in no segment, but its size may be
    // computed in one, and then so is what reads it.
    if (segment < static_cast<int64_t>(segments.size()) && !isRepeatable(&op))
      segments[segment].ops.insert(&op);
    for (Value result : op.getResults()) {
      auto begin = begins.find(result);
      segmentOf[result] = begin == begins.end() ? segment : begin->second;
    }
  }
  return segments;
}

} // namespace moec::codegen
