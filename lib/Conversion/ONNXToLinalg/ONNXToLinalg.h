//===- ONNXToLinalg.h - Lowering of operators to linalg ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H

#include "mlir/Pass/Pass.h"

namespace moec {

#define GEN_PASS_DECL
#include "lib/Conversion/ONNXToLinalg/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Conversion/ONNXToLinalg/Passes.h.inc"

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H
