//===- FuseRows.cpp - The fuse-rows pass ---------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_FUSEROWSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Ops that a producer may have at most in order to be worth repeating: less
/// than a store and a load of its result.
constexpr unsigned cheapOps = 4;

bool isExpensive(Operation &op) {
  if (isa<math::AbsFOp, math::AbsIOp, math::CopySignOp, math::FmaOp>(op))
    return false;
  return isa<math::MathDialect>(op.getDialect()) ||
         isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
             arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp,
             tensor::ExtractOp>(op) ||
         op.getNumRegions() != 0;
}

bool isCheap(linalg::GenericOp op) {
  unsigned count = 0;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isExpensive(inner))
      return false;
    count += !isa<arith::ConstantOp, linalg::IndexOp>(inner);
  }
  return count <= cheapOps;
}

/// Whether the consumer computes each element of `operand` once per row at most:
/// what does not change along the innermost loop is computed before it.
bool isPerRow(linalg::LinalgOp consumer, OpOperand &operand) {
  AffineMap map = consumer.getMatchingIndexingMap(&operand);
  unsigned last = consumer.getNumLoops() - 1;
  SmallVector<int64_t> sizes = consumer.getStaticLoopRanges();
  for (unsigned dim = 0; dim < last; ++dim)
    if (!map.isFunctionOfDim(dim) && sizes[dim] != 1)
      return false;
  bool isReducedInColumns = consumer.getNumReductionLoops() != 0 &&
                            consumer.getIteratorTypesArray()[last] == utils::IteratorType::parallel;
  return map.isFunctionOfDim(last) || !isReducedInColumns;
}

bool isFilled(Value value) {
  return matchPattern(value, m_Constant()) || value.getDefiningOp<linalg::FillOp>();
}

/// Whether inputs are indexed by every loop. Constants and filled tensors may
/// be folded away.
bool readsAllLoops(linalg::GenericOp op) {
  llvm::SmallBitVector read(op.getNumLoops());
  for (OpOperand *input : op.getDpsInputOperands())
    for (AffineExpr expr : isFilled(input->get()) ? ArrayRef<AffineExpr>()
                                                  : op.getMatchingIndexingMap(input).getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        read.set(dim.getPosition());
  return read.all();
}

/// Ops and operands that a fused op may have. Beyond, a store and a load between
/// two ops are hidden by their work, while registers run out and compile time
/// grows faster than the number of ops.
constexpr unsigned mostOps = 96, mostOperands = 24;

bool isTooLarge(linalg::GenericOp producer, linalg::GenericOp consumer) {
  return producer.getBody()->getOperations().size() + consumer.getBody()->getOperations().size() >
             mostOps ||
         producer->getNumOperands() + consumer->getNumOperands() > mostOperands;
}

/// Whether the op reads something twice at the same place. Its producer would be
/// repeated for each; canonicalisation merges the two first.
bool readsTwice(linalg::GenericOp op) {
  DenseSet<std::pair<Value, AffineMap>> seen;
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    return !seen.insert({input->get(), op.getMatchingIndexingMap(input)}).second;
  });
}

bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || consumer.getNumLoops() == 0)
    return true;
  if (isTooLarge(producer, consumer) || readsTwice(consumer))
    return false;
  // What the producer alone iterates over is known from its result only, which
  // the fused op would have to write along what it reduces.
  if (consumer.getNumReductionLoops() != 0 && !readsAllLoops(producer))
    return false;
  if (isCheap(producer))
    return true;
  bool hasOneUser = llvm::all_of(producer->getUsers(),
                                 [&](Operation *user) { return user == consumer.getOperation(); });
  return hasOneUser && isPerRow(consumer, *operand);
}

/// Named ops other than contractions, convolutions and fills, which have emitters
/// or patterns of their own.
bool shouldGeneralise(linalg::LinalgOp op) {
  return op.hasPureTensorSemantics() &&
         !isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()) &&
         !linalg::isaContractionOpInterface(op) && !linalg::isaConvolutionOpInterface(op);
}

struct FuseRows : impl::FuseRowsPassBase<FuseRows> {
  using FuseRowsPassBase::FuseRowsPassBase;

  void runOnOperation() override {
    if (failed(decomposeAggregates()))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> named;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (shouldGeneralise(op))
        named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::generalizeNamedOp(rewriter, op))) {
        op->emitOpError("has no form as linalg.generic");
        return signalPassFailure();
      }
    }
    if (!fuse)
      return;

    int64_t before = countGenerics();
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    overwriteOperands();
    numFused += std::max<int64_t>(before - countGenerics(), 0);
  }

  LogicalResult decomposeAggregates() {
    SmallVector<linalg::SoftmaxOp> aggregates;
    getOperation()->walk([&](linalg::SoftmaxOp op) {
      if (op.hasPureTensorSemantics())
        aggregates.push_back(op);
    });
    for (linalg::SoftmaxOp op : aggregates) {
      OpBuilder b(op);
      FailureOr<SmallVector<Value>> results = op.decomposeOperation(b);
      if (failed(results))
        return op->emitOpError("cannot be decomposed; softmax needs a ranked input");
      op->replaceAllUsesWith(*results);
      op->erase();
      ++numDecomposed;
    }
    return success();
  }

  /// Element-wise ops write over an operand that nobody reads afterwards, instead
  /// of into memory of their own, so that a row is in the cache once.
  void overwriteOperands() {
    getOperation()->walk([&](linalg::GenericOp op) {
      if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 0 ||
          !op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
        return;
      OpOperand &init = op.getDpsInitsMutable()[0];
      if (!op.getMatchingBlockArgument(&init).use_empty())
        return;
      for (OpOperand *input : op.getDpsInputOperands())
        if (input->get().getType() == init.get().getType() &&
            op.getMatchingIndexingMap(input) == op.getMatchingIndexingMap(&init) &&
            isLastReader(op, input->get())) {
          init.set(input->get());
          ++numOverwritten;
          return;
        }
    });
  }

  /// Whether `value` is made by a structured op of this block and, but for `op`,
  /// read by such before it only.
  static bool isLastReader(linalg::GenericOp op, Value value) {
    auto producer = value.getDefiningOp<linalg::GenericOp>();
    return producer && producer->getBlock() == op->getBlock() &&
           llvm::all_of(value.getUses(), [&](OpOperand &use) {
             auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
             return reader && reader->getBlock() == op->getBlock() && reader.isDpsInput(&use) &&
                    (reader == op || reader->isBeforeInBlock(op));
           });
  }

  int64_t countGenerics() {
    int64_t count = 0;
    getOperation()->walk([&](linalg::GenericOp) { ++count; });
    return count;
  }
};
} // namespace

} // namespace moec::codegen
