//===- Tile.h - The tile dialect --------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Structured heavy operations and the kernels they become. Ops and types are
// described in TileOps.td, TileKernelOps.td and TileTypes.td.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILE_H
#define MOEC_DIALECTS_TILE_IR_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tile/IR/TileDialect.h.inc"
#include "dialects/Tile/IR/TileEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/IR/TileTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/IR/TileAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/IR/TileOps.h.inc"

namespace moec::tile {

/// Makes tile's structured ops bufferizable (destination style, nothing aliases).
void registerBufferization(mlir::DialectRegistry &registry);

} // namespace moec::tile

#endif // MOEC_DIALECTS_TILE_IR_TILE_H
