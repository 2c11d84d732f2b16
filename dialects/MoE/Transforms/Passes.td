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

#endif // MOEC_DIALECTS_MOE_TRANSFORMS_PASSES
