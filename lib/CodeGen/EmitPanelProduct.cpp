//===- EmitPanelProduct.cpp - Packed rows times panels ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/Epilogue.h"
#include "lib/CodeGen/FirstLanes.h"
#include "lib/CodeGen/PanelKernel.h"
#include "lib/CodeGen/RowBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Row blocks whose sums are kept at once while one panel passes: bounds the
/// sums on the stack (16 x 12 rows x 128 bytes a panel) and the packed rows in use.
constexpr int64_t blocksPerPass = 16;

/// Panels that go through the same block of k together: rows of a pass may lie
/// beyond the second cache, and are read once for all of these. Multiplies the
/// sums on the stack, 96 KiB at most.
constexpr int64_t panelsPerGroup = 4;

/// With fewer blocks of rows panels alone count; each is read in one stream.
constexpr int64_t blocksToGroup = 3;

/// Columns that an epilogue handles at once, at every level: wider than narrow
/// levels' registers, which LLVM splits without changing a bit.
constexpr int64_t epilogueLanes = 16;

class PanelProductEmitter {
public:
  PanelProductEmitter(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels)
      : op(op), level(level), blockDepth(blockDepth),
        packed(dyn_cast<tile::PackedType>(op.getSlabs().getType())), kernels(kernels),
        b(op.getLoc(), op) {
    zero = index(0);
    one = index(1);
    panels = op.getSlabs();
    if (packed) {
      int64_t elements = packed.getSlabs() * packed.getSlabElements();
      panels = tile::PanelsOp::create(b, MemRefType::get({elements}, packed.getElementType()),
                                      op.getSlabs());
    }
    element = getElementTypeOrSelf(panels.getType());
    auto anyPanels = MemRefType::get({ShapedType::kDynamic}, element);
    if (panels.getType() != anyPanels)
      panels = memref::CastOp::create(b, anyPanels, panels);
    auto floats = MemRefType::get({ShapedType::kDynamic}, b.getF32Type());
    packedRows = op.getPacked();
    if (packedRows.getType() != floats)
      packedRows = memref::CastOp::create(b, floats, packedRows);
    {
      // At the function's entry: the stack does not grow if the op stands in a loop.
      OpBuilder::InsertionGuard guard(b);
      auto function = op->getParentOfType<FunctionOpInterface>();
      b.setInsertionPointToStart(&function.getFunctionBody().front());
      auto scratch = MemRefType::get(
          {panelsPerGroup * blocksPerPass * level.blockRows * panelWidth}, b.getF32Type());
      sums = memref::AllocaOp::create(b, scratch, b.getI64IntegerAttr(64));
      sums = memref::CastOp::create(b, floats, sums);
    }
    if (packed) {
      columnsPerResult = packed.getColumns();
      resultColumns = packed.getResultColumns();
      columns = index(resultColumns);
      depth = index(packed.getPanelElements() / panelWidth);
      panelElements = index(packed.getPanelElements());
      panelsOfSlab = index(packed.getNumPanels());
      slabElements = index(packed.getSlabElements());
    } else {
      columns = memref::DimOp::create(b, op.getOuts(), 1);
      depth = op.getDepth();
      panelElements = mul(depth, panelWidth);
      panelsOfSlab = arith::CeilDivUIOp::create(b, columns, index(panelWidth));
      slabElements = mul(panelsOfSlab, panelElements);
    }
  }

  void emit() {
    if (!op.getBatch())
      return forEachRange(b, op.getRanges(), op.getCount(), [&](Value slab, RowRange range) {
        emitRange(slab, range, op.getBegin(), op.getEnd());
      });
    forEachEqualRange(
        b, op.getBatch(), op.getCount(), arith::DivUIOp::create(b, op.getBegin(), panelsOfSlab),
        arith::CeilDivUIOp::create(b, op.getEnd(), panelsOfSlab), [&](Value slab, RowRange range) {
          Value first = mul(slab, panelsOfSlab);
          Value begin = arith::MaxUIOp::create(b, op.getBegin(), first);
          Value end = min(op.getEnd(), add(first, panelsOfSlab));
          emitRange(slab, range, sub(begin, first), sub(end, first));
        });
  }

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value sub(Value lhs, Value rhs) { return arith::SubIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, int64_t rhs) { return arith::MulIOp::create(b, lhs, index(rhs)); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }
  Value min(Value lhs, Value rhs) { return arith::MinUIOp::create(b, lhs, rhs); }

  /// `for i in [from, to) step`, with the builder inside for the time of `body`.
  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  /// One expert's rows, in passes of blocksPerPass blocks. Within a pass a panel
  /// is read once from memory and then from the cache by every block.
  void emitRange(Value slab, RowRange range, Value beginPanel, Value endPanel) {
    RowBlocks blocks(b, range.rows, level);
    loop(zero, blocks.getCount(), index(blocksPerPass), [&](Value firstBlock) {
      Value endBlock = min(add(firstBlock, index(blocksPerPass)), blocks.getCount());
      Value firstRow = blocks.getStart(b, firstBlock), endRow = blocks.getStart(b, endBlock);
      Value rows = sub(endRow, firstRow);
      Value isTall = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, sub(endBlock, firstBlock),
                                           index(blocksToGroup));
      Value group = arith::SelectOp::create(b, isTall, index(panelsPerGroup), one);
      loop(beginPanel, endPanel, group, [&](Value firstPanel) {
        Value lastPanel = min(add(firstPanel, group), endPanel);
        clearSums(mul(rows, sub(lastPanel, firstPanel)));
        auto sumsOf = [&](Value panel) {
          return mul(mul(sub(panel, firstPanel), rows), panelWidth);
        };
        loop(zero, depth, index(blockDepth), [&](Value k) {
          Value summands = min(index(blockDepth), sub(depth, k));
          loop(firstPanel, lastPanel, one, [&](Value panel) {
            Value panelStart =
                add(add(mul(slab, slabElements), mul(panel, panelElements)), mul(k, panelWidth));
            Value panelSums = sumsOf(panel);
            loop(firstBlock, endBlock, one, [&](Value block) {
              Value start = blocks.getStart(b, block), rows = blocks.getRows(b, block);
              Value packedStart = add(mul(add(range.start, start), depth), mul(k, rows));
              Value sumsStart = add(panelSums, mul(sub(start, firstRow), panelWidth));
              Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block, zero);
              callKernel(rows, isFirst,
                         {packedRows, packedStart, panels, panelStart, sums, sumsStart, summands});
            });
          });
        });
        loop(firstPanel, lastPanel, one, [&](Value panel) {
          emitColumns(slab, panel, add(range.start, firstRow), rows, sumsOf(panel));
        });
      });
    });
  }

  void clearSums(Value rows) {
    auto type = VectorType::get({epilogueLanes}, b.getF32Type());
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(type));
    loop(zero, mul(rows, panelWidth), index(epilogueLanes),
         [&](Value at) { vector::StoreOp::create(b, nothing, sums, at); });
  }

  /// Calls the panel kernel of that many rows; the first block of a range
  /// prefetches the panel.
  void callKernel(Value rows, Value isFirst, ValueRange arguments) {
    auto call = [&](bool prefetch) {
      PanelKernelSpec spec{&level, element, /*rows=*/0, prefetch};
      kernels.emitCall(b, spec, rows, arguments);
    };
    auto first = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    call(/*prefetch=*/true);
    b.setInsertionPointToStart(first.elseBlock());
    call(/*prefetch=*/false);
  }

  /// The epilogue of one panel's columns for `rows` rows from `firstRow` on,
  /// whose sums start at `panelSums`.
  void emitColumns(Value slab, Value panel, Value firstRow, Value rows, Value panelSums) {
    int64_t perPanel = panelWidth / columnsPerResult;
    for (int64_t part = 0; part < perPanel; part += epilogueLanes) {
      Value first = add(mul(panel, perPanel), index(part));
      auto emitRows = [&](bool masked) {
        Value valid = masked ? sub(columns, first) : Value();
        loop(zero, rows, one, [&](Value row) {
          Value sumsAt = add(panelSums, add(mul(row, panelWidth), index(part)));
          emitRow(slab, first, add(firstRow, row), sumsAt, valid);
        });
      };
      if (packed && resultColumns % perPanel == 0) {
        emitRows(/*masked=*/false);
        continue;
      }
      // Only the last panel is partly filled.
      Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::sle,
                                           add(first, index(epilogueLanes)), columns);
      auto full = scf::IfOp::create(b, isFull, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(full.thenBlock());
      emitRows(/*masked=*/false);
      b.setInsertionPointToStart(full.elseBlock());
      Value hasAny = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, first, columns);
      auto some = scf::IfOp::create(b, hasAny, /*withElseRegion=*/false);
      b.setInsertionPointToStart(some.thenBlock());
      emitRows(/*masked=*/true);
    }
  }

  /// Loads 16 columns, or the first `valid` of them.
  Value loadColumns(Value memref, ValueRange at, Value valid) {
    auto type = VectorType::get({epilogueLanes}, getElementTypeOrSelf(memref.getType()));
    if (valid)
      return loadFirstLanes(b, type, memref, at, valid);
    return vector::LoadOp::create(b, type, memref, at);
  }

  void emitRow(Value slab, Value column, Value row, Value sumsAt, Value valid) {
    SmallVector<Value> arguments;
    for (int64_t i = 0; i < columnsPerResult; ++i)
      arguments.push_back(loadColumns(sums, add(sumsAt, index(i * epilogueLanes)), Value()));
    for (Value arg : op.getRowArgs()) {
      Value element = memref::LoadOp::create(b, arg, ValueRange{row});
      arguments.push_back(vector::BroadcastOp::create(
          b, VectorType::get({epilogueLanes}, element.getType()), element));
    }
    for (Value arg : op.getColArgs())
      arguments.push_back(loadColumns(arg, {slab, column}, valid));
    for (Value arg : op.getElemArgs())
      arguments.push_back(loadColumns(arg, {row, column}, valid));
    Value result = emitEpilogue(b, op.getEpilogue().front(), arguments, epilogueLanes);
    if (valid)
      storeFirstLanes(b, result, op.getOuts(), {row, column}, valid);
    else
      vector::StoreOp::create(b, result, op.getOuts(), ValueRange{row, column});
  }

  tile::PanelProductOp op;
  const IsaLevel &level;
  int64_t blockDepth;
  /// Null if the panels are in a buffer, whose sizes are known at run time only.
  tile::PackedType packed;
  Type element;
  int64_t columnsPerResult = 1, resultColumns = ShapedType::kDynamic;
  PanelKernels &kernels;
  ImplicitLocOpBuilder b;
  Value zero, one, packedRows, panels, sums;
  Value columns, depth, panelElements, panelsOfSlab, slabElements; // index
};

} // namespace

void emitPanelProduct(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels) {
  PanelProductEmitter(op, level, blockDepth, kernels).emit();
}

} // namespace moec::codegen
