//===- RowGroups.cpp - Structured ops that share a launch ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowGroups.h"

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/LinalgParts.h"
#include "lib/CodeGen/RowOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace moec::codegen {

Value getRoot(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

bool isOwn(Value root) {
  return root.getDefiningOp<memref::AllocOp>() || root.getDefiningOp<rt::OutputOp>();
}

bool isTransparent(Operation &op) {
  return isa<memref::AllocOp, rt::OutputOp>(op) || isMemoryEffectFree(&op);
}

namespace {

/// Longer rows are left to kernels that split them over threads.
constexpr int64_t longestRow = 1 << 15;

int64_t getDim(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? static_cast<int64_t>(dim.getPosition()) : -1;
}

/// The loop that vectors run along when rows are cut; -1 if this is no loop.
int64_t getLaneDim(linalg::LinalgOp op) {
  AffineMap map = op.getMatchingIndexingMap(&getLeadingOperand(op));
  return map.getNumResults() == 0 ? -1 : getDim(map.getResults().back());
}

/// The loops over rows if each row is one pass along the lanes; nothing for ops
/// that do not go row by row.
std::optional<SmallVector<int64_t>> getNaturalRows(linalg::LinalgOp op) {
  int64_t lane = getLaneDim(op);
  if (lane < 0 || op.getStaticLoopRanges()[lane] > longestRow)
    return std::nullopt;
  SmallVector<int64_t> rows;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool isLane = static_cast<int64_t>(dim) == lane;
    if (isLane && (kind == utils::IteratorType::reduction) != (op.getNumReductionLoops() != 0))
      return std::nullopt; // reduces columns
    if (!isLane && kind != utils::IteratorType::reduction)
      rows.push_back(dim);
  }
  return rows;
}

/// Positions of the row dimensions in an operand, one each; nothing if the
/// operand has not all of them or has them elsewhere, too.
std::optional<SmallVector<int64_t>> getRowPositions(AffineMap map, ArrayRef<int64_t> rowDims) {
  SmallVector<int64_t> positions;
  for (int64_t dim : rowDims) {
    int64_t found = -1;
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(dim))
        continue;
      if (getDim(expr) != dim || found >= 0)
        return std::nullopt;
      found = position;
    }
    if (found < 0)
      return std::nullopt;
    positions.push_back(found);
  }
  return positions;
}

/// Grows one group op by op.
class GroupBuilder {
public:
  bool isEmpty() const { return group.members.empty(); }
  RowGroup take() {
    RowGroup result = std::move(group);
    *this = GroupBuilder();
    return result;
  }

  /// Exchanges the two newest members.
  void swapLast() { std::swap(group.members.back(), *std::prev(group.members.end(), 2)); }

  bool start(linalg::LinalgOp op) {
    auto rows = getNaturalRows(op);
    return rows && !rows->empty() && add(op, *rows);
  }

  bool start(tile::SelectOp op) { return add(op); }

  /// A selection among what the group has written.
  bool join(tile::SelectOp op) {
    bool isShared = llvm::any_of(accesses, [&](const Access &access) {
      return access.isWritten && access.positions == SmallVector<int64_t>{0} &&
             (access.memref == op.getKeys() || access.memref == op.getSource());
    });
    return isShared && add(op);
  }

  bool join(linalg::LinalgOp op) {
    unsigned numRows = group.members.front().rowDims.size();
    std::optional<SmallVector<int64_t>> rows = findSharedRows(op);
    if (!rows)
      return false;
    auto natural = getNaturalRows(op);
    bool isPerRow = op.getNumLoops() == numRows;
    bool isNatural = natural && natural->size() == numRows && llvm::all_of(*rows, [&](int64_t dim) {
                       return llvm::is_contained(*natural, dim);
                     });
    return (isPerRow || isNatural) && add(op, *rows);
  }

private:
  struct Access {
    Value memref;
    SmallVector<int64_t> positions; // of rows; empty if these are not all there
    bool isWritten;
  };

  /// The row dimensions that follow from memory that the group has touched,
  /// whose sizes there are the numbers of rows.
  std::optional<SmallVector<int64_t>> findSharedRows(linalg::LinalgOp op) {
    for (OpOperand &operand : op->getOpOperands()) {
      for (const Access &access : accesses) {
        if (access.memref != operand.get() || access.positions.empty())
          continue;
        if (!access.isWritten && !op.isDpsInit(&operand))
          continue; // what both read only need not be at the same row
        SmallVector<int64_t> rows;
        for (int64_t position : access.positions) {
          int64_t dim = getDim(op.getMatchingIndexingMap(&operand).getResult(position));
          if (dim < 0 || llvm::is_contained(rows, dim))
            return std::nullopt;
          rows.push_back(dim);
        }
        return rows;
      }
    }
    return std::nullopt;
  }

  bool add(linalg::LinalgOp op, ArrayRef<int64_t> rows) {
    auto kinds = op.getIteratorTypesArray();
    if (!op.hasPureBufferSemantics() || llvm::any_of(rows, [&](int64_t dim) {
          return kinds[dim] != utils::IteratorType::parallel;
        }))
      return false;
    SmallVector<Access> added;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()))
        continue;
      AffineMap map = op.getMatchingIndexingMap(&operand);
      // Rows can be cut out of operands that have them as plain indices.
      for (int64_t dim : rows)
        if (llvm::any_of(map.getResults(), [&](AffineExpr expr) {
              return expr.isFunctionOfDim(dim) && getDim(expr) != dim;
            }))
          return false;
      auto positions = getRowPositions(map, rows);
      bool isWritten = op.isDpsInit(&operand);
      if (isWritten && (!positions || !isOwn(getRoot(operand.get()))))
        return false;
      added.push_back({operand.get(), positions.value_or(SmallVector<int64_t>()), isWritten});
    }
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      if (isa<BaseMemRefType>(value.getType()))
        added.push_back({value, {}, false});
    return admit(op, rows, added);
  }

  bool add(tile::SelectOp op) {
    if (!op.hasPureBufferSemantics() || !isOwn(getRoot(op.getIds())) ||
        !isOwn(getRoot(op.getValues())))
      return false;
    SmallVector<Access> added{{op.getKeys(), {0}, false}};
    if (op.getSource())
      added.push_back({op.getSource(), {0}, false});
    added.push_back({op.getIds(), {0}, true});
    added.push_back({op.getValues(), {0}, true});
    return admit(op, {0}, added);
  }

  /// Adds an op unless it and others touch different rows of what one of them writes.
  bool admit(Operation *op, ArrayRef<int64_t> rows, ArrayRef<Access> added) {
    for (const Access &access : added)
      for (const Access &other : accesses)
        if ((access.isWritten || other.isWritten) &&
            getRoot(access.memref) == getRoot(other.memref) &&
            (access.memref != other.memref || access.positions.empty() ||
             access.positions != other.positions))
          return false;
    llvm::append_range(accesses, added);
    group.members.push_back({op, SmallVector<int64_t>(rows)});
    return true;
  }

  RowGroup group;
  SmallVector<Access> accesses;
};

void findInBlock(Block &block, GroupKinds kinds, SmallVectorImpl<RowGroup> &groups) {
  GroupBuilder builder;
  linalg::FillOp pending; // waits for the reduction that it belongs to
  auto finish = [&] {
    if (!builder.isEmpty())
      if (RowGroup group = builder.take();
          group.members.size() > 1 || group.members.front().getSelect())
        groups.push_back(std::move(group));
    pending = {};
  };
  for (Operation &inner : block) {
    auto select = dyn_cast<tile::SelectOp>(inner);
    if (select && kinds == GroupKinds::WithSelections) {
      if (!pending && !builder.isEmpty() && builder.join(select))
        continue;
      finish();
      (void)builder.start(select);
      continue;
    }
    auto op = dyn_cast<linalg::LinalgOp>(inner);
    if (!op) {
      if (!isTransparent(inner))
        finish();
      continue;
    }
    if (auto fill = dyn_cast<linalg::FillOp>(inner)) {
      if (pending)
        finish();
      pending = fill;
      continue;
    }
    linalg::FillOp first = pending;
    bool isFilled = first && llvm::is_contained(op.getDpsInits(), first.getDpsInits()[0]);
    if (pending && !isFilled)
      finish();
    pending = {};
    // The reduction shows which rows the fill has; it comes before all the same.
    auto grow = [&](bool isNew) {
      GroupBuilder saved = builder;
      if (!(isNew ? builder.start(op) : builder.join(op)) || (first && !builder.join(first))) {
        builder = saved;
        return false;
      }
      if (first)
        builder.swapLast();
      return true;
    };
    if (!builder.isEmpty() && grow(/*isNew=*/false))
      continue;
    finish();
    (void)grow(/*isNew=*/true);
  }
  finish();
}

} // namespace

SmallVector<RowGroup> findRowGroups(func::FuncOp function, GroupKinds kinds) {
  SmallVector<RowGroup> groups;
  function.walk([&](Block *block) {
    if (!isa<linalg::LinalgOp>(block->getParentOp()))
      findInBlock(*block, kinds, groups);
  });
  return groups;
}

void formRowGroup(const RowGroup &group, KernelFormer &former) {
  const RowGroup::Member &first = group.members.front();
  Operation *last = group.members.back().op;
  ImplicitLocOpBuilder b(last->getLoc(), last);
  SmallVector<Value> extents;
  Value count, work = arith::ConstantIndexOp::create(b, 0).getResult();
  for (int64_t dim : first.rowDims) {
    extents.push_back(getExtent(b, first.getLinalg(), dim));
    count = count ? arith::MulIOp::create(b, count, extents.back()).getResult() : extents.back();
  }
  LaunchOperands operands;
  for (const RowGroup::Member &member : group.members) {
    operands.addOp(member.getLinalg());
    Value part = getWork(b, member.getLinalg(), member.rowDims);
    work = work && part ? b.createOrFold<arith::AddIOp>(work, part) : Value();
  }
  // The outermost one follows from the number of the row.
  for (Value extent : ArrayRef(extents).drop_front())
    operands.add(extent);
  former.launch(b, "row_group", {count, work}, operands.captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange inside) {
                  IRMapping mapping = operands.mapInto(k, inside);
                  Value one = arith::ConstantIndexOp::create(k, 1);
                  auto loop = scf::ForOp::create(k, begin, end, one);
                  OpBuilder::InsertionGuard guard(k);
                  k.setInsertionPointToStart(loop.getBody());
                  SmallVector<Value> rows(extents.size());
                  Value rest = loop.getInductionVar();
                  for (size_t at = extents.size() - 1; at > 0; --at) {
                    Value extent = mapping.lookup(extents[at]);
                    rows[at] = arith::RemUIOp::create(k, rest, extent);
                    rest = arith::DivUIOp::create(k, rest, extent);
                  }
                  rows[0] = rest;
                  for (const RowGroup::Member &member : group.members) {
                    SmallVector<LoopPart> parts;
                    for (auto [dim, row] : llvm::zip_equal(member.rowDims, rows))
                      parts.push_back({dim, row, Value()});
                    clonePart(k, member.getLinalg(), mapping, parts);
                  }
                });
  for (const RowGroup::Member &member : group.members)
    member.op->erase();
}

} // namespace moec::codegen
