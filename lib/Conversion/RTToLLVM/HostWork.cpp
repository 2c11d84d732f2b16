//===- HostWork.cpp - What host code of a device does itself ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/HostWork.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/RegionGraphTraits.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SCCIterator.h"

using namespace mlir;
using namespace moec::rt;

static HostWork operator+(const HostWork &a, const HostWork &b) {
  return {a.operators + b.operators, a.scalarReads + b.scalarReads, a.scalarWrites + b.scalarWrites,
          a.launches + b.launches};
}

static HostWork max(const HostWork &a, const HostWork &b) {
  return {std::max(a.operators, b.operators), std::max(a.scalarReads, b.scalarReads),
          std::max(a.scalarWrites, b.scalarWrites), std::max(a.launches, b.launches)};
}

/// Whether `op` looks behind a memref otherwise than element by element; of such ops nothing in
/// host code of a device becomes a copy.
static bool needsHostMemory(Operation *op) {
  if (isa<LaunchOp>(op))
    return true;
  bool hasMemRef = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<BaseMemRefType>);
  // Views, sizes, calls, launches: these look at the descriptor only.
  bool isKnown = isa<RTDialect>(op->getDialect()) ||
                 isa<memref::LoadOp, memref::StoreOp, memref::DeallocOp>(op) ||
                 isa<CallOpInterface>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
                 isMemoryEffectFree(op) || isa<LoopLikeOpInterface, RegionBranchOpInterface>(op);
  return isa<memref::AllocaOp>(op) || (hasMemRef && !isKnown);
}

LogicalResult moec::rt::checkHostWork(ModuleOp module) {
  bool isFine = true;
  for (auto function : module.getOps<func::FuncOp>())
    function.walk([&](Operation *op) {
      if (!needsHostMemory(op))
        return;
      op->emitOpError("runs on the host, which has no access to the memory of a device; it needs a "
                      "kernel of the device");
      isFine = false;
    });
  return success(isFine);
}

HostWork HostWorkCounter::asOperator(Location loc) {
  emitWarning(loc, "runs on the host, element by element, and waits for the device each time");
  ++numOperators;
  return {1, 0, 0, 0};
}

/// A loop around launches is control. One that looks at elements without launching anything
/// computes with tensors.
HostWork HostWorkCounter::asLoop(Location loc, HostWork body) {
  if (body.launches != 0 || body.scalarReads + body.scalarWrites == 0)
    return body;
  HostWork work = asOperator(loc);
  work.operators += body.operators;
  return work;
}

HostWork HostWorkCounter::count(Operation &op) {
  if (isa<DeviceLaunchOp>(op))
    return {0, 0, 0, 1};
  if (isa<memref::LoadOp>(op))
    return {0, 1, 0, 0};
  if (auto store = dyn_cast<memref::StoreOp>(op)) {
    // Shapes are integers: whoever computes a real number computes with data.
    if (isa<FloatType>(store.getValue().getType()) && !matchPattern(store.getValue(), m_Constant()))
      return asOperator(op.getLoc());
    return {0, 0, 1, 0};
  }
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    return callee ? count(callee) : HostWork();
  }
  bool isLoop = isa<LoopLikeOpInterface>(op);
  HostWork work;
  for (Region &region : op.getRegions())
    work = isLoop ? work + count(region) : max(work, count(region));
  return isLoop ? asLoop(op.getLoc(), work) : work;
}

HostWork HostWorkCounter::count(Block &block) {
  HostWork work;
  for (Operation &op : block)
    work = work + count(op);
  return work;
}

/// Blocks that lead back to themselves are a loop.
HostWork HostWorkCounter::count(Region &region) {
  HostWork work;
  if (region.empty())
    return work;
  for (auto component = llvm::scc_begin(&region); !component.isAtEnd(); ++component) {
    HostWork part;
    for (Block *block : *component)
      part = part + count(*block);
    if (component.hasCycle())
      part = asLoop(component->front()->front().getLoc(), part);
    work = work + part;
  }
  return work;
}

HostWork HostWorkCounter::count(func::FuncOp function) {
  // What a function that calls itself does once more is not counted.
  auto [entry, isNew] = functions.try_emplace(function);
  if (!isNew)
    return entry->second;
  HostWork work = count(function.getFunctionBody());
  functions[function] = work;
  return work;
}
