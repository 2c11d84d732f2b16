//===- DeferDeviceChecks.cpp - The defer-device-checks pass --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A check of data would make the host wait for the device. A kernel notes its
// outcome instead, and what comes behind it bears any data.
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/LinalgParts.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_DEFERDEVICECHECKSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// What a check's condition is computed from, all in the block of the check.
class Condition {
public:
  /// `ofMemory`: what scalar host code computes from elements in memory.
  Condition(rt::CheckOp check, const DenseSet<Value> &ofMemory) : check(check), ofMemory(ofMemory) {
    isScalar = collect(check.getCondition());
  }

  /// Whether the condition follows from elements in memory that nothing else looks at, and that
  /// nobody writes before the check.
  bool isOfData() {
    if (!isScalar || loads.empty())
      return false;
    auto belongs = [&](Operation *user) { return user == check || ops.contains(user); };
    if (!llvm::all_of(ops, [&](Operation *op) { return llvm::all_of(op->getUsers(), belongs); }))
      return false;
    Operation *first =
        *llvm::min_element(loads, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *op = first; op != check; op = op->getNextNode())
      if (!isa<rt::CheckOp, memref::LoadOp, memref::AllocOp>(op) && !isMemoryEffectFree(op))
        return false;
    return true;
  }

  /// Replaces the check by an op that notes its number where it is the first to fail.
  void defer() {
    ImplicitLocOpBuilder b(check.getLoc(), check);
    Value noted = rt::FailedCheckOp::create(b, MemRefType::get({}, b.getI32Type()));
    Value number =
        rt::CheckNumberOp::create(b, b.getI32Type(), check.getFailure(), check.getMessageAttr());
    // Elements of memory without dimensions are operands, which groups of rows understand.
    SmallVector<Value> inputs;
    for (Operation *op : loads)
      if (cast<memref::LoadOp>(op).getIndices().empty())
        inputs.push_back(cast<memref::LoadOp>(op).getMemRef());
    AffineMap scalar = AffineMap::get(b.getContext());
    linalg::GenericOp::create(
        b, TypeRange(), inputs, ValueRange(noted),
        SmallVector<AffineMap>(inputs.size() + 1, scalar), ArrayRef<utils::IteratorType>(),
        [&](OpBuilder &builder, Location loc, ValueRange arguments) {
          ImplicitLocOpBuilder k(loc, builder);
          IRMapping mapping;
          unsigned next = 0;
          for (Operation *op : ops) {
            auto load = dyn_cast<memref::LoadOp>(op);
            if (load && load.getIndices().empty())
              mapping.map(load.getResult(), arguments[next++]);
            else
              k.clone(*op, mapping);
          }
          Value isFine = mapping.lookupOrDefault(check.getCondition()), before = arguments.back();
          Value isFirst =
              arith::CmpIOp::create(k, arith::CmpIPredicate::eq, before,
                                    arith::ConstantOp::create(k, k.getI32IntegerAttr(0)));
          Value now = arith::SelectOp::create(k, isFirst, number, before);
          linalg::YieldOp::create(k, arith::SelectOp::create(k, isFine, before, now).getResult());
        });
    check.erase();
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

private:
  /// Collects what `value` is computed from, in order, as far as that depends on memory. Returns
  /// whether a kernel can compute it, too.
  bool collect(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || ops.contains(op) || !ofMemory.contains(value))
      return true;
    if (op->getBlock() != check->getBlock())
      return false;
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      // Where it is must not depend on data in its turn.
      if (llvm::any_of(load.getIndices(), [&](Value index) { return ofMemory.contains(index); }))
        return false;
      loads.insert(op);
    } else if (op->getNumRegions() != 0 || !isMemoryEffectFree(op) ||
               !isa<arith::ArithDialect>(op->getDialect()) ||
               !llvm::all_of(op->getOperands(), [&](Value operand) { return collect(operand); })) {
      return false;
    }
    ops.insert(op);
    return true;
  }

  rt::CheckOp check;
  const DenseSet<Value> &ofMemory;
  bool isScalar;
  SetVector<Operation *> ops; // those of `loads` included
  SetVector<Operation *> loads;
};

/// Keeps loads in the bodies of structured ops inside their memref where the data says where they
/// are.
class LoadGuard {
public:
  explicit LoadGuard(linalg::LinalgOp op) : op(op) {}

  void guard() {
    op.getBlock()->walk([&](memref::LoadOp load) {
      if (op->isAncestor(load.getMemRef().getParentRegion()->getParentOp()))
        return;
      for (auto [axis, index] : llvm::enumerate(load.getIndicesMutable()))
        if (followsFromData(index.get()))
          guardIndex(load, index, axis);
    });
  }

private:
  /// Whether `index` is computed in the body from more than the loops' indices.
  bool followsFromData(Value index) {
    if (!op->isAncestor(index.getParentRegion()->getParentOp()))
      return false;
    Operation *inside = index.getDefiningOp();
    if (!inside || inside->getNumRegions() != 0 || isa<memref::LoadOp>(inside))
      return true;
    auto [known, isNew] = fromData.try_emplace(index, false);
    if (isNew) {
      bool follows = llvm::any_of(inside->getOperands(),
                                  [&](Value operand) { return followsFromData(operand); });
      fromData[index] = follows;
      return follows;
    }
    return known->second;
  }

  void guardIndex(memref::LoadOp load, OpOperand &index, int64_t axis) {
    ImplicitLocOpBuilder host(op.getLoc(), op);
    Value one = arith::ConstantIndexOp::create(host, 1);
    Value size = host.createOrFold<memref::DimOp>(load.getMemRef(), axis);
    std::optional<int64_t> known = getConstantIntValue(size);
    if ((!known || *known == 0) && load->getBlock() == op.getBlock())
      checkNotEmpty(host, size);
    Value last =
        host.createOrFold<arith::SubIOp>(host.createOrFold<arith::MaxUIOp>(size, one), one);
    ImplicitLocOpBuilder body(load.getLoc(), load);
    // A negative index is a large unsigned number.
    index.set(arith::MinUIOp::create(body, index.get(), last));
  }

  /// There is nothing to load instead then. The check of the indices, which was launched before,
  /// has failed, and its message counts.
  void checkNotEmpty(ImplicitLocOpBuilder &host, Value size) {
    Value zero = arith::ConstantIndexOp::create(host, 0);
    Value points = arith::ConstantIndexOp::create(host, 1);
    for (unsigned dim = 0; dim < op.getNumLoops(); ++dim)
      if (Value extent = getExtent(host, op, dim))
        points = host.createOrFold<arith::MulIOp>(points, extent);
    Value hasElements = arith::CmpIOp::create(host, arith::CmpIPredicate::ne, size, zero);
    Value isUnused = arith::CmpIOp::create(host, arith::CmpIPredicate::eq, points, zero);
    rt::CheckOp::create(host, arith::OrIOp::create(host, hasElements, isUnused),
                        rt::Failure::InvalidArgument,
                        "an index is out of range: there are no elements");
  }

  linalg::LinalgOp op;
  llvm::DenseMap<Value, bool> fromData; // of what the body computes
};

struct DeferDeviceChecks : impl::DeferDeviceChecksPassBase<DeferDeviceChecks> {
  void runOnOperation() override {
    bool isAnyDeferred = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<rt::CheckOp> checks;
      DenseSet<Value> ofMemory;
      function.walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (isa<linalg::LinalgOp>(op))
          return WalkResult::skip();
        if (auto check = dyn_cast<rt::CheckOp>(op))
          checks.push_back(check);
        if (isa<memref::LoadOp>(op) ||
            (isa<arith::ArithDialect>(op->getDialect()) &&
             llvm::any_of(op->getOperands(), [&](Value v) { return ofMemory.contains(v); })))
          ofMemory.insert(op->result_begin(), op->result_end());
        return WalkResult::advance();
      });
      for (rt::CheckOp check : checks)
        if (Condition condition(check, ofMemory); condition.isOfData()) {
          condition.defer();
          isAnyDeferred = true;
          ++numDeferred;
        }
    }
    if (!isAnyDeferred)
      return;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<linalg::LinalgOp> ops;
      function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
      for (linalg::LinalgOp op : ops)
        LoadGuard(op).guard();
    }
  }
};

} // namespace
} // namespace moec::codegen
