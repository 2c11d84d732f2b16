//===- FormLinalgKernels.cpp - Kernels of linalg ops ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/FormLinalgKernels.h"

#include "lib/CodeGen/LinalgParts.h"
#include "lib/CodeGen/RowOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Iterations below which a launch costs more than a second thread saves.
constexpr int64_t smallWork = 4096;

/// Entries of a unit where its dimension is the one of vectors: enough for
/// whole vectors and whole cache lines; reductions read many per entry.
constexpr int64_t elementwiseBlock = 1024, reductionBlock = 64;

/// A dimension with fewer entries leaves threads idle when it is cut alone; a
/// dynamic one may, a batch for example.
constexpr int64_t enoughUnits = 16;

/// The dimensions that a launch is cut along. With an outer one, units count
/// through both, the inner one fastest.
struct Units {
  int64_t dim = -1;   // none: one unit
  int64_t block = 1;  // entries of `dim` per unit
  int64_t outer = -1; // only where `block` is 1
};

bool canCutAlong(linalg::LinalgOp op, int64_t dim) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    auto positions = getPositions(op.getMatchingIndexingMap(&operand), dim);
    return positions && (!op.isDpsInit(&operand) || !positions->empty());
  });
}

Units chooseUnits(linalg::LinalgOp op) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t work = 1;
  for (int64_t size : sizes)
    work = ShapedType::isDynamic(size) ? smallWork : std::min(work * size, smallWork);
  if (work < smallWork && !llvm::any_of(sizes, ShapedType::isDynamic))
    return {};
  SmallVector<unsigned> parallel;
  op.getParallelDims(parallel);
  int64_t outer = -1; // the first of two
  for (unsigned dim : parallel) {
    if (sizes[dim] == 1 || !canCutAlong(op, dim))
      continue;
    AffineMap leading = op.getMatchingIndexingMap(&getLeadingOperand(op));
    bool isLaneDim = leading.getNumResults() != 0 &&
                     leading.getResults().back() == getAffineDimExpr(dim, op.getContext());
    if (isLaneDim && outer < 0)
      return {dim, op.getNumReductionLoops() == 0 ? elementwiseBlock : reductionBlock};
    if (isLaneDim)
      continue;
    if (outer >= 0)
      return {dim, 1, outer};
    if (ShapedType::isStatic(sizes[dim]) && sizes[dim] >= enoughUnits)
      return {dim, 1};
    outer = dim;
  }
  return {outer, 1};
}

/// Calls `body` in a loop over entries of the outer dimension that units
/// [begin, end) touch, with the entry, the one after it, and the range of the
/// inner dimension.
void forEachOuter(ImplicitLocOpBuilder &k, Value begin, Value end, Value perOuter,
                  function_ref<void(Value, Value, Value, Value)> body) {
  Value one = arith::ConstantIndexOp::create(k, 1);
  // Without entries there are no units, but a kernel may be called all the same.
  perOuter = arith::MaxUIOp::create(k, perOuter, one);
  auto loop = scf::ForOp::create(k, arith::DivUIOp::create(k, begin, perOuter),
                                 arith::CeilDivUIOp::create(k, end, perOuter), one);
  OpBuilder::InsertionGuard guard(k);
  k.setInsertionPointToStart(loop.getBody());
  Value outer = loop.getInductionVar(), next = arith::AddIOp::create(k, outer, one);
  Value first = arith::MulIOp::create(k, outer, perOuter);
  Value last = arith::MulIOp::create(k, next, perOuter);
  Value from = arith::SubIOp::create(k, arith::MaxUIOp::create(k, begin, first), first);
  Value to = arith::SubIOp::create(k, arith::MinUIOp::create(k, end, last), first);
  body(outer, next, from, to);
}

void formKernel(linalg::LinalgOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Units units = chooseUnits(op);
  Value one = arith::ConstantIndexOp::create(b, 1), count = one;
  if (units.dim >= 0) {
    count = getExtent(b, op, units.dim);
    if (units.block != 1)
      count = arith::CeilDivUIOp::create(b, count, arith::ConstantIndexOp::create(b, units.block));
  }

  LaunchOperands operands;
  operands.addOp(op);
  Value extent = units.dim >= 0 && units.block != 1 ? getExtent(b, op, units.dim) : Value();
  if (extent)
    operands.add(extent);
  Value perOuter; // units for each entry of the outer dimension
  SmallVector<int64_t> cutDims;
  if (units.outer >= 0) {
    perOuter = count;
    operands.add(perOuter);
    count = arith::MulIOp::create(b, getExtent(b, op, units.outer), perOuter);
    cutDims.push_back(units.outer);
  }
  Value work;
  if (units.dim >= 0) {
    cutDims.push_back(units.dim);
    work = getWork(b, op, cutDims);
    if (work && units.block != 1)
      work = b.createOrFold<arith::MulIOp>(work, arith::ConstantIndexOp::create(b, units.block));
  }

  former.launch(b, getKernelName(op), {count, work}, operands.captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange inside) {
                  IRMapping mapping = operands.mapInto(k, inside);
                  if (units.dim < 0) {
                    k.clone(*op, mapping);
                    return;
                  }
                  if (extent) {
                    Value block = arith::ConstantIndexOp::create(k, units.block);
                    begin = arith::MulIOp::create(k, begin, block);
                    end = arith::MinUIOp::create(k, arith::MulIOp::create(k, end, block),
                                                 mapping.lookup(extent));
                  }
                  if (units.outer < 0) {
                    clonePart(k, op, mapping, {{units.dim, begin, end}});
                    return;
                  }
                  forEachOuter(k, begin, end, mapping.lookup(perOuter),
                               [&](Value outer, Value next, Value from, Value to) {
                                 clonePart(k, op, mapping,
                                           {{units.outer, outer, next}, {units.dim, from, to}});
                               });
                });
  op->erase();
}

} // namespace

bool isLinalgWork(Operation *op) {
  return isa<linalg::LinalgOp, memref::CopyOp>(op) || isa<linalg::LinalgDialect>(op->getDialect());
}

FailureOr<linalg::LinalgOp> takeLinalgWork(Operation *op) {
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    if (!isa<MemRefType>(copy.getSource().getType()) ||
        !isa<MemRefType>(copy.getTarget().getType()))
      return op->emitOpError("copies memrefs of unknown rank; kernels need ranked ones");
    // A producer that was made to write where its result belongs leaves one.
    if (copy.getSource() == copy.getTarget()) {
      copy.erase();
      return linalg::LinalgOp();
    }
    OpBuilder b(op);
    auto ranked = linalg::CopyOp::create(b, op->getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
    return cast<linalg::LinalgOp>(ranked.getOperation());
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return op->emitOpError("is an aggregate without a kernel of its own; run fuse-rows before "
                           "bufferization");
  if (!structured.hasPureBufferSemantics())
    return op->emitOpError("is still on tensors; bufferize before kernels are formed");
  return structured;
}

LogicalResult formLinalgKernel(Operation *op, KernelFormer &former) {
  FailureOr<linalg::LinalgOp> work = takeLinalgWork(op);
  if (failed(work))
    return failure();
  if (*work)
    formKernel(*work, former);
  return success();
}

} // namespace moec::codegen
