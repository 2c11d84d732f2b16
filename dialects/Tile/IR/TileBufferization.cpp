//===- TileBufferization.cpp - Destination style to memrefs -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace moec::tile;

namespace {

/// Every structured op but the scatter overwrites its outs without reading them,
/// and reads its other tensors; on memrefs it is the same op without results.
template <typename OpT>
struct StructuredOpBufferization
    : DstBufferizableOpInterfaceExternalModel<StructuredOpBufferization<OpT>, OpT> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return isa<ScatterOp>(op) || !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  /// Rows of an input may be read after a row of outs was written.
  bool bufferizesToElementwiseAccess(Operation *, const AnalysisState &,
                                     ArrayRef<OpOperand *>) const {
    return false;
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto structured = cast<DestinationStyleOpInterface>(op);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    IRMapping mapping;
    SmallVector<Value> results;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType()))
        continue;
      FailureOr<Value> buffer = getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      if (structured.isDpsInit(&operand))
        results.push_back(*buffer);
      mapping.map(operand.get(), *buffer);
    }
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(mapping.lookupOrDefault(operand));
    OperationState copy(op->getLoc(), op->getName(), operands, /*types=*/{}, op->getAttrs());
    copy.propertiesAttr = op->getPropertiesAsAttribute();
    for (Region &region : op->getRegions())
      copy.addRegion()->takeBody(region);
    rewriter.create(copy);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

void moec::tile::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TileDialect *) {
    RaggedMatmulOp::attachInterface<StructuredOpBufferization<RaggedMatmulOp>>(*context);
    PackOp::attachInterface<StructuredOpBufferization<PackOp>>(*context);
    SelectOp::attachInterface<StructuredOpBufferization<SelectOp>>(*context);
    BucketOp::attachInterface<StructuredOpBufferization<BucketOp>>(*context);
    ScanOp::attachInterface<StructuredOpBufferization<ScanOp>>(*context);
    SortOp::attachInterface<StructuredOpBufferization<SortOp>>(*context);
    WeightedGatherOp::attachInterface<StructuredOpBufferization<WeightedGatherOp>>(*context);
    AttentionOp::attachInterface<StructuredOpBufferization<AttentionOp>>(*context);
    ScatterOp::attachInterface<StructuredOpBufferization<ScatterOp>>(*context);
    CompactOp::attachInterface<StructuredOpBufferization<CompactOp>>(*context);
  });
}
