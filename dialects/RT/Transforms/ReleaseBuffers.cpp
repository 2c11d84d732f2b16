//===- ReleaseBuffers.cpp - Buffers are given back after their last use -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/Transforms/Passes.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

namespace moec::rt {
#define GEN_PASS_DEF_RELEASEBUFFERSPASS
#include "dialects/RT/Transforms/Passes.h.inc"
} // namespace moec::rt

using namespace mlir;
using namespace moec::rt;

namespace {

/// Which results of functions are buffers that the caller owns. A function that is not known yet,
/// because it is recursive, owns what it returns.
using OwnedResults = llvm::DenseMap<Operation *, llvm::SmallBitVector>;

/// Releases the buffers of one function. Functions that it calls must have been processed before.
class FunctionReleaser {
public:
  FunctionReleaser(func::FuncOp func, const SymbolTable &symbols, const OwnedResults &owned)
      : func(func), flow(func), symbols(symbols), owned(owned) {}

  /// Inserts the releases; returns which results the caller owns.
  llvm::SmallBitVector run();

  unsigned numReleased = 0, numKept = 0;

private:
  bool isFreshCall(Value value) const;
  SmallVector<Value> findBuffers();
  llvm::SmallPtrSet<Value, 16> findAliases(Value buffer) const;
  bool release(Value buffer, const llvm::SmallPtrSet<Value, 16> &aliases);

  func::FuncOp func;
  BufferViewFlowAnalysis flow;
  const SymbolTable &symbols;
  const OwnedResults &owned;
};

} // namespace

/// Whether `value` is the result of a call that hands over a buffer.
bool FunctionReleaser::isFreshCall(Value value) const {
  auto call = value.getDefiningOp<func::CallOp>();
  if (!call)
    return false;
  auto results = owned.find(symbols.lookup(call.getCallee()));
  return results != owned.end() && results->second.test(cast<OpResult>(value).getResultNumber());
}

SmallVector<Value> FunctionReleaser::findBuffers() {
  SmallVector<Value> buffers;
  func.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (isa<memref::AllocOp>(op) || isFreshCall(result))
        buffers.push_back(result);
  });
  return buffers;
}

/// `buffer` and everything that may be a view of it.
llvm::SmallPtrSet<Value, 16> FunctionReleaser::findAliases(Value buffer) const {
  llvm::SmallPtrSet<Value, 16> aliases;
  SmallVector<Value> worklist{buffer};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!aliases.insert(value).second)
      continue;
    auto next = flow.find(value);
    if (next == flow.end())
      continue;
    for (Value alias : next->second)
      if (!isFreshCall(alias))
        worklist.push_back(alias);
  }
  return aliases;
}

/// Inserts the release of `buffer`; false if it has one or must stay.
bool FunctionReleaser::release(Value buffer, const llvm::SmallPtrSet<Value, 16> &aliases) {
  Block *block = buffer.getParentBlock();
  Operation *last = buffer.getDefiningOp();
  for (Value alias : aliases)
    for (Operation *user : alias.getUsers()) {
      // The address itself could outlive every view.
      if (isa<memref::DeallocOp, memref::ExtractAlignedPointerAsIndexOp>(user))
        return false;
      Operation *inBlock = block->findAncestorOpInBlock(*user);
      if (!inBlock || inBlock->hasTrait<OpTrait::IsTerminator>())
        return false;
      if (last->isBeforeInBlock(inBlock))
        last = inBlock;
    }
  OpBuilder builder(func.getContext());
  builder.setInsertionPointAfter(last);
  memref::DeallocOp::create(builder, buffer.getLoc(), buffer);
  return true;
}

llvm::SmallBitVector FunctionReleaser::run() {
  // A result is the caller's if every return gives it a buffer of this function that no other
  // result may share.
  llvm::SmallBitVector results(func.getNumResults(), true);
  auto returns = llvm::to_vector(func.getOps<func::ReturnOp>());
  SmallVector<std::pair<Value, llvm::SmallPtrSet<Value, 16>>> buffers;
  for (Value buffer : findBuffers())
    buffers.emplace_back(buffer, findAliases(buffer));

  for (func::ReturnOp op : returns)
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned index = operand.getOperandNumber();
      // The descriptor that the caller gets must name the allocation's start.
      bool isBuffer =
          llvm::any_of(buffers, [&](auto &entry) { return entry.first == operand.get(); });
      if (!isBuffer || llvm::count_if(op.getOperands(), [&](Value other) {
                         return llvm::any_of(buffers, [&](auto &entry) {
                           return entry.second.contains(operand.get()) &&
                                  entry.second.contains(other);
                         });
                       }) != 1)
        results.reset(index);
    }
  if (isEntry(func))
    results.reset();

  for (auto &[buffer, aliases] : buffers)
    if (release(buffer, aliases))
      ++numReleased;
    else if (llvm::none_of(buffer.getUsers(), llvm::IsaPred<memref::DeallocOp, func::ReturnOp>))
      ++numKept;
  return results;
}

namespace {
struct ReleaseBuffersPass : moec::rt::impl::ReleaseBuffersPassBase<ReleaseBuffersPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    OwnedResults owned;
    llvm::DenseSet<Operation *> seen;
    for (auto func : module.getOps<func::FuncOp>())
      if (failed(process(func, symbols, owned, seen)))
        return signalPassFailure();
  }

  /// Processes what `func` calls, then `func`.
  LogicalResult process(func::FuncOp root, SymbolTable &symbols, OwnedResults &owned,
                        llvm::DenseSet<Operation *> &seen) {
    // Depth first with an explicit stack: the second visit of a function comes after its callees.
    SmallVector<std::pair<func::FuncOp, bool>> stack{{root, false}};
    while (!stack.empty()) {
      auto [func, isReady] = stack.pop_back_val();
      if (isReady) {
        FunctionReleaser releaser(func, symbols, owned);
        owned[func] = releaser.run();
        numReleased += releaser.numReleased;
        numKept += releaser.numKept;
        continue;
      }
      if (func.isDeclaration() || isKernel(func) || !seen.insert(func).second)
        continue;
      if (isEntry(func) && func.getNumResults() != 0)
        return func.emitOpError(
            "expects outputs to have been placed; run --rt-place-outputs first");
      stack.emplace_back(func, true);
      func.walk([&](func::CallOp call) {
        if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
          stack.emplace_back(callee, false);
      });
    }
    return success();
  }
};
} // namespace
