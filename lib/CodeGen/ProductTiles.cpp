//===- ProductTiles.cpp - Tiles of a product in shared memory -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ProductTiles.h"

#include "lib/CodeGen/RowAlignment.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
namespace {

// Numbers of threads, lines and granules: not negative, and by powers of two mostly.
Value quotient(LoopBuilder &b, Value value, int64_t by) {
  return b.createOrFold<arith::DivUIOp>(value, b.index(by));
}
Value remainder(LoopBuilder &b, Value value, int64_t by) {
  return b.createOrFold<arith::RemUIOp>(value, b.index(by));
}
Value exclusiveOr(LoopBuilder &b, Value lhs, Value rhs) {
  return arith::XOrIOp::create(b, lhs, rhs);
}
Value select(LoopBuilder &b, Value condition, Value yes, Value no) {
  return arith::SelectOp::create(b, condition, yes, no);
}
Value both(LoopBuilder &b, Value lhs, Value rhs) { return arith::AndIOp::create(b, lhs, rhs); }
Value product(LoopBuilder &b, Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }

} // namespace

ProductSizes::ProductSizes(LoopBuilder &b, tile::RaggedMatmulOp op) {
  types.rows = getElementTypeOrSelf(op.getRows().getType());
  types.allowsTf32 = op->hasAttr(allowTf32AttrName);
  panels = op.getSlabs();
  if (auto packed = dyn_cast<tile::PackedType>(op.getSlabs().getType())) {
    int64_t elements = packed.getSlabs() * packed.getSlabElements();
    panels = tile::PanelsOp::create(b, MemRefType::get({elements}, packed.getElementType()),
                                    op.getSlabs());
    columnsPerResult = packed.getColumns();
    staticColumns = packed.getResultColumns();
    staticPanels = packed.getNumPanels();
    depth = b.index(packed.getK());
    columns = b.index(packed.getResultColumns());
    numPanels = b.index(packed.getNumPanels());
    panelElements = b.index(packed.getPanelElements());
    slabElements = b.index(packed.getSlabElements());
    types.slabs = packed.getElementType();
    return;
  }
  types.slabs = getElementTypeOrSelf(panels.getType());
  depth = b.createOrFold<memref::DimOp>(op.getRows(), 1);
  columns = b.createOrFold<memref::DimOp>(op.getOuts(), 1);
  staticColumns = getConstantIntValue(columns);
  numPanels = b.createOrFold<arith::CeilDivUIOp>(columns, b.index(productPanelColumns));
  staticPanels = getConstantIntValue(numPanels);
  int64_t group = types.slabs.isBF16() ? 2 : 1;
  Value groups = b.createOrFold<arith::CeilDivUIOp>(depth, b.index(group));
  panelElements = b.createOrFold<arith::MulIOp>(groups, b.index(group * productPanelColumns));
  slabElements = b.createOrFold<arith::MulIOp>(numPanels, panelElements);
}

ProductThread::ProductThread(LoopBuilder &b, const DeviceProductSchedule &schedule) {
  number = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  warp = quotient(b, number, warpSize);
  lane = remainder(b, number, warpSize);
  quad = quotient(b, lane, 4);
  inQuad = remainder(b, lane, 4);
  int64_t across = schedule.panels / schedule.warpPanels;
  panel = b.mul(remainder(b, warp, across), schedule.warpPanels);
  firstRow = b.mul(quotient(b, warp, across), schedule.warpRows);
}

ProductTiles::ProductTiles(LoopBuilder &b, tile::RaggedMatmulOp op, const ProductSizes &sizes,
                           const DeviceProductSchedule &schedule, const ProductThread &thread,
                           Value shared)
    : b(b), op(op), sizes(sizes), schedule(schedule), thread(thread), types(sizes.types),
      rowGranule(granuleBytes / types.rowBytes()), panelGranule(granuleBytes / types.slabBytes()) {
  SmallVector<int64_t> strides;
  int64_t offset;
  auto type = cast<MemRefType>(op.getRows().getType());
  copiesRows = succeeded(type.getStridesAndOffset(strides, offset)) && strides.back() == 1 &&
               hasAlignedRows(op.getRows(), rowGranule);
  rows = view(shared, 0,
              {schedule.stages, schedule.rows, lineBytes / schedule.rowShare / types.rowBytes()},
              types.rows);
  panels = view(
      shared, schedule.stages * types.rowsBytes(schedule),
      {schedule.stages, schedule.panels, types.panelLines(schedule), lineBytes / types.slabBytes()},
      types.slabs);
}

Value ProductTiles::view(Value shared, int64_t byte, ArrayRef<int64_t> shape, Type element) {
  auto type = MemRefType::get(shape, element, MemRefLayoutAttrInterface(),
                              cast<MemRefType>(shared.getType()).getMemorySpace());
  return memref::ViewOp::create(b, type, shared, b.index(byte), ValueRange());
}

/// Rows that share a line are in other halves of it, and so in other banks.
Value ProductTiles::swizzleRows(Value granule, Value row) {
  constexpr int64_t perLine = lineBytes / granuleBytes;
  Value line = quotient(b, row, schedule.rowShare);
  return exclusiveOr(b, granule, remainder(b, line, perLine / schedule.rowShare));
}

/// Threads of a phase read 8 granules of 4 neighbouring lines: columns 0 and 4 of granules that
/// have 4 columns, or, of f16, whose granules have 8, 0 and 2. So lines differ in the low bits of
/// the permutation for the former and in bits 0 and 2 for the latter.
Value ProductTiles::swizzlePanels(Value granule, Value line) {
  if (!types.slabs.isF16())
    return exclusiveOr(b, granule, remainder(b, line, 8));
  Value low = remainder(b, line, 2);
  Value middle = remainder(b, quotient(b, line, 2), 2),
        high = remainder(b, quotient(b, line, 4), 2);
  return exclusiveOr(b, granule, b.add(b.add(low, b.mul(middle, 4)), b.mul(high, 2)));
}

void ProductTiles::emitStart(const ProductTile &tile) {
  int64_t perRow = types.depth(schedule) / rowGranule;
  int64_t numPieces = llvm::divideCeil(schedule.rows * perRow, schedule.numThreads());
  pieces.clear();
  for (int64_t i = 0; i < numPieces; ++i) {
    RowPiece piece;
    Value at = b.add(thread.number, i * schedule.numThreads());
    piece.line = quotient(b, at, perRow);
    piece.k = b.mul(remainder(b, at, perRow), rowGranule);
    piece.isRow = b.isLess(piece.line, tile.numRows);
    Value row = b.add(tile.firstRow, piece.line);
    piece.source = row;
    if (Value gather = op.getGather())
      piece.source = b.choose(
                          piece.isRow, b.getIndexType(),
                          [&]() -> SmallVector<Value> {
                            Value number = memref::LoadOp::create(b, gather, row);
                            return {arith::IndexCastOp::create(b, b.getIndexType(), number)};
                          },
                          [&]() -> SmallVector<Value> { return {b.index(0)}; })
                         .front();
    else
      piece.source = select(b, piece.isRow, row, b.index(0));
    pieces.push_back(piece);
  }
  slabStart = product(b, tile.slab, sizes.slabElements);
  firstPanel = tile.firstPanel;
}

void ProductTiles::emitLoad(Value step, Value stage) {
  emitLoadRows(step, stage);
  emitLoadPanels(step, stage);
}

void ProductTiles::emitLoadRows(Value step, Value stage) {
  std::optional<int64_t> depth = getConstantIntValue(sizes.depth);
  bool isWhole = depth && *depth % types.depth(schedule) == 0;
  Value first = b.mul(step, types.depth(schedule));
  bool hasAll = schedule.rows * types.depth(schedule) / rowGranule % schedule.numThreads() == 0;
  for (const RowPiece &piece : pieces) {
    auto load = [&] { emitLoadPiece(piece, first, stage, isWhole); };
    if (hasAll)
      load();
    else
      b.when(b.isLess(piece.line, b.index(schedule.rows)), load);
  }
}

void ProductTiles::emitLoadPiece(const RowPiece &piece, Value first, Value stage, bool isWhole) {
  Value k = b.add(first, piece.k), none = b.index(0);
  Value granule = quotient(b, piece.k, rowGranule);
  Value at[] = {stage, piece.line, b.mul(swizzleRows(granule, piece.line), rowGranule)};
  if (!copiesRows)
    return emitLoadElements(piece, k, at);
  // What is not copied becomes zeros, which add nothing.
  Value count = b.index(rowGranule);
  if (!isWhole) {
    Value left = b.max(b.sub(sizes.depth, k), none);
    count = b.min(count, left);
    k = select(b, b.isLess(k, sizes.depth), k, none);
  }
  count = select(b, piece.isRow, count, none);
  nvgpu::DeviceAsyncCopyOp::create(b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), rows, at,
                                   op.getRows(), ValueRange{piece.source, k},
                                   b.getIndexAttr(rowGranule), count, b.getUnitAttr());
}

/// Rows that start anywhere are read element by element.
void ProductTiles::emitLoadElements(const RowPiece &piece, Value k, ValueRange at) {
  b.loop(b.index(0), b.index(rowGranule), 1, [&](Value i) {
    Value from = b.add(k, i);
    Value isThere = both(b, piece.isRow, b.isLess(from, sizes.depth));
    Value element =
        b.choose(
             isThere, types.rows,
             [&]() -> SmallVector<Value> {
               return {memref::LoadOp::create(b, op.getRows(), ValueRange{piece.source, from})};
             },
             [&]() -> SmallVector<Value> {
               return {arith::ConstantOp::create(b, b.getZeroAttr(types.rows))};
             })
            .front();
    memref::StoreOp::create(b, element, rows, ValueRange{at[0], at[1], b.add(at[2], i)});
  });
}

void ProductTiles::emitLoadPanels(Value step, Value stage) {
  constexpr int64_t perLine = lineBytes / granuleBytes;
  int64_t lines = types.panelLines(schedule);
  int64_t numPieces = schedule.panels * lines * perLine / schedule.numThreads();
  std::optional<int64_t> depth = getConstantIntValue(sizes.depth);
  bool isWhole = depth && *depth % types.depth(schedule) == 0;
  bool hasAll = sizes.staticPanels && *sizes.staticPanels % schedule.panels == 0;
  Value first = b.mul(step, types.depth(schedule) * productPanelColumns);
  for (int64_t i = 0; i < numPieces; ++i) {
    Value number = b.add(thread.number, i * schedule.numThreads());
    Value granule = remainder(b, number, perLine);
    Value line = remainder(b, quotient(b, number, perLine), lines);
    Value panel = quotient(b, number, perLine * lines);
    Value inPanel = b.add(b.add(first, b.mul(line, lineBytes / types.slabBytes())),
                          b.mul(granule, panelGranule));
    Value from = b.add(firstPanel, panel);
    Value isThere;
    if (!isWhole)
      isThere = b.isLess(inPanel, sizes.panelElements);
    if (!hasAll) {
      Value isPanel = b.isLess(from, sizes.numPanels);
      isThere = isThere ? both(b, isThere, isPanel) : isPanel;
    }
    Value source = b.add(b.add(slabStart, product(b, from, sizes.panelElements)), inPanel);
    Value count = b.index(panelGranule);
    if (isThere) {
      count = select(b, isThere, count, b.index(0));
      source = select(b, isThere, source, b.index(0));
    }
    Value at[] = {stage, panel, line, b.mul(swizzlePanels(granule, line), panelGranule)};
    nvgpu::DeviceAsyncCopyOp::create(b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), panels,
                                     at, sizes.panels, source, b.getIndexAttr(panelGranule), count,
                                     b.getUnitAttr());
  }
}

Value ProductTiles::loadVector(Value memref, ValueRange at, int64_t elements) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t bytes = elements * element.getIntOrFloatBitWidth() / 8;
  return vector::LoadOp::create(b, VectorType::get({elements}, element), memref, at,
                                /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

Value ProductTiles::loadPanel(const PanelPlace &place, Value line, Value granule, Value inGranule,
                              int64_t elements) {
  Value at = b.mul(swizzlePanels(granule, line), panelGranule);
  if (inGranule)
    at = b.add(at, inGranule);
  return loadVector(panels, {place.stage, b.add(thread.panel, place.panel), line, at}, elements);
}

Value ProductTiles::widen(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getElementType().isF32())
    return vector;
  return arith::ExtFOp::create(b, type.clone(b.getF32Type()), vector);
}

//===----------------------------------------------------------------------===//
// Matrix instructions
//===----------------------------------------------------------------------===//

Value ProductTiles::emitRowFragment(Value stage, int64_t row, int64_t k) {
  // Matrix i of four has rows 8 * (i mod 2) and granule i / 2; lanes 8 * i.. tell where its rows
  // are.
  Value line = b.add(b.add(thread.firstRow, remainder(b, thread.lane, 16)), row);
  Value granule = b.add(quotient(b, thread.lane, 16), k / rowGranule);
  Value at[] = {stage, line, b.mul(swizzleRows(granule, line), rowGranule)};
  auto type = VectorType::get({4, 4 / types.rowBytes()}, types.rows);
  return nvgpu::LdMatrixOp::create(b, type, rows, at, /*transpose=*/false, /*numTiles=*/4);
}

SmallVector<Value> ProductTiles::emitPanelFragments(const PanelPlace &from, int64_t k) {
  // Columns of a fragment are granules of 4: the even ones 0, 1, 2, 3, the odd ones 4, 5, 6, 7.
  Value place = b.add(quotient(b, thread.quad, 2), b.mul(remainder(b, thread.quad, 2), 4));
  SmallVector<Value> fragments(8);
  int64_t perLine = lineBytes / (productPanelColumns * types.slabBytes()); // summands
  for (int64_t half : {0, 1}) {
    Value line = b.add(thread.inQuad, k / perLine + 4 * half);
    if (types.slabs.isF32()) {
      Value vector = loadPanel(from, line, place, Value(), 4);
      for (int64_t i = 0; i < 4; ++i)
        fragments[2 * i + half] = vector::ExtractStridedSliceOp::create(
            b, vector, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1}, ArrayRef<int64_t>{1});
      continue;
    }
    SmallVector<Value> vectors; // of whole pairs, or of the first and of the second summands
    if (types.slabs.isBF16()) {
      vectors.push_back(loadPanel(from, line, place, Value(), 8));
    } else {
      Value granule = quotient(b, place, 2), inGranule = b.mul(remainder(b, place, 2), 4);
      for (int64_t parity : {0, 1})
        vectors.push_back(loadPanel(from, line, b.add(granule, 4 * parity), inGranule, 4));
      vectors = {vector::InterleaveOp::create(b, vectors[0], vectors[1])};
    }
    for (int64_t i = 0; i < 4; ++i)
      fragments[2 * i + half] = vector::ExtractStridedSliceOp::create(
          b, vectors.front(), ArrayRef<int64_t>{2 * i}, ArrayRef<int64_t>{2}, ArrayRef<int64_t>{1});
  }
  return fragments;
}

//===----------------------------------------------------------------------===//
// Multiply-adds in f32
//===----------------------------------------------------------------------===//

Value ProductTiles::emitRowSummands(Value stage, int64_t row, Value k) {
  Value line = b.add(b.add(thread.firstRow, thread.quad), row);
  Value granule = quotient(b, k, rowGranule);
  Value at = b.add(b.mul(swizzleRows(granule, line), rowGranule), remainder(b, k, rowGranule));
  return widen(loadVector(rows, {stage, line, at}, 4));
}

std::pair<Value, Value> ProductTiles::splitPairs(Value pairs) {
  auto words = VectorType::get({4}, b.getI32Type()), floats = VectorType::get({4}, b.getF32Type());
  auto splat = [&](int32_t value) {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(words, value)).getResult();
  };
  Value bits = vector::BitCastOp::create(b, words, pairs);
  Value first = arith::ShLIOp::create(b, bits, splat(16));
  Value second = arith::AndIOp::create(b, bits, splat(static_cast<int32_t>(0xffff0000)));
  return {vector::BitCastOp::create(b, floats, first),
          vector::BitCastOp::create(b, floats, second)};
}

SmallVector<Value> ProductTiles::emitPanelSummands(const PanelPlace &from, Value k) {
  Value pair = quotient(b, k, 2);
  SmallVector<Value> values(8);
  for (int64_t half : {0, 1}) {
    Value place = b.add(thread.inQuad, 4 * half);
    for (int64_t i = 0; i < 4; ++i) {
      Value &value = values[2 * i + half];
      if (types.slabs.isF32()) {
        value = loadPanel(from, b.add(k, i), place, Value(), 4);
      } else if (types.slabs.isF16()) {
        Value granule = b.add(quotient(b, place, 2), i % 2 * 4);
        Value inGranule = b.mul(remainder(b, place, 2), 4);
        value = widen(loadPanel(from, b.add(pair, i / 2), granule, inGranule, 4));
      } else if (i % 2 == 0) {
        Value pairs = loadPanel(from, b.add(pair, i / 2), place, Value(), 8);
        std::tie(value, values[2 * (i + 1) + half]) = splitPairs(pairs);
      }
    }
  }
  return values;
}

} // namespace moec::codegen
