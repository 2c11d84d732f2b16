//===- NarrowWeights.cpp - The narrow-weights pass ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/RankedProducts.h"

#include "dialects/RT/IR/RT.h"
#include "dialects/RT/IR/WeightBuilders.h"
#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_NARROWWEIGHTSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

bool isHalf(Type type) { return isa<Float16Type, BFloat16Type>(type); }

class NarrowWeights : public impl::NarrowWeightsPassBase<NarrowWeights> {
public:
  using NarrowWeightsPassBase::NarrowWeightsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (dtype == "bf16") {
      target = BFloat16Type::get(&getContext());
    } else if (dtype == "f16") {
      target = Float16Type::get(&getContext());
    } else if (dtype != "file") {
      module.emitError("narrow-weights: there are bf16, f16 and file, not '") << dtype << "'";
      return signalPassFailure();
    }
    ranked = findRankedProducts(module);
    // In one walk over the module, whatever the number of weights.
    module.walk([&](rt::GetWeightOp op) { readers[op.getWeightAttr().getAttr()].push_back(op); });
    for (auto weight : module.getOps<rt::WeightOp>()) {
      nameLeaves(weight);
      known.try_emplace({weight.getValue(), weight.getType()}, weight);
    }
    for (auto weight : llvm::make_early_inc_range(module.getOps<rt::WeightOp>()))
      narrow(weight);
  }

private:
  void narrow(rt::WeightOp weight);
  void store(rt::WeightOp weight, rt::WeightExprInterface source, ArrayRef<rt::GetWeightOp> reads);

  /// Remembers by what name the file knows an expression: symbols that are read in packed form only
  /// do not last.
  void nameLeaves(rt::WeightOp weight) {
    if (weight.getValue().getSources().empty())
      names.try_emplace(weight.getValue(), weight.getSymNameAttr());
  }
  StringAttr nameOf(rt::WeightExprInterface expression);

  /// Null: as the file holds them.
  Type target;
  DenseSet<Operation *> ranked;
  DenseMap<StringAttr, SmallVector<rt::GetWeightOp>> readers;
  DenseMap<Attribute, StringAttr> names;
  DenseMap<std::pair<Attribute, Type>, rt::WeightOp> known;
};

/// "W", or "W and 7 more"; null if no part of it has a name.
StringAttr NarrowWeights::nameOf(rt::WeightExprInterface expression) {
  llvm::SmallSetVector<Attribute, 8> parts;
  SmallVector<StringAttr> found;
  parts.insert(expression);
  for (size_t at = 0; at < parts.size(); ++at) { // grows
    if (StringAttr name = names.lookup(parts[at]))
      found.push_back(name);
    SmallVector<Attribute> sources = cast<rt::WeightExprInterface>(parts[at]).getSources();
    parts.insert(sources.begin(), sources.end());
  }
  if (found.empty())
    return {};
  std::string text = found.front().str();
  if (found.size() > 1)
    text += " and " + std::to_string(found.size() - 1) + " more";
  return StringAttr::get(&getContext(), text);
}

void NarrowWeights::narrow(rt::WeightOp weight) {
  auto type = dyn_cast<tile::PackedType>(weight.getType());
  auto pack = dyn_cast<rt::PackAttr>(weight.getValue());
  if (!type || !pack || !type.getElementType().isF32())
    return;
  rt::WeightExprInterface source = pack.getSource();
  auto widened = dyn_cast<rt::CastAttr>(source);
  bool isHeldAsHalf = widened && isHalf(widened.getSource().getExprType().getElementType());
  if (!target && !isHeldAsHalf)
    return;

  ArrayRef<rt::GetWeightOp> reads = readers[weight.getSymNameAttr()];
  if (reads.empty())
    return;
  bool isRanked = false;
  for (rt::GetWeightOp read : reads)
    for (Operation *user : read->getUsers()) {
      if (!isa<tile::RaggedMatmulOp>(user)) {
        if (target)
          weight.emitWarning() << "stays f32: '" << user->getName()
                               << "' reads it; weights are narrowed before layers are outlined and "
                                  "kernels formed";
        return;
      }
      isRanked |= ranked.contains(user);
    }
  if (isHeldAsHalf)
    return store(weight, widened.getSource(), reads);
  if (isRanked) {
    ++numKept;
    return;
  }
  ++numRounded;
  // For messages of the packer.
  if (StringAttr name = nameOf(source))
    weight->setLoc(FusedLoc::get({weight.getLoc()}, name, &getContext()));
  store(weight, rt::casted(source, target, /*finite=*/true), reads);
}

/// Packs `source` instead, with the element type that it has.
void NarrowWeights::store(rt::WeightOp weight, rt::WeightExprInterface source,
                          ArrayRef<rt::GetWeightOp> reads) {
  auto old = cast<tile::PackedType>(weight.getType());
  rt::WeightExprInterface packed = rt::packed(source, old.getColumns());
  auto type = tile::PackedType::get(&getContext(), old.getSlabs(), old.getN(), old.getK(),
                                    source.getExprType().getElementType(), old.getColumns());
  // Where the model reads the same matrix in 16 bits, too.
  auto [entry, isNew] = known.try_emplace({packed, type}, weight);
  for (rt::GetWeightOp read : reads) {
    read.getResult().setType(type);
    read.setWeightAttr(FlatSymbolRefAttr::get(entry->second.getSymNameAttr()));
  }
  if (!isNew) {
    if (entry->second.getExchangeAttr() != weight.getExchangeAttr())
      entry->second.removeExchangeAttr(); // other ranks read it, too
    return weight.erase();
  }
  weight.setValueAttr(packed);
  weight.setTypeAttr(TypeAttr::get(type));
}

} // namespace
} // namespace moec::codegen
