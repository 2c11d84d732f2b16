//===- DeviceEmitters.h - Bodies of kernels on a device ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per op. Each emits, before the op, what the threads of a team do
// for the one row of it, or for what the number of their block says, or all
// threads of the grid for the whole, and leaves the op to be erased.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEEMITTERS_H
#define MOEC_LIB_CODEGEN_DEVICEEMITTERS_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/RowTeam.h"

namespace moec::codegen {

/// The k best columns of a row, one maximum after the other.
void emitDeviceSelect(tile::SelectOp op, const RowTeam &team);

/// The sum of gathered rows, choices in order; each thread has its own columns.
void emitDeviceGather(tile::WeightedGatherOp op, const RowTeam &team);

/// Elements of panels, one after the other by all threads of the grid.
void emitDevicePack(tile::PackOp op);

/// A counting sort. Blocks are numbered by the offset that they make.
void emitDeviceBucket(tile::BucketOp op, const RowTeam &team);

/// The same sort by one block of two dimensions.
void emitWholeBucket(tile::BucketOp op);

/// Positions of flags, by one block.
void emitDeviceCompact(tile::CompactOp op, const RowTeam &team);

/// Running sums: chains of single threads, or a row of integers by a warp.
void emitDeviceScan(tile::ScanOp op, const RowTeam &team);

/// The place of each element by itself.
void emitDeviceSort(tile::SortOp op, const RowTeam &team);

/// Updates in order. Blocks are numbered by the update that they begin with.
void emitDeviceScatter(tile::ScatterOp op, const RowTeam &team);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEEMITTERS_H
