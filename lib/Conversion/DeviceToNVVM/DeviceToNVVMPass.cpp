//===- DeviceToNVVMPass.cpp - Kernels of a device in NVVM -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/DeviceToNVVM/DeviceToNVVM.h"

#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/TileToLLVM/TileToLLVM.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/LLVMCommon/VectorPattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace moec {
#define GEN_PASS_DEF_CONVERTDEVICETONVVMPASS
#include "lib/Conversion/DeviceToNVVM/Passes.h.inc"
} // namespace moec

using namespace mlir;

/// Whether a function of `math` is an instruction, or a few, of every device.
static bool isInstruction(Operation *op) {
  if (isa<math::AbsIOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp>(op))
    return true;
  if (!isa<math::AbsFOp, math::CeilOp, math::CopySignOp, math::FloorOp, math::FmaOp,
           math::RoundEvenOp, math::SqrtOp, math::TruncOp>(op))
    return false;
  Type element = getElementTypeOrSelf(op->getResult(0));
  return element.isF32() || element.isF64();
}

static bool isConvertible(Operation *op) {
  if (isa<math::MathDialect>(op->getDialect()))
    return isInstruction(op);
  // LLVM's expansion is wrong where the quotient has more digits than the type.
  if (isa<arith::RemFOp>(op))
    return false;
  // Memory is the host's to give.
  if (isa<memref::AllocOp, memref::AllocaOp, memref::DeallocOp, memref::CopyOp>(op))
    return false;
  return isa<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, gpu::GPUDialect,
             LLVM::LLVMDialect, memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect,
             nvgpu::NVGPUDialect, ub::UBDialect, vector::VectorDialect>(op->getDialect()) ||
         isa<moec::tile::PanelsOp>(op);
}

/// Rewrites what has no counterpart in LLVM with ops of the same level.
static LogicalResult expand(gpu::GPUModuleOp device) {
  RewritePatternSet patterns(device.getContext());
  memref::populateExpandOpsPatterns(patterns);
  memref::populateExpandStridedMetadataPatterns(patterns);
  populateAffineToStdConversionPatterns(patterns);
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorFromElementsUnrollPatterns(patterns);
  vector::populateVectorToElementsUnrollPatterns(patterns);
  return applyPatternsGreedily(device, std::move(patterns));
}

namespace {
constexpr StringLiteral kDeviceScope = "device";

/// Additions that order memory among the blocks of a device; upstream's do among all devices. The
/// order is that of fences, since LLVM's NVPTX back end emits none for the addition itself.
struct AtomicLowering : ConvertOpToLLVMPattern<memref::AtomicRMWOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::AtomicRMWOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.getKind() != arith::AtomicRMWKind::addi)
      return rewriter.notifyMatchFailure(op, "not an addition of integers");
    Value address = getStridedElementPtr(rewriter, op.getLoc(), op.getMemRefType(),
                                         adaptor.getMemref(), adaptor.getIndices());
    auto fence = [&] {
      LLVM::FenceOp::create(rewriter, op.getLoc(), LLVM::AtomicOrdering::acq_rel, kDeviceScope);
    };
    fence();
    rewriter.replaceOpWithNewOp<LLVM::AtomicRMWOp>(op, LLVM::AtomicBinOp::add, address,
                                                   adaptor.getValue(),
                                                   LLVM::AtomicOrdering::monotonic, kDeviceScope);
    fence();
    return success();
  }
};
} // namespace

static LogicalResult convert(gpu::GPUModuleOp device) {
  MLIRContext *context = device.getContext();
  LowerToLLVMOptions options(context);
  // A memref of one element is a pointer; others are no arguments.
  options.useBarePtrCallConv = true;
  LLVMTypeConverter converter(context, options);
  configureGpuToNVVMTypeConverter(converter);
  RewritePatternSet patterns(context);
  populateSCFToControlFlowConversionPatterns(patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  populateGpuToNVVMConversionPatterns(converter, patterns);
  // Tokens of copies only order ops; the counts of waits say which copies they wait for.
  converter.addConversion([](nvgpu::DeviceAsyncTokenType type) -> Type {
    return IntegerType::get(type.getContext(), 32);
  });
  populateNVGPUToNVVMConversionPatterns(converter, patterns);
  moec::tile::populateTileToLLVMPatterns(converter, patterns);
  // Before those, which would make calls of libdevice.
  constexpr unsigned first = 2;
  populateMathToLLVMConversionPatterns(converter, patterns, /*approximateLog1p=*/false, first);
  patterns.add<VectorConvertToLLVMPattern<arith::MaxNumFOp, LLVM::MaxNumOp>,
               VectorConvertToLLVMPattern<arith::MinNumFOp, LLVM::MinNumOp>>(converter, first);
  patterns.add<AtomicLowering>(converter, first);
  LLVMConversionTarget target(*context);
  target.addLegalDialect<NVVM::NVVMDialect>();
  target.addLegalOp<gpu::GPUModuleOp>();
  return applyFullConversion(device, target, std::move(patterns));
}

namespace {
struct ConvertDeviceToNVVMPass : moec::impl::ConvertDeviceToNVVMPassBase<ConvertDeviceToNVVMPass> {
  void runOnOperation() override {
    bool isGood = true;
    getOperation()->walk([&](Operation *op) {
      if (isConvertible(op))
        return;
      op->emitOpError("has no code for GPUs in this version; --target=cpu compiles it");
      isGood = false;
    });
    if (!isGood || failed(expand(getOperation())))
      return signalPassFailure();
    if (failed(convert(getOperation())))
      signalPassFailure();
  }
};
} // namespace
