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
#include "lib/CodeGen/ProductSchedule.h"
#include "lib/CodeGen/RowBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Columns that an epilogue handles at once, at every level: wider than narrow
/// levels' registers, which LLVM splits without changing a bit.
constexpr int64_t epilogueLanes = 16;

class PanelProductEmitter {
public:
  PanelProductEmitter(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels)
      : op(op), level(level), packed(dyn_cast<tile::PackedType>(op.getSlabs().getType())),
        kernels(kernels), b(op.getLoc(), op) {
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
    summandsPerBlock = emitEvenDepth(b, depth, blockDepth);
  }

  void emit() {
    if (op.getRanges()) {
      forEachFilledRange(b, op.getRanges(), [&](Value slab, Value ordinal, RowRange range) {
        emitUnits(slab, ordinal, range);
      });
      return;
    }
    auto emitSlab = [&](Value slab, RowRange range) { emitUnits(slab, slab, range); };
    if (op.getBatch())
      forEachEqualRange(b, op.getBatch(), op.getCount(),
                        arith::DivUIOp::create(b, op.getBegin(), panelsOfSlab),
                        arith::CeilDivUIOp::create(b, op.getEnd(), panelsOfSlab), emitSlab);
    else
      forEachRange(b, Value(), op.getCount(), zero, one, emitSlab);
  }

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value sub(Value lhs, Value rhs) { return arith::SubIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, int64_t rhs) { return arith::MulIOp::create(b, lhs, index(rhs)); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }
  Value min(Value lhs, Value rhs) { return arith::MinUIOp::create(b, lhs, rhs); }
  Value both(Value lhs, Value rhs) { return arith::AndIOp::create(b, lhs, rhs); }
  Value isEqual(Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lhs, rhs);
  }
  Value select(Value condition, Value lhs, Value rhs) {
    return arith::SelectOp::create(b, condition, lhs, rhs);
  }
  Value toIndex(Value condition) { return select(condition, one, zero); }

  /// `for i in [from, to) step`, with the builder inside for the time of `body`.
  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  /// Those of the op's units that are panels of range `ordinal` among the ones with units.
  void emitUnits(Value slab, Value ordinal, RowRange range) {
    Value first = mul(ordinal, panelsOfSlab);
    Value begin = arith::MaxUIOp::create(b, op.getBegin(), first);
    Value end = min(op.getEnd(), add(first, panelsOfSlab));
    Value hasUnits = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, begin, end);
    auto conditional = scf::IfOp::create(b, hasUnits, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(conditional.thenBlock());
    emitRange(slab, range, sub(begin, first), sub(end, first));
  }

  /// One range's rows, in passes of blocksPerPass blocks. Within a pass a panel
  /// is read once from memory and then from the cache by every block.
  void emitRange(Value slab, RowRange range, Value beginPanel, Value endPanel) {
    RowBlocks blocks(b, range.rows, level);
    Value slabStart = mul(slab, slabElements);
    Value perPass = emitEvenShare(b, blocks.getCount(), index(blocksPerPass));
    loop(zero, blocks.getCount(), perPass, [&](Value firstBlock) {
      Value endBlock = min(add(firstBlock, perPass), blocks.getCount());
      Value firstRow = blocks.getStart(b, firstBlock), endRow = blocks.getStart(b, endBlock);
      Value rows = sub(endRow, firstRow);
      Value group = emitGroup(sub(endPanel, beginPanel), sub(endBlock, firstBlock));
      loop(beginPanel, endPanel, group, [&](Value firstPanel) {
        Value lastPanel = min(add(firstPanel, group), endPanel);
        clearSums(mul(rows, sub(lastPanel, firstPanel)));
        auto sumsOf = [&](Value panel) {
          return mul(mul(sub(panel, firstPanel), rows), panelWidth);
        };
        loop(zero, depth, summandsPerBlock, [&](Value k) {
          Value summands = min(summandsPerBlock, sub(depth, k));
          loop(firstPanel, lastPanel, one, [&](Value panel) {
            auto startOf = [&](Value panel, Value k) {
              return add(add(slabStart, mul(panel, panelElements)), mul(k, panelWidth));
            };
            Fetching fetching;
            fetching.panel = startOf(panel, k);
            fetching.next =
                emitNext(fetching.panel, firstPanel, lastPanel, endPanel, panel, k, startOf);
            fetching.firstBlock = firstBlock;
            fetching.isOnly = isEqual(add(firstBlock, one), endBlock);
            fetching.isCold =
                both(both(isEqual(panel, beginPanel), isEqual(k, zero)), isEqual(firstBlock, zero));
            fetching.summands = summands;
            Value panelSums = sumsOf(panel);
            loop(firstBlock, endBlock, one, [&](Value block) {
              Value start = blocks.getStart(b, block), rows = blocks.getRows(b, block);
              Value packedStart = add(mul(add(range.start, start), depth), mul(k, rows));
              Value sumsStart = add(panelSums, mul(sub(start, firstRow), panelWidth));
              callKernel(
                  rows, block, fetching,
                  {packedRows, packedStart, panels, fetching.panel, sums, sumsStart, summands});
            });
          });
        });
        loop(firstPanel, lastPanel, one, [&](Value panel) {
          emitColumns(slab, panel, add(range.start, firstRow), rows, sumsOf(panel));
        });
      });
    });
  }

  /// Panels per group for `count` panels and `blocks` blocks of rows.
  Value emitGroup(Value count, Value blocks) {
    Value isTall =
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, blocks, index(blocksToGroup));
    return emitEvenShare(b, count, select(isTall, index(panelsPerGroup), one));
  }

  /// What the steps of a panel's block of k fetch while they compute.
  struct Fetching {
    Value panel, next;    // where this step's and the next step's summands start
    Value firstBlock;     // of the pass
    Value isOnly, isCold; // i1: one block of rows; nobody has fetched this step's summands
    Value summands;
  };

  /// Where the step after (panel, k) starts: the group's next panel, the group's next block of k,
  /// or the next group; `current` if it is another call's.
  Value emitNext(Value current, Value firstPanel, Value lastPanel, Value endPanel, Value panel,
                 Value k, function_ref<Value(Value, Value)> startOf) {
    Value nextPanel = add(panel, one), nextK = add(k, summandsPerBlock);
    Value endsRow = isEqual(nextPanel, lastPanel);
    nextPanel = select(endsRow, firstPanel, nextPanel);
    nextK = select(endsRow, nextK, k);
    Value endsGroup = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, nextK, depth);
    nextPanel = select(endsGroup, lastPanel, nextPanel);
    nextK = select(endsGroup, zero, nextK);
    return select(isEqual(nextPanel, endPanel), current, startOf(nextPanel, nextK));
  }

  void clearSums(Value rows) {
    auto type = VectorType::get({epilogueLanes}, b.getF32Type());
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(type));
    loop(zero, mul(rows, panelWidth), index(epilogueLanes),
         [&](Value at) { vector::StoreOp::create(b, nothing, sums, at); });
  }

  /// Calls the panel kernel of that many rows. A single block fetches what it reads itself, some
  /// distance ahead; of several, the first ones fetch the next step's panel, a line per step of k
  /// each, so that the stream from memory is spread over their multiply-adds. The first block of a
  /// cold step has nobody before it.
  void callKernel(Value rows, Value block, const Fetching &fetching, ValueRange arguments) {
    int64_t elementBytes = element.getIntOrFloatBitWidth() / 8, line = 64 / elementBytes;
    bool oneLine = element.isF16(); // a summand is 64 bytes, else 128 (of bf16, a pair)
    Value place = sub(block, fetching.firstBlock);
    Value isFirst = isEqual(place, zero);
    Value own = both(isFirst, arith::OrIOp::create(b, fetching.isOnly, fetching.isCold));
    // Which part of the next step's panel: blocks 0 and 1 fetch one, or 1 and 2 in a cold step.
    Value part = sub(place, toIndex(fetching.isCold));
    Value inTime =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, part, index(oneLine ? 1 : 2));
    Value wants = arith::OrIOp::create(b, own, inTime);

    auto chosen = scf::IfOp::create(b, wants, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(chosen.thenBlock());
    int64_t perSummand = oneLine ? panelWidth : panelWidth / 2;
    Value nextPart = add(fetching.next, mul(mul(part, fetching.summands), perSummand));
    SmallVector<Value> ahead(arguments);
    ahead.push_back(
        select(own, add(fetching.panel, index(prefetchBytes / elementBytes)), nextPart));
    ahead.push_back(select(own, index(panelWidth), index(perSummand)));
    ahead.push_back(select(own, index(oneLine ? 0 : line), zero));
    kernels.emitCall(b, {&level, element, /*rows=*/0, /*prefetch=*/true}, rows, ahead);
    b.setInsertionPointToStart(chosen.elseBlock());
    kernels.emitCall(b, {&level, element, /*rows=*/0, /*prefetch=*/false}, rows, arguments);
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
  /// Null if the panels are in a buffer, whose sizes are known at run time only.
  tile::PackedType packed;
  Type element;
  int64_t columnsPerResult = 1, resultColumns = ShapedType::kDynamic;
  PanelKernels &kernels;
  ImplicitLocOpBuilder b;
  Value zero, one, packedRows, panels, sums;
  Value columns, depth, panelElements, panelsOfSlab, slabElements, summandsPerBlock; // index
};

} // namespace

void emitPanelProduct(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels) {
  PanelProductEmitter(op, level, blockDepth, kernels).emit();
}

} // namespace moec::codegen
