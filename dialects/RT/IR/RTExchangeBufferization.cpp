//===- RTExchangeBufferization.cpp - Rows of ranks as memory ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace moec::rt;

namespace {

/// The buffer of `value` with its rows adjacent: the runtime knows no strides.
FailureOr<Value> getDenseBuffer(RewriterBase &rewriter, Value value,
                                const BufferizationOptions &options, BufferizationState &state) {
  FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
  if (failed(buffer))
    return failure();
  auto type = cast<MemRefType>(buffer->getType());
  if (type.getLayout().isIdentity())
    return buffer;
  auto dense = MemRefType::get(type.getShape(), type.getElementType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(memref::DimOp::create(rewriter, value.getLoc(), *buffer, dim));
  Value copy = memref::AllocOp::create(rewriter, value.getLoc(), dense, sizes);
  memref::CopyOp::create(rewriter, value.getLoc(), *buffer, copy);
  return copy;
}

MemRefType getDenseType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Ops of an exchange read all their tensors. `Destination` is the number of the operand that is
/// written, if there is one; it is the last result.
template <typename ModelT, typename OpT>
struct ExchangeBufferization : BufferizableOpInterface::ExternalModel<ModelT, OpT> {
  static Value getDestination(Operation *op);

  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return operand.get() == getDestination(op);
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &) const {
    if (operand.get() != getDestination(op) || op->getNumResults() == 0)
      return {};
    // What comes out of an exchange is no part of another buffer: the runtime knows no strides.
    BufferRelation relation =
        isa<EndExchangeOp>(op) ? BufferRelation::Unknown : BufferRelation::Equivalent;
    return {{op->getResult(op->getNumResults() - 1), relation}};
  }
};

struct BeginBufferization : ExchangeBufferization<BeginBufferization, BeginExchangeOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto begin = cast<BeginExchangeOp>(op);
    SmallVector<Value> operands;
    for (Value operand : begin->getOperands()) {
      FailureOr<Value> given = getBuffer(rewriter, operand, options, state);
      FailureOr<Value> buffer = getDenseBuffer(rewriter, operand, options, state);
      if (failed(given) || failed(buffer))
        return failure();
      // A copy must stay as long as others may read it.
      if (*given != *buffer)
        for (Operation *user : llvm::make_early_inc_range(operand.getUsers()))
          if (auto end = dyn_cast<EndExchangeOp>(user);
              end && end.getExchange() == begin.getExchange())
            rewriter.modifyOpInPlace(end, [&] {
              Value copy = ToTensorOp::create(rewriter, op->getLoc(), operand.getType(), *buffer);
              end->replaceUsesOfWith(operand, copy);
            });
      operands.push_back(*buffer);
    }
    Value gather = begin.getGather() ? operands[1] : Value();
    auto made = BeginExchangeOp::create(rewriter, op->getLoc(), begin.getExchangeAttr(),
                                        operands.front(), gather, operands.back());
    rewriter.replaceOp(op, made.getResults());
    return success();
  }
};

struct ReceiveBufferization : ExchangeBufferization<ReceiveBufferization, ReceiveRowsOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const {
    return false;
  }
  bool isWritable(Operation *op, Value value, const AnalysisState &) const {
    return value == cast<ReceiveRowsOp>(op).getRanges();
  }
  FailureOr<BufferLikeType> getBufferType(Operation *op, Value value,
                                          const BufferizationOptions &options,
                                          const BufferizationState &state,
                                          SmallVector<Value> &stack) const {
    return cast<BufferLikeType>(
        value == op->getResult(0) ? ReceiveRowsOp::getMemoryType(cast<ShapedType>(value.getType()))
                                  : getDenseType(value));
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto receive = cast<ReceiveRowsOp>(op);
    FailureOr<Value> init = getDenseBuffer(rewriter, receive.getInit(), options, state);
    if (failed(init))
      return failure();
    auto made = ReceiveRowsOp::create(
        rewriter, op->getLoc(),
        ReceiveRowsOp::getMemoryType(cast<ShapedType>(receive.getMemory().getType())),
        getDenseType(receive.getPlaces()), Type(), receive.getExchangeAttr(), receive.getRound(),
        receive.getWindow(), *init);
    replaceOpWithBufferizedValues(rewriter, op, {made.getMemory(), made.getPlaces(), *init});
    return success();
  }
};

struct ReturnBufferization : ExchangeBufferization<ReturnBufferization, ReturnRowsOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto returned = cast<ReturnRowsOp>(op);
    FailureOr<Value> rows = getDenseBuffer(rewriter, returned.getRows(), options, state);
    FailureOr<Value> results = getBuffer(rewriter, returned.getResults(), options, state);
    if (failed(rows) || failed(results))
      return failure();
    ReturnRowsOp::create(rewriter, op->getLoc(), Type(), returned.getExchangeAttr(),
                         returned.getRound(), *rows, *results);
    replaceOpWithBufferizedValues(rewriter, op, *results);
    return success();
  }
};

struct EndBufferization : ExchangeBufferization<EndBufferization, EndExchangeOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto end = cast<EndExchangeOp>(op);
    SmallVector<Value> operands;
    for (Value operand : end->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    Value gather = end.getGather() ? operands[1] : Value();
    EndExchangeOp::create(rewriter, op->getLoc(), Type(), end.getExchangeAttr(), operands[0],
                          gather, operands[operands.size() - 2], operands.back());
    replaceOpWithBufferizedValues(rewriter, op, operands.back());
    return success();
  }
};

template <>
Value ExchangeBufferization<BeginBufferization, BeginExchangeOp>::getDestination(Operation *) {
  return {};
}
template <>
Value ExchangeBufferization<ReceiveBufferization, ReceiveRowsOp>::getDestination(Operation *op) {
  return cast<ReceiveRowsOp>(op).getInit();
}
template <>
Value ExchangeBufferization<ReturnBufferization, ReturnRowsOp>::getDestination(Operation *op) {
  return cast<ReturnRowsOp>(op).getResults();
}
template <>
Value ExchangeBufferization<EndBufferization, EndExchangeOp>::getDestination(Operation *op) {
  return cast<EndExchangeOp>(op).getResults();
}

} // namespace

void moec::rt::attachExchangeBufferization(MLIRContext *context) {
  BeginExchangeOp::attachInterface<BeginBufferization>(*context);
  ReceiveRowsOp::attachInterface<ReceiveBufferization>(*context);
  ReturnRowsOp::attachInterface<ReturnBufferization>(*context);
  EndExchangeOp::attachInterface<EndBufferization>(*context);
}
