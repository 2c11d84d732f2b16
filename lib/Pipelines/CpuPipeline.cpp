//===- CpuPipeline.cpp - From moe to code for x86 ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Pipelines.h"

#include "dialects/MoE/Transforms/Passes.h"
#include "dialects/ONNX/Transforms/Passes.h"
#include "dialects/RT/Transforms/Passes.h"
#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/MoEToTile/MoEToTile.h"
#include "lib/Conversion/ONNXToLinalg/ONNXToLinalg.h"
#include "lib/Conversion/ONNXToTile/ONNXToTile.h"
#include "lib/Recognise/Passes.h"

#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void moec::buildRecogniseBlocksStage(OpPassManager &pm, const RecogniseOptions &options) {
  pm.addPass(onnx::createInferShapesPass());
  addCleanup(pm);
  recognise::RecogniseContribMoEPassOptions contrib;
  contrib.dialect = options.contribDialect;
  pm.addPass(recognise::createRecogniseContribMoEPass(contrib));
  if (!options.recogniseSpelledOut)
    return;
  pm.addNestedPass<func::FuncOp>(recognise::createRecogniseNormsPass({options.why}));
  pm.addNestedPass<func::FuncOp>(recognise::createRecogniseRotaryPass({options.why}));
  pm.addNestedPass<func::FuncOp>(recognise::createRecogniseAttentionPass({options.why}));
}

void moec::buildRecogniseStage(OpPassManager &pm, const RecogniseOptions &options) {
  buildRecogniseBlocksStage(pm, options);
  if (options.recogniseSpelledOut) {
    pm.addPass(recognise::createRecogniseMoEPass({options.why}, options.forms));
    // What computed the layers that were found.
    addCleanup(pm);
  }
  pm.addPass(recognise::createMakeEntriesPass());
  if (!options.states.empty() || !options.capacities.empty()) {
    recognise::BindStatePassOptions bind;
    bind.pairs.assign(options.states.begin(), options.states.end());
    bind.max.assign(options.capacities.begin(), options.capacities.end());
    pm.addPass(recognise::createBindStatePass(bind));
  }
  if (options.exposeRouting)
    pm.addPass(moe::createExposeRoutingPass());
}

void moec::buildShardStage(OpPassManager &pm, const RankOptions &options) {
  if (options.numRanks() > 1) {
    moe::ShardExpertsPassOptions shard;
    shard.ep = options.ep;
    shard.tp = options.tp;
    shard.dp = options.dp;
    pm.addPass(moe::createShardExpertsPass(shard));
  }
  moe::SelectExchangePassOptions select;
  select.spareBytes = options.spareBytes;
  pm.addPass(moe::createSelectExchangePass(select));
  moe::PlanWindowsPassOptions windows;
  windows.rows = options.windowRows;
  pm.addPass(moe::createPlanWindowsPass(windows));
  moe::OverlapExchangePassOptions overlap;
  overlap.chunks = options.chunks;
  pm.addPass(moe::createOverlapExchangePass(overlap));
}

void moec::buildScheduleStage(OpPassManager &pm, const ScheduleOptions &options) {
  addCleanup(pm);
  pm.addPass(createConvertMoEToTilePass());
  pm.addPass(createConvertONNXToTilePass());
  pm.addPass(createConvertONNXToLinalgPass());
  addCleanup(pm);
  // Behind what makes products, and while their results can be followed.
  pm.addPass(codegen::createNarrowWeightsPass({options.weightsType}));
  if (options.allowTf32)
    pm.addPass(codegen::createAllowTf32Pass());
  // With weights in the form that kernels read, and before work that grows with
  // the number of ops.
  pm.addPass(codegen::createOutlineLayersPass());
  addCleanup(pm);
  // Sums of residuals first, which several consumers would repeat otherwise;
  // afterwards what becomes one op by fusion, such as x * sigmoid(x).
  if (options.fuse)
    pm.addNestedPass<func::FuncOp>(codegen::createFuseEpiloguesPass());
  pm.addNestedPass<func::FuncOp>(codegen::createFuseRowsPass({options.fuse}));
  addCleanup(pm);
  if (options.fuse) {
    pm.addNestedPass<func::FuncOp>(codegen::createFuseEpiloguesPass());
    addCleanup(pm);
  }
  // Weights whose only readers were packed.
  pm.addPass(createSymbolDCEPass());
}

void moec::buildBufferStage(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(codegen::createSeparateFillsPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  // Dynamic strides at boundaries would follow values into every kernel.
  bufferize.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  addCleanup(pm);
  pm.addPass(rt::createPlaceOutputsPass());
}

void moec::buildKernelStage(OpPassManager &pm, const CpuOptions &options) {
  buildBufferStage(pm);
  codegen::FormKernelsPassOptions form;
  form.groupRows = options.fuse;
  pm.addPass(codegen::createFormKernelsPass(form));
  addCleanup(pm);
  // After form-kernels, whose buffers of packed rows end with their product.
  pm.addPass(rt::createReleaseBuffersPass());
}

void moec::buildX86Stage(OpPassManager &pm, const CpuOptions &options) {
  codegen::CloneIsaLevelsPassOptions clone;
  clone.levels.assign(options.levels.begin(), options.levels.end());
  pm.addPass(codegen::createCloneIsaLevelsPass(clone));
  pm.addPass(codegen::createEmitX86PanelsPass());
  pm.addPass(codegen::createEmitRowKernelsPass());
  pm.addPass(codegen::createEmitLinalgRowsPass());
  pm.addPass(codegen::createExpandMathPass());
  addCleanup(pm);
}

void moec::buildMoEToCpuPipeline(OpPassManager &pm, const CpuOptions &options) {
  buildShardStage(pm, {});
  buildScheduleStage(pm, options);
  buildKernelStage(pm, options);
  buildX86Stage(pm, options);
}

namespace {
/// Options of `--moe-to-cpu`, as in CpuOptions.
struct CpuPipelineOptions : PassPipelineOptions<CpuPipelineOptions> {
  ListOption<std::string> levels{
      *this, "levels", llvm::cl::desc("Instruction-set levels: v2, avx2, avx512 (default: all)")};
  Option<std::string> weightsType{
      *this, "weights-dtype", llvm::cl::init("file"),
      llvm::cl::desc("What f32 weights of products are stored in: file (as they are), bf16, f16")};
  Option<bool> fuse{*this, "fuse", llvm::cl::init(true),
                    llvm::cl::desc("Fuse element-wise ops; false to look for a difference")};
};
} // namespace

void moec::registerPipelines() {
  static PassPipelineRegistration<CpuPipelineOptions> cpu(
      "moe-to-cpu", "From moe to host code and x86 kernels, ready for convert-rt-to-llvm",
      [](OpPassManager &pm, const CpuPipelineOptions &options) {
        CpuOptions cpuOptions;
        cpuOptions.levels.assign(options.levels.begin(), options.levels.end());
        cpuOptions.weightsType = options.weightsType;
        cpuOptions.fuse = options.fuse;
        buildMoEToCpuPipeline(pm, cpuOptions);
      });
  registerNvptxPipeline();
}
