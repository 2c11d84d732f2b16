//===- EmitDeviceScatter.cpp - Updates of rows on a device ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block per update. The one that is the first at its place makes all updates
// there, in order, and the blocks of the others do nothing.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/LoopBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
namespace {

struct DeviceScatterEmitter {
  tile::ScatterOp op;
  const RowTeam &team;
  LoopBuilder b;
  Value update, place; // of the block

  DeviceScatterEmitter(tile::ScatterOp op, const RowTeam &team)
      : op(op), team(team), b(op.getLoc(), op) {
    update = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    place = loadPlace(update);
  }

  Value loadPlace(Value row) { return memref::LoadOp::create(b, op.getPlaces(), row); }

  /// Whether no earlier update has the place.
  Value isFirstAtPlace() {
    Value no = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    auto loop = scf::ForOp::create(b, team.first, update, team.size, no);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value isSame = b.isEqual(loadPlace(loop.getInductionVar()), place);
      isSame = arith::ExtUIOp::create(b, b.getI32Type(), isSame);
      scf::YieldOp::create(b,
                           arith::OrIOp::create(b, loop.getRegionIterArg(0), isSame).getResult());
    }
    Value found = emitTeamReduction(b, team, loop.getResult(0), [&](Value x, Value y) -> Value {
      return arith::OrIOp::create(b, x, y);
    });
    return b.isEqual(found, no);
  }

  void emitColumn(Value column) {
    bool replaces = op.getCombine() == tile::Combine::Replace;
    Value row = arith::IndexCastOp::create(b, b.getIndexType(), place);
    auto load = [&](Value at) -> Value {
      return memref::LoadOp::create(b, op.getUpdates(), ValueRange{at, column});
    };
    Value entry;
    if (!replaces)
      entry = memref::LoadOp::create(b, op.getOuts(), ValueRange{row, column});
    entry = emitCombine(b, op.getCombine(), entry, load(update));
    Value rows = memref::DimOp::create(b, op.getPlaces(), 0);
    auto loop = scf::ForOp::create(b, b.add(update, 1), rows, b.index(1), entry);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value at = loop.getInductionVar(), old = loop.getRegionIterArg(0);
      auto next = b.choose(
          b.isEqual(loadPlace(at), place), TypeRange{entry.getType()},
          [&]() -> SmallVector<Value> { return {emitCombine(b, op.getCombine(), old, load(at))}; },
          [&]() -> SmallVector<Value> { return {old}; });
      scf::YieldOp::create(b, next);
    }
    memref::StoreOp::create(b, loop.getResult(0), op.getOuts(), ValueRange{row, column});
  }

  void emit() {
    Value columns = memref::DimOp::create(b, op.getOuts(), 1);
    // Where a check of the places failed the run goes on to its end (defer-device-checks).
    Value row = arith::IndexCastOp::create(b, b.getIndexType(), place);
    Value isThere = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row,
                                          memref::DimOp::create(b, op.getOuts(), 0));
    b.when(arith::AndIOp::create(b, isFirstAtPlace(), isThere), [&] {
      auto loop = scf::ForOp::create(b, team.first, columns, team.size);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      emitColumn(loop.getInductionVar());
    });
  }
};

} // namespace

void emitDeviceScatter(tile::ScatterOp op, const RowTeam &team) {
  DeviceScatterEmitter(op, team).emit();
}

} // namespace moec::codegen
