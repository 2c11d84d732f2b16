//===- LayerMatch.cpp - Whether two layers are the same ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/LayerMatch.h"

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/LayerCuts.h"

#include "mlir/IR/OperationSupport.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Hashes of values of one layer by what computes them, leaves by type only.
class LayerHasher {
public:
  explicit LayerHasher(const Layer &layer) : layer(layer) {
    for (Operation *op : layer.ops)
      hashes[op] = compute(op);
  }

  llvm::hash_code ofOp(Operation *op) const { return hashes.lookup(op); }

  llvm::hash_code ofValue(Value value) const {
    if (value == layer.in)
      return llvm::hash_combine(1, value.getType());
    auto it = hashes.find(value.getDefiningOp());
    if (it == hashes.end())
      return llvm::hash_combine(2, value.getType());
    return llvm::hash_combine(it->second, cast<OpResult>(value).getResultNumber());
  }

private:
  llvm::hash_code compute(Operation *op) const {
    llvm::hash_code hash = llvm::hash_combine(op->getName(), op->getNumRegions());
    if (!isa<rt::CheckOp>(op)) // whose message names a node
      hash = llvm::hash_combine(hash, op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      hash = llvm::hash_combine(hash, type);
    for (Value operand : op->getOperands())
      hash = llvm::hash_combine(hash, ofValue(operand));
    for (Region &region : op->getRegions())
      region.walk([&](Operation *inner) {
        hash = llvm::hash_combine(hash, inner->getName(), inner->getAttrDictionary());
      });
    return hash;
  }

  const Layer &layer;
  DenseMap<Operation *, size_t> hashes;
};

class LayerMatcher {
public:
  LayerMatcher(const Layer &model, const Layer &other) : model(model), other(other) {}

  std::optional<LayerMatch> run() {
    if (model.ops.size() != other.ops.size() || model.leaves.size() != other.leaves.size() ||
        model.sides.size() != other.sides.size() || model.effects.size() != other.effects.size())
      return std::nullopt;
    // What does not pair clears isSame.
    (void)pair(model.in, other.in);
    (void)pair(model.out, other.out);
    for (auto [a, b] : llvm::zip_equal(model.sides, other.sides))
      (void)pair(a, b);
    for (auto [a, b] : llvm::zip_equal(model.effects, other.effects))
      pairOps(a, b);
    // Grows while it is worked on.
    for (size_t i = 0; i < worklist.size() && isSame; ++i)
      matchOps(worklist[i], partners.lookup(worklist[i]));
    // What regions of both use from outside is not paired: it is the same.
    bool isComplete = llvm::all_of(
        model.ops, [&](Operation *op) { return partners.contains(op) || other.ops.contains(op); });
    if (!isSame || !isComplete)
      return std::nullopt;
    LayerMatch match;
    for (Value leaf : model.leaves) {
      auto partner = values.find(leaf);
      match.leaves.push_back(partner == values.end() ? leaf : partner->second);
    }
    for (Value side : model.sides)
      match.sides.push_back(values.lookup(side));
    return match;
  }

private:
  LogicalResult pair(Value a, Value b) {
    auto [it, isNew] = values.try_emplace(a, b);
    if (!isNew)
      return isSame &= it->second == b, success(isSame);
    isSame &= a.getType() == b.getType() && (a == model.in) == (b == other.in);
    Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
    bool isInside = a != model.in && model.ops.contains(x);
    isSame &= isInside == (b != other.in && other.ops.contains(y));
    if (!isSame || !isInside)
      return success(isSame);
    isSame &= cast<OpResult>(a).getResultNumber() == cast<OpResult>(b).getResultNumber();
    return success(isSame && pairOps(x, y));
  }

  bool pairOps(Operation *a, Operation *b) {
    auto [it, isNew] = partners.try_emplace(a, b);
    if (isNew)
      worklist.push_back(a);
    return isSame &= it->second == b;
  }

  void matchOps(Operation *a, Operation *b) {
    bool isCheck = isa<rt::CheckOp>(a) && isa<rt::CheckOp>(b);
    if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() ||
        a->getResultTypes() != b->getResultTypes() ||
        (!isCheck && a->getAttrDictionary() != b->getAttrDictionary()) ||
        a->getNumRegions() != b->getNumRegions()) {
      isSame = false;
      return;
    }
    for (auto [x, y] : llvm::zip_equal(a->getOperands(), b->getOperands()))
      if (failed(pair(x, y)))
        return;
    for (auto [x, y] : llvm::zip_equal(a->getRegions(), b->getRegions()))
      isSame &= OperationEquivalence::isRegionEquivalentTo(
          &x, &y,
          [&](Value inA, Value inB) {
            auto known = inner.find(inA);
            return known == inner.end() ? pair(inA, inB) : success(known->second == inB);
          },
          [&](Value inA, Value inB) { inner[inA] = inB; },
          OperationEquivalence::Flags::IgnoreLocations);
  }

  const Layer &model, &other;
  DenseMap<Value, Value> values, inner; // inside regions
  DenseMap<Operation *, Operation *> partners;
  SmallVector<Operation *> worklist;
  bool isSame = true;
};

} // namespace

void completeLayer(Layer &layer, const DenseMap<Operation *, int64_t> &position) {
  SmallVector<Operation *> ops(layer.ops.begin(), layer.ops.end());
  for (size_t i = 0; i < ops.size(); ++i)
    forEachUsedValue(ops[i], [&](Value value) {
      Operation *definition = value.getDefiningOp();
      if (value == layer.in || layer.ops.contains(definition))
        return;
      if (definition && isRepeatable(definition)) {
        layer.ops.insert(definition);
        ops.push_back(definition);
      }
    });
  llvm::sort(ops, [&](Operation *a, Operation *b) { return position.at(a) < position.at(b); });
  layer.ops.clear();
  layer.ops.insert(ops.begin(), ops.end());

  for (Operation *op : layer.ops) {
    forEachUsedValue(op, [&](Value value) {
      if (value != layer.in && !layer.ops.contains(value.getDefiningOp()))
        layer.leaves.insert(value);
    });
    if (op->getNumResults() == 0)
      layer.effects.push_back(op);
    if (isRepeatable(op))
      continue;
    Block *block = op->getBlock();
    for (Value result : op->getResults())
      if (result != layer.out && llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !layer.ops.contains(block->findAncestorOpInBlock(*user));
          }))
        layer.sides.push_back(result);
  }
  // The same order in every layer, whatever the order of the nodes; values
  // that compute the same keep the order of the block.
  LayerHasher hasher(layer);
  llvm::stable_sort(layer.sides, [&](Value a, Value b) {
    return size_t(hasher.ofValue(a)) < size_t(hasher.ofValue(b));
  });
}

llvm::hash_code hashLayer(const Layer &layer) {
  LayerHasher hasher(layer);
  llvm::hash_code hash = hasher.ofValue(layer.out);
  for (Value side : layer.sides)
    hash = llvm::hash_combine(hash, hasher.ofValue(side));
  return llvm::hash_combine(hash, layer.ops.size(), layer.leaves.size());
}

std::optional<LayerMatch> matchLayers(const Layer &model, const Layer &other) {
  return LayerMatcher(model, other).run();
}

} // namespace moec::codegen
