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
/// sums on the stack (16 x 12 rows x 128 bytes) and the packed rows in use.
constexpr int64_t blocksPerPass = 16;

/// Columns that an epilogue handles at once, at every level: wider than narrow
/// levels' registers, which LLVM splits without changing a bit.
constexpr int64_t epilogueLanes = 16;

class PanelProductEmitter {
public:
  PanelProductEmitter(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels)
      : op(op), level(level), blockDepth(blockDepth), packed(op.getSlabs().getType()),
        kernels(kernels), b(op.getLoc(), op) {
    zero = index(0);
    one = index(1);
    int64_t elements = packed.getSlabs() * packed.getSlabElements();
    panels = tile::PanelsOp::create(b, MemRefType::get({elements}, packed.getElementType()),
                                    op.getSlabs());
    panels = memref::CastOp::create(
        b, MemRefType::get({ShapedType::kDynamic}, packed.getElementType()), panels);
    auto floats = MemRefType::get({ShapedType::kDynamic}, b.getF32Type());
    packedRows = op.getPacked();
    if (packedRows.getType() != floats)
      packedRows = memref::CastOp::create(b, floats, packedRows);
    {
      // At the function's entry: the stack does not grow if the op stands in a loop.
      OpBuilder::InsertionGuard guard(b);
      auto function = op->getParentOfType<FunctionOpInterface>();
      b.setInsertionPointToStart(&function.getFunctionBody().front());
      auto scratch =
          MemRefType::get({blocksPerPass * level.blockRows * panelWidth}, b.getF32Type());
      sums = memref::AllocaOp::create(b, scratch, b.getI64IntegerAttr(64));
      sums = memref::CastOp::create(b, floats, sums);
    }
    depth = packed.getPanelElements() / panelWidth;
  }

  void emit() {
    forEachRange(b, op.getRanges(), op.getCount(),
                 [&](Value slab, RowRange range) { emitRange(slab, range); });
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
  void emitRange(Value slab, RowRange range) {
    RowBlocks blocks(b, range.rows, level);
    Value pass = index(blocksPerPass);
    loop(zero, blocks.getCount(), pass, [&](Value firstBlock) {
      Value endBlock = min(add(firstBlock, pass), blocks.getCount());
      Value firstRow = blocks.getStart(b, firstBlock), endRow = blocks.getStart(b, endBlock);
      loop(op.getBegin(), op.getEnd(), one, [&](Value panel) {
        clearSums(sub(endRow, firstRow));
        loop(zero, index(depth), index(blockDepth), [&](Value k) {
          Value summands = min(index(blockDepth), sub(index(depth), k));
          Value panelStart =
              add(add(mul(slab, packed.getSlabElements()), mul(panel, packed.getPanelElements())),
                  mul(k, panelWidth));
          loop(firstBlock, endBlock, one, [&](Value block) {
            Value start = blocks.getStart(b, block), rows = blocks.getRows(b, block);
            Value packedStart = add(mul(add(range.start, start), depth), mul(k, rows));
            Value sumsStart = mul(sub(start, firstRow), panelWidth);
            Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block, zero);
            callKernel(rows, isFirst,
                       {packedRows, packedStart, panels, panelStart, sums, sumsStart, summands});
          });
        });
        emitColumns(slab, panel, add(range.start, firstRow), sub(endRow, firstRow));
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
    SmallVector<int64_t> cases;
    for (int64_t m = 1; m < level.blockRows; ++m)
      cases.push_back(m);
    auto call = [&](int64_t m, bool prefetch) {
      func::FuncOp kernel = kernels.get({&level, packed.getElementType(), m, prefetch});
      func::CallOp::create(b, kernel, arguments);
    };
    auto select = [&](bool prefetch) {
      auto chosen = scf::IndexSwitchOp::create(b, TypeRange(), rows, cases, cases.size());
      for (int64_t m = 1; m <= level.blockRows; ++m) {
        Region &region =
            m < level.blockRows ? chosen.getCaseRegions()[m - 1] : chosen.getDefaultRegion();
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(&region.emplaceBlock());
        call(m, prefetch);
        scf::YieldOp::create(b);
      }
    };
    auto first = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    select(/*prefetch=*/true);
    b.setInsertionPointToStart(first.elseBlock());
    select(/*prefetch=*/false);
  }

  /// The epilogue of one panel's columns for `rows` rows from `firstRow` on.
  void emitColumns(Value slab, Value panel, Value firstRow, Value rows) {
    int64_t columns = packed.getResultColumns(), perPanel = panelWidth / packed.getColumns();
    for (int64_t part = 0; part < perPanel; part += epilogueLanes) {
      Value first = add(mul(panel, perPanel), index(part));
      auto emitRows = [&](bool masked) {
        Value valid = masked ? sub(index(columns), first) : Value();
        loop(zero, rows, one, [&](Value row) {
          emitRow(slab, first, add(firstRow, row), add(mul(row, panelWidth), index(part)), valid);
        });
      };
      if (columns % perPanel == 0) {
        emitRows(/*masked=*/false);
        continue;
      }
      // Only the last panel is partly filled.
      Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::sle,
                                           add(first, index(epilogueLanes)), index(columns));
      auto full = scf::IfOp::create(b, isFull, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(full.thenBlock());
      emitRows(/*masked=*/false);
      b.setInsertionPointToStart(full.elseBlock());
      Value hasAny = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, first, index(columns));
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
    for (int64_t i = 0; i < packed.getColumns(); ++i)
      arguments.push_back(loadColumns(sums, add(sumsAt, index(i * epilogueLanes)), Value()));
    for (Value arg : op.getRowArgs()) {
      Value element = memref::LoadOp::create(b, arg, ValueRange{row});
      arguments.push_back(vector::BroadcastOp::create(
          b, VectorType::get({epilogueLanes}, element.getType()), element));
    }
    for (Value arg : op.getColArgs())
      arguments.push_back(loadColumns(arg, {slab, column}, valid));
    Value result = emitEpilogue(b, op.getEpilogue().front(), arguments, epilogueLanes);
    if (valid)
      storeFirstLanes(b, result, op.getOuts(), {row, column}, valid);
    else
      vector::StoreOp::create(b, result, op.getOuts(), ValueRange{row, column});
  }

  tile::PanelProductOp op;
  const IsaLevel &level;
  int64_t blockDepth, depth;
  tile::PackedType packed;
  PanelKernels &kernels;
  ImplicitLocOpBuilder b;
  Value zero, one, packedRows, panels, sums;
};

} // namespace

void emitPanelProduct(tile::PanelProductOp op, const IsaLevel &level, int64_t blockDepth,
                      PanelKernels &kernels) {
  PanelProductEmitter(op, level, blockDepth, kernels).emit();
}

} // namespace moec::codegen
