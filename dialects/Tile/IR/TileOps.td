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
    outs[r, n] = epilogue(acc[0], .. acc[c - 1], row_args[r].., col_args[g, n].., elem_args[r, n]..)
    ```

    Without `gather` row r of `rows` is taken. Without `ranges` the rows of `outs` are cut into `batch` ranges of one
    size, or, without `batch` too, are one range. Ranges may be empty. The epilogue is one block of scalar element-wise ops and constants without memory access; its arguments
    are the c accumulators (f32), then row, column and element arguments, and it yields one value of the
    element type of `outs`, so rounding to the storage type happens in it.

    | operand | shape |
    |---|---|
    | `rows` | M x K, f32, f16 or bf16 |
    | `gather` | R, i32 or i64, entries in [0, M); those beyond the last range are not looked at |
    | `ranges` | G + 1, i32, not decreasing |
    | `batch` | G, an index that divides R |
    | `slabs` | `!tile.packed<GxNxKxT>`, or the panels of G x N x K as `tile.pack` makes them |
    | `row_args` | R |
    | `col_args` | G x N / c |
    | `elem_args` | R x N / c |
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
    Optional<Index>:$batch, Tile_Slabs:$slabs, Variadic<Tile_Shaped>:$row_args, Variadic<Tile_Shaped>:$col_args,
    Variadic<Tile_Shaped>:$elem_args, Tile_Shaped:$outs);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `rows` `(` $rows `:` type($rows) `)`
    (`gather` `(` $gather^ `:` type($gather) `)`)? (`ranges` `(` $ranges^ `:` type($ranges) `)`)?
    (`batch` `(` $batch^ `)`)? `slabs` `(` $slabs `:` type($slabs) `)`
    (`row_args` `(` $row_args^ `:` type($row_args) `)`)? (`col_args` `(` $col_args^ `:` type($col_args) `)`)?
    (`elem_args` `(` $elem_args^ `:` type($elem_args) `)`)?
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

def Tile_PackOp : Tile_StructuredOp<"pack"> {
  let summary = "panels of matrices that are made at run time";
  let description = [{
    `outs` becomes, for each g, the slab of `source[g]` in the layout of `!tile.packed`, one slab directly after
    another: `[G][ceil(N / 32)][K][32]` for f32 and f16, `[G][ceil(N / 32)][ceil(K / 2)][32][2]` for bf16. Columns from
    N on are unspecified, an odd last k is paired with zeros.

    | operand | shape |
    |---|---|
    | `source` | G x K x N, or G x N x K if `transposed`; f32, f16 or bf16 |
    | `outs` | the number of elements above |

    ```mlir
    %p = tile.pack %keys : tensor<?x?x64xf32> outs(%o : tensor<?xf32>) {transposed} -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Tile_Shaped:$source, Tile_Shaped:$outs, UnitAttr:$transposed);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $source `:` type($source) `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Tile_SelectOp : Tile_StructuredOp<"select"> {
  let summary = "k largest entries of each row";
  let description = [{
    `ids[t]` are the columns of the k largest entries of row t of `keys` in descending order of their entries; equal
    entries by `tie`; NaN ranks below every number. `values[t]` are the entries of `source` (default: `keys`) at
    these columns. Any k will do, 0 and all columns among them; where a row has less than k columns, what comes after
    them is unspecified.

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

/// Attributes of attention and of its kernel.
defvar Tile_AttentionAttributes = (ins F32Attr:$scale, OptionalAttr<F32Attr>:$softcap,
  OptionalAttr<I64Attr>:$left_window, OptionalAttr<I64Attr>:$right_window, UnitAttr:$nan_rows,
  DefaultValuedAttr<Tile_HeadLayoutAttr, "HeadLayout::BHSD">:$query_layout,
  DefaultValuedAttr<Tile_HeadLayoutAttr, "HeadLayout::BHSD">:$key_layout,
  DefaultValuedAttr<Tile_HeadLayoutAttr, "HeadLayout::BHSD">:$value_layout,
  DefaultValuedAttr<Tile_HeadLayoutAttr, "HeadLayout::BHSD">:$outs_layout);

def Tile_AttentionOp : Tile_StructuredOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "scaled dot-product attention with grouped heads";
  let description = [{
    For batch entry b, query head h with its key head g = h / (Hq / Hkv), and query i at position
    p = i + offset[b]:

    ```
    s[j] = scale * sum over d ascending of query[b, h, i, d] * key[b, g, j, d]            (f32, one chain)
    s[j] = softcap * tanh(s[j] / softcap)                                                  (with softcap)
    s[j] = s[j] + mask[b, h, i, j]  or  s[j] where mask[b, h, i, j] is not 0, else -inf    (with mask)
    outs[b, h, i, :] = sum over the keys j that i sees of softmax(s)[j] * value[b, g, j, :]
    ```

    A query sees the keys j with `max(0, p - left_window) <= j <= p + right_window` below `lengths[b]` and below the
    last size of the mask; each bound holds only if it is given. Causal attention is `right_window = 0`. `offset`
    is the operand, else `lengths[b] - S` if there are lengths, else 0. A row whose weights are all zero gives zeros,
    or NaN with `nan_rows`.

    Softmax and sums are f32, over blocks of 64 keys counted from key 0, ascending: within a block the largest score
    so far is subtracted and what was summed before is rescaled if it has grown; exponentials add up in 16 partial sums,
    key j in partial j mod 16, that are combined 8 apart, then 4, 2 and 1; products with values are one chain, j
    ascending. A key that is not seen adds exactly nothing, so the bits of a row depend on its own query and the keys
    it sees alone: not on other queries, on padding, or on how a sequence is cut into prefill and decoding. That
    holds for finite values: 0 times infinity of a key that another query sees is NaN. Devices with matrix instructions
    multiply operands of one 16-bit type by them, with an order of their own within 16 columns or keys and weights
    rounded to that type; the bits depend on the same things only.

    | operand | shape (layout `bhsd`) |
    |---|---|
    | `query` | B x Hq x S x D, f32, f16 or bf16 |
    | `key`, `value` | B x Hkv x L x D and B x Hkv x L x Dv |
    | `mask` | B or 1, Hq or 1, S or 1, at most L; i8 (keep where it is not 0) or f32, f16, bf16 (added) |
    | `lengths` | B, i64 |
    | `offset` | index |
    | `outs` | B x Hq x S x Dv |

    Numbers of heads are static, Hq a multiple of Hkv. In the layout `bshd` of an operand heads are the third
    dimension, as they come out of a projection.

    ```mlir
    %y = tile.attention query(%q : tensor<?x16x?x64xf32>) key(%k : tensor<?x4x?x64xf32>)
        value(%v : tensor<?x4x?x64xf32>) offset(%past) outs(%o : tensor<?x16x?x64xf32>)
        {right_window = 0, scale = 1.250000e-01 : f32} -> tensor<?x16x?x64xf32>
    ```
  }];
  let arguments = !con((ins Tile_Shaped:$query, Tile_Shaped:$key, Tile_Shaped:$value,
    Optional<Tile_Shaped>:$mask, Optional<Tile_Shaped>:$lengths, Optional<Index>:$offset,
    Tile_Shaped:$outs), Tile_AttentionAttributes);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `query` `(` $query `:` type($query) `)` `key` `(` $key `:` type($key) `)` `value` `(` $value `:` type($value) `)`
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`offset` `(` $offset^ `)`)? `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Tile_ScanOp : Tile_StructuredOp<"scan"> {
  let summary = "running sums along one axis";
  let description = [{
    `outs[.., i, ..]` is the sum of `rows[.., j, ..]` for j <= i along `axis`, for j < i if `exclusive`; with
    `reverse` for j >= i, or j > i. Sums are made one after the other; those of f16 and bf16 in f32.

    ```mlir
    %y = tile.scan rows(%x : tensor<?x8xi64>) outs(%o : tensor<?x8xi64>) {axis = 1 : i64} -> tensor<?x8xi64>
    ```
  }];
  let arguments = (ins Tile_Shaped:$rows, Tile_Shaped:$outs, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `rows` `(` $rows `:` type($rows) `)` `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Tile_SortOp : Tile_StructuredOp<"sort"> {
  let summary = "the order of elements along one axis";
  let description = [{
    `order[.., i, ..]` is the position along `axis` of the element that comes i-th when `keys` are sorted there,
    ascending or `descending`; of equal elements the lower position comes first. NaN comes last in
    both orders. Integers are signed unless `unsigned_keys`.

    ```mlir
    %p = tile.sort keys(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xi64>) {axis = 1 : i64, descending}
        -> tensor<?x8xi64>
    ```
  }];
  let arguments = (ins Tile_Shaped:$keys, Tile_Shaped:$order, I64Attr:$axis, UnitAttr:$descending,
    UnitAttr:$unsigned_keys);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `keys` `(` $keys `:` type($keys) `)` `outs` `(` $order `:` type($order) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOrderMutable(); }
  }];
}

def Tile_ScatterOp : Tile_StructuredOp<"scatter"> {
  let summary = "rows put at given places of a matrix, one after the other";
  let description = [{
    For i ascending: `outs[places[i], c] = combine(outs[places[i], c], updates[i, c])` for every column c. `outs` is
    read: rows at no place stay as they are, and a place that occurs twice sees both updates in order. Places lie in
    range; whoever makes them checks that. Sums are in the element type, which is no narrow float unless `combine` is
    `replace`. `min` and `max` of integers are signed, `minu` and `maxu` unsigned; those of floats give NaN for NaN.

    | operand | shape |
    |---|---|
    | `updates` | N x C |
    | `places` | N, i64, entries in [0, M) |
    | `outs` | M x C, element type of `updates` |

    ```mlir
    %y = tile.scatter updates(%u : tensor<?x64xf32>) places(%p : tensor<?xi64>) outs(%x : tensor<?x64xf32>)
        {combine = #tile.combine<add>} -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Tile_Shaped:$updates, Tile_Shaped:$places, Tile_Shaped:$outs, Tile_CombineAttr:$combine);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `updates` `(` $updates `:` type($updates) `)` `places` `(` $places `:` type($places) `)`
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Tile_CompactOp : Tile_StructuredOp<"compact"> {
  let summary = "positions of the flags that are set";
  let description = [{
    `outs` holds, ascending, the positions i with `flags[i]` = 1; a flag is 0 or 1, and `outs` has as many entries as
    there are ones.

    ```mlir
    %p = tile.compact flags(%f : tensor<?xi8>) outs(%o : tensor<?xi64>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins Tile_Shaped:$flags, Tile_Shaped:$outs);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `flags` `(` $flags `:` type($flags) `)` `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

#endif // MOEC_DIALECTS_TILE_IR_TILEOPS
