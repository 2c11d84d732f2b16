//===- LinalgParts.cpp - Structured ops in kernels ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/LinalgParts.h"

#include "lib/CodeGen/KernelFormer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace moec::codegen {

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

Value getExtent(ImplicitLocOpBuilder &b, linalg::LinalgOp op, int64_t dim) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto positions = getPositions(op.getMatchingIndexingMap(&operand), dim);
    if (positions && !positions->empty())
      return b.createOrFold<memref::DimOp>(operand.get(), positions->front());
  }
  return {};
}

bool isSameSize(Value one, Value other) {
  if (isEqualConstantIntOrValue(one, other))
    return true;
  auto dim = one.getDefiningOp<memref::DimOp>(), otherDim = other.getDefiningOp<memref::DimOp>();
  return dim && otherDim && dim.getSource() == otherDim.getSource() &&
         isEqualConstantIntOrValue(dim.getIndex(), otherDim.getIndex());
}

/// Operations on scalars that an elementary function or a division counts as.
constexpr int64_t functionWork = 16, divisionWork = 4;

static int64_t getWorkPerPoint(linalg::LinalgOp op) {
  int64_t work = op->getNumOperands();
  op.getBlock()->walk([&](Operation *inner) {
    if (isa<math::AbsFOp, math::AbsIOp, math::CopySignOp, math::FmaOp>(inner))
      ++work;
    else if (isa<math::MathDialect>(inner->getDialect()))
      work += functionWork;
    else if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp>(
                 inner))
      work += divisionWork;
    else
      work += !inner->hasTrait<OpTrait::ConstantLike>();
  });
  return work;
}

Value getWork(ImplicitLocOpBuilder &b, linalg::LinalgOp op, ArrayRef<int64_t> cutDims) {
  int64_t fixed = getWorkPerPoint(op);
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  Value work;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (llvm::is_contained(cutDims, static_cast<int64_t>(dim)))
      continue;
    if (ShapedType::isStatic(size)) {
      fixed *= size;
      continue;
    }
    Value extent = getExtent(b, op, dim);
    if (!extent)
      return {};
    work = work ? b.createOrFold<arith::MulIOp>(work, extent) : extent;
  }
  Value scale = arith::ConstantIndexOp::create(b, fixed);
  return work ? arith::MulIOp::create(b, work, scale).getResult() : scale;
}

void eraseEmptyWork(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](DestinationStyleOpInterface op) {
    if (op.hasPureBufferSemantics() && llvm::all_of(op.getDpsInits(), [](Value init) {
          auto type = dyn_cast<MemRefType>(init.getType());
          return type && llvm::is_contained(type.getShape(), 0);
        }))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    op->erase();
}

StringRef getKernelName(linalg::LinalgOp op) {
  if (!isa<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp>(op.getOperation()))
    return op->getName().stripDialect();
  return op.getNumReductionLoops() == 0 ? "map_rows" : "reduce_rows";
}

linalg::LinalgOp clonePart(ImplicitLocOpBuilder &k, linalg::LinalgOp op, IRMapping &mapping,
                           ArrayRef<LoopPart> parts) {
  SmallVector<OpFoldResult> counts;
  for (const LoopPart &part : parts)
    counts.push_back(part.end
                         ? OpFoldResult(arith::SubIOp::create(k, part.end, part.begin).getResult())
                         : OpFoldResult(k.getIndexAttr(1)));
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
    for (const LoopPart &part : parts) {
      if (static_cast<int64_t>(index.getDim()) != part.dim)
        continue;
      OpBuilder inner(index->getContext());
      inner.setInsertionPointAfter(index);
      auto shifted = arith::AddIOp::create(inner, index.getLoc(), index, part.begin);
      index.getResult().replaceAllUsesExcept(shifted, shifted);
    }
  });
  return cast<linalg::LinalgOp>(clone);
}

void LaunchOperands::add(Value value) {
  if (!all.insert(value))
    return;
  if (matchPattern(value, m_Constant()))
    constants.push_back(value.getDefiningOp());
  else
    captures.push_back(value);
}

void LaunchOperands::addOp(linalg::LinalgOp op) {
  llvm::SetVector<Value> outside(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), outside);
  for (Value value : outside)
    add(value);
}

IRMapping LaunchOperands::mapInto(ImplicitLocOpBuilder &k, ValueRange inside) const {
  IRMapping mapping;
  for (Operation *constant : constants)
    mapping.map(constant->getResult(0), k.clone(*constant)->getResult(0));
  mapping.map(captures, inside);
  return mapping;
}

} // namespace moec::codegen
