//===- WeightLayout.cpp - How a weight lies in memory -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/WeightLayout.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec::rt;

WeightLayout moec::rt::getWeightLayout(WeightExprInterface expr) {
  RankedTensorType type = expr.getExprType();
  WeightLayout layout{};
  layout.elementType = type.getElementType();
  int64_t elementBytes = llvm::divideCeil(layout.elementType.getIntOrFloatBitWidth(), 8);
  auto pack = dyn_cast<PackAttr>(expr);
  if (!pack) {
    layout.numSlabs = 1;
    layout.slabBytes = type.getNumElements() * elementBytes;
  } else {
    int64_t rank = type.getRank();
    int64_t n = type.getDimSize(rank - 2), k = type.getDimSize(rank - 1);
    layout.numSlabs = rank == 3 ? type.getDimSize(0) : 1;
    layout.kGroup = layout.elementType.isBF16() ? 2 : 1;
    layout.paddedK = llvm::alignTo(k, layout.kGroup);
    layout.panels = llvm::divideCeil(n / pack.getColumns(), kPanelColumns / pack.getColumns());
    layout.slabBytes = layout.panels * layout.paddedK * kPanelColumns * elementBytes;
  }
  layout.slabStride = llvm::alignTo(std::max<int64_t>(layout.slabBytes, 1), kSlabAlignment);
  return layout;
}
