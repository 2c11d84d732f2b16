//===- PlaceOutputs.cpp - Results of entries become outputs -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/Transforms/Passes.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

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

namespace {
/// An allocation whose memory can be an output's, and the reshapes on its way to the return, the
/// last one first.
struct Allocation {
  memref::AllocOp alloc;
  SmallVector<Operation *> reshapes;
};
} // namespace

/// The allocation in the function's outermost block that makes `value`, if there is one whose
/// memory can be the output's.
static std::optional<Allocation> findAllocation(Value value, func::FuncOp func) {
  Allocation found;
  while (auto cast = value.getDefiningOp<memref::CastOp>()) {
    if (!isa<MemRefType>(cast.getSource().getType()))
      return std::nullopt;
    value = cast.getSource();
  }
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op))
      break;
    found.reshapes.push_back(op);
    value = op->getOperand(0);
  }
  found.alloc = value.getDefiningOp<memref::AllocOp>();
  if (!found.alloc || found.alloc->getBlock() != &func.getFunctionBody().front() ||
      !found.alloc.getType().getLayout().isIdentity() || found.alloc.getType().getMemorySpace())
    return std::nullopt;
  return found;
}

/// Makes `value` available before `op`, in whose block it is, by moving what computes it. False if
/// that reads memory, may fail, or depends on `op`; something may have been moved then, which does
/// no harm.
static bool hoist(Value value, Operation *op) {
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op->getBlock() || def->isBeforeInBlock(op))
    return true;
  if (def == op || !isPure(def))
    return false;
  for (Value operand : def->getOperands())
    if (!hoist(operand, op))
      return false;
  def->moveBefore(op);
  return true;
}

/// Sizes of dimensions multiplied; where all are constants the product is one.
static OpFoldResult multiply(OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> sizes) {
  OpFoldResult product = builder.getIndexAttr(1);
  for (OpFoldResult size : sizes) {
    std::optional<int64_t> a = getConstantIntValue(product), b = getConstantIntValue(size);
    if (a && b)
      product = builder.getIndexAttr(*a * *b);
    else if (a == 1)
      product = size;
    else
      product = arith::MulIOp::create(builder, loc,
                                      getValueOrCreateConstantIndexOp(builder, loc, product),
                                      getValueOrCreateConstantIndexOp(builder, loc, size))
                    .getResult();
  }
  return product;
}

/// Makes the output that takes the place of an allocation, with the shape that is returned: its
/// value in the allocation's shape, or null if a size comes too late.
static Value makeOutput(const Allocation &found, unsigned index) {
  memref::AllocOp alloc = found.alloc;
  Location loc = alloc.getLoc();
  OpBuilder builder(alloc);
  for (Operation *op : found.reshapes)
    if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
      for (Value size : expand.getOutputShape())
        if (!hoist(size, alloc))
          return {};
  // Sizes before each reshape, then those of what is returned.
  SmallVector<SmallVector<OpFoldResult>> sizes = {alloc.getMixedSizes()};
  for (Operation *op : llvm::reverse(found.reshapes)) {
    if (auto expand = dyn_cast<memref::ExpandShapeOp>(op)) {
      sizes.push_back(expand.getMixedOutputShape());
      continue;
    }
    SmallVector<OpFoldResult> merged;
    for (const ReassociationIndices &dims :
         cast<memref::CollapseShapeOp>(op).getReassociationIndices())
      merged.push_back(
          multiply(builder, loc, ArrayRef(sizes.back()).slice(dims.front(), dims.size())));
    sizes.push_back(std::move(merged));
  }
  auto type = found.reshapes.empty()
                  ? alloc.getType()
                  : cast<MemRefType>(found.reshapes.front()->getResult(0).getType());
  SmallVector<Value> dynamic;
  for (auto [size, extent] : llvm::zip_equal(sizes.back(), type.getShape()))
    if (ShapedType::isDynamic(extent))
      dynamic.push_back(getValueOrCreateConstantIndexOp(builder, loc, size));
  Value value = OutputOp::create(builder, loc, type, index, dynamic);
  for (auto [op, before] : llvm::zip(found.reshapes, llvm::drop_begin(llvm::reverse(sizes)))) {
    auto inner = cast<MemRefType>(op->getOperand(0).getType());
    if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
      value = memref::CollapseShapeOp::create(builder, loc, inner, value,
                                              expand.getReassociationIndices());
    else
      value = memref::ExpandShapeOp::create(
          builder, loc, inner, value, cast<memref::CollapseShapeOp>(op).getReassociationIndices(),
          before);
  }
  return value;
}

void PlaceOutputsPass::placeOutput(func::ReturnOp op, unsigned index) {
  auto func = op->getParentOfType<func::FuncOp>();
  Value value = op.getOperand(index);
  OpBuilder builder(op);
  std::optional<Allocation> found = findAllocation(value, func);
  if (Value output = found ? makeOutput(*found, index) : Value()) {
    memref::AllocOp alloc = found->alloc;
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    // From now on it is no allocation, so a second result that returns it is copied.
    alloc.replaceAllUsesWith(output);
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
