//===- Passes.td - Conversion of rt, and what it calls, to llvm -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_RTTOLLVM_PASSES
#define MOEC_LIB_CONVERSION_RTTOLLVM_PASSES

include "mlir/Pass/PassBase.td"

def ConvertRTToLLVMPass : Pass<"convert-rt-to-llvm", "::mlir::ModuleOp"> {
  let summary = "host code, kernels and the artifact's tables in the llvm dialect";
  let description = [{
    In: entry functions, host functions and kernels on memrefs, in `rt`, `func`, `scf`, `cf`, `arith`, `index`, `math`,
    `vector`, `memref`, `affine`, `ub` and `tile.panels`; entries without results. Out: `llvm` functions, the exported constant
    `moert_artifact_v1` with everything it points at, and the `rt.weight` ops that code reads, in the order of their
    numbers. What cannot be converted is an error that names the op.

    - Host functions get the run's context as first argument. `memref.alloc` and `memref.dealloc` become the runtime's
      `alloc` and `release`; kernels may hold `memref.alloca` only.
    - `rt.launch` stores its arguments into a record on the stack and calls `parallel_for`, or
      `parallel_for_grain` where it has a grain. Every kernel function gets
      a wrapper `NAME.entry` with the attributes that select its instructions, into which it is inlined.
    - With a `gpu.module`, whose code its attributes `rt.chip`, `rt.ptx` and `rt.cubin` hold, memrefs of host code are the
      device's: `rt.device_launch` stores addresses and sizes into a record and calls `launch`; `memref.load` and
      `memref.store` become copies of one element, `memref.get_global` the device's copy of a constant.
    - Conversions between f32 and bf16 are spelled out, and vector transfers are unrolled, so that nothing becomes a call
      into a library other than `memcpy` and `memset`.
    - The build id is a hash of the module as it comes in.

    Every function is internal.
  }];
  let options = [
    Option<"producer", "producer", "std::string", "\"moec\"", "compiler and version, for messages of the runtime">
  ];
  let statistics = [
    Statistic<"numWeights", "weights", "weights that code reads">,
    Statistic<"numKernels", "kernels", "kernels that host code launches">,
    Statistic<"numHostOperators", "host-operators", "operations on data of a device that host code computes itself">,
    Statistic<"numScalarReads", "scalar-reads", "single numbers of a device that host code waits for, in all entries">,
    Statistic<"numScalarWrites", "scalar-writes", "single numbers that host code writes to a device, in all entries">,
    Statistic<"numDeviceLaunches", "device-launches", "launches of device kernels, in all entries">
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::affine::AffineDialect", "::mlir::ub::UBDialect"
  ];
}

#endif // MOEC_LIB_CONVERSION_RTTOLLVM_PASSES
