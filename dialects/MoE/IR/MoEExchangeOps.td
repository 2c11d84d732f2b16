//===- MoEExchangeOps.td - rows between ranks -----------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS
#define MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/MoE/IR/MoEDialect.td"

// Ranks run the same ops in the same order, so an exchange that nobody needs may go, on all of them at once. It may not
// be speculated: a rank that waits for another one needs it to get there.
class MoE_CollectiveOp<string mnemonic>
    : Op<MoE_Dialect, mnemonic, [NoMemoryEffect, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let hasVerifier = 1;
  code collectiveDeclaration = [{
    /// Number of experts E, and of ranges E * parts.
    int64_t getNumExperts() { return getNumRanges() / getParts(); }
    int64_t getNumRanges() { return getOwners().size(); }
  }];
}

def MoE_ExchangeOp : MoE_CollectiveOp<"exchange"> {
  let summary = "bring rows to the ranks that own their experts";
  let description = [{
    Every rank of a grid holds rows in the order of experts, as `moe.dispatch` gives them, and gets those rows of all
    ranks of its group that are for experts it owns. The group of a rank are the ranks of `grid` that differ from it
    along `axes` only; members are numbered 0 ... P-1 in row-major order along these axes, and `owners[e]` is the member
    that owns expert e. Each member takes part, also with no rows. How many rows come is known at run time only.

    Received rows are in the order of (expert, sending member, row there). `received_offsets[e]` is the first row of
    expert e; experts of others have empty ranges. `sources[e * P + p]` is the first row of expert e that came from
    member p, and the last of its E P + 1 entries is the number of rows. What an op computes for each row by itself, as
    `moe.expert` does, comes out with the same bits whichever rank computes it.

    With `parts` an expert has as many owners, `owners[e * parts + i]` for its part i, and its rows go to all of them:
    received rows, `received_offsets` and `sources` are in the order of (expert, part) where they were in that of experts.

    ```mlir
    shard.grid @ranks(shape = 1x2)

    %mine, %mine_offsets, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1]
        : tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32>, tensor<5xi32>, tensor<9xi32>
    %y = moe.expert %mine, %mine_offsets, ...
    %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1]
        : tensor<?x64xf32>, tensor<9xi32>, tensor<5xi32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$offsets, FlatSymbolRefAttr:$grid,
    DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let results = (outs MoE_Matrix:$received, MoE_IndexVector:$received_offsets, MoE_IndexVector:$sources);
  let assemblyFormat = [{
    $rows `,` $offsets `on` $grid `axes` $axes `owners` $owners attr-dict
    `:` type($rows) `,` type($offsets) `->` type($received) `,` type($received_offsets) `,` type($sources)
  }];
  let extraClassDeclaration = collectiveDeclaration;
}

def MoE_ExchangeBackOp : MoE_CollectiveOp<"exchange_back"> {
  let summary = "bring rows back to the ranks of their tokens";
  let description = [{
    The way back of `moe.exchange` with the same `grid`, `axes` and `owners`: `rows` are as many as were received, in
    their order, and `sources` is its result. Every member gets back one row for each that it had sent, in the order in
    which it had them, where `offsets` is its operand of `moe.exchange`. So positions of `moe.dispatch` hold again, and
    `moe.combine` adds the same terms in the same order as without ranks.

    The element type and the width of rows may differ from those that were sent. With `parts` each part gives as many
    columns of the result, part 0 the first ones: rows of the result are `parts` times as wide.

    See `moe.exchange` for an example.
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$sources, MoE_IndexVector:$offsets, FlatSymbolRefAttr:$grid,
    DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $sources `to` $offsets `on` $grid `axes` $axes `owners` $owners attr-dict
    `:` type($rows) `,` type($sources) `,` type($offsets) `->` type($result)
  }];
  let extraClassDeclaration = collectiveDeclaration;
}

def MoE_ExpertParallelOp
    : Op<MoE_Dialect, "expert_parallel",
         [RecursiveMemoryEffects, SingleBlock, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "compute on the ranks of the experts, a window of rows at a time";
  let description = [{
    What lies between a `moe.exchange` and its `moe.exchange_back` as a region, so that it can be run on a part of the
    received rows at a time. A rank's received rows, in the order that `moe.exchange` gives them, are cut into rounds of
    equal length, which never exceeds `window` rows; skewed routing costs rounds, never memory. All ranks of a group run
    the same number of rounds, some of them with no rows.

    The body gets the rows of a round and their ranges by expert: `window` rows at most, of which those beyond the last
    range hold anything. It yields tensors with a row for each, which come back to where the rows had been: a result has
    as many rows as `rows`. The body must treat each row by itself. It may use values from around it, such as weights,
    but those of one rank only where they are the same on all.

    `chunks` is the number of rounds that a rank's rows are spread over even if fewer windows would hold them, so that
    some travel while others are computed; 0 leaves it to the costs, which are: `row_flops`, the multiplications and
    additions that the body makes of a row.

    `parts` are those of `moe.exchange` and `moe.exchange_back`: ranges are by (expert, part), and a result is `parts`
    times as wide as what the body yields.

    ```mlir
    shard.grid @ranks(shape = 1x2)

    %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] window 512
        : tensor<?x64xf32>, tensor<5xi32> -> tensor<?x64xf32> {
    ^bb0(%mine: tensor<?x64xf32>, %ranges: tensor<5xi32>):
      %z = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : ...
      moe.yield %z : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$offsets, FlatSymbolRefAttr:$grid,
    DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners, ConfinedAttr<I64Attr, [IntPositive]>:$window,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$chunks,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$row_flops,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let results = (outs Variadic<MoE_Matrix>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $rows `,` $offsets `on` $grid `axes` $axes `owners` $owners `window` $window attr-dict
    `:` type($rows) `,` type($offsets) `->` type($results) $body
  }];
  let extraClassDeclaration = [{
    /// Number of experts E, and of ranges E * parts.
    int64_t getNumExperts() { return getNumRanges() / getParts(); }
    int64_t getNumRanges() { return getOwners().size(); }
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def MoE_YieldOp : Op<MoE_Dialect, "yield", [Pure, Terminator, ReturnLike, HasParent<"ExpertParallelOp">]> {
  let summary = "end of a region";
  let description = [{
    Gives the results of a `moe.expert_parallel`; see there for an example.
  }];
  let arguments = (ins Variadic<MoE_Matrix>:$results);
  let assemblyFormat = "attr-dict ($results^ `:` type($results))?";
}

#endif // MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS
