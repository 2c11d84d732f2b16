//===- EmitAttention.cpp - Blocks of queries times blocks of keys -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AttentionSoftmax.h"
#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/FirstLanes.h"
#include "lib/CodeGen/FloatBuilder.h"
#include "lib/CodeGen/PanelKernel.h"
#include "lib/CodeGen/RowBlocks.h"
#include "lib/CodeGen/TransposeLanes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace moec::codegen {
namespace {

constexpr int64_t lanes = 16;
constexpr int64_t unitRows = tile::AttentionRowsOp::unitRows;

/// Columns of values whose sums are kept at once, 24 KiB of the stack. Wider
/// values repeat the scores per group of columns, with the same bits.
constexpr int64_t groupColumns = 128;

class AttentionEmitter {
public:
  AttentionEmitter(tile::AttentionRowsOp op, const IsaLevel &level, PanelKernels &kernels)
      : op(op), level(level), kernels(kernels), b(op.getLoc(), op), softmax(b, op, scratch) {
    // At the function's entry: the stack does not grow if the op stands in a loop.
    OpBuilder::InsertionGuard guard(b);
    auto function = op->getParentOfType<FunctionOpInterface>();
    b.setInsertionPointToStart(&function.getFunctionBody().front());
    Type f32 = b.getF32Type(), index = b.getIndexType();
    queries = allocate(f32, unitRows * attentionBlock);
    panel = allocate(f32, attentionBlock * panelWidth);
    scratch.scores = allocate(f32, unitRows * attentionBlock);
    scratch.sums = allocate(f32, unitRows * groupColumns);
    scratch.partials = allocate(f32, unitRows * lanes);
    scratch.maxima = allocate(f32, unitRows);
    for (Value *table : {&scratch.heads, &scratch.queries, &scratch.begins, &scratch.ends})
      *table = allocate(index, unitRows);
  }

  void emit() {
    keyHeads = b.index(getSize(op.getKey(), op.getKeyLayout(), 1));
    groupSize =
        getSize(op.getQuery(), op.getQueryLayout(), 1) / getSize(op.getKey(), op.getKeyLayout(), 1);
    headSize = size(op.getQuery(), op.getQueryLayout(), 3);
    valueSize = size(op.getValue(), op.getValueLayout(), 3);
    numQueries = size(op.getQuery(), op.getQueryLayout(), 2);
    Value numRows = b.mul(numQueries, groupSize);
    Value units = b.div(b.add(numRows, unitRows - 1), unitRows);
    b.loop(op.getBegin(), op.getEnd(), 1, [&](Value unit) {
      Value place = arith::RemSIOp::create(b, unit, units);
      Value heads = arith::DivSIOp::create(b, unit, units);
      batch = arith::DivSIOp::create(b, heads, keyHeads);
      keyHead = arith::RemSIOp::create(b, heads, keyHeads);
      // First and last rows by turns.
      Value half = b.div(place, 2);
      Value isOdd = b.isEqual(b.rem(place, 2), b.index(1));
      Value block = arith::SelectOp::create(b, isOdd, b.sub(b.sub(units, half), 1), half);
      Value firstRow = b.mul(block, unitRows);
      emitUnit(firstRow, b.min(b.index(unitRows), b.sub(numRows, firstRow)));
    });
  }

private:
  Value allocate(Type type, int64_t count) {
    Value memref =
        memref::AllocaOp::create(b, MemRefType::get({count}, type), b.getI64IntegerAttr(64));
    return memref::CastOp::create(b, MemRefType::get({ShapedType::kDynamic}, type), memref);
  }

  /// Which dimension of an operand is batch (0), heads (1), sequence (2) or head
  /// size (3).
  static int64_t dimOf(tile::HeadLayout layout, int64_t dim) {
    return layout == tile::HeadLayout::BSHD && (dim == 1 || dim == 2) ? 3 - dim : dim;
  }
  static int64_t getSize(Value memref, tile::HeadLayout layout, int64_t dim) {
    return cast<MemRefType>(memref.getType()).getDimSize(dimOf(layout, dim));
  }
  Value size(Value memref, tile::HeadLayout layout, int64_t dim) {
    return b.createOrFold<memref::DimOp>(memref, dimOf(layout, dim));
  }
  SmallVector<Value> at(tile::HeadLayout layout, Value head, Value position, Value column) {
    SmallVector<Value> indices{batch, head, position, column};
    if (layout == tile::HeadLayout::BSHD)
      std::swap(indices[1], indices[2]);
    return indices;
  }

  /// 16 columns as f32, or the first `valid` of them and zeros.
  Value load(Value memref, ValueRange indices, Value valid) {
    auto type = VectorType::get({lanes}, getElementTypeOrSelf(memref.getType()));
    Value value = valid ? loadFirstLanes(b, type, memref, indices, valid)
                        : vector::LoadOp::create(b, type, memref, indices).getResult();
    if (type.getElementType().isF32())
      return value;
    return arith::ExtFOp::create(b, type.clone(b.getF32Type()), value);
  }

  /// Rows are read a few columns at a time, an order that the processor does not
  /// foresee. A prefetch beyond the last key does nothing.
  void prefetchNextBlock(Value memref, tile::HeadLayout layout, Value position, Value column) {
    memref::PrefetchOp::create(b, memref,
                               at(layout, keyHead, b.add(position, attentionBlock), column),
                               /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }

  /// Calls `body` for 16 columns at a time of [0, count), the last time with the
  /// number that is left if that is less.
  void forColumns(Value count, function_ref<void(Value column, Value valid)> body) {
    Value whole = b.mul(b.div(count, lanes), lanes);
    b.loop(b.index(0), whole, lanes, [&](Value column) { body(column, Value()); });
    Value rest = b.sub(count, whole);
    b.when(b.isLess(b.index(0), rest), [&] { body(whole, rest); });
  }

  void emitUnit(Value firstRow, Value rows) {
    emitRowTables(firstRow, rows);
    Value firstKey = memref::LoadOp::create(b, scratch.begins, b.index(0));
    firstKey = b.mul(b.div(firstKey, attentionBlock), attentionBlock);
    // Later rows see later keys.
    endKey = memref::LoadOp::create(b, scratch.ends, b.sub(rows, 1));
    RowBlocks blocks(b, rows, level);
    b.loop(b.index(0), valueSize, groupColumns, [&](Value firstColumn) {
      Value columns = b.min(b.index(groupColumns), b.sub(valueSize, firstColumn));
      Value rounded = b.mul(b.div(b.add(columns, lanes - 1), lanes), lanes);
      softmax.emitStart(rows, rounded);
      b.loop(firstKey, endKey, attentionBlock, [&](Value key) {
        Value keys = b.min(b.index(attentionBlock), b.sub(endKey, key));
        emitScores(blocks, rows, key, keys);
        softmax.emitBlock(batch, rows, rounded, key);
        emitWeightedSum(blocks, key, keys, firstColumn, columns);
      });
      emitResult(rows, firstColumn, columns);
    });
  }

  /// Which query each row is and which keys it sees.
  void emitRowTables(Value firstRow, Value rows) {
    Value zero = b.index(0), length = size(op.getKey(), op.getKeyLayout(), 2);
    Value offset = op.getOffset() ? op.getOffset() : zero;
    if (op.getLengths()) {
      Value given = arith::IndexCastOp::create(b, b.getIndexType(),
                                               memref::LoadOp::create(b, op.getLengths(), batch));
      if (!op.getOffset())
        offset = b.sub(given, numQueries);
      length = b.max(zero, b.min(length, given));
    }
    if (op.getMask())
      length = b.min(length, memref::DimOp::create(b, op.getMask(), 3));
    Value firstHead = b.mul(keyHead, groupSize);
    b.loop(zero, rows, 1, [&](Value row) {
      Value number = b.add(firstRow, row), query = b.div(number, groupSize);
      Value head = b.add(firstHead, b.rem(number, groupSize));
      Value position = b.add(query, offset), begin = zero, end = length;
      if (op.getLeftWindow())
        begin = b.max(zero, b.sub(position, *op.getLeftWindow()));
      if (op.getRightWindow())
        end = b.max(zero, b.min(length, b.add(position, *op.getRightWindow() + 1)));
      memref::StoreOp::create(b, head, scratch.heads, row);
      memref::StoreOp::create(b, query, scratch.queries, row);
      memref::StoreOp::create(b, begin, scratch.begins, row);
      memref::StoreOp::create(b, end, scratch.ends, row);
    });
  }

  /// Adds the product of `memref` (rows of 64) and the panel to `into` from `at` on.
  void emitProduct(const RowBlocks &blocks, Value memref, Value summands, Value into, Value at) {
    b.loop(b.index(0), blocks.getCount(), 1, [&](Value block) {
      Value start = b.mul(blocks.getStart(b, block), attentionBlock);
      PanelKernelSpec spec{&level, b.getF32Type(), /*rows=*/0, /*prefetch=*/false, attentionBlock};
      kernels.emitCall(b, spec, blocks.getRows(b, block),
                       {memref, start, panel, b.index(0), into, b.add(at, start), summands});
    });
  }

  /// Products of the queries with `keys` keys from `key` on.
  void emitScores(const RowBlocks &blocks, Value rows, Value key, Value keys) {
    Value nothing = FloatBuilder(b, VectorType::get({lanes}, b.getF32Type())).f(0.0f);
    b.loop(b.index(0), b.mul(rows, attentionBlock), lanes,
           [&](Value at) { vector::StoreOp::create(b, nothing, scratch.scores, at); });
    b.loop(b.index(0), headSize, attentionBlock, [&](Value firstColumn) {
      Value columns = b.min(b.index(attentionBlock), b.sub(headSize, firstColumn));
      copyQueries(rows, firstColumn, columns);
      b.loop(b.index(0), keys, panelWidth, [&](Value first) {
        for (int64_t half = 0; half < panelWidth; half += lanes)
          packKeys(b.add(b.add(key, first), half), firstColumn, columns, half);
        emitProduct(blocks, queries, columns, scratch.scores, first);
      });
    });
  }

  void copyQueries(Value rows, Value firstColumn, Value columns) {
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value head = memref::LoadOp::create(b, scratch.heads, row);
      Value query = memref::LoadOp::create(b, scratch.queries, row);
      Value start = b.mul(row, attentionBlock);
      forColumns(columns, [&](Value column, Value valid) {
        auto indices = at(op.getQueryLayout(), head, query, b.add(firstColumn, column));
        vector::StoreOp::create(b, load(op.getQuery(), indices, valid), queries,
                                b.add(start, column));
      });
    });
  }

  /// Columns of 16 keys from `key` on as columns [half, half + 16) of the panel.
  /// Keys that no row sees are replaced by the last one, which is there.
  void packKeys(Value key, Value firstColumn, Value columns, int64_t half) {
    SmallVector<Value> keys;
    for (int64_t lane = 0; lane < lanes; ++lane)
      keys.push_back(b.min(b.add(key, lane), b.sub(endKey, 1)));
    forColumns(columns, [&](Value column, Value valid) {
      SmallVector<Value> rows;
      for (Value number : keys) {
        Value place = b.add(firstColumn, column);
        rows.push_back(load(op.getKey(), at(op.getKeyLayout(), keyHead, number, place), valid));
        prefetchNextBlock(op.getKey(), op.getKeyLayout(), number, place);
      }
      Value target = b.add(b.mul(column, panelWidth), half);
      for (auto [number, packed] : llvm::enumerate(transposeLanes(b, rows)))
        vector::StoreOp::create(b, packed, panel, b.add(target, number * panelWidth));
    });
  }

  /// Adds the values of `keys` keys from `key` on, weighted, to the sums.
  void emitWeightedSum(const RowBlocks &blocks, Value key, Value keys, Value firstColumn,
                       Value columns) {
    b.loop(b.index(0), columns, panelWidth, [&](Value column) {
      Value isWhole = b.isLess(b.add(column, panelWidth - 1), columns);
      auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(branch.thenBlock());
        copyValues(key, keys, b.add(firstColumn, column), Value());
        b.setInsertionPointToStart(branch.elseBlock());
        copyValues(key, keys, b.add(firstColumn, column), b.sub(columns, column));
      }
      emitProduct(blocks, scratch.scores, keys, scratch.sums,
                  softmax.sumAddress(b.index(0), column));
    });
  }

  /// 32 columns of values, or the first `valid` of them and zeros, to the panel.
  void copyValues(Value key, Value keys, Value column, Value valid) {
    b.loop(b.index(0), keys, 1, [&](Value number) {
      for (int64_t part = 0; part < panelWidth; part += lanes) {
        auto indices = at(op.getValueLayout(), keyHead, b.add(key, number), b.add(column, part));
        Value value = load(op.getValue(), indices, valid ? b.sub(valid, part) : Value());
        vector::StoreOp::create(b, value, panel, b.add(b.mul(number, panelWidth), part));
        prefetchNextBlock(op.getValue(), op.getValueLayout(), b.add(key, number),
                          b.add(column, part));
      }
    });
  }

  void emitResult(Value rows, Value firstColumn, Value columns) {
    auto type = VectorType::get({lanes}, b.getF32Type());
    FloatBuilder m(b, type);
    auto stored = type.clone(getElementTypeOrSelf(op.getOuts().getType()));
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value total = softmax.emitTotal(row);
      Value isEmpty = m.compare(arith::CmpFPredicate::OEQ, total, m.f(0.0f));
      Value head = memref::LoadOp::create(b, scratch.heads, row);
      Value query = memref::LoadOp::create(b, scratch.queries, row);
      forColumns(columns, [&](Value column, Value valid) {
        Value sum = vector::LoadOp::create(b, type, scratch.sums, softmax.sumAddress(row, column));
        // Adding zero to a sum that rescaling made -0 makes it what it is without.
        Value result = m.add(m.div(sum, total), m.f(0.0f));
        if (!op.getNanRows())
          result = m.select(isEmpty, m.f(0.0f), result);
        if (stored != type)
          result = arith::TruncFOp::create(b, stored, result);
        auto indices = at(op.getOutsLayout(), head, query, b.add(firstColumn, column));
        if (valid)
          storeFirstLanes(b, result, op.getOuts(), indices, valid);
        else
          vector::StoreOp::create(b, result, op.getOuts(), indices);
      });
    });
  }

  tile::AttentionRowsOp op;
  const IsaLevel &level;
  PanelKernels &kernels;
  LoopBuilder b;
  AttentionScratch scratch;
  AttentionSoftmax softmax;
  /// [rows][64]: columns of the queries; [64][32]: columns of keys or of values.
  Value queries, panel;
  Value keyHeads, headSize, valueSize, numQueries;
  int64_t groupSize;
  // Of the current unit.
  Value batch, keyHead, endKey;
};

} // namespace

void emitAttention(tile::AttentionRowsOp op, const IsaLevel &level, PanelKernels &kernels) {
  AttentionEmitter(op, level, kernels).emit();
}

} // namespace moec::codegen
