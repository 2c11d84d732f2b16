//===- TileKernelOps.td - Bodies of kernels -------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a ragged product becomes after bufferization: two kernels, one launched
// after the other. The ops work on memrefs, for the units [begin, end) of one
// call, at the instruction-set level of the function they stand in.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILEKERNELOPS
#define MOEC_DIALECTS_TILE_IR_TILEKERNELOPS

include "dialects/Tile/IR/TileDialect.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_PackRowsOp : Tile_Op<"pack_rows", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "gather, widen and transpose blocks of rows for panel products";
  let description = [{
    Each range of n rows is cut into ceil(n / h) blocks as equal as possible, h being the level's block height. The
    block of rows [r, r + m) is written to `into[r * K ...]` as `[K][m]` in f32. Blocks whose first row lies in
    [begin, end) belong to a call, so every block is packed once however units are split.

    ```mlir
    tile.pack_rows %begin to %end rows(%x : memref<?x64xbf16>) gather(%i : memref<?xi32>) ranges(%off : memref<9xi32>)
        into(%a : memref<?xf32>)
    ```
  }];
  let arguments = (ins Index:$begin, Index:$end, Tile_Buffer:$rows, Optional<Tile_Buffer>:$gather,
    Optional<Tile_Buffer>:$ranges, Index:$count, MemRefRankOf<[F32], [1]>:$into);
  let assemblyFormat = [{
    $begin `to` $end `of` $count `rows` `(` $rows `:` type($rows) `)` (`gather` `(` $gather^ `:` type($gather) `)`)?
    (`ranges` `(` $ranges^ `:` type($ranges) `)`)? `into` `(` $into `:` type($into) `)` attr-dict
  }];
}

def Tile_PanelProductOp : Tile_Op<"panel_product", [AttrSizedOperandSegments, SingleBlock, IsolatedFromAbove,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "multiply packed rows by panels and apply the epilogue";
  let description = [{
    Units are panels: for every range and each panel in [begin, end), the product of the range's packed row blocks
    with the panel, k ascending in one FMA chain per element, then the epilogue of `tile.ragged_matmul`.

    ```mlir
    tile.panel_product %begin to %end of %rows packed(%a : memref<?xf32>) ranges(%off : memref<9xi32>)
        slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
    ^bb0(%acc: f32):
      tile.yield %acc : f32
    }
    ```
  }];
  let arguments = (ins Index:$begin, Index:$end, Index:$count, MemRefRankOf<[F32], [1]>:$packed,
    Optional<Tile_Buffer>:$ranges, Tile_PackedType:$slabs, Variadic<Tile_Buffer>:$row_args,
    Variadic<Tile_Buffer>:$col_args, Tile_Buffer:$outs);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $begin `to` $end `of` $count `packed` `(` $packed `:` type($packed) `)` (`ranges` `(` $ranges^ `:` type($ranges) `)`)?
    `slabs` `(` $slabs `:` type($slabs) `)`
    (`row_args` `(` $row_args^ `:` type($row_args) `)`)? (`col_args` `(` $col_args^ `:` type($col_args) `)`)?
    `outs` `(` $outs `:` type($outs) `)` attr-dict `epilogue` $epilogue
  }];
}

def Tile_PanelsOp : Tile_Op<"panels", [Pure]> {
  let summary = "elements of a packed value as a buffer";
  let description = [{
    The elements of all slabs, alignment included, in the layout that `!tile.packed` documents.

    ```mlir
    %b = tile.panels %w : !tile.packed<8x96x64xf32> -> memref<49152xf32>
    ```
  }];
  let arguments = (ins Tile_PackedType:$packed);
  let results = (outs MemRefRankOf<[F32, F16, BF16], [1]>:$elements);
  let assemblyFormat = "$packed attr-dict `:` type($packed) `->` type($elements)";
}

#endif // MOEC_DIALECTS_TILE_IR_TILEKERNELOPS
