//===- TileKernelOps.td - Bodies of kernels -------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a ragged product becomes after bufferization, two kernels, one launched
// after the other, and what attention becomes. The ops work on memrefs, for the
// units [begin, end) of one call, at the instruction-set level of the function
// they stand in.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILEKERNELOPS
#define MOEC_DIALECTS_TILE_IR_TILEKERNELOPS

include "dialects/Tile/IR/TileDialect.td"
include "dialects/Tile/IR/TileTypes.td"
include "dialects/Tile/IR/TileOps.td"

def Tile_PackRowsOp : Tile_Op<"pack_rows", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "gather, widen and transpose blocks of rows for panel products";
  let description = [{
    Each range of n rows is cut into ceil(n / h) blocks as equal as possible, h being the level's block height. The
    block of rows [r, r + m) is written to `into[r * depth ...]` as `[depth][m]` in f32, with zeros for summands from K to
    depth (depth is K, or K + 1 where panels pair summands). `count` is the number of rows of all ranges; ranges are as
    in `tile.ragged_matmul`. Blocks whose first row lies in [begin, end) belong to a call, so every block is packed once
    however units are split.

    ```mlir
    tile.pack_rows %begin to %end of %n rows(%x : memref<?x64xbf16>) gather(%i : memref<?xi32>) ranges(%off : memref<9xi32>)
        into(%a : memref<?xf32>) depth(%depth)
    ```
  }];
  let arguments = (ins Index:$begin, Index:$end, Tile_Buffer:$rows, Optional<Tile_Buffer>:$gather,
    Optional<Tile_Buffer>:$ranges, Optional<Index>:$batch, Index:$count, MemRefRankOf<[F32], [1]>:$into, Index:$depth);
  let assemblyFormat = [{
    $begin `to` $end `of` $count `rows` `(` $rows `:` type($rows) `)` (`gather` `(` $gather^ `:` type($gather) `)`)?
    (`ranges` `(` $ranges^ `:` type($ranges) `)`)? (`batch` `(` $batch^ `)`)? `into` `(` $into `:` type($into) `)`
    `depth` `(` $depth `)` attr-dict
  }];
}

def Tile_PackPanelsOp : Tile_Op<"pack_panels", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "panels [begin, end) of a tile.pack";
  let description = [{
    Panel p of slab g is unit g * ceil(N / 32) + p.

    ```mlir
    tile.pack_panels %begin to %end source(%x : memref<?x?x64xf32>) into(%p : memref<?xf32>) {transposed}
    ```
  }];
  let arguments = (ins Index:$begin, Index:$end, Tile_Buffer:$source,
    MemRefRankOf<[F32, F16, BF16], [1]>:$into, UnitAttr:$transposed);
  let assemblyFormat = [{
    $begin `to` $end `source` `(` $source `:` type($source) `)` `into` `(` $into `:` type($into) `)` attr-dict
  }];
}

def Tile_PanelProductOp : Tile_Op<"panel_product", [AttrSizedOperandSegments, SingleBlock, IsolatedFromAbove,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "multiply packed rows by panels and apply the epilogue";
  let description = [{
    Units are panels, panel p of the g-th range that has rows being unit g * ceil(N / 32) + p: for each in
    [begin, end), the product of the range's packed row blocks with the panel, k ascending in one FMA chain per
    element, then the epilogue of `tile.ragged_matmul`. `depth`, that of `tile.pack_rows`, is given where `slabs` is a
    buffer, which does not tell it.

    ```mlir
    tile.panel_product %begin to %end of %n packed(%a : memref<?xf32>) ranges(%off : memref<9xi32>)
        slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
    ^bb0(%acc: f32):
      tile.yield %acc : f32
    }
    ```
  }];
  let arguments = (ins Index:$begin, Index:$end, Index:$count, MemRefRankOf<[F32], [1]>:$packed,
    Optional<Tile_Buffer>:$ranges, Optional<Index>:$batch, Optional<Index>:$depth, Tile_Slabs:$slabs,
    Variadic<Tile_Buffer>:$row_args, Variadic<Tile_Buffer>:$col_args, Variadic<Tile_Buffer>:$elem_args,
    Tile_Buffer:$outs);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $begin `to` $end `of` $count `packed` `(` $packed `:` type($packed) `)` (`ranges` `(` $ranges^ `:` type($ranges) `)`)?
    (`batch` `(` $batch^ `)`)? (`depth` `(` $depth^ `)`)? `slabs` `(` $slabs `:` type($slabs) `)`
    (`row_args` `(` $row_args^ `:` type($row_args) `)`)? (`col_args` `(` $col_args^ `:` type($col_args) `)`)?
    (`elem_args` `(` $elem_args^ `:` type($elem_args) `)`)? `outs` `(` $outs `:` type($outs) `)` attr-dict `epilogue` $epilogue
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

def Tile_AttentionRowsOp : Tile_Op<"attention_rows", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention of blocks of query rows";
  let description = [{
    `tile.attention` for the units [begin, end). The queries of all heads that share a key head are its rows, row
    r being query r / (Hq / Hkv) of head r mod (Hq / Hkv). A unit is a batch entry, a key head and 48 consecutive rows,
    of which the last unit has fewer; the units of a key head alternate between its first and its last rows, so that
    a causal range of units costs what it counts.

    ```mlir
    tile.attention_rows %begin to %end query(%q : memref<?x16x?x64xf32>) key(%k : memref<?x4x?x64xf32>)
        value(%v : memref<?x4x?x64xf32>) outs(%o : memref<?x16x?x64xf32>) {scale = 1.250000e-01 : f32}
    ```
  }];
  let arguments = !con((ins Index:$begin, Index:$end, Tile_Buffer:$query, Tile_Buffer:$key, Tile_Buffer:$value,
    Optional<Tile_Buffer>:$mask, Optional<Tile_Buffer>:$lengths, Optional<Index>:$offset, Tile_Buffer:$outs),
    Tile_AttentionAttributes);
  let assemblyFormat = [{
    $begin `to` $end `query` `(` $query `:` type($query) `)` `key` `(` $key `:` type($key) `)`
    `value` `(` $value `:` type($value) `)` (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)? (`offset` `(` $offset^ `)`)?
    `outs` `(` $outs `:` type($outs) `)` attr-dict
  }];
  let extraClassDeclaration = [{
    /// Query rows of a unit.
    static constexpr int64_t unitRows = 48;
  }];
}

#endif // MOEC_DIALECTS_TILE_IR_TILEKERNELOPS
