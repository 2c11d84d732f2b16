//===- RowGrid.cpp - Launches of teams for rows --------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowGrid.h"

#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Threads of a block whose teams are smaller than a block.
constexpr int64_t blockThreads = 256;

/// The most rows of blocks that a grid may have.
constexpr int64_t mostGridRows = 65535;

/// Vectors of a row up to which a warp does it, and half a large team: a thread then has four to
/// itself, or eight, which are under way at once.
constexpr int64_t warpVectors = 4 * warpSize, smallTeamThreads = 128,
                  smallTeamVectors = 8 * smallTeamThreads;

/// Threads of a team that combines rows of so many vectors.
int64_t getTeamThreads(int64_t vectors) {
  return vectors <= warpVectors        ? warpSize
         : vectors <= smallTeamVectors ? smallTeamThreads
                                       : mostTeamThreads;
}

Value emitTeamThreads(ImplicitLocOpBuilder &b, Value vectors) {
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  if (std::optional<int64_t> known = getConstantIntValue(vectors))
    return index(getTeamThreads(*known));
  auto choose = [&](int64_t atMost, Value few, Value many) -> Value {
    Value isFew =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, vectors, index(atMost)).getResult();
    return arith::SelectOp::create(b, isFew, few, many);
  };
  Value large = choose(smallTeamVectors, index(smallTeamThreads), index(mostTeamThreads));
  return choose(warpVectors, index(warpSize), large);
}

/// Blocks for rows of threads that never meet: as many threads as a row has vectors, to the next
/// power of two, and rows to fill a block; more vectors go to further blocks.
DeviceGrid makeAloneGrid(ImplicitLocOpBuilder &b, Value rows, Value vectors) {
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  DeviceGrid grid;
  if (std::optional<int64_t> known = getConstantIntValue(vectors)) {
    int64_t threads = llvm::PowerOf2Ceil(std::max<int64_t>(*known, 1));
    grid.blockX = index(std::min(threads, blockThreads));
  } else {
    Value isShort =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, vectors, index(warpVectors));
    grid.blockX = arith::SelectOp::create(b, isShort, index(warpSize), index(blockThreads));
  }
  grid.blockY = b.createOrFold<arith::DivUIOp>(index(blockThreads), grid.blockX);
  grid.gridX = b.createOrFold<arith::CeilDivUIOp>(rows, grid.blockY);
  Value chunks = b.createOrFold<arith::CeilDivUIOp>(vectors, grid.blockX);
  grid.gridY = b.createOrFold<arith::MinUIOp>(chunks, index(mostGridRows));
  return grid;
}

DeviceGrid makeGrid(ImplicitLocOpBuilder &b, TeamKind kind, Value rows, Value vectors) {
  if (kind == TeamKind::Alone)
    return makeAloneGrid(b, rows, vectors);
  DeviceGrid grid;
  if (kind == TeamKind::Block) {
    grid.blockX = emitTeamThreads(b, vectors);
    grid.gridX = rows;
    return grid;
  }
  grid.blockX = arith::ConstantIndexOp::create(b, warpSize);
  grid.blockY = arith::ConstantIndexOp::create(b, blockThreads / warpSize);
  grid.gridX = b.createOrFold<arith::CeilDivUIOp>(rows, grid.blockY);
  return grid;
}

} // namespace

TeamKind chooseTeam(Value vectors) {
  std::optional<int64_t> known = getConstantIntValue(vectors);
  return known && getTeamThreads(*known) == warpSize ? TeamKind::Warp : TeamKind::Block;
}

void launchRows(ImplicitLocOpBuilder &b, DeviceFormer &former, StringRef name, TeamKind kind,
                Value rows, Value vectors, LaunchOperands operands,
                function_ref<void(ImplicitLocOpBuilder &, IRMapping &, Value)> build,
                const RowEnd &end) {
  assert((!end.build || kind == TeamKind::Warp) && "other grids have no known blocks");
  DeviceGrid grid = makeGrid(b, kind, rows, vectors);
  if (end.build) {
    Value one = arith::ConstantIndexOp::create(b, 1);
    grid.blockY = arith::ConstantIndexOp::create(b, end.blockThreads / warpSize);
    grid.gridX =
        b.createOrFold<arith::MaxUIOp>(b.createOrFold<arith::CeilDivUIOp>(rows, grid.blockY), one);
  }
  // Blocks of several rows may have fewer in the end.
  if (kind != TeamKind::Block)
    operands.add(rows);
  former.launch(b, name, kind, grid, operands, [&](ImplicitLocOpBuilder &k, IRMapping &mapping) {
    Value row = gpu::BlockIdOp::create(k, gpu::Dimension::x);
    if (kind == TeamKind::Block)
      return build(k, mapping, row);
    Value perBlock = gpu::BlockDimOp::create(k, gpu::Dimension::y);
    Value inBlock = gpu::ThreadIdOp::create(k, gpu::Dimension::y);
    row = arith::AddIOp::create(k, arith::MulIOp::create(k, row, perBlock), inBlock);
    Value isRow = arith::CmpIOp::create(k, arith::CmpIPredicate::ult, row, mapping.lookup(rows));
    auto branch = scf::IfOp::create(k, isRow, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(k);
      k.setInsertionPointToStart(branch.thenBlock());
      build(k, mapping, row);
    }
    if (end.build)
      end.build(k, mapping);
  });
}

} // namespace moec::codegen
