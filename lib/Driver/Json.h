//===- Json.h - JSON on a terminal ------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_JSON_H
#define MOEC_LIB_DRIVER_JSON_H

#include "llvm/Support/JSON.h"

namespace moec {

/// Prints a value, indented, and a line end. All characters but those of ASCII become \u escapes,
/// so that names from files can neither steer a terminal nor hide.
void printJson(llvm::raw_ostream &os, const llvm::json::Value &value);

} // namespace moec

#endif // MOEC_LIB_DRIVER_JSON_H
