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
void WeightedGatherOp::getEffects(Effects &effects) {
  addStructuredEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void PackRowsOp::getEffects(Effects &effects) { addEffects(*this, {&getIntoMutable()}, effects); }
void PanelProductOp::getEffects(Effects &effects) {
  addEffects(*this, {&getOutsMutable()}, effects);
}
