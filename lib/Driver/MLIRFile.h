//===- MLIRFile.h - Reading FILE.mlir ---------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_MLIRFILE_H
#define MOEC_LIB_DRIVER_MLIRFILE_H

#include "lib/Import/ImportLimits.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

#include <memory>
#include <string>

namespace moec {

/// A context that knows every dialect a FILE.mlir may hold.
std::unique_ptr<mlir::MLIRContext> createContext();

/// Reads `path` (`-` is the standard input) into `sources`, from which
/// diagnostics quote. Returns an exit code, after a message on stderr if it cannot
/// be read or is nested deeper than `limits` allow.
int readFile(llvm::StringRef path, const ImportLimits &limits, llvm::SourceMgr &sources);

/// Parses and verifies what `sources` holds; null after located errors.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(llvm::SourceMgr &sources, mlir::MLIRContext &context);

} // namespace moec

#endif // MOEC_LIB_DRIVER_MLIRFILE_H
