//===- Passes.td - Choosing and emitting instructions ---------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PASSES
#define MOEC_LIB_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def FormKernelsPass : Pass<"form-kernels", "::mlir::ModuleOp"> {
  let summary = "move heavy operations on memrefs into kernel functions";
  let description = [{
    Each structured `tile` op on memrefs in a host function becomes the body of a kernel function and an `rt.launch`
    in its place. A ragged product becomes two kernels, one that packs rows and one that multiplies panels, and a
    buffer for the packed rows. Equal kernels are one function.

    | op | units |
    |---|---|
    | `tile.ragged_matmul` | rows (packing); panels (product) |
    | `tile.select`, `tile.weighted_gather` | rows |
    | `tile.bucket` | one: counts of one row depend on all before |

    In: host functions on memrefs. Out: host functions without `tile` ops but `rt.launch`, and private functions with
    the attribute `rt.kernel`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::func::FuncDialect", "::moec::rt::RTDialect", "::moec::tile::TileDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernel functions made">,
    Statistic<"numLaunches", "launches", "Launches of kernels">];
}

def CloneIsaLevelsPass : Pass<"clone-isa-levels", "::mlir::ModuleOp"> {
  let summary = "make one copy of each kernel per instruction-set level";
  let description = [{
    A kernel function `@k` becomes `@k_v2`, `@k_avx2` and `@k_avx512` with the target features and vector width of
    their level, and an `rt.kernel @k` that lists them, which launches then refer to.
  }];
  let options = [
    ListOption<"levels", "levels", "std::string", "Levels to build: v2, avx2, avx512 (default: all)">];
  let dependentDialects = ["::moec::rt::RTDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numClones", "clones", "Functions made">];
}

def EmitX86PanelsPass : Pass<"emit-x86-panels", "::mlir::ModuleOp"> {
  let summary = "write out packing and panel products for the level of their function";
  let description = [{
    `tile.pack_rows` and `tile.panel_product` become loops over ranges, blocks of rows, panels and blocks of k around
    calls of panel kernels: straight-line register tiles of m rows x 32 columns, k innermost, accumulators in
    registers, one chain of multiply-adds per element. The epilogue runs on vectors of 16 columns.

    In: kernel functions of one level each. Out: arith, memref, scf, vector and func.
  }];
  let options = [
    Option<"depth", "depth", "int64_t", "512",
      "Summands of a block of k: 512 rows of a panel are 64 KiB and stay in the level-2 cache while all row blocks "
      "of a range use them">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numProducts", "products", "Panel products emitted">];
}

def EmitRowKernelsPass : Pass<"emit-row-kernels", "::mlir::ModuleOp"> {
  let summary = "write out selection, bucketing and weighted gathers";
  let description = [{
    `tile.select`, `tile.bucket` and `tile.weighted_gather` on memrefs in kernel functions become loops; gathers run
    on vectors of 16 columns.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def Bf16AsIntegersPass : Pass<"bf16-as-integers", "::mlir::ModuleOp"> {
  let summary = "store and move bf16 as 16-bit integers";
  let description = [{
    On processors without bf16 registers LLVM 22 promotes bf16 that is selected, extracted from vectors or accessed
    under a mask to f32 and rounds it back by a call of `__truncsfbf2` per lane. Nothing computes in bf16 here, so the
    bits may travel as i16: every bf16 type of a module becomes i16, constants keep their bits.

    In: the llvm dialect, with conversions of bf16 expanded (`arith-expand{include-bf16}` before `convert-to-llvm`);
    other bf16 arithmetic is an error. Out: no bf16 in functions and globals of the llvm dialect; other ops of the
    module, such as device modules, stay as they are.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // MOEC_LIB_CODEGEN_PASSES
