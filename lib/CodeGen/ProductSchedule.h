//===- ProductSchedule.h - How a product is cut -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model of cost behind a product of packed rows and panels. Its inputs are
// the level's caches and registers, the element type and the shape; nothing in
// it can change a bit of a result.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PRODUCTSCHEDULE_H
#define MOEC_LIB_CODEGEN_PRODUCTSCHEDULE_H

#include "lib/CodeGen/IsaLevel.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Row blocks whose sums are kept at once while panels pass: bounds the sums on the stack and
/// the packed rows in use.
constexpr int64_t blocksPerPass = 16;

/// Panels that go through the same block of k together: the rows of a pass may lie beyond the
/// second cache, and are read once for all of these. Multiplies the sums on the stack.
constexpr int64_t panelsPerGroup = 4;

/// With fewer blocks of rows than this panels go alone; each is then read in one stream.
constexpr int64_t blocksToGroup = 3;

/// How far ahead of its use a panel that comes from memory is prefetched: covers the latency of
/// memory at the rate that one core streams, whatever the panel's element type.
constexpr int64_t prefetchBytes = 8 << 10;

/// The most summands of a block of k. What a block is used with stays in the second cache: the
/// group's panels and the one that is fetched next, 128 bytes a summand each (f32), and the rows of
/// a pass. Beyond 512 summands, loading and storing the sums between blocks costs nothing any more.
int64_t chooseBlockDepth(const IsaLevel &level);

/// Emits the size (index) of the parts that `count` is cut into if each has `most` (at least 1) at
/// most and all are as equal as possible; at least 1.
mlir::Value emitEvenShare(mlir::ImplicitLocOpBuilder &b, mlir::Value count, mlir::Value most);

/// Emits the summands per block for a depth (index) known at run time: as even blocks as possible,
/// of even size, at most `most` (even) each. At least 2.
mlir::Value emitEvenDepth(mlir::ImplicitLocOpBuilder &b, mlir::Value depth, int64_t most);

/// Emits the most of a range's `panels` panels that a thread takes at once, in a product of `rows`
/// rows in the `ranges` ranges that have any (index). It reads the rows of the range once for them:
/// with n rows and p panels, that is n / (32 p) of the multiply-adds. Few panels even out the
/// threads. One eighth is allowed, between 8 and 16 panels; then the range is cut evenly. A few
/// rows wait for memory: their panels are not cut but by the pool, whose last parts are small.
mlir::Value emitPanelsAtOnce(mlir::ImplicitLocOpBuilder &b, mlir::Value rows, mlir::Value ranges,
                             mlir::Value panels);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_PRODUCTSCHEDULE_H
