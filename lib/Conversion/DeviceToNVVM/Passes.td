//===- Passes.td - Conversion of device modules to nvvm -------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_DEVICETONVVM_PASSES
#define MOEC_LIB_CONVERSION_DEVICETONVVM_PASSES

include "mlir/Pass/PassBase.td"

def ConvertDeviceToNVVMPass : Pass<"convert-device-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "kernels of a gpu.module in the llvm and nvvm dialects";
  let description = [{
    In: kernels in `arith`, `math`, `scf`, `affine`, `memref`, `vector`, `gpu` and `nvvm`, whose memref arguments have
    one element. Out: `llvm.func` kernels, in which such a memref is a pointer.

    Of `math` only what is an instruction of every device may be left: `expand-math` makes arithmetic of the rest.
    Upstream's conversion would call NVIDIA's libdevice, whose results follow its version; here nothing is called.
    Whatever has no counterpart is an error that names the op.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"];
}

#endif // MOEC_LIB_CONVERSION_DEVICETONVVM_PASSES
