//===- TileDialect.td - Dialect and op base class -------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_TILE_IR_TILEDIALECT
#define MOEC_DIALECTS_TILE_IR_TILEDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::moec::tile";
  let summary = "Schedules of heavy operations";
  let description = [{
    Structured operations whose speed decides a model's speed, and how each is computed: ragged matrix products over
    packed weights, row selection, stable bucketing, weighted gathers. The dialect knows ranges of rows, panels and
    units of work; it knows nothing of experts or routers.

    On tensors the ops are in destination style and say what is computed. After bufferization each becomes one or two
    *kernel ops* (`tile.pack_rows`, `tile.panel_product`, `tile.select` and others with `units`), which live in
    kernel functions, process the units [begin, end) of one launch, and are emitted per instruction-set level.

    Right-hand sides of products that are weights are values of type `!tile.packed`: opaque to bufferization, in one
    layout for all levels of a target, so that one weights file serves every processor. Those made at run time are
    ordinary buffers, which `tile.pack` fills with the same panels.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

/// An op on tensors in destination style; on memrefs it writes its outs.
class Tile_StructuredOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])>;

def Tile_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef], "tensor or memref">;
defvar Tile_Buffer = AnyStridedMemRef;

#endif // MOEC_DIALECTS_TILE_IR_TILEDIALECT
