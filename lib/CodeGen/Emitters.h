//===- Emitters.h - Bodies of kernel ops --------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per kernel op. Each emits the op's body before it, at the level
// of the function that the op stands in, and leaves the op to be erased.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_EMITTERS_H
#define MOEC_LIB_CODEGEN_EMITTERS_H

#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

struct IsaLevel;
class PanelKernels;

/// Gathers, widens and transposes rows into blocks of `[depth][rows]`.
void emitPackRows(tile::PackRowsOp op, const IsaLevel &level);

/// Copies matrices that are made at run time into panels.
void emitPackPanels(tile::PackPanelsOp op, const IsaLevel &level);

/// Loops over ranges, row blocks, panels and blocks of `blockDepth` summands
/// around calls of panel kernels, then the epilogue.
void emitPanelProduct(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels);

/// Loops over units and blocks of keys: products by panel kernels, online softmax
/// between them.
void emitAttention(tile::AttentionRowsOp op, const IsaLevel &level, PanelKernels &kernels);

/// The k largest of each row by repeated maximum.
void emitSelect(tile::SelectOp op);

/// Stable counting sort.
void emitBucket(tile::BucketOp op);

/// Running sums, one chain of additions per row.
void emitScan(tile::ScanOp op);

/// The chain of the row with these indices, null along the axis.
void emitScanChain(mlir::ImplicitLocOpBuilder &b, tile::ScanOp op,
                   mlir::ArrayRef<mlir::Value> indices);

/// Heapsort of positions, whose ties make it stable.
void emitSort(tile::SortOp op);

/// Sums of gathered rows, choices in order, on vectors of columns.
void emitWeightedGather(tile::WeightedGatherOp op);

/// An element of outs after an update, or a vector of them; `old` is not looked at to replace it.
mlir::Value emitCombine(mlir::ImplicitLocOpBuilder &b, tile::Combine combine, mlir::Value old,
                        mlir::Value update);

/// Updates in order, each on vectors of columns.
void emitScatter(tile::ScatterOp op);

/// One pass over the flags.
void emitCompact(tile::CompactOp op);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_EMITTERS_H
