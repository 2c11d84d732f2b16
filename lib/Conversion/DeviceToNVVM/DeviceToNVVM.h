//===- DeviceToNVVM.h - Kernels of a device in NVVM -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_DEVICETONVVM_DEVICETONVVM_H
#define MOEC_LIB_CONVERSION_DEVICETONVVM_DEVICETONVVM_H

#include <memory>

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace moec {

#define GEN_PASS_DECL
#include "lib/Conversion/DeviceToNVVM/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Conversion/DeviceToNVVM/Passes.h.inc"

} // namespace moec

#endif // MOEC_LIB_CONVERSION_DEVICETONVVM_DEVICETONVVM_H
