//===- RowAlignment.cpp - What is known of where rows start --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowAlignment.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/RowOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec::codegen {

static bool isMultiple(int64_t value, int64_t of) {
  return ShapedType::isStatic(value) && value % of == 0;
}

/// Whether all dimensions but the last step over multiples of `elements`.
static bool hasAlignedSteps(MemRefType type, int64_t elements) {
  if (type.getLayout().isIdentity()) {
    // Strides are products of sizes, of which those that are known are factors.
    int64_t factor = 1;
    for (int64_t dim = type.getRank(); dim-- > 0;) {
      int64_t size = type.getDimSize(dim);
      if (dim + 1 < type.getRank() && size != 1 && factor % elements != 0)
        return false;
      if (ShapedType::isStatic(size))
        factor *= size;
    }
    return true;
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  for (int64_t dim = 0; dim + 1 < type.getRank(); ++dim)
    if (type.getDimSize(dim) != 1 && !isMultiple(strides[dim], elements))
      return false;
  return true;
}

/// Whether a value computed by the host is a multiple, since a factor of it is.
static bool isMultiple(OpFoldResult value, int64_t of) {
  if (std::optional<int64_t> known = getConstantIntValue(value))
    return isMultiple(*known, of);
  auto product = cast<Value>(value).getDefiningOp<arith::MulIOp>();
  return product && llvm::any_of(product->getOperands(), [&](Value factor) {
           std::optional<int64_t> known = getConstantIntValue(factor);
           return known && isMultiple(*known, of);
         });
}

/// Whether a view that is made of a buffer, such as what a session holds, has aligned rows: its
/// strides are the capacity times the size of a row.
static bool isAlignedView(Value memref, int64_t elements) {
  auto view = memref.getDefiningOp<memref::ReinterpretCastOp>();
  if (!view || !isMultiple(view.getMixedOffsets().front(), elements))
    return false;
  SmallVector<OpFoldResult> strides = view.getMixedStrides();
  for (int64_t dim = 0; dim + 1 < view.getType().getRank(); ++dim)
    if (view.getType().getDimSize(dim) != 1 && !isMultiple(strides[dim], elements))
      return false;
  return true;
}

bool hasAlignedRows(Value memref, int64_t elements) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  if (!type)
    return false;
  if (isAlignedView(memref, elements))
    return true;
  if (!hasAlignedSteps(type, elements))
    return false;
  // A view of rows: each offset counts as often as its stride.
  if (auto view = memref.getDefiningOp<memref::SubViewOp>()) {
    MemRefType source = view.getSourceType();
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(source.getStridesAndOffset(strides, offset)))
      return false;
    for (auto [at, stride] : llvm::zip_equal(view.getStaticOffsets(), strides))
      if (at != 0 && !isMultiple(at, elements) && !isMultiple(stride, elements))
        return false;
    // Dimensions of which one entry is left no longer step.
    if (auto inner = view.getSource().getDefiningOp<memref::SubViewOp>())
      return hasAlignedRows(inner, elements);
    return isMultiple(offset, elements);
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) && isMultiple(offset, elements);
}

int64_t chooseCommonWidth(ArrayRef<Value> memrefs) {
  int64_t widest = 1;
  for (Value memref : memrefs) {
    auto type = cast<MemRefType>(memref.getType());
    if (!hasContiguousRows(type))
      return 1;
    Type element = type.getElementType();
    widest = std::max<int64_t>(widest, element.isIndex() ? 8 : element.getIntOrFloatBitWidth() / 8);
  }
  int64_t width = std::min(widestAccess / widest, mostElementwiseWidth);
  return llvm::all_of(memrefs, [&](Value memref) { return hasAlignedRows(memref, width); }) ? width
                                                                                            : 1;
}

int64_t chooseElementwiseWidth(linalg::LinalgOp op, int64_t laneDim) {
  if (laneDim < 0)
    return 1;
  SmallVector<Value> moving;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type || !map.isFunctionOfDim(laneDim))
      continue;
    if (getRowAccess(op, operand, laneDim) != RowAccess::Contiguous)
      return 1;
    moving.push_back(operand.get());
  }
  op.getBlock()->walk([&](memref::LoadOp load) {
    auto last = load.getIndices().empty()
                    ? linalg::IndexOp()
                    : load.getIndices().back().getDefiningOp<linalg::IndexOp>();
    if (last && static_cast<int64_t>(last.getDim()) == laneDim)
      moving.push_back(load.getMemRef());
  });
  int64_t size = op.getStaticLoopRanges()[laneDim];
  int64_t width = chooseCommonWidth(moving);
  return ShapedType::isStatic(size) && size < width ? 1 : width;
}

} // namespace moec::codegen
