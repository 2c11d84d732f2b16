//===- Tile.td - The tile dialect -----------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILE
#define MOEC_DIALECTS_TILE_IR_TILE

include "dialects/Tile/IR/TileDialect.td"
include "dialects/Tile/IR/TileTypes.td"
include "dialects/Tile/IR/TileOps.td"
include "dialects/Tile/IR/TileKernelOps.td"

#endif // MOEC_DIALECTS_TILE_IR_TILE
