//===- Passes.td - From moe to moe ------------------------------ -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_TRANSFORMS_PASSES
#define MOEC_DIALECTS_MOE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def ExposeRoutingPass : Pass<"moe-expose-routing", "::mlir::ModuleOp"> {
  let summary = "make the load of experts an output";
  let description = [{
    Each `moe.dispatch` in the body of an entry adds an output `routing.N`, N counting layers from 0: its offsets, E + 1
    numbers whose differences are the rows of the experts. The outputs of the model come first, unchanged.
  }];
  let statistics = [Statistic<"numLayers", "layers", "Layers whose load is an output">];
}

def ShardExpertsPass : Pass<"moe-shard-experts", "::mlir::ModuleOp"> {
  let summary = "spread the experts of MoE layers over ranks";
  let description = [{
    Adds a grid `@ranks` of `dp` x `ep` ranks to the module and, around what is computed for the rows of each
    `moe.dispatch`, a pair of exchanges along the second axis. An expert belongs to one of the `ep` members of a group
    of ranks; the `dp` groups hold all experts each and exchange nothing with each other. Experts are placed in runs
    of equal length; where they do not divide evenly some members have one more, other ones in each layer, so that of
    layers of equal size no member has more than its share and one; with fewer experts than members some members have
    none. Everything else, shared experts among it, runs on every rank for its own tokens.

    Weights stay whole in the module: a rank computes with the slabs of its own experts only, since the ranges of
    all other ones are empty.

    ```mlir
    %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : ...
    %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<relu>} : ...
    %out = moe.combine %y at %positions by %weights : ...
    ```

    becomes, with `ep=2`,

    ```mlir
    %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4} : ...
    %mine, %mine_offsets, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    %y = moe.expert %mine, %mine_offsets, %w1, %w2 {activation = #moe.activation<relu>} : ...
    %back = moe.exchange_back %y, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    %out = moe.combine %back at %positions by %weights : ...
    ```

    Every rank computes what it would compute alone, bit for bit. The numbers of a batch that is split over ranks are
    those of the whole batch unless tokens depend on each other (capacity, experts that choose tokens, a softmax over
    tokens).

    With `tp` the grid is `dp` x `ep` x `tp`, and an expert belongs to `tp` members of a group, each of which computes
    a part of the columns of every product, of all inputs in their order: so results have the same bits, which sums of
    parts would not. A product needs all columns of its input, so each has a pair of exchanges of its own: a
    `moe.expert` becomes a `moe.expert_hidden` and a `moe.grouped_matmul`, each row goes to all parts and their
    columns come back. Columns must divide into `tp` parts.

    Between `moe.dispatch` and `moe.combine` only ops that treat each row by itself can move to other ranks:
    `moe.expert`, `moe.expert_hidden`, `moe.grouped_matmul` and element-wise ops on the rows. Others are errors; with `tp` only products
    move. With `ep=1` and `tp=1` the pass changes nothing but adding the grid.
  }];
  let options = [
    Option<"ep", "ep", "int64_t", "1", "Ranks over which the experts of a layer are spread">,
    Option<"dp", "dp", "int64_t", "1", "Groups of ranks that hold all experts each">,
    Option<"tp", "tp", "int64_t", "1", "Ranks over which the columns of each expert are spread">,
  ];
  let statistics = [
    Statistic<"numLayers", "layers", "Dispatches whose rows are exchanged">,
    Statistic<"numExperts", "experts", "Experts placed">,
  ];
  let dependentDialects = ["::mlir::shard::ShardDialect"];
}

def SelectExchangePass : Pass<"moe-select-exchange", "::mlir::ModuleOp"> {
  let summary = "choose which layers exchange rows, and which have all experts on every rank";
  let description = [{
    Takes away the exchanges of layers whose experts every rank may hold: as many as fit in `spare-bytes` beyond a
    rank's share of the experts, the smallest layers first, since an exchange costs time whatever a layer weighs. All
    others stay. Bits are those of one rank either way.

    A third form, in which every rank gets the tokens of all, is none here. It would carry every token to every rank,
    and save one message of few bytes where ranks are processes, and nothing where they are threads.

    ```mlir
    %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    %z = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : ...
    %y = moe.exchange_back %z, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    ```

    becomes

    ```mlir
    %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<relu>} : ...
    ```
  }];
  let options = [Option<"spareBytes", "spare-bytes", "int64_t", "0",
                        "Bytes of experts that each rank may hold beyond its share">];
  let statistics = [
    Statistic<"numExchanges", "exchanges", "Exchanges that stay">,
    Statistic<"numLocal", "local", "Exchanges that are gone">,
  ];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def PlanWindowsPass : Pass<"moe-plan-windows", "::mlir::ModuleOp"> {
  let summary = "bound the rows that a rank receives at a time";
  let description = [{
    Makes a `moe.expert_parallel` of each `moe.exchange`, its `moe.exchange_back`s and what lies between them. Its
    window, the rows that a rank receives in a round at most, is `rows`, or, where that is 0, as many as fit in `bytes`,
    at least one. A rank has two windows for rows that come and two for what goes back.

    ```mlir
    %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    %z = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : ...
    %y = moe.exchange_back %z, %sources to %offsets on @ranks axes [1] owners [0, 0, 1, 1] : ...
    ```

    becomes

    ```mlir
    %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 0, 1, 1] window 65536 : ... {
    ^bb0(%mine: tensor<?x64xf32>, %ranges: tensor<5xi32>):
      %z = moe.expert %mine, %ranges, %w1, %w2 {activation = #moe.activation<relu>} : ...
      moe.yield %z : tensor<?x64xf32>
    }
    ```
  }];
  let options = [
    Option<"rows", "rows", "int64_t", "0", "Rows of a window; 0: as many as fit in the bytes">,
    Option<"bytes", "bytes", "int64_t", "16777216", "Bytes of a window whose rows are not given">,
  ];
  let statistics = [Statistic<"numWindows", "windows", "Exchanges that have a window">];
}

def OverlapExchangePass : Pass<"moe-overlap-exchange", "::mlir::ModuleOp"> {
  let summary = "cut exchanges into chunks, so that rows travel while others are computed";
  let description = [{
    Sets what the number of rounds of each `moe.expert_parallel` depends on: `chunks`, where the option is given, and
    `row_flops`, the multiplications and additions that its body makes of a row, counted over `moe.expert`,
    `moe.expert_hidden` and `moe.grouped_matmul`. With `chunks=0` the ranks choose, by these costs and those of the link between them, when
    they know how many rows there are.
  }];
  let options = [Option<"chunks", "chunks", "int64_t", "0", "Rounds of each exchange at least; 0: by costs">];
  let statistics = [Statistic<"numExchanges", "exchanges", "Exchanges that may overlap with their experts">];
}

#endif // MOEC_DIALECTS_MOE_TRANSFORMS_PASSES
