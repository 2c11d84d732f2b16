//===- DeviceAttention.h - Attention on a device -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of a device does 16 query rows of one key head. The queries of all
// heads that share a key head are its rows, row r being query r / (Hq / Hkv) of
// head r mod (Hq / Hkv): a token that is decoded reads each key and value once.
//
// Keys and values come through shared memory, 64 at a time. The order of all sums
// is the one that `tile.attention` documents; no row takes part in another's.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEATTENTION_H
#define MOEC_LIB_CODEGEN_DEVICEATTENTION_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceFormer.h"

namespace moec::codegen {

/// The attribute of a kernel whose blocks do so many rows of attention each.
constexpr llvm::StringLiteral queryRowsAttrName = "tile.query_rows";

/// The attribute of `tile.attention` in a kernel: elements of query, key and value that a thread
/// reads at once, of which each head's row has a multiple and starts at one.
constexpr llvm::StringLiteral widthsAttrName = "tile.widths";

/// Rows and threads of a block, keys of a step, and columns of what is staged at once.
constexpr int64_t deviceQueryRows = 16, deviceAttentionThreads = 128, deviceKeys = 64,
                  deviceColumns = 64;

/// Which dimension of an operand is batch (0), heads (1), sequence (2) or head size (3).
inline int64_t getHeadDim(tile::HeadLayout layout, int64_t dim) {
  return layout == tile::HeadLayout::BSHD && (dim == 1 || dim == 2) ? 3 - dim : dim;
}

/// Heads of the keys, and of the queries per one of those.
int64_t countKeyHeads(tile::AttentionOp op);
int64_t getGroupSize(tile::AttentionOp op);

/// Replaces attention on memrefs by a launch of a kernel that holds it, and erases it.
void formDeviceAttention(tile::AttentionOp op, DeviceFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEATTENTION_H
