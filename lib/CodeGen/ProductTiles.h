//===- ProductTiles.h - Tiles of a product in shared memory -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PRODUCTTILES_H
#define MOEC_LIB_CODEGEN_PRODUCTTILES_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceProductSchedule.h"
#include "lib/CodeGen/LoopBuilder.h"

namespace moec::codegen {

/// Sizes of a product, inside its kernel. All in elements.
struct ProductSizes {
  /// Reads them off `op`, whose panels become `panels`.
  ProductSizes(LoopBuilder &b, tile::RaggedMatmulOp op);

  ProductTypes types;
  int64_t columnsPerResult = 1;
  mlir::Value panels;        // memref of all slabs
  mlir::Value depth;         // K
  mlir::Value columns;       // of the result
  mlir::Value numPanels;     // of a slab
  mlir::Value panelElements; // from a panel to the next
  mlir::Value slabElements;  // from a slab to the next
  std::optional<int64_t> staticColumns, staticPanels;
};

/// Where a thread is in its block.
struct ProductThread {
  ProductThread(LoopBuilder &b, const DeviceProductSchedule &schedule);

  mlir::Value number, warp, lane;
  mlir::Value quad;     // lane / 4: the row of 8 whose sums it has
  mlir::Value inQuad;   // lane mod 4: which columns of those
  mlir::Value panel;    // the warp's first, in the block's tile
  mlir::Value firstRow; // the warp's, in the block's tile
};

/// One tile of the result.
struct ProductTile {
  mlir::Value slab, firstRow, numRows; // rows of the result
  mlir::Value firstPanel;
};

/// A tile's operands in shared memory: who brings which bytes there, and where they lie.
class ProductTiles {
public:
  ProductTiles(LoopBuilder &b, tile::RaggedMatmulOp op, const ProductSizes &sizes,
               const DeviceProductSchedule &schedule, const ProductThread &thread,
               mlir::Value shared);

  const ProductTypes &getTypes() const { return types; }

  /// Emits what stays the same for all steps of a tile.
  void emitStart(const ProductTile &tile);
  /// Emits this thread's share of bringing step `step` into stage `stage`: copies that belong to
  /// the group which the caller commits, or plain stores.
  void emitLoad(mlir::Value step, mlir::Value stage);

  /// Emits 16 rows from `row` on by the summands of a matrix instruction from `k` on, as `mma.sync`
  /// takes them.
  mlir::Value emitRowFragment(mlir::Value stage, int64_t row, int64_t k);
  /// Emits the summands [k, k + 4) of row `row` + quad, in f32; k is a multiple of 4.
  mlir::Value emitRowSummands(mlir::Value stage, int64_t row, mlir::Value k);
  /// A panel of the warp's, in a stage.
  struct PanelPlace {
    mlir::Value stage;
    int64_t panel; // below warpPanels
  };

  /// Emits, for a panel and the same summands, the second operand of `mma.sync` for each 8
  /// columns: `fragments[2 * i + half]` has summands 2 * inQuad + {0, 1} + 8 * half (16-bit types)
  /// or inQuad + 4 * half (f32) of the column that is number `quad` of column group i
  /// (WarpProduct.h).
  llvm::SmallVector<mlir::Value> emitPanelFragments(const PanelPlace &from, int64_t k);
  /// Emits summand k + i of the columns 4 * inQuad + {0, .. 3} + 16 * half of a panel, in
  /// f32, as `values[2 * i + half]`, for i < 4.
  llvm::SmallVector<mlir::Value> emitPanelSummands(const PanelPlace &from, mlir::Value k);

private:
  /// One 16-byte piece of a row in each step.
  struct RowPiece {
    mlir::Value line, k; // its place in a step
    mlir::Value source, isRow;
  };

  mlir::Value view(mlir::Value shared, int64_t byte, llvm::ArrayRef<int64_t> shape,
                   mlir::Type element);
  /// `granule` of row `row`, or of line `line` of a panel, permuted.
  mlir::Value swizzleRows(mlir::Value granule, mlir::Value row);
  mlir::Value swizzlePanels(mlir::Value granule, mlir::Value line);
  void emitLoadRows(mlir::Value step, mlir::Value stage);
  void emitLoadPiece(const RowPiece &piece, mlir::Value first, mlir::Value stage, bool isWhole);
  void emitLoadElements(const RowPiece &piece, mlir::Value k, mlir::ValueRange at);
  void emitLoadPanels(mlir::Value step, mlir::Value stage);
  mlir::Value loadVector(mlir::Value memref, mlir::ValueRange at, int64_t elements);
  mlir::Value loadPanel(const PanelPlace &place, mlir::Value line, mlir::Value granule,
                        mlir::Value inGranule, int64_t elements);
  mlir::Value widen(mlir::Value vector);
  /// Both summands of pairs of bf16, in f32.
  std::pair<mlir::Value, mlir::Value> splitPairs(mlir::Value pairs);

  LoopBuilder &b;
  tile::RaggedMatmulOp op;
  const ProductSizes &sizes;
  const DeviceProductSchedule &schedule;
  const ProductThread &thread;
  ProductTypes types;
  int64_t rowGranule, panelGranule; // elements of 16 bytes
  bool copiesRows;                  // rows start at multiples of 16 bytes
  mlir::Value rows;                 // [stage][row][line]
  mlir::Value panels;               // [stage][panel][line][element]
  llvm::SmallVector<RowPiece> pieces;
  mlir::Value firstPanel, slabStart;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_PRODUCTTILES_H
