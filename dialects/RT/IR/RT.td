//===- RT.td - The rt dialect ------------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RT
#define MOEC_DIALECTS_RT_IR_RT

include "dialects/RT/IR/RTDialect.td"
include "dialects/RT/IR/RTInterfaces.td"
include "dialects/RT/IR/RTWeightAttrs.td"
include "dialects/RT/IR/RTOps.td"
include "dialects/RT/IR/RTStateOps.td"
include "dialects/RT/IR/RTExchangeOps.td"

#endif // MOEC_DIALECTS_RT_IR_RT
