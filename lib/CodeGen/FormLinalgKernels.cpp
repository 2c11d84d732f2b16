//===- FormLinalgKernels.cpp - Kernels of linalg ops ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/FormLinalgKernels.h"

#include "lib/CodeGen/RowOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

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

/// Positions of plain `dim` in `map`; nothing if `dim` occurs in a sum or product.
std::optional<SmallVector<int64_t>> getPositions(AffineMap map, int64_t dim) {
  SmallVector<int64_t> positions;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    if (expr == getAffineDimExpr(dim, map.getContext()))
      positions.push_back(position);
    else if (expr.isFunctionOfDim(dim))
      return std::nullopt;
  }
  return positions;
}

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

/// The number of iterations of `dim` as a host value.
Value getExtent(ImplicitLocOpBuilder &b, linalg::LinalgOp op, int64_t dim) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto positions = getPositions(op.getMatchingIndexingMap(&operand), dim);
    if (positions && !positions->empty())
      return b.createOrFold<memref::DimOp>(operand.get(), positions->front());
  }
  return {}; // canCutAlong requires a position in every output
}

StringRef getKernelName(linalg::LinalgOp op) {
  if (!isa<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp>(op.getOperation()))
    return op->getName().stripDialect();
  return op.getNumReductionLoops() == 0 ? "map_rows" : "reduce_rows";
}

/// Entries [begin, end) of a dimension.
struct Part {
  int64_t dim;
  Value begin, end;
};

/// Clones `op` for the iterations that lie in all of `parts`.
void clonePart(ImplicitLocOpBuilder &k, linalg::LinalgOp op, IRMapping &mapping,
               ArrayRef<Part> parts) {
  SmallVector<Value> counts;
  for (const Part &part : parts)
    counts.push_back(arith::SubIOp::create(k, part.end, part.begin));
  Operation *clone = k.clone(*op, mapping);
  OpBuilder::InsertionGuard guard(k);
  k.setInsertionPoint(clone);
  for (OpOperand &operand : op->getOpOperands()) {
    Value cut = mapping.lookupOrDefault(operand.get());
    for (auto [part, count] : llvm::zip_equal(parts, counts)) {
      auto positions = *getPositions(op.getMatchingIndexingMap(&operand), part.dim);
      if (!positions.empty())
        cut = subview(k, cut, positions, part.begin, count);
    }
    clone->setOperand(operand.getOperandNumber(), cut);
  }
  // Indices count from the start of the subviews now.
  clone->walk([&](linalg::IndexOp index) {
    for (const Part &part : parts) {
      if (static_cast<int64_t>(index.getDim()) != part.dim)
        continue;
      OpBuilder inner(index->getContext());
      inner.setInsertionPointAfter(index);
      auto shifted = arith::AddIOp::create(inner, index.getLoc(), index, part.begin);
      index.getResult().replaceAllUsesExcept(shifted, shifted);
    }
  });
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

LogicalResult formKernel(linalg::LinalgOp op, KernelFormer &former) {
  if (!op.hasPureBufferSemantics())
    return op->emitOpError("is still on tensors; bufferize before form-kernels");
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Units units = chooseUnits(op);
  Value one = arith::ConstantIndexOp::create(b, 1), count = one;
  if (units.dim >= 0) {
    count = getExtent(b, op, units.dim);
    if (units.block != 1)
      count = arith::CeilDivUIOp::create(b, count, arith::ConstantIndexOp::create(b, units.block));
  }

  // What the op reads: operands and what its body takes from outside.
  llvm::SetVector<Value> outside(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), outside);
  SmallVector<Value> captures;
  SmallVector<Operation *> constants;
  for (Value value : outside) {
    if (matchPattern(value, m_Constant()))
      constants.push_back(value.getDefiningOp());
    else
      captures.push_back(value);
  }
  Value extent = units.dim >= 0 && units.block != 1 ? getExtent(b, op, units.dim) : Value();
  if (extent && !matchPattern(extent, m_Constant()))
    captures.push_back(extent);
  else if (extent)
    constants.push_back(extent.getDefiningOp());

  Value perOuter; // units for each entry of the outer dimension
  if (units.outer >= 0) {
    perOuter = count;
    count = arith::MulIOp::create(b, getExtent(b, op, units.outer), perOuter);
    if (matchPattern(perOuter, m_Constant()))
      constants.push_back(perOuter.getDefiningOp());
    else
      captures.push_back(perOuter);
  }

  former.launch(b, getKernelName(op), count, captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange inside) {
                  IRMapping mapping;
                  for (Operation *constant : constants)
                    mapping.map(constant->getResult(0), k.clone(*constant)->getResult(0));
                  mapping.map(captures, inside);
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
  return success();
}

} // namespace

bool isLinalgWork(Operation *op) {
  return isa<linalg::LinalgOp, memref::CopyOp>(op) || isa<linalg::LinalgDialect>(op->getDialect());
}

LogicalResult formLinalgKernel(Operation *op, KernelFormer &former) {
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    if (!isa<MemRefType>(copy.getSource().getType()) ||
        !isa<MemRefType>(copy.getTarget().getType()))
      return op->emitOpError("copies memrefs of unknown rank; form-kernels needs ranked ones");
    // A producer that was made to write where its result belongs leaves one.
    if (copy.getSource() == copy.getTarget()) {
      copy.erase();
      return success();
    }
    OpBuilder b(op);
    auto ranked = linalg::CopyOp::create(b, op->getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
    return formKernel(cast<linalg::LinalgOp>(ranked.getOperation()), former);
  }
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return formKernel(structured, former);
  return op->emitOpError("is an aggregate without a kernel of its own; run fuse-rows before "
                         "bufferization");
}

} // namespace moec::codegen
