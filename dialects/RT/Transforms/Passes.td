//===- Passes.td - Passes from rt to rt --------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_TRANSFORMS_PASSES
#define MOEC_DIALECTS_RT_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def PlaceOutputsPass : Pass<"rt-place-outputs", "::mlir::ModuleOp"> {
  let summary = "make the results of entries outputs of the runtime";
  let description = [{
    In: entry functions that return memrefs with the identity layout, in one `return`. Out: entry functions that return
    nothing and write to `rt.output`, and whose `rt.outputs` has the names and types of the former results.

    A result that an allocation of the function's outermost block makes is written to the output from the start:

    ```mlir
    %y = memref.alloc(%n) : memref<?x64xf32>              %y = rt.output 0(%n) : memref<?x64xf32>
    rt.launch @k units(%n) (%x, %y) : ...        ->       rt.launch @k units(%n) (%x, %y) : ...
    return %y : memref<?x64xf32>                          return
    ```

    Where the allocation is returned through `memref.expand_shape` or `memref.collapse_shape`, the output has the shape
    that is returned, and the allocation's users see it through the opposite reshape. That needs the sizes where the
    allocation is, so what computes them moves there.

    Any other result, such as an argument, another view or a value returned twice, is copied into its output.
  }];
  let statistics = [
    Statistic<"numPlaced", "placed", "results written to the output directly">,
    Statistic<"numCopied", "copied", "results copied to the output">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::moec::rt::RTDialect"];
}

def ReleaseBuffersPass : Pass<"rt-release-buffers", "::mlir::ModuleOp"> {
  let summary = "give buffers back after their last use";
  let description = [{
    In: host functions on memrefs. Out: the same with a `memref.dealloc` for each `memref.alloc`, in the block of the
    allocation, after the last op there that uses the buffer or a view of it, itself or in its regions.

    A function that returns a buffer it has allocated hands it to its caller, which releases it likewise. Buffers that
    leave the block they are allocated in some other way (yielded by a branch or a loop) stay until the run ends, when
    the runtime takes back whatever is left; the statistic tells how many there are. Entries must have had their outputs
    placed (`--rt-place-outputs`).
  }];
  let statistics = [
    Statistic<"numReleased", "released", "buffers released after their last use">,
    Statistic<"numKept", "kept", "buffers that stay until the run ends">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

#endif // MOEC_DIALECTS_RT_TRANSFORMS_PASSES
