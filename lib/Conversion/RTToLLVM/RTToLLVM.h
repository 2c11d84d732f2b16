//===- RTToLLVM.h - Conversion of rt, and what it calls, to llvm -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_RTTOLLVM_RTTOLLVM_H
#define MOEC_LIB_CONVERSION_RTTOLLVM_RTTOLLVM_H

#include "mlir/Pass/Pass.h"

namespace moec::rt {

#define GEN_PASS_DECL
#include "lib/Conversion/RTToLLVM/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/RTToLLVM/Passes.h.inc"

} // namespace moec::rt

#endif // MOEC_LIB_CONVERSION_RTTOLLVM_RTTOLLVM_H
