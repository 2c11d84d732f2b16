//===- EmitPackPanels.cpp - Matrices into panels at run time ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/FirstLanes.h"
#include "lib/CodeGen/IsaLevel.h"
#include "lib/CodeGen/PanelKernel.h"
#include "lib/CodeGen/SquareTranspose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Lanes of one access where columns are neighbours in the source, too.
constexpr int64_t columnLanes = 16;

class PackPanelsEmitter {
public:
  PackPanelsEmitter(tile::PackPanelsOp op, const IsaLevel &level)
      : op(op), level(level), b(op.getLoc(), op),
        element(op.getInto().getType().getElementType()) {}

  void emit() {
    zero = index(0);
    one = index(1);
    two = index(2);
    width = index(panelWidth);
    summands = memref::DimOp::create(b, op.getSource(), op.getTransposed() ? 2 : 1);
    columns = memref::DimOp::create(b, op.getSource(), op.getTransposed() ? 1 : 2);
    Value depth =
        pairsOfK() ? mul(arith::CeilDivUIOp::create(b, summands, two), two) : summands;
    Value panels = arith::CeilDivUIOp::create(b, columns, width);
    loop(op.getBegin(), op.getEnd(), one, [&](Value unit) {
      slab = arith::DivUIOp::create(b, unit, panels);
      firstColumn = mul(arith::RemUIOp::create(b, unit, panels), width);
      base = mul(unit, mul(depth, width));
      emitPanel();
    });
  }

private:
  bool pairsOfK() const { return element.isBF16(); }
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }

  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  void emitPanel() {
    Value done = zero;
    if (cast<MemRefType>(op.getSource().getType()).isLastDimUnitStride())
      done = op.getTransposed() ? copySquares() : copyColumns();
    copyElements(done);
  }

  /// Where summand k of the panel's column `lane` lies.
  Value position(Value k, Value lane) {
    if (!pairsOfK())
      return add(base, add(mul(k, width), lane));
    Value pair = mul(arith::DivUIOp::create(b, k, two), index(2 * panelWidth));
    return add(base, add(pair, add(mul(lane, two), arith::RemUIOp::create(b, k, two))));
  }

  /// The source's column for `lane`: beyond the last one, the last one again.
  Value getColumn(Value lane) {
    Value last = arith::SubIOp::create(b, columns, one);
    return arith::MinUIOp::create(b, add(firstColumn, lane), last);
  }

  /// Summands from `from` on, one by one, and the zeros that an odd last one is paired with.
  void copyElements(Value from) {
    loop(from, summands, one, [&](Value k) {
      loop(zero, width, one, [&](Value lane) {
        Value column = getColumn(lane);
        SmallVector<Value> at = op.getTransposed() ? SmallVector<Value>{slab, column, k}
                                                   : SmallVector<Value>{slab, k, column};
        Value value = memref::LoadOp::create(b, op.getSource(), at);
        memref::StoreOp::create(b, value, op.getInto(), ValueRange{position(k, lane)});
      });
    });
    if (!pairsOfK())
      return;
    Value padded = add(summands, arith::RemUIOp::create(b, summands, two));
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(element));
    loop(summands, padded, one, [&](Value k) {
      loop(zero, width, one, [&](Value lane) {
        memref::StoreOp::create(b, nothing, op.getInto(), ValueRange{position(k, lane)});
      });
    });
  }

  /// Columns that are neighbours in the source: whole vectors, pairs interleaved. Returns the first
  /// summand that is left.
  Value copyColumns() {
    Value step = pairsOfK() ? two : one;
    Value end = pairsOfK()
                    ? mul(arith::DivUIOp::create(b, summands, two), two)
                    : summands;
    auto type = VectorType::get({columnLanes}, element);
    auto copy = [&](bool masked) {
      loop(zero, end, step, [&](Value k) {
        for (int64_t part = 0; part < panelWidth; part += columnLanes) {
          Value column = add(firstColumn, index(part));
          auto load = [&](Value at) -> Value {
            if (!masked)
              return vector::LoadOp::create(b, type, op.getSource(), ValueRange{slab, at, column});
            Value valid = arith::SubIOp::create(b, columns, column);
            return loadFirstLanes(b, type, op.getSource(), {slab, at, column}, valid);
          };
          Value target = position(k, index(part)), value = load(k);
          if (pairsOfK())
            value = interleave(value, load(add(k, one)));
          vector::StoreOp::create(b, value, op.getInto(), ValueRange{target});
        }
      });
    };
    Value isFull =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, add(firstColumn, width), columns);
    auto choice = scf::IfOp::create(b, isFull, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    copy(/*masked=*/false);
    b.setInsertionPointToStart(choice.elseBlock());
    copy(/*masked=*/true);
    return end;
  }

  Value interleave(Value even, Value odd) {
    SmallVector<int64_t> mask;
    for (int64_t lane = 0; lane < 2 * columnLanes; ++lane)
      mask.push_back(lane / 2 + lane % 2 * columnLanes);
    return vector::ShuffleOp::create(b, even, odd, mask);
  }

  /// Summands that are neighbours in the source: squares of words, a word being an element or a
  /// pair, are transposed. Returns the first summand that is left.
  Value copySquares() {
    int64_t lanes = level.lanes, perWord = pairsOfK() ? 2 : 1;
    Value step = index(lanes * perWord);
    Value end = mul(arith::DivUIOp::create(b, summands, step), step);
    auto stored = VectorType::get({lanes * perWord}, element);
    auto words = VectorType::get(
        {lanes}, b.getIntegerType(element.getIntOrFloatBitWidth() * perWord));
    for (int64_t part = 0; part < panelWidth; part += lanes) {
      SmallVector<Value> sources;
      for (int64_t lane = 0; lane < lanes; ++lane)
        sources.push_back(getColumn(index(part + lane)));
      loop(zero, end, step, [&](Value k) {
        SmallVector<Value> square;
        for (Value source : sources) {
          Value row =
              vector::LoadOp::create(b, stored, op.getSource(), ValueRange{slab, source, k});
          square.push_back(vector::BitCastOp::create(b, words, row));
        }
        for (auto [number, word] : llvm::enumerate(transposeSquare(b, square))) {
          Value summand = add(k, index(number * perWord));
          vector::StoreOp::create(b, vector::BitCastOp::create(b, stored, word).getResult(),
                                  op.getInto(), ValueRange{position(summand, index(part))});
        }
      });
    }
    return end;
  }

  tile::PackPanelsOp op;
  const IsaLevel &level;
  ImplicitLocOpBuilder b;
  Type element;
  Value zero, one, two, width, summands, columns;
  Value slab, firstColumn, base; // of the panel that is being emitted
};

} // namespace

void emitPackPanels(tile::PackPanelsOp op, const IsaLevel &level) {
  PackPanelsEmitter(op, level).emit();
}

} // namespace moec::codegen
