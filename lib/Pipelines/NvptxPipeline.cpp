//===- NvptxPipeline.cpp - From moe to code for NVIDIA GPUs -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Pipelines.h"

#include "dialects/RT/Transforms/Passes.h"
#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/DeviceToNVVM/DeviceToNVVM.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void moec::buildDeviceKernelStage(OpPassManager &pm, const NvptxOptions &options) {
  buildBufferStage(pm);
  pm.addNestedPass<func::FuncOp>(codegen::createDenseReceivedRowsPass());
  pm.addPass(codegen::createDeferDeviceChecksPass());
  codegen::FormDeviceKernelsPassOptions form;
  form.chip = options.chip;
  form.groupRows = options.fuse;
  pm.addPass(codegen::createFormDeviceKernelsPass(form));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(rt::createReleaseBuffersPass());
}

void moec::buildNvptxStage(OpPassManager &pm, const NvptxOptions &options) {
  pm.addNestedPass<gpu::GPUModuleOp>(codegen::createEmitDeviceRowsPass());
  pm.addNestedPass<gpu::GPUModuleOp>(codegen::createEmitDeviceProductsPass());
  pm.addNestedPass<gpu::GPUModuleOp>(codegen::createEmitDeviceAttentionPass());
  pm.addPass(codegen::createExpandMathPass());
  OpPassManager &device = pm.nest<gpu::GPUModuleOp>();
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
  device.addPass(createConvertDeviceToNVVMPass());
}

void moec::buildMoEToNvptxPipeline(OpPassManager &pm, const NvptxOptions &options) {
  buildShardStage(pm, {});
  buildScheduleStage(pm, options);
  buildDeviceKernelStage(pm, options);
  buildNvptxStage(pm, options);
}

namespace {
/// Options of `--moe-to-nvptx`, as in NvptxOptions.
struct NvptxPipelineOptions : PassPipelineOptions<NvptxPipelineOptions> {
  Option<std::string> weightsType{
      *this, "weights-dtype", llvm::cl::init("file"),
      llvm::cl::desc("What f32 weights of products are stored in: file (as they are), bf16, f16")};
  Option<bool> fuse{*this, "fuse", llvm::cl::init(true),
                    llvm::cl::desc("Fuse element-wise ops; false to look for a difference")};
  Option<bool> allowTf32{
      *this, "tf32", llvm::cl::init(false),
      llvm::cl::desc("Round f32 operands of products, other than routers', to tf32")};
};
} // namespace

void moec::registerNvptxPipeline() {
  static PassPipelineRegistration<NvptxPipelineOptions> nvptx(
      "moe-to-nvptx", "From moe to host code that launches kernels of a device, in nvvm",
      [](OpPassManager &pm, const NvptxPipelineOptions &options) {
        NvptxOptions nvptxOptions;
        nvptxOptions.weightsType = options.weightsType;
        nvptxOptions.fuse = options.fuse;
        nvptxOptions.allowTf32 = options.allowTf32;
        buildMoEToNvptxPipeline(pm, nvptxOptions);
      });
}
