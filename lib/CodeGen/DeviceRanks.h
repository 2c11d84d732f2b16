//===- DeviceRanks.h - Places of entries in a block ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stable places without memory but one slot per warp. The entries are cut into
// as many runs as the block has warps. Each warp counts its run; a warp's own
// entries begin after those of the warps before it; then the warps go through
// their runs once more, 32 entries at a time, and a vote tells each lane how many
// own entries lie below it. Nothing depends on which thread comes first.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICERANKS_H
#define MOEC_LIB_CODEGEN_DEVICERANKS_H

#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/RowTeam.h"

namespace moec::codegen {

/// Threads of the largest block that gives places: a warp looks at the counts of all others, one
/// in each lane.
constexpr int64_t mostRankThreads = 1024;

/// What an entry is to a block, as i1.
struct EntryClass {
  mlir::Value isOwn;    // it gets one of the block's places
  mlir::Value isBefore; // it has a place before all of the block's; null: none has
};

/// Emits code of all threads of a block, whole warps: calls `visit` with each own entry of
/// [0, count) and its place (i32), which is the number of entries before the block's plus that of
/// own entries before it. Returns, in the first thread, the number of entries before the block's.
/// `classify` is emitted twice, for entries in range.
mlir::Value emitBlockPlaces(LoopBuilder &b, const RowTeam &team, mlir::Value count,
                            mlir::function_ref<EntryClass(mlir::Value entry)> classify,
                            mlir::function_ref<void(mlir::Value entry, mlir::Value place)> visit);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICERANKS_H
