//===- Register.cpp - Registration of dialects and passes -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/InitAll.h"

#include "dialects/MoE/IR/MoE.h"
#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/TileToLLVM/TileToLLVM.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

void moec::registerDialects(DialectRegistry &registry) {
  registry.insert<moe::MoEDialect, rt::RTDialect, tile::TileDialect>();
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
                  math::MathDialect, memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect,
                  vector::VectorDialect>();
  tile::registerBufferization(registry);
  tile::registerConvertTileToLLVMInterface(registry);
}

void moec::registerPasses() { codegen::registerCodeGenPasses(); }
