//===- DeviceProducts.h - Kernels of products on a device -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEPRODUCTS_H
#define MOEC_LIB_CODEGEN_DEVICEPRODUCTS_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceFormer.h"

namespace moec::codegen {

/// Replaces a product on memrefs by launches of kernels that hold it as a whole, one per schedule
/// that its shapes may ask for, and erases it. Of several launches one has blocks in a run.
void formDeviceProduct(tile::RaggedMatmulOp op, DeviceFormer &former);

/// The same for the packing of a matrix that is made at run time: each thread writes elements of
/// the panels.
void formDevicePack(tile::PackOp op, DeviceFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEPRODUCTS_H
