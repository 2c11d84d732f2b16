//===- OutlineLayers.cpp - The outline-layers pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/LayerCuts.h"
#include "lib/CodeGen/LayerMatch.h"
#include "lib/CodeGen/Passes.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_OUTLINELAYERSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Equal neighbours: layer i + 1 begins where layer i ends.
struct Run {
  SmallVector<Layer> layers;
  SmallVector<LayerMatch> matches; // with the first
  size_t numOps() const { return layers.empty() ? 0 : layers.size() * layers[0].ops.size(); }
};

/// Candidates for where the data flow of layers starts; more are not tried.
constexpr int64_t maxSources = 16;

Layer joinSegments(ArrayRef<Segment> segments, const DenseMap<Operation *, int64_t> &position) {
  Layer layer{segments.front().in, segments.back().out, {}, {}, {}, {}};
  for (const Segment &segment : segments)
    layer.ops.insert(segment.ops.begin(), segment.ops.end());
  completeLayer(layer, position);
  return layer;
}

/// The run that starts at segment `first` with `period` segments per layer.
Run extendRun(ArrayRef<Segment> segments, size_t first, size_t period,
              const DenseMap<Operation *, int64_t> &position) {
  Run run;
  for (size_t at = first; at + period <= segments.size(); at += period) {
    Layer layer = joinSegments(segments.slice(at, period), position);
    if (!run.layers.empty()) {
      std::optional<LayerMatch> match = matchLayers(run.layers.front(), layer);
      if (!match)
        break;
      run.matches.push_back(std::move(*match));
    } else {
      run.matches.push_back(
          {SmallVector<Value>(layer.leaves.begin(), layer.leaves.end()), layer.sides});
    }
    run.layers.push_back(std::move(layer));
  }
  return run;
}

/// The run that covers most ops, found by hashes of segments.
Run findRun(ArrayRef<Segment> segments, const DenseMap<Operation *, int64_t> &position) {
  SmallVector<size_t> hashes;
  for (const Segment &segment : segments)
    hashes.push_back(hashLayer(joinSegments(segment, position)));
  size_t count = segments.size(), bestFirst = 0, bestPeriod = 0, bestCovered = 0;
  for (size_t period = 1; period <= count / 2; ++period) {
    size_t equal = 0; // how many segments before `at` repeat with the period
    for (size_t at = count - period; at-- > 0;) {
      equal = hashes[at] == hashes[at + period] ? equal + 1 : 0;
      size_t covered = equal < period ? 0 : (equal / period + 1) * period;
      if (covered > bestCovered) {
        bestCovered = covered;
        bestFirst = at;
        bestPeriod = period;
      }
    }
  }
  if (bestCovered == 0)
    return {};
  return extendRun(segments, bestFirst, bestPeriod, position);
}

struct OutlineLayers : impl::OutlineLayersPassBase<OutlineLayers> {
  using OutlineLayersPassBase::OutlineLayersPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isDeclaration() && !function->hasAttr(rt::RTDialect::kKernel) &&
          function.getBody().hasOneBlock())
        outline(function, symbols);
  }

  void outline(func::FuncOp function, SymbolTable &symbols) {
    Block &block = function.front();
    DenseMap<Operation *, int64_t> position;
    for (auto [number, op] : llvm::enumerate(block))
      position[&op] = number;
    Run best;
    for (Value source : findSources(block)) {
      Run run = findRun(findSegments(function, source), position);
      if (run.numOps() > best.numOps())
        best = std::move(run);
      if (best.numOps() > position.size() / 2)
        break;
    }
    if (best.layers.size() < 2 || best.layers[0].ops.size() < minOps)
      return;
    replace(best, symbols);
    // Calls stand where the last op of their layer stood.
    sortTopologically(&block);
    ++numFunctions;
    numLayers += best.layers.size();
  }

  /// Values that no layer computes: what ops that read a weight make of inputs
  /// only, such as embeddings, and inputs.
  static SmallVector<Value> findSources(Block &block) {
    SmallVector<Value> sources;
    DenseSet<Operation *> readers; // ops that depend on a weight
    for (Operation &op : block.without_terminator()) {
      bool readsWeight = false, isFirst = true;
      forEachUsedValue(&op, [&](Value value) {
        Operation *definition = value.getDefiningOp();
        readsWeight |= isa_and_nonnull<rt::GetWeightOp>(definition);
        isFirst &= !readers.contains(definition);
      });
      if (!readsWeight && isFirst)
        continue;
      readers.insert(&op);
      if (isFirst && op.getNumResults() == 1 && isa<TensorType>(op.getResult(0).getType()))
        sources.push_back(op.getResult(0));
    }
    for (BlockArgument argument : block.getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
        if (isa<FloatType>(type.getElementType()))
          sources.push_back(argument);
    if (sources.size() > maxSources)
      sources.resize(maxSources);
    return sources;
  }

  static func::FuncOp createFunction(const Layer &layer, SymbolTable &symbols) {
    SmallVector<Type> inputs{layer.in.getType()}, results{layer.out.getType()};
    for (Value leaf : layer.leaves)
      inputs.push_back(leaf.getType());
    for (Value side : layer.sides)
      results.push_back(side.getType());
    OpBuilder builder(layer.in.getContext());
    Location loc = layer.out.getLoc();
    auto function =
        func::FuncOp::create(builder, loc, "layer", builder.getFunctionType(inputs, results));
    function.setPrivate();
    symbols.insert(function);
    Block *body = function.addEntryBlock();
    IRMapping mapping;
    mapping.map(layer.in, body->getArgument(0));
    for (auto [leaf, argument] : llvm::zip_equal(layer.leaves, body->getArguments().drop_front()))
      mapping.map(leaf, argument);
    builder.setInsertionPointToEnd(body);
    for (Operation *op : layer.ops)
      builder.clone(*op, mapping);
    SmallVector<Value> returned{mapping.lookup(layer.out)};
    for (Value side : layer.sides)
      returned.push_back(mapping.lookup(side));
    func::ReturnOp::create(builder, loc, returned);
    return function;
  }

  static void replace(const Run &run, SymbolTable &symbols) {
    func::FuncOp function = createFunction(run.layers.front(), symbols);
    IRMapping replaced; // what layers left behind
    for (auto [layer, match] : llvm::zip_equal(run.layers, run.matches)) {
      Operation *last = nullptr;
      for (Operation *op : layer.ops)
        if (!isRepeatable(op))
          last = op;
      SmallVector<Value> operands{replaced.lookupOrDefault(layer.in)};
      for (Value leaf : match.leaves)
        operands.push_back(replaced.lookupOrDefault(leaf));
      OpBuilder builder(last);
      auto call = func::CallOp::create(builder, layer.out.getLoc(), function, operands);
      replaced.map(layer.out, call.getResult(0));
      for (auto [side, result] : llvm::zip_equal(match.sides, call.getResults().drop_front()))
        replaced.map(side, result);
      Value out = layer.out;
      out.replaceAllUsesWith(call.getResult(0));
      for (auto [side, result] : llvm::zip_equal(match.sides, call.getResults().drop_front()))
        Value(side).replaceAllUsesWith(result);
    }
    // From the end, so that what is repeatable is unused by then unless others read it.
    DenseSet<Operation *> ops;
    for (const Layer &layer : run.layers)
      ops.insert(layer.ops.begin(), layer.ops.end());
    Block *block = (*run.layers.front().ops.begin())->getBlock();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
      if (ops.contains(&op) && (!isRepeatable(&op) || op.use_empty())) {
        op.dropAllUses();
        op.erase();
      }
  }
};

} // namespace
} // namespace moec::codegen
