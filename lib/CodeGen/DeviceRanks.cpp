//===- DeviceRanks.cpp - Places of entries in a block --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceRanks.h"

#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
namespace {

struct PlaceEmitter {
  LoopBuilder &b;
  const RowTeam &team;
  function_ref<EntryClass(Value)> classify;
  Value warp, lane, begin, end; // the thread's place, and the run of its warp

  PlaceEmitter(LoopBuilder &b, const RowTeam &team, Value count,
               function_ref<EntryClass(Value)> classify)
      : b(b), team(team), classify(classify) {
    warp = b.div(team.first, warpSize);
    lane = b.rem(team.first, warpSize);
    // Runs of whole steps, so that lanes read neighbours.
    Value steps = b.createOrFold<arith::CeilDivUIOp>(count, team.size);
    Value run = b.mul(steps, warpSize);
    begin = arith::MulIOp::create(b, warp, run);
    end = b.min(b.add(begin, run), count);
  }

  Value number(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value widen(Value flag) { return arith::ExtUIOp::create(b, b.getI32Type(), flag); }
  Value sumUp(Value value) {
    return NVVM::ReduxOp::create(b, b.getI32Type(), value, NVVM::ReduxKind::ADD, number(-1));
  }

  /// Own entries of the thread, and those before the block's.
  std::pair<Value, Value> count() {
    Value none = number(0);
    auto loop =
        scf::ForOp::create(b, b.add(begin, lane), end, b.index(warpSize), ValueRange{none, none});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    EntryClass entry = classify(loop.getInductionVar());
    Value own = loop.getRegionIterArg(0), before = loop.getRegionIterArg(1);
    own = b.add(own, widen(entry.isOwn));
    if (entry.isBefore)
      before = b.add(before, widen(entry.isBefore));
    scf::YieldOp::create(b, ValueRange{own, before});
    return {loop.getResult(0), loop.getResult(1)};
  }

  Value addSlots() {
    auto kernel = b.getInsertionBlock()->getParent()->getParentOfType<gpu::GPUFuncOp>();
    auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
    auto type = MemRefType::get({mostRankThreads / warpSize}, b.getI32Type(), AffineMap(), space);
    return kernel.addWorkgroupAttribution(type, b.getLoc());
  }

  /// The place of the first own entry of the warp.
  Value findStart() {
    std::pair<Value, Value> counts = count();
    Value own = sumUp(counts.first), before = sumUp(counts.second);
    Value ownSlots = addSlots(), beforeSlots = addSlots();
    b.when(b.isEqual(lane, b.index(0)), [&] {
      memref::StoreOp::create(b, own, ownSlots, warp);
      memref::StoreOp::create(b, before, beforeSlots, warp);
    });
    emitTeamSync(b, TeamKind::Block);
    Value none = number(0);
    Value part = b.choose(
        b.isLess(lane, b.div(team.size, warpSize)), TypeRange{b.getI32Type()},
        [&]() -> SmallVector<Value> {
          Value others = memref::LoadOp::create(b, ownSlots, lane);
          others = arith::SelectOp::create(b, b.isLess(lane, warp), others, none);
          return {b.add(memref::LoadOp::create(b, beforeSlots, lane), others)};
        },
        [&]() -> SmallVector<Value> { return {none}; })[0];
    return sumUp(part);
  }

  void givePlaces(Value start, function_ref<void(Value, Value)> visit) {
    Type i32 = b.getI32Type();
    Value bit = arith::ShLIOp::create(b, number(1), arith::IndexCastOp::create(b, i32, lane));
    Value below = b.sub(bit, number(1));
    auto loop = scf::ForOp::create(b, begin, end, b.index(warpSize), start);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value entry = b.add(loop.getInductionVar(), lane), place = loop.getRegionIterArg(0);
    Value isOwn = b.choose(
        b.isLess(entry, end), TypeRange{b.getI1Type()},
        [&]() -> SmallVector<Value> { return {classify(entry).isOwn}; },
        [&]() -> SmallVector<Value> {
          return {arith::ConstantOp::create(b, b.getBoolAttr(false))};
        })[0];
    Value votes = NVVM::VoteSyncOp::create(b, i32, number(-1), isOwn, NVVM::VoteSyncKind::ballot);
    b.when(isOwn, [&] {
      Value lower = math::CtPopOp::create(b, arith::AndIOp::create(b, votes, below));
      visit(entry, b.add(place, lower));
    });
    scf::YieldOp::create(b, b.add(place, math::CtPopOp::create(b, votes)));
  }
};

} // namespace

Value emitBlockPlaces(LoopBuilder &b, const RowTeam &team, Value count,
                      function_ref<EntryClass(Value)> classify,
                      function_ref<void(Value, Value)> visit) {
  PlaceEmitter emitter(b, team, count, classify);
  Value start = emitter.findStart();
  emitter.givePlaces(start, visit);
  return start;
}

} // namespace moec::codegen
