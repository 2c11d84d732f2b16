//===- RowTeam.cpp - Threads that share a row ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowTeam.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/LoopBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

static constexpr std::pair<TeamKind, llvm::StringLiteral> teamNames[] = {
    {TeamKind::Alone, "alone"}, {TeamKind::Warp, "warp"}, {TeamKind::Block, "block"}};

StringRef getTeamName(TeamKind kind) {
  return llvm::find_if(teamNames, [&](auto &entry) { return entry.first == kind; })->second;
}

std::optional<TeamKind> findTeamKind(StringRef name) {
  for (auto &[kind, known] : teamNames)
    if (known == name)
      return kind;
  return std::nullopt;
}

static Value i32(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}

void emitTeamSync(ImplicitLocOpBuilder &b, TeamKind kind) {
  if (kind == TeamKind::Warp)
    NVVM::SyncWarpOp::create(b, i32(b, -1));
  else if (kind == TeamKind::Block)
    gpu::BarrierOp::create(b);
}

// Shuffles take 32 bits.
Value emitShuffle(ImplicitLocOpBuilder &b, Value value, NVVM::ShflKind kind, int64_t by) {
  Type type = value.getType();
  if (type.isF32() || type.isInteger(32))
    return NVVM::ShflOp::create(b, type, i32(b, -1), value, i32(b, by),
                                i32(b, kind == NVVM::ShflKind::up ? 0 : warpSize - 1), kind,
                                UnitAttr());
  if (type.isIndex()) {
    Value bits = arith::IndexCastOp::create(b, b.getI64Type(), value);
    return arith::IndexCastOp::create(b, type, emitShuffle(b, bits, kind, by));
  }
  unsigned width = type.getIntOrFloatBitWidth();
  Type integer = b.getIntegerType(width);
  if (type != integer) {
    Value bits = arith::BitcastOp::create(b, integer, value);
    return arith::BitcastOp::create(b, type, emitShuffle(b, bits, kind, by));
  }
  if (width < 32) {
    Value wide = arith::ExtUIOp::create(b, b.getI32Type(), value);
    return arith::TruncIOp::create(b, type, emitShuffle(b, wide, kind, by));
  }
  Value half = arith::ConstantOp::create(b, b.getI64IntegerAttr(32));
  Value low = arith::TruncIOp::create(b, b.getI32Type(), value);
  Value high = arith::TruncIOp::create(b, b.getI32Type(), arith::ShRUIOp::create(b, value, half));
  low = arith::ExtUIOp::create(b, type, emitShuffle(b, low, kind, by));
  high = arith::ExtUIOp::create(b, type, emitShuffle(b, high, kind, by));
  return arith::OrIOp::create(b, low, arith::ShLIOp::create(b, high, half));
}

Value emitTeamReduction(ImplicitLocOpBuilder &outer, const RowTeam &team, Value value,
                        function_ref<Value(Value, Value)> combine) {
  if (team.kind == TeamKind::Alone)
    return value;
  for (int64_t distance = warpSize / 2; distance >= 1; distance /= 2)
    value = combine(value, emitShuffle(outer, value, NVVM::ShflKind::bfly, distance));
  if (team.kind == TeamKind::Warp)
    return value;

  // One slot per warp, then every thread adds them up in order.
  auto kernel = outer.getInsertionBlock()->getParent()->getParentOfType<gpu::GPUFuncOp>();
  auto space = gpu::AddressSpaceAttr::get(outer.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({mostTeamThreads / warpSize}, value.getType(), AffineMap(), space);
  Value slots = kernel.addWorkgroupAttribution(type, outer.getLoc());
  LoopBuilder b(outer.getLoc(), outer.getContext());
  b.setInsertionPoint(outer.getInsertionBlock(), outer.getInsertionPoint());
  Value warp = b.div(team.first, warpSize);
  b.when(b.isEqual(b.rem(team.first, warpSize), b.index(0)),
         [&] { memref::StoreOp::create(b, value, slots, warp); });
  emitTeamSync(b, TeamKind::Block);
  Value sum = memref::LoadOp::create(b, slots, b.index(0));
  auto loop = scf::ForOp::create(b, b.index(1), b.div(team.size, warpSize), b.index(1), sum);
  outer.setInsertionPointToStart(loop.getBody());
  Value next = memref::LoadOp::create(outer, slots, loop.getInductionVar());
  scf::YieldOp::create(outer, combine(loop.getRegionIterArg(0), next));
  outer.setInsertionPointAfter(loop);
  return loop.getResult(0);
}

} // namespace moec::codegen
