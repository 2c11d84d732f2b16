//===- DeviceAttentionTiles.cpp - Tiles of attention in shared memory -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttentionTiles.h"

#include "lib/CodeGen/FloatBuilder.h"
#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/NarrowFloats.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace moec::codegen {

/// Elements of f32 that a thread takes at once of shared memory: 16 bytes.
constexpr int64_t sharedWidth = 4;

/// Columns of queries that stay in shared memory; wider ones are read again for each step.
constexpr int64_t keptColumns = 256;

/// Loads that a thread has under way at once.
constexpr int64_t loadsInFlight = 8;

Value allocateShared(LoopBuilder &b, gpu::GPUFuncOp kernel, Type type, int64_t elements) {
  auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  unsigned number = kernel.getNumWorkgroupAttributions();
  Value buffer = kernel.addWorkgroupAttribution(
      MemRefType::get({elements}, type, AffineMap(), space), b.getLoc());
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
  Type f32 = b.getF32Type();
  tileType = getElementTypeOrSelf(op.getQuery().getType());
  usesMatrixUnits = isNarrowFloat(tileType) &&
                    getElementTypeOrSelf(op.getKey().getType()) == tileType &&
                    getElementTypeOrSelf(op.getValue().getType()) == tileType;
  if (!usesMatrixUnits)
    tileType = f32;
  pitch = deviceColumns + widestAccess * 8 / tileType.getIntOrFloatBitWidth();
  int64_t columns = cast<MemRefType>(op.getQuery().getType()).getDimSize(3);
  keepsQueries = ShapedType::isStatic(columns) && columns <= keptColumns;
  int64_t chunks = keepsQueries ? llvm::divideCeil(columns, deviceColumns) : 1;
  queryTile = allocateShared(b, kernel, tileType, chunks * deviceQueryRows * pitch);
  tile = allocateShared(b, kernel, tileType, deviceKeys * pitch);
  scoreTile = allocateShared(b, kernel, f32, deviceQueryRows * scorePitch);
}

void AttentionTiles::setPlace(const AttentionPlace &given) {
  place = given;
  headSize = memref::DimOp::create(b, op.getQuery(), 3);
  valueSize = memref::DimOp::create(b, op.getValue(), 3);
  // A warp has 16 of the 64 columns; its halves have half the rows each, or the threads what the
  // fragments of a matrix instruction give them: of each 8 columns 2, in 2 rows.
  Value warp = divideUnsigned(b, place.thread, warpSize);
  Value lane = remainderUnsigned(b, place.thread, warpSize);
  constexpr int64_t share = deviceColumns * warpSize / deviceAttentionThreads;
  warpColumn = b.mul(warp, share);
  if (usesMatrixUnits) {
    column = b.add(warpColumn, b.mul(remainderUnsigned(b, lane, 4), 2));
    firstResultRow = divideUnsigned(b, lane, 4);
  } else {
    column = b.add(warpColumn, remainderUnsigned(b, lane, share));
    firstResultRow = b.mul(divideUnsigned(b, lane, share), results);
  }
}

Value AttentionTiles::resultRow(int64_t number) {
  return b.add(firstResultRow, usesMatrixUnits ? number % 4 / 2 * 8 : number);
}

Value AttentionTiles::resultColumn(int64_t number) {
  return usesMatrixUnits ? b.add(column, number / 4 * 8 + number % 2) : column;
}

SmallVector<Value> AttentionTiles::at(tile::HeadLayout layout, Value head, Value position,
                                      Value column) {
  SmallVector<Value> indices{place.batch, head, position, column};
  if (layout == tile::HeadLayout::BSHD)
    std::swap(indices[1], indices[2]);
  return indices;
}

Value AttentionTiles::loadShared(Value tile, int64_t width, Value at) {
  Type element = getElementTypeOrSelf(tile.getType());
  int64_t bytes = width * element.getIntOrFloatBitWidth() / 8;
  return vector::LoadOp::create(b, VectorType::get({width}, element), tile, at,
                                /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

/// Copies columns [firstColumn, firstColumn + 64) of `rows` rows to `target` from `start` on. Rows
/// that are not there and columns beyond the last are zeros.
void AttentionTiles::stage(Value memref, tile::HeadLayout layout, int64_t width, int64_t rows,
                           function_ref<Source(Value row)> source, Value firstColumn, Value target,
                           Value start) {
  Type element = getElementTypeOrSelf(memref.getType());
  int64_t perRow = deviceColumns / width;
  int64_t total = rows * perRow / deviceAttentionThreads;
  int64_t atOnce = std::min(total, loadsInFlight);
  auto loaded = VectorType::get({width}, element), kept = VectorType::get({width}, tileType);
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
      parts.push_back({b.add(b.add(start, b.mul(row, pitch)), inRow), value});
    }
    for (auto [to, value] : parts) {
      if (element != tileType)
        value = arith::ExtFOp::create(b, kept, value);
      // Stores of more than 16 bytes are several.
      int64_t bits = tileType.getIntOrFloatBitWidth();
      int64_t count = std::min(width, widestAccess * 8 / bits);
      for (int64_t first = 0; first < width; first += count) {
        Value piece = vector::ExtractStridedSliceOp::create(
            b, value, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
        vector::StoreOp::create(b, piece, target, b.add(to, first), /*nontemporal=*/false,
                                llvm::MaybeAlign(count * bits / 8));
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
      stageQueries(firstColumn, b.mul(chunk, deviceQueryRows * pitch));
    });
}

void AttentionTiles::emitScores(Value key, Value endKey) {
  Value nothing = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  SmallVector<Value> scores(results, nothing);
  scores = b.carry(b.index(0), headSize, deviceColumns, scores, [&](Value first, ValueRange sums) {
    Value start = b.index(0);
    if (keepsQueries)
      start = b.mul(divideUnsigned(b, first, deviceColumns), deviceQueryRows * pitch);
    else
      stageQueries(first, start);
    stage(
        op.getKey(), op.getKeyLayout(), widths[1], deviceKeys,
        [&](Value row) { return keySource(key, endKey, row); }, first, tile, b.index(0));
    gpu::BarrierOp::create(b);
    Value columns = b.min(b.index(deviceColumns), b.sub(headSize, first));
    Sums next =
        usesMatrixUnits ? addScoresByMatrix(start, columns, sums) : addScores(start, columns, sums);
    // The tile is free again.
    gpu::BarrierOp::create(b);
    return next;
  });
  for (auto [number, score] : llvm::enumerate(scores))
    memref::StoreOp::create(b, score, scoreTile,
                            b.add(b.mul(resultRow(number), scorePitch), resultColumn(number)));
}

SmallVector<Value> AttentionTiles::emitWeightedSum(Value key, Value endKey, Value firstColumn,
                                                   ValueRange sums) {
  stage(
      op.getValue(), op.getValueLayout(), widths[2], deviceKeys,
      [&](Value row) { return keySource(key, endKey, row); }, firstColumn, tile, b.index(0));
  gpu::BarrierOp::create(b);
  Value keys = b.min(b.index(deviceKeys), b.sub(endKey, key));
  Sums next = usesMatrixUnits ? addValuesByMatrix(keys, sums) : addValues(keys, sums);
  gpu::BarrierOp::create(b);
  return next;
}

AttentionTiles::Sums AttentionTiles::addScores(Value start, Value columns, ValueRange sums) {
  FloatBuilder m(b, b.getF32Type());
  // This thread's key is its column of the scores.
  Value keyStart = b.mul(column, pitch), queryStart = b.add(start, b.mul(firstResultRow, pitch));
  return b.carry(b.index(0), columns, sharedWidth, sums, [&](Value at, ValueRange sums) {
    Sums next(sums);
    Value k = loadShared(tile, sharedWidth, b.add(keyStart, at));
    for (auto [row, sum] : llvm::enumerate(next)) {
      Value q = loadShared(queryTile, sharedWidth, b.add(b.add(queryStart, row * pitch), at));
      for (int64_t i = 0; i < sharedWidth; ++i)
        sum = m.fma(vector::ExtractOp::create(b, q, i), vector::ExtractOp::create(b, k, i), sum);
    }
    return next;
  });
}

AttentionTiles::Sums AttentionTiles::addValues(Value keys, ValueRange sums) {
  FloatBuilder m(b, b.getF32Type());
  Value scoreStart = b.mul(firstResultRow, scorePitch);
  return b.carry(b.index(0), keys, sharedWidth, sums, [&](Value at, ValueRange sums) {
    Sums next(sums), values;
    for (int64_t i = 0; i < sharedWidth; ++i)
      values.push_back(memref::LoadOp::create(b, tile, b.add(b.mul(b.add(at, i), pitch), column)));
    for (auto [row, sum] : llvm::enumerate(next)) {
      Value weights =
          loadShared(scoreTile, sharedWidth, b.add(b.add(scoreStart, row * scorePitch), at));
      for (int64_t i = 0; i < sharedWidth; ++i)
        sum = m.fma(vector::ExtractOp::create(b, weights, i), values[i], sum);
    }
    return next;
  });
}

} // namespace moec::codegen
