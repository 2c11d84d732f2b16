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

/// Prints JSON with \u escapes for all characters but those of ASCII, so that names from files can
/// neither steer a terminal nor hide.
void printAsciiJson(llvm::raw_ostream &os, llvm::StringRef text);

/// Prints a value, indented, and a line end, as printAsciiJson does.
void printJson(llvm::raw_ostream &os, const llvm::json::Value &value);

} // namespace moec

#endif // MOEC_LIB_DRIVER_JSON_H
