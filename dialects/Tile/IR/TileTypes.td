//===- TileTypes.td - Packed right-hand sides -----------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILETYPES
#define MOEC_DIALECTS_TILE_IR_TILETYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "dialects/Tile/IR/TileDialect.td"

def Tile_PackedType : TypeDef<Tile_Dialect, "Packed"> {
  let mnemonic = "packed";
  let summary = "matrices packed into panels of 32 columns";
  let description = [{
    `!tile.packed<GxNxKxT>` holds G matrices of N columns (the rows of an out x in weight) and K summands, each
    matrix one slab. A panel is 32 columns, the last one filled up with zeros:

    | element type | layout of a slab |
    |---|---|
    | f32, f16 | `[ceil(N / 32)][K][32]` |
    | bf16 | `[ceil(N / 32)][ceil(K / 2)][32][2]`, pairs of consecutive k |

    With `columns = 2` two source columns make one result column (gate and up): source column `2 n + i` is result
    column n's operand i, and a panel holds 16 operands 0 followed by the 16 operands 1 of the same columns.

    Slabs start at multiples of 4,096 bytes.
  }];
  let parameters = (ins "int64_t":$slabs, "int64_t":$n, "int64_t":$k, "::mlir::Type":$elementType,
    DefaultValuedParameter<"int64_t", "1">:$columns);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Columns of a panel.
    static constexpr int64_t panelWidth = 32;
    /// Columns of the result: n / columns.
    int64_t getResultColumns() const { return getN() / getColumns(); }
    /// Panels of a slab.
    int64_t getNumPanels() const { return (getN() + panelWidth - 1) / panelWidth; }
    /// Elements of a panel, padding included.
    int64_t getPanelElements() const;
    /// Elements from one slab to the next, alignment included.
    int64_t getSlabElements() const;
  }];
}

/// Right-hand sides: weights, or panels that `tile.pack` made.
def Tile_Slabs : AnyTypeOf<[Tile_PackedType, 1DTensorOf<[F32, F16, BF16]>, MemRefRankOf<[F32, F16, BF16], [1]>],
  "a packed weight or a buffer of panels">;

def Tile_Tie : I32EnumAttr<"Tie", "who wins among equals", [
  I32EnumAttrCase<"LowerIndex", 0, "lower_index">,
  I32EnumAttrCase<"HigherIndex", 1, "higher_index">]> {
  let cppNamespace = "::moec::tile";
  let genSpecializedAttr = 0;
}
def Tile_TieAttr : EnumAttr<Tile_Dialect, Tile_Tie, "tie"> { let assemblyFormat = "`<` $value `>`"; }

def Tile_HeadLayout : I32EnumAttr<"HeadLayout", "order of dimensions: batch, heads, sequence, head size", [
  I32EnumAttrCase<"BHSD", 0, "bhsd">,
  I32EnumAttrCase<"BSHD", 1, "bshd">]> {
  let cppNamespace = "::moec::tile";
  let genSpecializedAttr = 0;
}
def Tile_HeadLayoutAttr : EnumAttr<Tile_Dialect, Tile_HeadLayout, "heads"> { let assemblyFormat = "`<` $value `>`"; }

def Tile_Combine : I32EnumAttr<"Combine", "how an update meets what is there", [
  I32EnumAttrCase<"Replace", 0, "replace">,
  I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Max", 4, "max">,
  I32EnumAttrCase<"MinU", 5, "minu">,
  I32EnumAttrCase<"MaxU", 6, "maxu">]> {
  let cppNamespace = "::moec::tile";
  let genSpecializedAttr = 0;
}
def Tile_CombineAttr : EnumAttr<Tile_Dialect, Tile_Combine, "combine"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif // MOEC_DIALECTS_TILE_IR_TILETYPES
