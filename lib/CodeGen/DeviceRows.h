//===- DeviceRows.h - Kernels of structured ops on a device --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEROWS_H
#define MOEC_LIB_CODEGEN_DEVICEROWS_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceFormer.h"
#include "lib/CodeGen/RowGroups.h"

namespace moec::codegen {

/// Replaces a structured op on memrefs by a launch of a kernel that holds it for one row, and
/// erases it. Rows are the entries of all parallel loops but the one along lanes.
void formDeviceRow(mlir::linalg::LinalgOp op, DeviceFormer &former);

/// The parts of a group that one team can do: all of it where a warp combines each row, else runs
/// of structured ops that reduce rows of one length. Parts with one op are left out, but for a
/// selection that a sort follows.
mlir::SmallVector<RowGroup> splitDeviceGroup(const RowGroup &group);

/// The same for a part of a group: one kernel whose teams do all members for a row, one after the
/// other. A sort by the selected columns right behind is done by the block that ends last.
void formDeviceGroup(const RowGroup &group, DeviceFormer &former);

/// The same for a selection, whose rows a warp or a block does, and for a weighted gather, whose
/// columns are spread.
void formDeviceSelect(tile::SelectOp op, DeviceFormer &former);
void formDeviceGather(tile::WeightedGatherOp op, DeviceFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEROWS_H
