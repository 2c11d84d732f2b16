//===- Driver.h - The moec program ------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_DRIVER_H
#define MOEC_LIB_DRIVER_DRIVER_H

#include "llvm/ADT/ArrayRef.h"

namespace moec {

/// Runs moec on the arguments behind the program's name; returns its exit code.
int runDriver(llvm::ArrayRef<const char *> arguments);

} // namespace moec

#endif // MOEC_LIB_DRIVER_DRIVER_H
