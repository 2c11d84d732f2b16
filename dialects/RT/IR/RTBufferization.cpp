//===- RTBufferization.cpp - Weights as memory ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace moec::rt;

namespace {
/// A tensor weight becomes a memref of the runtime's memory, which nobody may write: whatever would
/// be computed in place is computed in a copy.
struct GetWeightBufferization
    : BufferizableOpInterface::ExternalModel<GetWeightBufferization, GetWeightOp> {
  bool isWritable(Operation *op, Value value, const AnalysisState &state) const { return false; }

  FailureOr<BufferLikeType> getBufferType(Operation *op, Value value,
                                          const BufferizationOptions &options,
                                          const BufferizationState &state,
                                          SmallVector<Value> &invocationStack) const {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return failure();
    return cast<BufferLikeType>(MemRefType::get(type.getShape(), type.getElementType()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto weight = cast<GetWeightOp>(op);
    auto type = dyn_cast<RankedTensorType>(weight.getType());
    if (!type) // packed: its consumers know the memory behind it
      return success();
    replaceOpWithNewBufferizedOp<GetWeightOp>(
        rewriter, op, MemRefType::get(type.getShape(), type.getElementType()),
        weight.getWeightAttr());
    return success();
  }
};
} // namespace

void moec::rt::attachBufferization(MLIRContext *context) {
  GetWeightOp::attachInterface<GetWeightBufferization>(*context);
}
