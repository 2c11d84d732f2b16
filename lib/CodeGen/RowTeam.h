//===- RowTeam.h - Threads that share a row ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a device the lanes of a row are spread over threads. The first vector of a
// row belongs to the first thread of its team, the next to the next, and so on
// around.
//
// The order of sums: vectors have 4 elements, so element i of a row is added,
// in order, to partial (i mod 4) of thread (i / 4) mod (threads of the team);
// then one tree adds partials 2 apart and 1 apart, threads of a warp 16, 8, 4, 2
// and 1 apart, and the sums of warps in order; the initial value comes first.
// Elements beyond the last whole vector go to the first partials of the first
// threads. The number of threads follows from the length of the row alone, and so
// does the order.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWTEAM_H
#define MOEC_LIB_CODEGEN_ROWTEAM_H

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Elements of a vector where a row is reduced.
constexpr int64_t reducedWidth = 4;

/// Threads of the largest team.
constexpr int64_t mostTeamThreads = 256;

/// Who works on a row together, and how they can meet.
enum class TeamKind {
  Alone, // threads that never meet: nothing is reduced over lanes
  Warp,
  Block,
};

/// The attribute of a kernel that says what its teams are: `alone`, `warp`, `block`.
constexpr llvm::StringLiteral teamAttrName = "tile.team";

/// The attribute of a structured op in a kernel: elements that a thread takes at once.
constexpr llvm::StringLiteral widthAttrName = "tile.width";

/// A thread's place in the team of its row.
struct RowTeam {
  TeamKind kind;
  int64_t width;     // elements that a thread takes at once
  mlir::Value first; // number of the thread in its team
  mlir::Value size;  // threads of the team
};

llvm::StringRef getTeamName(TeamKind kind);
std::optional<TeamKind> findTeamKind(llvm::StringRef name);

/// Emits what makes the writes of each thread of a team visible to the others.
void emitTeamSync(mlir::ImplicitLocOpBuilder &b, TeamKind kind);

/// Emits, in all lanes of a warp, `value` of another lane: number `by`, or `by` away as `kind`
/// says.
mlir::Value emitShuffle(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::NVVM::ShflKind kind,
                        int64_t by);

/// Emits the result of `combine` over the `value`s of all threads of a team, in
/// every thread; `combine` must be commutative. A team that is a block uses
/// shared memory of its kernel, which is free again after the next sync.
mlir::Value emitTeamReduction(mlir::ImplicitLocOpBuilder &b, const RowTeam &team, mlir::Value value,
                              llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWTEAM_H
