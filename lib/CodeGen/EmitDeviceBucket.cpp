//===- EmitDeviceBucket.cpp - Counting sort, compaction ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block per key, and one more for the entries that are left out: each looks at
// all entries, so no block waits for another, nothing has to be zero before, and
// the number of keys is not bounded by shared memory.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/DeviceRanks.h"
#include "lib/CodeGen/EntryView.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
void emitDeviceBucket(tile::BucketOp op, const RowTeam &team) {
  LoopBuilder b(op.getLoc(), op);
  Type i32 = b.getI32Type();
  Type keyType = cast<MemRefType>(op.getKeys().getType()).getElementType();
  EntryView keys(b, op.getKeys()), places(b, op.getPlaces());
  Value rows = memref::DimOp::create(b, op.getKeys(), 0);
  Value count = arith::MulIOp::create(b, rows, keys.columns);
  // Keys outside of [0, buckets) are as the number of buckets, negative ones as large ones.
  Value buckets = b.sub(memref::DimOp::create(b, op.getOffsets(), 0), 1);
  Value bucket = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value isBucket = b.isLess(bucket, buckets);
  Value most = arith::IndexCastOp::create(b, keyType, buckets);
  Value own = arith::IndexCastOp::create(b, keyType, bucket);
  auto classify = [&](Value entry) -> EntryClass {
    Value key = arith::MinUIOp::create(b, keys.load(entry), most);
    return {b.isEqual(key, own), arith::CmpIOp::create(b, arith::CmpIPredicate::ult, key, own)};
  };
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  Value start = emitBlockPlaces(b, team, count, classify, [&](Value entry, Value place) {
    b.when(isBucket, [&] {
      Value row = arith::IndexCastOp::create(b, i32, keys.getRow(entry));
      Value at = arith::IndexCastOp::create(b, b.getIndexType(), place);
      memref::StoreOp::create(b, row, op.getSource(), at);
    });
    places.store(arith::SelectOp::create(b, isBucket, place, none), entry);
  });
  b.when(b.isEqual(team.first, b.index(0)),
         [&] { memref::StoreOp::create(b, start, op.getOffsets(), bucket); });
}

/// One block, which takes the flags that are set for its own entries.
void emitDeviceCompact(tile::CompactOp op, const RowTeam &team) {
  LoopBuilder b(op.getLoc(), op);
  Value count = memref::DimOp::create(b, op.getFlags(), 0);
  Value unset = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  auto classify = [&](Value entry) -> EntryClass {
    Value flag = memref::LoadOp::create(b, op.getFlags(), entry);
    return {arith::CmpIOp::create(b, arith::CmpIPredicate::ne, flag, unset), Value()};
  };
  emitBlockPlaces(b, team, count, classify, [&](Value entry, Value place) {
    Value position = arith::IndexCastOp::create(b, b.getI64Type(), entry);
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), place);
    memref::StoreOp::create(b, position, op.getOuts(), at);
  });
}

} // namespace moec::codegen
