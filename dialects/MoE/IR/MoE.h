//===- MoE.h - The moe dialect ----------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Meaning of mixture-of-experts layers: route, assign, dispatch, experts,
// combine, and exchanges between ranks. Ops and attributes are described in
// MoERouterOps.td, MoEExpertOps.td, MoEExchangeOps.td and MoEAttrs.td.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOE_H
#define MOEC_DIALECTS_MOE_IR_MOE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/MoE/IR/MoEDialect.h.inc"
#include "dialects/MoE/IR/MoEEnums.h.inc"

namespace moec::moe {
/// Parses a real parameter of an attribute as f64.
mlir::FailureOr<llvm::APFloat> parseReal(mlir::AsmParser &parser);
} // namespace moec::moe

#define GET_ATTRDEF_CLASSES
#include "dialects/MoE/IR/MoEAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/MoE/IR/MoEOps.h.inc"

#endif // MOEC_DIALECTS_MOE_IR_MOE_H
