//===- DeviceAttentionTiles.cpp - Tiles of attention in shared memory -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttentionTiles.h"

#include "lib/CodeGen/FloatBuilder.h"
#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace moec::codegen {

/// Elements of shared memory that a thread takes at once: 16 bytes.
constexpr int64_t sharedWidth = 4;

/// Columns of queries that stay in shared memory; wider ones are read again for each step.
constexpr int64_t keptColumns = 256;

/// Loads that a thread has under way at once.
constexpr int64_t loadsInFlight = 8;

Value allocateShared(LoopBuilder &b, gpu::GPUFuncOp kernel, int64_t elements) {
  auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  unsigned number = kernel.getNumWorkgroupAttributions();
  Value buffer = kernel.addWorkgroupAttribution(
      MemRefType::get({elements}, b.getF32Type(), AffineMap(), space), b.getLoc());
  kernel.setWorkgroupAttributionAttr(number, LLVM::LLVMDialect::getAlignAttrName(),
                                     b.getI64IntegerAttr(widestAccess));
  return buffer;
}

Value divideUnsigned(LoopBuilder &b, Value value, int64_t by) {
  return b.createOrFold<arith::DivUIOp>(value, b.index(by));
}

Value remainderUnsigned(LoopBuilder &b, Value value, int64_t by) {
  return b.createOrFold<arith::RemUIOp>(value, b.index(by));
}

AttentionTiles::AttentionTiles(LoopBuilder &b, tile::AttentionOp op, gpu::GPUFuncOp kernel)
    : b(b), op(op), widths(op->getAttrOfType<DenseI64ArrayAttr>(widthsAttrName).asArrayRef()),
      groupSize(getGroupSize(op)) {
  int64_t columns = cast<MemRefType>(op.getQuery().getType()).getDimSize(3);
  keepsQueries = ShapedType::isStatic(columns) && columns <= keptColumns;
  int64_t chunks = keepsQueries ? llvm::divideCeil(columns, deviceColumns) : 1;
  queryTile = allocateShared(b, kernel, chunks * deviceQueryRows * tilePitch);
  tile = allocateShared(b, kernel, deviceKeys * tilePitch);
  scoreTile = allocateShared(b, kernel, deviceQueryRows * tilePitch);
}

void AttentionTiles::setPlace(const AttentionPlace &given) {
  place = given;
  headSize = memref::DimOp::create(b, op.getQuery(), 3);
  valueSize = memref::DimOp::create(b, op.getValue(), 3);
  // A warp has 16 of the 64 columns; its halves have half the rows each.
  Value warp = divideUnsigned(b, place.thread, warpSize);
  Value lane = remainderUnsigned(b, place.thread, warpSize);
  constexpr int64_t share = deviceColumns * warpSize / deviceAttentionThreads;
  column = b.add(b.mul(warp, share), remainderUnsigned(b, lane, share));
  firstResultRow = b.mul(divideUnsigned(b, lane, share), results);
}

SmallVector<Value> AttentionTiles::at(tile::HeadLayout layout, Value head, Value position,
                                      Value column) {
  SmallVector<Value> indices{place.batch, head, position, column};
  if (layout == tile::HeadLayout::BSHD)
    std::swap(indices[1], indices[2]);
  return indices;
}

Value AttentionTiles::loadShared(Value tile, Value at) {
  auto type = VectorType::get({sharedWidth}, b.getF32Type());
  return vector::LoadOp::create(b, type, tile, at, /*nontemporal=*/false,
                                llvm::MaybeAlign(widestAccess));
}

/// Copies columns [firstColumn, firstColumn + 64) of `rows` rows to `target` from `start` on. Rows
/// that are not there and columns beyond the last are zeros.
void AttentionTiles::stage(Value memref, tile::HeadLayout layout, int64_t width, int64_t rows,
                           function_ref<Source(Value row)> source, Value firstColumn, Value target,
                           Value start) {
  Type element = getElementTypeOrSelf(memref.getType()), f32 = b.getF32Type();
  int64_t perRow = deviceColumns / width;
  int64_t total = rows * perRow / deviceAttentionThreads;
  int64_t atOnce = std::min(total, loadsInFlight);
  auto loaded = VectorType::get({width}, element), wide = VectorType::get({width}, f32);
  int64_t bytes = width * element.getIntOrFloatBitWidth() / 8;
  Value end = memref::DimOp::create(b, memref, 3);
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(loaded));
  b.loop(b.index(0), b.index(total), atOnce, [&](Value step) {
    SmallVector<std::pair<Value, Value>> parts;
    for (int64_t part = 0; part < atOnce; ++part) {
      Value number = b.add(b.mul(b.add(step, part), deviceAttentionThreads), place.thread);
      Value row = divideUnsigned(b, number, perRow);
      Value inRow = b.mul(remainderUnsigned(b, number, perRow), width);
      Value from = b.add(firstColumn, inRow);
      Source of = source(row);
      Value isThere = arith::AndIOp::create(b, of.isThere, b.isLess(from, end));
      Value value = b.choose(
          isThere, TypeRange{loaded},
          [&]() -> SmallVector<Value> {
            return {vector::LoadOp::create(b, loaded, memref,
                                           at(layout, of.head, of.position, from),
                                           /*nontemporal=*/false, llvm::MaybeAlign(bytes))};
          },
          [&]() -> SmallVector<Value> { return {zeros}; })[0];
      parts.push_back({b.add(b.add(start, b.mul(row, tilePitch)), inRow), value});
    }
    for (auto [to, value] : parts) {
      if (!element.isF32())
        value = arith::ExtFOp::create(b, wide, value);
      // Stores of more than 16 bytes are several.
      for (int64_t first = 0; first < width; first += sharedWidth) {
        int64_t count = std::min(width, sharedWidth);
        Value piece = vector::ExtractStridedSliceOp::create(
            b, value, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
        vector::StoreOp::create(b, piece, target, b.add(to, first), /*nontemporal=*/false,
                                llvm::MaybeAlign(count * 4));
      }
    }
  });
}

void AttentionTiles::stageQueries(Value firstColumn, Value start) {
  Value firstHead = b.mul(place.keyHead, groupSize);
  auto source = [&](Value row) -> Source {
    Value number = b.add(place.firstRow, row);
    return {b.isLess(row, place.rows), b.add(firstHead, remainderUnsigned(b, number, groupSize)),
            divideUnsigned(b, number, groupSize)};
  };
  stage(op.getQuery(), op.getQueryLayout(), widths[0], deviceQueryRows, source, firstColumn,
        queryTile, start);
}

AttentionTiles::Source AttentionTiles::keySource(Value key, Value endKey, Value row) {
  Value position = b.add(key, row);
  return {b.isLess(position, endKey), place.keyHead, position};
}

void AttentionTiles::emitStart() {
  if (keepsQueries)
    b.loop(b.index(0), headSize, deviceColumns, [&](Value firstColumn) {
      Value chunk = divideUnsigned(b, firstColumn, deviceColumns);
      stageQueries(firstColumn, b.mul(chunk, deviceQueryRows * tilePitch));
    });
}

void AttentionTiles::emitScores(Value key, Value endKey) {
  FloatBuilder m(b, b.getF32Type());
  SmallVector<Value> scores(results, m.f(0.0f));
  // This thread's key is its column of the scores.
  Value keyStart = b.mul(column, tilePitch);
  scores = b.carry(b.index(0), headSize, deviceColumns, scores, [&](Value first, ValueRange sums) {
    Value start = b.index(0);
    if (keepsQueries)
      start = b.mul(divideUnsigned(b, first, deviceColumns), deviceQueryRows * tilePitch);
    else
      stageQueries(first, start);
    stage(
        op.getKey(), op.getKeyLayout(), widths[1], deviceKeys,
        [&](Value row) { return keySource(key, endKey, row); }, first, tile, b.index(0));
    gpu::BarrierOp::create(b);
    Value queryStart = b.add(start, b.mul(firstResultRow, tilePitch));
    Value columns = b.min(b.index(deviceColumns), b.sub(headSize, first));
    SmallVector<Value> next =
        b.carry(b.index(0), columns, sharedWidth, sums, [&](Value at, ValueRange sums) {
          SmallVector<Value> next(sums);
          Value k = loadShared(tile, b.add(keyStart, at));
          for (auto [row, sum] : llvm::enumerate(next)) {
            Value q = loadShared(queryTile, b.add(b.add(queryStart, row * tilePitch), at));
            for (int64_t i = 0; i < sharedWidth; ++i)
              sum = m.fma(vector::ExtractOp::create(b, q, i), vector::ExtractOp::create(b, k, i),
                          sum);
          }
          return next;
        });
    // The tile is free again.
    gpu::BarrierOp::create(b);
    return next;
  });
  for (auto [number, score] : llvm::enumerate(scores))
    memref::StoreOp::create(b, score, scoreTile,
                            b.add(b.mul(resultRow(number), tilePitch), column));
}

SmallVector<Value> AttentionTiles::emitWeightedSum(Value key, Value endKey, Value firstColumn,
                                                   ValueRange sums) {
  FloatBuilder m(b, b.getF32Type());
  stage(
      op.getValue(), op.getValueLayout(), widths[2], deviceKeys,
      [&](Value row) { return keySource(key, endKey, row); }, firstColumn, tile, b.index(0));
  gpu::BarrierOp::create(b);
  Value keys = b.min(b.index(deviceKeys), b.sub(endKey, key));
  Value scoreStart = b.mul(firstResultRow, tilePitch);
  SmallVector<Value> next =
      b.carry(b.index(0), keys, sharedWidth, sums, [&](Value at, ValueRange sums) {
        SmallVector<Value> next(sums), values;
        for (int64_t i = 0; i < sharedWidth; ++i)
          values.push_back(
              memref::LoadOp::create(b, tile, b.add(b.mul(b.add(at, i), tilePitch), column)));
        for (auto [row, sum] : llvm::enumerate(next)) {
          Value weights = loadShared(scoreTile, b.add(b.add(scoreStart, row * tilePitch), at));
          for (int64_t i = 0; i < sharedWidth; ++i)
            sum = m.fma(vector::ExtractOp::create(b, weights, i), values[i], sum);
        }
        return next;
      });
  gpu::BarrierOp::create(b);
  return next;
}

} // namespace moec::codegen
