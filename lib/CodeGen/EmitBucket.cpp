//===- EmitBucket.cpp - Stable counting sort ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// offsets doubles as the sort's only memory: offsets[g + 1] holds the count of
/// bucket g, then its start, then, as entries are placed, its next free place,
/// which ends as the start of bucket g + 1.
struct BucketEmitter {
  tile::BucketOp op;
  ImplicitLocOpBuilder b;
  Value zero, one, buckets, nothing, unit;

  explicit BucketEmitter(tile::BucketOp op) : op(op), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
    nothing = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    unit = arith::ConstantOp::create(b, b.getI32IntegerAttr(1));
    Value offsets = memref::DimOp::create(b, op.getOffsets(), 0);
    buckets = arith::SubIOp::create(b, offsets, one);
  }

  void loop(Value end, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, zero, end, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  /// Calls `valid` with the slot of offsets that belongs to an entry's key, and
  /// `invalid` for keys outside [0, G).
  void forEachEntry(function_ref<void(Value row, Value column, Value slot)> valid,
                    function_ref<void(Value row, Value column)> invalid) {
    Value rows = memref::DimOp::create(b, op.getKeys(), 0);
    Value columns = memref::DimOp::create(b, op.getKeys(), 1);
    loop(rows, [&](Value row) {
      loop(columns, [&](Value column) {
        Value key = memref::LoadOp::create(b, op.getKeys(), ValueRange{row, column});
        Value bucket = arith::IndexCastOp::create(b, b.getIndexType(), key);
        // A negative key is a large unsigned number.
        Value isValid = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, bucket, buckets);
        auto chosen = scf::IfOp::create(b, isValid, /*withElseRegion=*/static_cast<bool>(invalid));
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(chosen.thenBlock());
        valid(row, column, arith::AddIOp::create(b, bucket, one));
        if (!invalid)
          return;
        b.setInsertionPointToStart(chosen.elseBlock());
        invalid(row, column);
      });
    });
  }

  Value load(Value slot) { return memref::LoadOp::create(b, op.getOffsets(), ValueRange{slot}); }
  void store(Value value, Value slot) {
    memref::StoreOp::create(b, value, op.getOffsets(), ValueRange{slot});
  }
  Value increment(Value value) { return arith::AddIOp::create(b, value, unit); }

  void emit() {
    loop(arith::AddIOp::create(b, buckets, one), [&](Value slot) { store(nothing, slot); });
    forEachEntry([&](Value, Value, Value slot) { store(increment(load(slot)), slot); }, nullptr);
    startsFromCounts();
    forEachEntry(
        [&](Value row, Value column, Value slot) {
          Value place = load(slot);
          store(increment(place), slot);
          memref::StoreOp::create(
              b, arith::IndexCastOp::create(b, b.getI32Type(), row), op.getSource(),
              ValueRange{arith::IndexCastOp::create(b, b.getIndexType(), place)});
          memref::StoreOp::create(b, place, op.getPlaces(), ValueRange{row, column});
        },
        [&](Value row, Value column) {
          Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
          memref::StoreOp::create(b, none, op.getPlaces(), ValueRange{row, column});
        });
  }

  void startsFromCounts() {
    auto scan = scf::ForOp::create(b, zero, buckets, one, ValueRange{nothing});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(scan.getBody());
    Value slot = arith::AddIOp::create(b, scan.getInductionVar(), one);
    Value count = load(slot), start = scan.getRegionIterArg(0);
    store(start, slot);
    scf::YieldOp::create(b, arith::AddIOp::create(b, start, count).getResult());
  }
};
} // namespace

void emitBucket(tile::BucketOp op) { BucketEmitter(op).emit(); }

} // namespace moec::codegen
