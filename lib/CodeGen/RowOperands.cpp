//===- RowOperands.cpp - Operands along one row --------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowOperands.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/RowAlignment.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

bool hasContiguousRows(MemRefType type) {
  // An i1 takes a byte in a memref but a bit in a vector.
  Type element = type.getElementType();
  if (!element.isIndex() && (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0))
    return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) && !strides.empty() &&
         strides.back() == 1;
}

OpOperand &getLeadingOperand(linalg::LinalgOp op) {
  OpOperand *leading = op.getDpsInitOperand(0);
  if (op.getNumReductionLoops() != 0)
    for (OpOperand *input : op.getDpsInputOperands())
      if (op.getMatchingIndexingMap(input).getNumResults() >
          op.getMatchingIndexingMap(leading).getNumResults())
        leading = input;
  return *leading;
}

RowAccess getRowAccess(linalg::LinalgOp op, OpOperand &operand, int64_t laneDim) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (laneDim < 0 || !type || !map.isFunctionOfDim(laneDim))
    return RowAccess::Uniform;
  auto others = map.getResults().drop_back();
  bool onlyLast =
      llvm::none_of(others, [&](AffineExpr expr) { return expr.isFunctionOfDim(laneDim); });
  if (onlyLast && map.getResults().back() == getAffineDimExpr(laneDim, op.getContext()) &&
      hasContiguousRows(type))
    return RowAccess::Contiguous;
  return RowAccess::PerLane;
}

SmallVector<Value> RowOperands::getIndices(OpOperand &operand, ArrayRef<Value> ivs, Value laneAt) {
  SmallVector<Value> dims(ivs), indices;
  if (laneDim >= 0 && laneAt)
    dims[laneDim] = laneAt;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
    indices.push_back(affine::expandAffineExpr(b, b.getLoc(), expr, dims, ValueRange()));
  return indices;
}

Value RowOperands::getLane(const RowStep &step, int64_t lane) {
  return arith::AddIOp::create(b, step.at, arith::ConstantIndexOp::create(b, lane));
}

llvm::MaybeAlign RowOperands::getAlignment(Value memref) {
  if (!isAligned || !hasAlignedRows(memref, width))
    return {};
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t bytes = element.isIndex() ? 8 : element.getIntOrFloatBitWidth() / 8;
  return llvm::Align(std::min(width * bytes, widestAccess));
}

Value RowOperands::loadVector(Value memref, ValueRange indices, Value mask) {
  auto type = VectorType::get({width}, cast<MemRefType>(memref.getType()).getElementType());
  if (!mask)
    return vector::LoadOp::create(b, type, memref, indices, /*nontemporal=*/false,
                                  getAlignment(memref));
  Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, type, memref, indices, mask, nothing);
}

Value RowOperands::load(OpOperand &operand, ArrayRef<Value> ivs, const RowStep &step) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return operand.get();
  RowAccess access = getAccess(operand);
  if (access == RowAccess::Uniform || step.width == 1)
    return memref::LoadOp::create(b, operand.get(), getIndices(operand, ivs, step.at));
  if (access == RowAccess::Contiguous)
    return loadVector(operand.get(), getIndices(operand, ivs, step.at), step.mask);
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < width; ++lane)
    lanes.push_back(
        memref::LoadOp::create(b, operand.get(), getIndices(operand, ivs, getLane(step, lane))));
  return vector::FromElementsOp::create(b, VectorType::get({width}, type.getElementType()), lanes);
}

void RowOperands::store(Value value, OpOperand &operand, ArrayRef<Value> ivs, const RowStep &step) {
  RowAccess access = getAccess(operand);
  if (access == RowAccess::Uniform || step.width == 1) {
    memref::StoreOp::create(b, value, operand.get(), getIndices(operand, ivs, step.at));
  } else if (access == RowAccess::PerLane) {
    for (int64_t lane = 0; lane < width; ++lane)
      memref::StoreOp::create(b, vector::ExtractOp::create(b, value, lane), operand.get(),
                              getIndices(operand, ivs, getLane(step, lane)));
  } else if (step.mask) {
    vector::MaskedStoreOp::create(b, operand.get(), getIndices(operand, ivs, step.at), step.mask,
                                  value);
  } else {
    vector::StoreOp::create(b, value, operand.get(), getIndices(operand, ivs, step.at),
                            /*nontemporal=*/false, getAlignment(operand.get()));
  }
}

} // namespace moec::codegen
