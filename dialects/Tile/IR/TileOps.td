//===- TileOps.td - Structured operations ---------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILEOPS
#define MOEC_DIALECTS_TILE_IR_TILEOPS

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "dialects/Tile/IR/TileDialect.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_RaggedMatmulOp : Tile_StructuredOp<"ragged_matmul", [
    AttrSizedOperandSegments, SingleBlock, IsolatedFromAbove]> {
  let summary = "multiply ranges of rows by one packed matrix each";
  let description = [{
    For `ranges[g] <= r < ranges[g + 1]`, c = columns of the packed type and n over result columns:

    ```
    acc[i] = sum over k ascending of rows[gather[r], k] * slabs[g, c * n + i, k]        (f32, one chain)
    outs[r, n] = epilogue(acc[0], .. acc[c - 1], row_args[r].., col_args[g, n]..)
    ```

    Without `gather` row r of `rows` is taken; without `ranges` there is one range of all rows of `outs`. Ranges may
    be empty. The epilogue is one block of scalar element-wise ops and constants without memory access; its arguments
    are the c accumulators (f32), then the row arguments, then the column arguments, and it yields one value of the
    element type of `outs`, so rounding to the storage type happens in it.

    | operand | shape |
    |---|---|
    | `rows` | M x K, f32, f16 or bf16 |
    | `gather` | R, i32, entries in [0, M) |
    | `ranges` | G + 1, i32, not decreasing |
    | `slabs` | `!tile.packed<GxNxKxT>` |
    | `row_args` | R |
    | `col_args` | G x N / c |
    | `outs` | R x N / c |

    ```mlir
    %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) ranges(%off : tensor<9xi32>)
        slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : tensor<?x96xf32>) -> tensor<?x96xf32> epilogue {
    ^bb0(%acc: f32):
      tile.yield %acc : f32
    }
    ```
  }];
  let arguments = (ins Tile_Shaped:$rows, Optional<Tile_Shaped>:$gather, Optional<Tile_Shaped>:$ranges,
    Tile_PackedType:$slabs, Variadic<Tile_Shaped>:$row_args, Variadic<Tile_Shaped>:$col_args,
    Tile_Shaped:$outs);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `rows` `(` $rows `:` type($rows) `)`
    (`gather` `(` $gather^ `:` type($gather) `)`)? (`ranges` `(` $ranges^ `:` type($ranges) `)`)?
    `slabs` `(` $slabs `:` type($slabs) `)`
    (`row_args` `(` $row_args^ `:` type($row_args) `)`)? (`col_args` `(` $col_args^ `:` type($col_args) `)`)?
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)? `epilogue` $epilogue
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Tile_YieldOp : Op<Tile_Dialect, "yield", [Pure, Terminator, HasParent<"RaggedMatmulOp, PanelProductOp">]> {
  let summary = "result of an epilogue";
  let description = [{
    Yields the value that an epilogue stores, of the element type of the op's `outs`.

    ```mlir
    tile.yield %v : f32
    ```
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Tile_SelectOp : Tile_StructuredOp<"select"> {
  let summary = "k largest entries of each row";
  let description = [{
    `ids[t]` are the columns of the k largest entries of row t of `keys` in descending order of their entries; equal
    entries by `tie`; NaN ranks below every number. `values[t]` are the entries of `source` (default: `keys`) at
    these columns.

    ```mlir
    %ids, %v = tile.select keys(%z : tensor<?x8xf32>) outs(%i : tensor<?x2xi32>, %o : tensor<?x2xf32>)
        {tie = #tile.tie<lower_index>} -> tensor<?x2xi32>, tensor<?x2xf32>
    ```
  }];
  let arguments = (ins Tile_Shaped:$keys, Optional<Tile_Shaped>:$source, Tile_Shaped:$ids, Tile_Shaped:$values,
    Tile_TieAttr:$tie);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `keys` `(` $keys `:` type($keys) `)` (`source` `(` $source^ `:` type($source) `)`)?
    `outs` `(` $ids `:` type($ids) `,` $values `:` type($values) `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getIdsMutable().getOperandNumber(), 2);
    }
  }];
}

def Tile_BucketOp : Tile_StructuredOp<"bucket"> {
  let summary = "stable counting sort by key";
  let description = [{
    Sorts the n entries of `keys` (shape [t, j], taken in row-major order) with 0 <= key < G by key, equal keys in
    order of entry; entries outside that range are left out. `offsets` (G + 1) are the starts of each key's run,
    `source` (n) is the row t of the entry at each sorted place (places beyond offsets[G] are unspecified),
    `places` (shape of keys) is the sorted place of each entry or -1.

    ```mlir
    %off, %src, %pos = tile.bucket keys(%ids : tensor<?x2xi32>)
        outs(%a, %b, %c : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>) -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
    ```
  }];
  let arguments = (ins Tile_Shaped:$keys, Tile_Shaped:$offsets, Tile_Shaped:$source, Tile_Shaped:$places);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `keys` `(` $keys `:` type($keys) `)`
    `outs` `(` $offsets `,` $source `,` $places `:` type($offsets) `,` type($source) `,` type($places) `)`
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), 1, 3);
    }
  }];
}

def Tile_WeightedGatherOp : Tile_StructuredOp<"weighted_gather"> {
  let summary = "weighted sum of gathered rows";
  let description = [{
    `outs[t] = sum over j ascending of weights[t, j] * rows[places[t, j]]`, where a place of -1 adds nothing. Products
    and sums are in f32, each product is rounded to `term` first if given; the sum is rounded once to the element type
    of `outs`.

    ```mlir
    %y = tile.weighted_gather rows(%r : tensor<?x64xf32>) places(%p : tensor<?x2xi32>) weights(%w : tensor<?x2xf32>)
        outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Tile_Shaped:$rows, Tile_Shaped:$places, Tile_Shaped:$weights, Tile_Shaped:$outs,
    OptionalAttr<TypeAttr>:$term);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `rows` `(` $rows `:` type($rows) `)` `places` `(` $places `:` type($places) `)`
    `weights` `(` $weights `:` type($weights) `)` `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

#endif // MOEC_DIALECTS_TILE_IR_TILEOPS
