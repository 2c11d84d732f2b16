//===- TileOps.cpp - Memory effects -----------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"

using namespace mlir;
using namespace moec::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/IR/TileOps.cpp.inc"

using Effects = SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Memrefs are read, those in `written` are written; tensors have no effects.
static void addEffects(Operation *op, ArrayRef<OpOperand *> written, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isWritten = llvm::is_contained(written, &operand);
    if (isWritten)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

static void addStructuredEffects(DestinationStyleOpInterface op, Effects &effects) {
  SmallVector<OpOperand *> written;
  for (OpOperand &init : op.getDpsInitsMutable())
    written.push_back(&init);
  addEffects(op, written, effects);
}

void RaggedMatmulOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void SelectOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void BucketOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void ScanOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void SortOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void WeightedGatherOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void AttentionOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void CompactOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
/// What an update meets is read too.
void ScatterOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
  if (isa<MemRefType>(getOuts().getType()))
    effects.emplace_back(MemoryEffects::Read::get(), &getOutsMutable());
}
void PackOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void PackPanelsOp::getEffects(Effects &effects) {
  addEffects(*this, {&getIntoMutable()}, effects);
}
void PackRowsOp::getEffects(Effects &effects) { addEffects(*this, {&getIntoMutable()}, effects); }
void PanelProductOp::getEffects(Effects &effects) {
  addEffects(*this, {&getOutsMutable()}, effects);
}
void AttentionRowsOp::getEffects(Effects &effects) {
  addEffects(*this, {&getOutsMutable()}, effects);
}
