//===- RuntimeOps.cpp - Weights and checks ----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace moec;

namespace {

LogicalResult runGetWeight(rt::GetWeightOp op, Frame &frame) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<rt::WeightOp>(op, op.getWeightAttr());
  if (!frame.options.readWeight)
    return op.emitOpError("needs a reader of weights");
  auto type = cast<RankedTensorType>(op.getType());
  auto result = frame.allocate(op->getResult(0), type.getShape());
  if (failed(result))
    return failure();
  if (llvm::Error error = frame.options.readWeight(weight, *result))
    return op.emitOpError() << llvm::toString(std::move(error));
  return frame.set(op->getResult(0), *result);
}

LogicalResult runCheck(rt::CheckOp op, Frame &frame) {
  if (frame[op.getCondition()].integer(0))
    return success();
  return op.emitError() << op.getMessage();
}

} // namespace

void moec::addRuntimeHandlers(HandlerTable &table) {
  table.add<rt::GetWeightOp, runGetWeight>();
  table.add<rt::CheckOp, runCheck>();
}
