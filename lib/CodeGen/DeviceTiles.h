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

/// Each replaces an op on memrefs by a launch of a kernel that holds it as it is, and erases it.
/// What a block does of it follows from the block's number.
void formDeviceBucket(tile::BucketOp op, DeviceFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICETILES_H
