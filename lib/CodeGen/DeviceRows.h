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

/// Whether one team can do all members of the group for a row: sums of all have one order.
bool isDeviceGroup(const RowGroup &group);

/// The same for a group, for which isDeviceGroup is true: one kernel whose teams do all members for
/// a row, one after the other. A selection right before the group whose results it works on joins
/// it where a warp does the rows of both.
void formDeviceGroup(const RowGroup &group, DeviceFormer &former);

/// The same for a selection, whose rows a warp or a block does, and for a weighted gather, whose
/// columns are spread.
void formDeviceSelect(tile::SelectOp op, DeviceFormer &former);
void formDeviceGather(tile::WeightedGatherOp op, DeviceFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEROWS_H
