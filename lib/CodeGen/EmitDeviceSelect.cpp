//===- EmitDeviceSelect.cpp - Row-wise top-k on a device ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ranks of a row's columns all differ, so the next best column is the one with
// the highest rank below the last one's: k passes, each a maximum over the row,
// need no memory but the result's.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/SelectRanks.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

void emitDeviceSelect(tile::SelectOp op, const RowTeam &team) {
  LoopBuilder b(op.getLoc(), op);
  Value zero = b.index(0), columns = memref::DimOp::create(b, op.getKeys(), 1);
  Value k = b.min(memref::DimOp::create(b, op.getIds(), 1), columns);
  Value source = op.getSource() ? op.getSource() : op.getKeys();
  Value isFirst = b.isEqual(team.first, zero);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  auto larger = [&](Value x, Value y) -> Value { return arith::MaxSIOp::create(b, x, y); };

  // Above every rank, whose low half is less than that of the largest number.
  auto passes = scf::ForOp::create(b, zero, k, b.index(1), number(INT64_MAX));
  b.setInsertionPointToStart(passes.getBody());
  Value slot = passes.getInductionVar(), last = passes.getRegionIterArg(0);
  auto own = scf::ForOp::create(b, team.first, columns, team.size, number(INT64_MIN));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(own.getBody());
    Value column = own.getInductionVar(), best = own.getRegionIterArg(0);
    Value entry = memref::LoadOp::create(b, op.getKeys(), ValueRange{zero, column});
    Value rank = emitSelectRank(b, entry, column, op.getTie());
    Value isLeft = b.isLess(rank, last);
    scf::YieldOp::create(b,
                         arith::SelectOp::create(b, isLeft, larger(best, rank), best).getResult());
  }
  Value best = emitTeamReduction(b, team, own.getResult(0), larger);
  Value column = emitRankedColumn(b, best, op.getTie());
  b.when(isFirst, [&] {
    memref::StoreOp::create(b, arith::TruncIOp::create(b, b.getI32Type(), column), op.getIds(),
                            ValueRange{zero, slot});
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), column);
    Value value = memref::LoadOp::create(b, source, ValueRange{zero, at});
    memref::StoreOp::create(b, value, op.getValues(), ValueRange{zero, slot});
  });
  // The slots of warps are free for the next pass.
  if (team.kind == TeamKind::Block)
    emitTeamSync(b, team.kind);
  scf::YieldOp::create(b, best);
}

} // namespace moec::codegen
