//===- EmitDeviceSort.cpp - The order of elements on a device - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each thread finds the place of its elements: how many come before. That is a
// comparison per pair, but needs no memory and no thread that waits.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AlongAxis.h"
#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/SortOrder.h"

using namespace mlir;

namespace moec::codegen {

void emitDeviceSort(tile::SortOp op, const RowTeam &team) {
  LoopBuilder b(op.getLoc(), op);
  int64_t axis = op.getAxis();
  Value size = memref::DimOp::create(b, op.getKeys(), axis);
  forSomeRows(b, op.getKeys(), /*axis=*/-1, team.first, team.size, [&](ArrayRef<Value> point) {
    SortElement own{loadSortKey(b, op, point), point[axis]};
    auto loop = scf::ForOp::create(b, b.index(0), size, b.index(1), b.index(0));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value position = loop.getInductionVar(), place = loop.getRegionIterArg(0);
      SortElement other{loadSortKey(b, op, at(point, axis, position)), position};
      Value isBefore = emitPrecedes(b, op, other, own);
      scf::YieldOp::create(
          b, arith::SelectOp::create(b, isBefore, b.add(place, 1), place).getResult());
    }
    Value position = arith::IndexCastOp::create(b, b.getI64Type(), own.position);
    memref::StoreOp::create(b, position, op.getOrder(), at(point, axis, loop.getResult(0)));
  });
}

} // namespace moec::codegen
