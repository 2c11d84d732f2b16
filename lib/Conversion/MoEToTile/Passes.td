//===- Passes.td - From moe to tile ---------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_MOETOTILE_PASSES
#define MOEC_LIB_CONVERSION_MOETOTILE_PASSES

include "mlir/Pass/PassBase.td"

def ConvertMoEToTilePass : Pass<"convert-moe-to-tile", "::mlir::ModuleOp"> {
  let summary = "choose how mixture-of-experts layers are computed";
  let description = [{
    | from | to |
    |---|---|
    | `moe.route` | row-wise `linalg` ops for scores and weights around `tile.select` |
    | `moe.dispatch` | `tile.bucket`; its rows exist only where something else than an expert reads them |
    | `moe.expert` | two `tile.ragged_matmul`: the first gathers tokens and applies activation and gate in its epilogue |
    | `moe.grouped_matmul` | `tile.ragged_matmul` |
    | `moe.combine` | `tile.weighted_gather` |
    | `moe.expert_parallel` | a loop over rounds between `rt.begin_exchange` and `rt.end_exchange`; tokens are not copied before they are sent |
    | `shard.grid` | the module's `rt.grid` |

    Weights of experts must be constants: values of `rt.get_weight` or `arith.constant`. Their reordering and packing
    become part of a new `rt.weight`'s expression, so nothing is moved at compile time.

    Settings that the interpreter knows and this pass does not are errors at the op that name the setting.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::moec::rt::RTDialect",
    "::moec::tile::TileDialect"];
  let statistics = [
    Statistic<"numRouters", "routers", "Routers lowered">,
    Statistic<"numProducts", "products", "Ragged products made">,
    Statistic<"numExchanges", "exchanges", "Exchanges between ranks lowered">];
}

#endif // MOEC_LIB_CONVERSION_MOETOTILE_PASSES
