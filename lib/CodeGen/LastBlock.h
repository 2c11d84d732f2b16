//===- LastBlock.h - Work behind all blocks of a launch ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks count themselves when they are done. The last one sees all that the
// others wrote, and goes on alone: what needs the results of a whole launch needs
// no launch of its own then, and no block waits.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_LASTBLOCK_H
#define MOEC_LIB_CODEGEN_LASTBLOCK_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Emits, for all threads of a block, what `body` writes; only the block that comes here last runs
/// it. `counter` is a memref<i32> in memory of the device (rt.device_counter), 0 before the launch
/// and afterwards.
void emitLastBlock(mlir::ImplicitLocOpBuilder &b, mlir::Value counter,
                   mlir::function_ref<void()> body);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_LASTBLOCK_H
