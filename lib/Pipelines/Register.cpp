//===- Register.cpp - Registration of dialects and passes -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/InitAll.h"
#include "moec/Pipelines.h"

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/Transforms/Passes.h"
#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/ONNX/Transforms/Passes.h"
#include "dialects/RT/IR/RT.h"
#include "dialects/RT/Transforms/Passes.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/DeviceToNVVM/DeviceToNVVM.h"
#include "lib/Conversion/MoEToTile/MoEToTile.h"
#include "lib/Conversion/ONNXToLinalg/ONNXToLinalg.h"
#include "lib/Conversion/ONNXToTile/ONNXToTile.h"
#include "lib/Conversion/RTToLLVM/RTToLLVM.h"
#include "lib/Conversion/TileToLLVM/TileToLLVM.h"
#include "lib/Recognise/Passes.h"

#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"

using namespace mlir;

void moec::registerDialects(DialectRegistry &registry) {
  registry.insert<moe::MoEDialect, onnx::ONNXDialect, rt::RTDialect, tile::TileDialect>();
  registry.insert<arith::ArithDialect, bufferization::BufferizationDialect, func::FuncDialect,
                  gpu::GPUDialect, linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect, shard::ShardDialect,
                  tensor::TensorDialect, vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tile::registerBufferization(registry);
  tile::registerConvertTileToLLVMInterface(registry);
}

void moec::registerPasses() {
  codegen::registerCodeGenPasses();
  moe::registerMoETransformsPasses();
  onnx::registerONNXPasses();
  registerDeviceToNVVMPasses();
  registerMoEToTilePasses();
  registerONNXToLinalgPasses();
  registerONNXToTilePasses();
  rt::registerRTToLLVMPasses();
  rt::registerRTTransformsPasses();
  recognise::registerRecognisePasses();
  registerPipelines();
}
