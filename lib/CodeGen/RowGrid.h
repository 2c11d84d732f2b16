//===- RowGrid.h - Launches of teams for rows ----------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWGRID_H
#define MOEC_LIB_CODEGEN_ROWGRID_H

#include "lib/CodeGen/DeviceFormer.h"

#include <functional>

namespace moec::codegen {

/// The team that combines the lanes of rows of so many vectors; of unknown ones a block, whose size
/// follows at run time.
TeamKind chooseTeam(mlir::Value vectors);

/// What the blocks of a launch of teams that are warps do after their rows; nothing if null.
struct RowEnd {
  int64_t blockThreads = 0; // of each block, of which there is one at least
  std::function<void(mlir::ImplicitLocOpBuilder &, mlir::IRMapping &)> build;
};

/// Emits a launch of a team of `kind` for each of `rows` rows, which have `vectors` vectors each
/// (host values). `build` writes what a team does for the row (index) that it is given.
void launchRows(
    mlir::ImplicitLocOpBuilder &b, DeviceFormer &former, mlir::StringRef name, TeamKind kind,
    mlir::Value rows, mlir::Value vectors, LaunchOperands operands,
    mlir::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::IRMapping &, mlir::Value row)>
        build,
    const RowEnd &end = {});

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWGRID_H
