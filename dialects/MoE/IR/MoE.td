//===- MoE.td - The moe dialect -------------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOE
#define MOEC_DIALECTS_MOE_IR_MOE

include "dialects/MoE/IR/MoEDialect.td"
include "dialects/MoE/IR/MoEAttrs.td"
include "dialects/MoE/IR/MoERouterOps.td"
include "dialects/MoE/IR/MoEExpertOps.td"
include "dialects/MoE/IR/MoEExchangeOps.td"

#endif // MOEC_DIALECTS_MOE_IR_MOE
