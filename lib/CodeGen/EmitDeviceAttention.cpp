//===- EmitDeviceAttention.cpp - The emit-device-attention pass -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttentionSoftmax.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITDEVICEATTENTIONPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Columns of values whose sums a block keeps at once, where the number is static and where not.
constexpr int64_t mostGroupColumns = 256, dynamicGroupColumns = 128;

class DeviceAttentionEmitter {
public:
  DeviceAttentionEmitter(tile::AttentionOp op, gpu::GPUFuncOp kernel)
      : op(op), b(op.getLoc(), op), m(b, b.getF32Type()), tiles(b, op, kernel),
        softmax(b, op, kernel) {}

  void emit() {
    findPlace();
    tiles.setPlace(place);
    softmax.setPlace(place);
    tiles.emitStart();
    Value valueSize = memref::DimOp::create(b, op.getOuts(), 3);
    int64_t known = cast<MemRefType>(op.getOuts().getType()).getDimSize(3);
    int64_t groupColumns =
        ShapedType::isDynamic(known)
            ? dynamicGroupColumns
            : std::min<int64_t>(llvm::alignTo(known, deviceColumns), mostGroupColumns);
    chunks = groupColumns / deviceColumns;
    b.loop(b.index(0), valueSize, groupColumns, [&](Value column) { emitGroup(column); });
  }

private:
  /// Tiles of a key head are taken last rows first: where queries see the keys before them, those
  /// take longest.
  void findPlace() {
    int64_t keyHeads = countKeyHeads(op);
    Value queries = memref::DimOp::create(b, op.getQuery(), getHeadDim(op.getQueryLayout(), 2));
    Value rows = b.mul(queries, getGroupSize(op));
    Value count = divideUnsigned(b, b.add(rows, deviceQueryRows - 1), deviceQueryRows);
    Value block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    Value head = arith::DivUIOp::create(b, block, count);
    Value number = arith::RemUIOp::create(b, block, count);
    place.thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    place.batch = divideUnsigned(b, head, keyHeads);
    place.keyHead = remainderUnsigned(b, head, keyHeads);
    place.firstRow = b.mul(b.sub(b.sub(count, number), 1), deviceQueryRows);
    place.rows = b.min(b.index(deviceQueryRows), b.sub(rows, place.firstRow));
  }

  /// The result's columns [column, column + 64 * chunks).
  void emitGroup(Value column) {
    // The totals of the group before have been read.
    gpu::BarrierOp::create(b);
    SmallVector<Value> state = softmax.makeState();
    size_t stateSize = state.size();
    state.append(chunks * AttentionTiles::results, m.f(0.0f));
    Value end = softmax.getEndKey();
    state = b.carry(softmax.getFirstKey(), end, deviceKeys, state, [&](Value key, ValueRange in) {
      tiles.emitScores(key, end);
      gpu::BarrierOp::create(b);
      SmallVector<Value> next = softmax.emitStep(tiles.scores(), key, in.take_front(stateSize));
      gpu::BarrierOp::create(b);
      SmallVector<Value> sums = rescale(in.drop_front(stateSize));
      for (int64_t chunk = 0; chunk < chunks; ++chunk)
        next.append(tiles.emitWeightedSum(key, end, b.add(column, chunk * deviceColumns),
                                          getChunk(sums, chunk)));
      return next;
    });
    softmax.emitTotals(ArrayRef(state).take_front(stateSize));
    gpu::BarrierOp::create(b);
    emitResult(column, ArrayRef(state).drop_front(stateSize));
  }

  static ArrayRef<Value> getChunk(ArrayRef<Value> sums, int64_t chunk) {
    return sums.slice(chunk * AttentionTiles::results, AttentionTiles::results);
  }

  SmallVector<Value> rescale(ValueRange sums) {
    SmallVector<Value> factors, scaled;
    for (int64_t i = 0; i < AttentionTiles::results; ++i)
      factors.push_back(softmax.loadFactor(tiles.resultRow(i)));
    for (auto [i, sum] : llvm::enumerate(sums))
      scaled.push_back(m.mul(sum, factors[i % AttentionTiles::results]));
    return scaled;
  }

  void emitResult(Value firstColumn, ArrayRef<Value> sums) {
    Type stored = getElementTypeOrSelf(op.getOuts().getType());
    Value valueSize = memref::DimOp::create(b, op.getOuts(), 3);
    int64_t groupSize = getGroupSize(op);
    for (int64_t i = 0; i < AttentionTiles::results; ++i) {
      Value row = tiles.resultRow(i), number = b.add(place.firstRow, row);
      Value head = b.add(b.mul(place.keyHead, groupSize), remainderUnsigned(b, number, groupSize));
      Value query = divideUnsigned(b, number, groupSize);
      Value isRow = b.isLess(row, place.rows);
      Value total = softmax.loadFactor(row);
      Value isEmpty = m.compare(arith::CmpFPredicate::OEQ, total, m.f(0.0f));
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        Value column = b.add(firstColumn, b.add(tiles.resultColumn(i), chunk * deviceColumns));
        // Adding zero to a sum that rescaling made -0 makes it what it is without.
        Value result = m.add(m.div(getChunk(sums, chunk)[i], total), m.f(0.0f));
        if (!op.getNanRows())
          result = m.select(isEmpty, m.f(0.0f), result);
        if (!stored.isF32())
          result = arith::TruncFOp::create(b, stored, result);
        b.when(arith::AndIOp::create(b, isRow, b.isLess(column, valueSize)), [&] {
          memref::StoreOp::create(b, result, op.getOuts(),
                                  tiles.at(op.getOutsLayout(), head, query, column));
        });
      }
    }
  }

  tile::AttentionOp op;
  LoopBuilder b;
  FloatBuilder m;
  AttentionTiles tiles;
  DeviceAttentionSoftmax softmax;
  AttentionPlace place;
  int64_t chunks = 0;
};

struct EmitDeviceAttention : impl::EmitDeviceAttentionPassBase<EmitDeviceAttention> {
  void runOnOperation() override {
    SmallVector<tile::AttentionOp> ops;
    getOperation().walk([&](tile::AttentionOp op) { ops.push_back(op); });
    for (tile::AttentionOp op : ops) {
      auto kernel = dyn_cast<gpu::GPUFuncOp>(op->getParentOp());
      auto widths = op->getAttrOfType<DenseI64ArrayAttr>(widthsAttrName);
      auto rows = kernel ? kernel->getAttrOfType<IntegerAttr>(queryRowsAttrName) : IntegerAttr();
      if (!rows || rows.getInt() != deviceQueryRows || !widths || widths.size() != 3) {
        op.emitOpError() << "expects to stand in a kernel with '" << queryRowsAttrName << "' "
                         << deviceQueryRows << " and to have three '" << widthsAttrName << "'";
        return signalPassFailure();
      }
      if (op->getNumResults() != 0) {
        op.emitOpError("is still on tensors; bufferize before emit-device-attention");
        return signalPassFailure();
      }
      DeviceAttentionEmitter(op, kernel).emit();
      op.erase();
      ++numEmitted;
    }
  }
};

} // namespace
} // namespace moec::codegen
