//===- RTStateBufferization.cpp - States as views of their buffer -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace moec::rt;

namespace {

/// The buffer of a state: a dense tensor of its sizes with the capacity, rounded up to whole
/// granules, in place of the rows.
class StateBuffer {
public:
  StateBuffer(ImplicitLocOpBuilder &b, TypedValue<StateType> state, ValueRange sizes)
      : b(b), state(state.getType()), sizes(sizes) {
    RankedTensorType type = this->state.getType();
    auto baseType = MemRefType::get({ShapedType::kDynamic}, type.getElementType());
    auto get = GetStateOp::create(b, baseType, b.getIndexType(), b.getIndexType(), state, sizes);
    base = get.getBase();
    Value capacity = get.getCapacity();
    if (int64_t granule = this->state.getGranule(); granule != 1) {
      Value count = arith::ConstantIndexOp::create(b, granule);
      capacity = arith::MulIOp::create(b, arith::CeilDivUIOp::create(b, capacity, count), count);
    }
    SmallVector<OpFoldResult> all = this->state.getMixedSizes(sizes, capacity);
    strides.resize(all.size());
    OpFoldResult stride = b.getIndexAttr(1);
    for (int64_t dim = all.size() - 1; dim >= 0; --dim) {
      strides[dim] = stride;
      stride = multiply(stride, all[dim]);
    }
  }

  /// `rows` rows from row `first` on, from the start where that is null.
  Value view(RankedTensorType tensor, Value first, Value rows) {
    int64_t axis = state.getAxis();
    MemRefType type = state.getViewType(tensor, /*fromStart=*/!first);
    SmallVector<OpFoldResult> mixed = state.getMixedSizes(sizes, rows);
    // Sizes that the type leaves open are values even where they are known, and the other way
    // round.
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        mixed[dim] = getValueOrCreateConstantIndexOp(b, b.getLoc(), mixed[dim]);
      else
        mixed[dim] = b.getIndexAttr(type.getDimSize(dim));
    OpFoldResult offset = first ? multiply(first, strides[axis]) : b.getIndexAttr(0);
    return memref::ReinterpretCastOp::create(b, type, base, offset, mixed, strides);
  }

private:
  OpFoldResult multiply(OpFoldResult a, OpFoldResult c) {
    std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(c);
    if (x && y)
      return b.getIndexAttr(*x * *y);
    return b.createOrFold<arith::MulIOp>(getValueOrCreateConstantIndexOp(b, b.getLoc(), a),
                                         getValueOrCreateConstantIndexOp(b, b.getLoc(), c));
  }

  ImplicitLocOpBuilder &b;
  StateType state;
  ValueRange sizes;
  Value base;
  SmallVector<OpFoldResult> strides;
};

/// Results are views of the session's memory, which only rt.append writes.
template <typename ModelT, typename OpT>
struct StateViewBufferization : BufferizableOpInterface::ExternalModel<ModelT, OpT> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &, const AnalysisState &) const {
    return {};
  }
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

  FailureOr<BufferLikeType> getBufferType(Operation *op, Value value, const BufferizationOptions &,
                                          const BufferizationState &, SmallVector<Value> &) const {
    auto tensor = cast<RankedTensorType>(value.getType());
    return cast<BufferLikeType>(cast<OpT>(op).getState().getType().getViewType(tensor));
  }
};

struct PastBufferization : StateViewBufferization<PastBufferization, PastOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &,
                          BufferizationState &) const {
    auto past = cast<PastOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    StateBuffer buffer(b, past.getState(), past.getSizes());
    auto type = cast<RankedTensorType>(past.getType());
    replaceOpWithBufferizedValues(rewriter, op, buffer.view(type, Value(), past.getLength()));
    return success();
  }
};

struct AppendBufferization : StateViewBufferization<AppendBufferization, AppendOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto append = cast<AppendOp>(op);
    FailureOr<Value> source = getBuffer(rewriter, append.getRows(), options, state);
    if (failed(source))
      return failure();
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    checkSizes(b, append, *source);
    Value rows = b.createOrFold<memref::DimOp>(*source, append.getState().getType().getAxis());
    AppendStateOp::create(b, append.getState(), rows);
    StateBuffer buffer(b, append.getState(), append.getSizes());
    auto rowsType = cast<RankedTensorType>(append.getRows().getType());
    memref::CopyOp::create(b, *source, buffer.view(rowsType, append.getLength(), rows));
    Value all = b.createOrFold<arith::AddIOp>(append.getLength(), rows);
    auto type = cast<RankedTensorType>(append.getType());
    replaceOpWithBufferizedValues(rewriter, op, buffer.view(type, Value(), all));
    return success();
  }

  /// The session's sizes are those that the buffer was made for.
  static void checkSizes(ImplicitLocOpBuilder &b, AppendOp append, Value source) {
    StateType state = append.getState().getType();
    auto type = cast<MemRefType>(source.getType());
    SmallVector<OpFoldResult> expected = state.getMixedSizes(append.getSizes(), b.getIndexAttr(0));
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (dim == state.getAxis() ||
          (!type.isDynamicDim(dim) && getConstantIntValue(expected[dim]) == type.getDimSize(dim)))
        continue;
      Value size = b.createOrFold<memref::DimOp>(source, dim);
      Value known = getValueOrCreateConstantIndexOp(b, b.getLoc(), expected[dim]);
      if (size == known)
        continue;
      auto name = b.getLoc()->findInstanceOf<NameLoc>();
      std::string prefix = name ? (name.getName().getValue() + ": ").str() : "";
      CheckOp::create(
          b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size, known),
          Failure::InvalidArgument,
          b.getStringAttr(prefix + "what is added to a bound state differs from it in dimension " +
                          Twine(dim)));
    }
  }
};

} // namespace

void moec::rt::attachStateBufferization(MLIRContext *context) {
  PastOp::attachInterface<PastBufferization>(*context);
  AppendOp::attachInterface<AppendBufferization>(*context);
}
