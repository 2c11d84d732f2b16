//===- RT.h - The rt dialect ------------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What compiled code asks of the runtime: weights, launches, outputs, checks,
// state. Ops are described in RTOps.td, weight expressions in
// RTWeightAttrs.td; WeightBuilders.h makes expressions in normal form.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RT_H
#define MOEC_DIALECTS_RT_IR_RT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace moec::rt {
class WeightExprInterface;
} // namespace moec::rt

#include "dialects/RT/IR/RTDialect.h.inc"
#include "dialects/RT/IR/RTEnums.h.inc"
#include "dialects/RT/IR/RTInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/RT/IR/RTAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/RT/IR/RTTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/RT/IR/RTOps.h.inc"

namespace moec::rt {

/// Whether `op` is a function that processes units: `func.func` with `rt.kernel`.
bool isKernel(mlir::Operation *op);

/// Whether `op` is an entry point: `func.func` with `rt.entry`.
bool isEntry(mlir::Operation *op);

/// Lets One-Shot Bufferize turn tensor weights and states into memrefs; the dialect calls them when
/// it is loaded.
void attachBufferization(mlir::MLIRContext *context);
void attachStateBufferization(mlir::MLIRContext *context);
void attachExchangeBufferization(mlir::MLIRContext *context);

} // namespace moec::rt

#endif // MOEC_DIALECTS_RT_IR_RT_H
