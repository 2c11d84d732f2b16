//===- DeviceTiles.h - Kernels of ops on whole matrices ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICETILES_H
#define MOEC_LIB_CODEGEN_DEVICETILES_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceFormer.h"

namespace moec::codegen {

/// Each replaces an op on memrefs by a launch of a kernel, and erases it. The kernel holds the op
/// as it is, but for a scan of integers, of which it holds a row; what a block or a thread does of
/// it follows from its number.
void formDeviceBucket(tile::BucketOp op, DeviceFormer &former);
void formDeviceCompact(tile::CompactOp op, DeviceFormer &former);
void formDeviceScan(tile::ScanOp op, DeviceFormer &former);
void formDeviceSort(tile::SortOp op, DeviceFormer &former);
void formDeviceScatter(tile::ScatterOp op, DeviceFormer &former);

/// The attribute of a `tile.bucket` in a kernel that one block does as a whole.
constexpr llvm::StringLiteral wholeAttrName = "tile.whole";

/// Threads of that block.
constexpr int64_t wholeBucketThreads = 512;

/// Whether one block of `wholeBucketThreads` threads can do the whole sort: counts of all keys for
/// each of its warps fit in shared memory.
bool canBucketInOneBlock(tile::BucketOp op);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICETILES_H
