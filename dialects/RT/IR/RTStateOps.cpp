//===- RTStateOps.cpp - Legality and sizes of states -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moec::rt;

//===----------------------------------------------------------------------===//
// Declarations and handles
//===----------------------------------------------------------------------===//

/// What a declaration and the type of a handle have in common.
static LogicalResult verifyState(function_ref<InFlightDiagnostic()> emitError,
                                 RankedTensorType type, int64_t axis, int64_t granule) {
  if (axis < 0 || axis >= type.getRank() || !type.isDynamicDim(axis))
    return emitError() << "expects axis to be a dynamic dimension of " << type << ", got " << axis;
  if (granule < 1 || granule > INT32_MAX)
    return emitError() << "expects granule >= 1 in 32 bits, got " << granule;
  return success();
}

LogicalResult StateType::verify(function_ref<InFlightDiagnostic()> emitError, RankedTensorType type,
                                int64_t axis, int64_t granule) {
  return verifyState(emitError, type, axis, granule);
}

LogicalResult StateOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (failed(verifyState([&] { return emitOpError(); }, type, getAxis(), getGranule())))
    return failure();
  if (int64_t capacity = getCapacity(); capacity < 1)
    return emitOpError() << "expects capacity >= 1, got " << capacity;
  if (getDimNames() && static_cast<int64_t>(getDimNames()->size()) != type.getRank())
    return emitOpError() << "expects a name per dimension of " << type << ", got "
                         << getDimNames()->size();
  return success();
}

LogicalResult StateHandleOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto state = tables.lookupNearestSymbolFrom<StateOp>(*this, getStateAttr());
  if (!state)
    return emitOpError() << getStateAttr() << " is not a 'rt.state' of this module";
  auto expected = StateType::get(getContext(), cast<RankedTensorType>(state.getType()),
                                 state.getAxis(), state.getGranule());
  if (getType() == expected)
    return success();
  InFlightDiagnostic diag = emitOpError() << "expects the type of " << getStateAttr() << ", "
                                          << expected << ", got " << getType();
  diag.attachNote(state.getLoc()) << "declared here";
  return diag;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

SmallVector<OpFoldResult> StateType::getMixedSizes(ValueRange sizes, OpFoldResult rows) {
  SmallVector<OpFoldResult> mixed;
  Builder b(getContext());
  for (auto [dim, size] : llvm::enumerate(getType().getShape())) {
    if (static_cast<int64_t>(dim) == getAxis()) {
      mixed.push_back(rows);
    } else if (ShapedType::isDynamic(size)) {
      mixed.push_back(sizes.front());
      sizes = sizes.drop_front();
    } else {
      mixed.push_back(b.getIndexAttr(size));
    }
  }
  return mixed;
}

MemRefType StateType::getViewType(RankedTensorType tensor, bool fromStart) {
  SmallVector<int64_t> strides(tensor.getRank());
  int64_t stride = 1;
  for (int64_t dim = tensor.getRank() - 1; dim >= 0; --dim) {
    strides[dim] = stride;
    int64_t size = getType().getDimSize(dim);
    stride = ShapedType::isDynamic(stride) || ShapedType::isDynamic(size) ? ShapedType::kDynamic
                                                                          : stride * size;
  }
  return MemRefType::get(
      tensor.getShape(), tensor.getElementType(),
      StridedLayoutAttr::get(getContext(), fromStart ? 0 : ShapedType::kDynamic, strides));
}

static LogicalResult verifySizes(Operation *op, StateType state, ValueRange sizes) {
  if (sizes.size() == state.getNumSizes())
    return success();
  return op->emitOpError() << "expects " << state.getNumSizes()
                           << " sizes, for the dynamic dimensions of " << state.getType()
                           << " other than its axis, got " << sizes.size();
}

/// Whether `type` can be some rows of the state; sizes may be known to one of them only.
static LogicalResult verifyRows(Operation *op, StateType state, Type type, StringRef what) {
  auto tensor = cast<RankedTensorType>(type);
  RankedTensorType whole = state.getType();
  bool fits =
      tensor.getRank() == whole.getRank() && tensor.getElementType() == whole.getElementType();
  for (int64_t dim = 0; fits && dim < whole.getRank(); ++dim)
    fits = dim == state.getAxis() || whole.isDynamicDim(dim) || tensor.isDynamicDim(dim) ||
           whole.getDimSize(dim) == tensor.getDimSize(dim);
  if (fits)
    return success();
  return op->emitOpError() << "expects " << what << " to be rows of " << whole << ", got " << type;
}

LogicalResult PastOp::verify() {
  if (failed(verifySizes(*this, getState().getType(), getSizes())))
    return failure();
  return verifyRows(*this, getState().getType(), getType(), "the result");
}

LogicalResult AppendOp::verify() {
  if (failed(verifySizes(*this, getState().getType(), getSizes())) ||
      failed(verifyRows(*this, getState().getType(), getRows().getType(), "what is appended")))
    return failure();
  return verifyRows(*this, getState().getType(), getType(), "the result");
}

LogicalResult GetStateOp::verify() {
  StateType state = getState().getType();
  auto base = cast<MemRefType>(getBase().getType());
  if (base.getElementType() != state.getType().getElementType() || !base.isDynamicDim(0) ||
      !base.getLayout().isIdentity())
    return emitOpError() << "expects the base to be memref<?x" << state.getType().getElementType()
                         << ">, got " << base;
  return verifySizes(*this, state, getSizes());
}

/// Sizes that the type of the result leaves open must be values, the others attributes.
static SmallVector<OpFoldResult> reify(OpBuilder &b, Location loc, Value result,
                                       SmallVector<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(result.getType());
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (type.isDynamicDim(dim))
      size = getValueOrCreateConstantIndexOp(b, loc, size);
    else
      size = b.getIndexAttr(type.getDimSize(dim));
  }
  return sizes;
}

LogicalResult PastOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(
      reify(b, getLoc(), getResult(), getState().getType().getMixedSizes(getSizes(), getLength())));
  return success();
}

LogicalResult AppendOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  StateType state = getState().getType();
  Value rows = b.createOrFold<tensor::DimOp>(getLoc(), getRows(), state.getAxis());
  Value sum = b.createOrFold<arith::AddIOp>(getLoc(), getLength(), rows);
  shapes.push_back(reify(b, getLoc(), getResult(), state.getMixedSizes(getSizes(), sum)));
  return success();
}

namespace {
/// A size of a state's tensor from the sizes that its op is given.
template <typename OpT>
struct FoldDim : OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::DimOp dim, PatternRewriter &rewriter) const override {
    auto source = dim.getSource().getDefiningOp<OpT>();
    std::optional<int64_t> axis = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (!source || !axis || !type || *axis < 0 || *axis >= type.getRank())
      return rewriter.notifyMatchFailure(dim, "not a known size of a state");
    ReifiedRankedShapedTypeDims shapes;
    if (failed(source.reifyResultShapes(rewriter, shapes)))
      return rewriter.notifyMatchFailure(dim, "the state does not know its sizes");
    rewriter.replaceOp(
        dim, getValueOrCreateConstantIndexOp(rewriter, dim.getLoc(), shapes.front()[*axis]));
    return success();
  }
};
} // namespace

void PastOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldDim<PastOp>>(context);
}

void AppendOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldDim<AppendOp>>(context);
}
