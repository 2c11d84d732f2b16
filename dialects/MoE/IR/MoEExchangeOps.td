//===- MoEExchangeOps.td - rows between ranks -----------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS
#define MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS

include "mlir/IR/SymbolInterfaces.td"
include "dialects/MoE/IR/MoEDialect.td"

// Ranks run the same ops in the same order, so an exchange that nobody needs may go, on all of them at once. It may not
// be speculated: a rank that waits for another one needs it to get there.
class MoE_CollectiveOp<string mnemonic>
    : Op<MoE_Dialect, mnemonic, [NoMemoryEffect, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let hasVerifier = 1;
  code collectiveDeclaration = [{
    /// Number of experts E.
    int64_t getNumExperts() { return getOwners().size(); }
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
    DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners);
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

    The element type and the width of rows may differ from those that were sent.

    See `moe.exchange` for an example.
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$sources, MoE_IndexVector:$offsets, FlatSymbolRefAttr:$grid,
    DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $sources `to` $offsets `on` $grid `axes` $axes `owners` $owners attr-dict
    `:` type($rows) `,` type($sources) `,` type($offsets) `->` type($result)
  }];
  let extraClassDeclaration = collectiveDeclaration;
}

#endif // MOEC_DIALECTS_MOE_IR_MOEEXCHANGEOPS
