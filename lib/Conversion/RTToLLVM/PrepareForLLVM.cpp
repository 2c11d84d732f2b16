//===- PrepareForLLVM.cpp - Expansions that keep the level ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What has no counterpart in LLVM, or would become a call into a library, is
// rewritten with ops of the same level first.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace moec::rt;

namespace {

/// A copy to or from memory that is not contiguous as loops; upstream would call a library
/// function.
struct ExpandStridedCopy : OpRewritePattern<memref::CopyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::CopyOp op, PatternRewriter &rewriter) const override {
    auto source = dyn_cast<MemRefType>(op.getSource().getType());
    auto target = dyn_cast<MemRefType>(op.getTarget().getType());
    if (!source || !target)
      return rewriter.notifyMatchFailure(op, "not ranked");
    if (source.getLayout().isIdentity() && target.getLayout().isIdentity())
      return rewriter.notifyMatchFailure(op, "becomes memcpy");
    Location loc = op.getLoc();
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    SmallVector<Value> indices;
    for (int64_t dim = 0; dim < source.getRank(); ++dim) {
      Value size = memref::DimOp::create(rewriter, loc, op.getSource(), dim);
      auto loop = scf::ForOp::create(rewriter, loc, zero, size, one);
      indices.push_back(loop.getInductionVar());
      rewriter.setInsertionPointToStart(loop.getBody());
    }
    Value value = memref::LoadOp::create(rewriter, loc, op.getSource(), indices);
    memref::StoreOp::create(rewriter, loc, value, op.getTarget(), indices);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Upstream's expansion crashes on groups with more than one dynamic size.
struct ExpandStridedShape : OpRewritePattern<memref::ExpandShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::ExpandShapeOp op,
                                PatternRewriter &rewriter) const override {
    MemRefType type = op.getResultType(), source = cast<MemRefType>(op.getSrc().getType());
    int64_t offset, sourceOffset;
    SmallVector<int64_t> typeStrides, sourceStrides;
    if (failed(type.getStridesAndOffset(typeStrides, offset)) ||
        failed(source.getStridesAndOffset(sourceStrides, sourceOffset)))
      return rewriter.notifyMatchFailure(op, "not strided");
    Location loc = op.getLoc();
    auto metadata = memref::ExtractStridedMetadataOp::create(rewriter, loc, op.getSrc());
    auto known = [&](int64_t value, Value otherwise) -> OpFoldResult {
      return ShapedType::isDynamic(value) ? OpFoldResult(otherwise) : rewriter.getIndexAttr(value);
    };
    // Within a group a dimension steps over all that come after it.
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(), strides(type.getRank());
    for (auto [group, dims] : llvm::enumerate(op.getReassociationIndices())) {
      OpFoldResult stride = known(sourceStrides[group], metadata.getStrides()[group]);
      for (int64_t dim : llvm::reverse(dims)) {
        strides[dim] = stride;
        std::optional<int64_t> size = getConstantIntValue(sizes[dim]);
        std::optional<int64_t> step = getConstantIntValue(stride);
        if (size && step)
          stride = rewriter.getIndexAttr(*size * *step);
        else
          stride = arith::MulIOp::create(rewriter, loc,
                                         getValueOrCreateConstantIndexOp(rewriter, loc, sizes[dim]),
                                         getValueOrCreateConstantIndexOp(rewriter, loc, stride))
                       .getResult();
      }
    }
    // What the type leaves open stays a value even where it is known, and the other way round.
    auto conform = [&](OpFoldResult &value, int64_t ofType) {
      if (ShapedType::isDynamic(ofType))
        value = getValueOrCreateConstantIndexOp(rewriter, loc, value);
      else
        value = rewriter.getIndexAttr(ofType);
    };
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      conform(sizes[dim], type.getDimSize(dim));
      conform(strides[dim], typeStrides[dim]);
    }
    OpFoldResult start = known(sourceOffset, metadata.getOffset());
    conform(start, offset);
    rewriter.replaceOpWithNewOp<memref::ReinterpretCastOp>(op, type, metadata.getBaseBuffer(),
                                                           start, sizes, strides);
    return success();
  }
};

} // namespace

/// Constant-size stack buffers belong in the entry block, or a loop around them grows the stack.
static void hoistAllocas(func::FuncOp func) {
  Block &entry = func.getFunctionBody().front();
  SmallVector<memref::AllocaOp> allocas;
  func.walk([&](memref::AllocaOp op) {
    if (op->getNumOperands() == 0 && op->getBlock() != &entry)
      allocas.push_back(op);
  });
  for (memref::AllocaOp op : allocas)
    op->moveBefore(&entry, entry.begin());
}

LogicalResult moec::rt::prepareForLLVM(ModuleOp module) {
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isDeclaration())
      hoistAllocas(func);

  // Before upstream's patterns see views of them.
  RewritePatternSet shapes(module.getContext());
  shapes.add<ExpandStridedShape>(module.getContext());
  if (failed(applyPatternsGreedily(module, std::move(shapes))))
    return failure();

  RewritePatternSet patterns(module.getContext());
  patterns.add<ExpandStridedCopy>(module.getContext());
  memref::populateExpandOpsPatterns(patterns);
  memref::populateExpandStridedMetadataPatterns(patterns);
  populateAffineToStdConversionPatterns(patterns);
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  arith::populateExpandBFloat16Patterns(patterns);

  populateVectorToSCFConversionPatterns(patterns, VectorTransferToSCFOptions().enableFullUnroll());
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorMaskOpLoweringPatterns(patterns);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorInterleaveLoweringPatterns(patterns);
  vector::populateVectorBitCastLoweringPatterns(patterns);
  vector::populateVectorTransposeLoweringPatterns(patterns,
                                                  vector::VectorTransposeLowering::EltWise);
  vector::populateVectorTransferLoweringPatterns(patterns, /*maxTransferRank=*/1);
  vector::populateVectorMaskMaterializationPatterns(patterns, /*force32BitVectorIndices=*/true);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorRankReducingFMAPattern(patterns);
  vector::populateVectorGatherLoweringPatterns(patterns);
  vector::populateVectorFromElementsUnrollPatterns(patterns);
  vector::populateVectorToElementsUnrollPatterns(patterns);
  return applyPatternsGreedily(module, std::move(patterns));
}
