//===- PlaceOutputs.cpp - Results of entries become outputs -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/Transforms/Passes.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

namespace moec::rt {
#define GEN_PASS_DEF_PLACEOUTPUTSPASS
#include "dialects/RT/Transforms/Passes.h.inc"
} // namespace moec::rt

using namespace mlir;
using namespace moec::rt;

namespace {
struct PlaceOutputsPass : moec::rt::impl::PlaceOutputsPassBase<PlaceOutputsPass> {
  void runOnOperation() override;

private:
  LogicalResult placeOutputs(func::FuncOp func);
  void placeOutput(func::ReturnOp op, unsigned index);
};
} // namespace

/// The only return of `func`; null with a diagnostic otherwise.
static func::ReturnOp getOnlyReturn(func::FuncOp func) {
  func::ReturnOp found;
  for (auto op : func.getOps<func::ReturnOp>()) {
    if (found) {
      func.emitOpError("expects an entry to return in one place");
      return {};
    }
    found = op;
  }
  if (!found)
    func.emitOpError("expects an entry to return");
  return found;
}

/// Signature of result `index`, from its type and attributes.
static ValueAttr getOutput(func::FuncOp func, unsigned index) {
  auto type = cast<MemRefType>(func.getResultTypes()[index]);
  auto name = func.getResultAttrOfType<StringAttr>(index, RTDialect::kName);
  SmallVector<StringAttr> dimNames;
  if (auto names = func.getResultAttrOfType<ArrayAttr>(index, RTDialect::kDimNames))
    llvm::append_range(dimNames, names.getAsRange<StringAttr>());
  return ValueAttr::get(func.getContext(),
                        name ? name.getValue().str() : "output" + std::to_string(index),
                        RankedTensorType::get(type.getShape(), type.getElementType()), dimNames,
                        func.getResultAttrOfType<StringAttr>(index, RTDialect::kDType));
}

/// The allocation in the function's outermost block that makes `value`, if there is one whose
/// memory can be the output's.
static memref::AllocOp findAllocation(Value value, func::FuncOp func) {
  while (auto cast = value.getDefiningOp<memref::CastOp>()) {
    if (!isa<MemRefType>(cast.getSource().getType()))
      return {};
    value = cast.getSource();
  }
  auto alloc = value.getDefiningOp<memref::AllocOp>();
  if (!alloc || alloc->getBlock() != &func.getFunctionBody().front() ||
      !alloc.getType().getLayout().isIdentity() || alloc.getType().getMemorySpace())
    return {};
  return alloc;
}

void PlaceOutputsPass::placeOutput(func::ReturnOp op, unsigned index) {
  auto func = op->getParentOfType<func::FuncOp>();
  Value value = op.getOperand(index);
  OpBuilder builder(op);
  if (memref::AllocOp alloc = findAllocation(value, func)) {
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    builder.setInsertionPoint(alloc);
    auto output =
        OutputOp::create(builder, alloc.getLoc(), alloc.getType(), index, alloc.getDynamicSizes());
    // From now on it is no allocation, so a second result that returns it is copied.
    alloc.replaceAllUsesWith(output.getResult());
    alloc.erase();
    ++numPlaced;
    return;
  }
  auto type = cast<MemRefType>(value.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(memref::DimOp::create(builder, op.getLoc(), value, dim));
  auto outputType = MemRefType::get(type.getShape(), type.getElementType());
  auto output = OutputOp::create(builder, op.getLoc(), outputType, index, sizes);
  memref::CopyOp::create(builder, op.getLoc(), value, output);
  ++numCopied;
}

LogicalResult PlaceOutputsPass::placeOutputs(func::FuncOp func) {
  if (func.getNumResults() == 0)
    return success();
  if (func->hasAttr(RTDialect::kOutputs))
    return func.emitOpError("has both results and rt.outputs");
  for (auto [index, type] : llvm::enumerate(func.getResultTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.getLayout().isIdentity())
      return func.emitOpError() << "expects result " << index
                                << " to be a memref with the identity layout, got " << type;
  }
  func::ReturnOp op = getOnlyReturn(func);
  if (!op)
    return failure();

  SmallVector<Attribute> outputs;
  for (unsigned index = 0; index < func.getNumResults(); ++index) {
    outputs.push_back(getOutput(func, index));
    placeOutput(op, index);
  }
  OpBuilder(op).setInsertionPoint(op);
  op->setOperands({});
  func.removeResAttrsAttr();
  func.setFunctionType(FunctionType::get(&getContext(), func.getArgumentTypes(), {}));
  func->setAttr(RTDialect::kOutputs, ArrayAttr::get(&getContext(), outputs));
  return success();
}

void PlaceOutputsPass::runOnOperation() {
  ModuleOp module = getOperation();
  SymbolTable symbols(module);
  WalkResult calls = module.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee || !isEntry(callee))
      return WalkResult::advance();
    call.emitOpError() << "calls the entry @" << call.getCallee()
                       << ", whose outputs belong to a run; move its body to another function";
    return WalkResult::interrupt();
  });
  if (calls.wasInterrupted())
    return signalPassFailure();
  for (auto func : module.getOps<func::FuncOp>())
    if (isEntry(func) && failed(placeOutputs(func)))
      return signalPassFailure();
}
