//===- NodeDiagnostics.h - Messages about nodes of a model ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_NODEDIAGNOSTICS_H
#define MOEC_LIB_DRIVER_NODEDIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace moec {

/// Prints diagnostics about a model that was read from ONNX as
/// `moec: FILE: node 'NAME' (OPERATOR): MESSAGE`, as far as the location tells.
class NodeDiagnosticHandler : public mlir::ScopedDiagnosticHandler {
public:
  /// `operators` are the operators of nodes by name.
  NodeDiagnosticHandler(mlir::MLIRContext *context, std::string file,
                        llvm::StringMap<std::string> operators);

  /// `node 'NAME' (OPERATOR)`, of the first node in the location; empty if it has none.
  std::string describe(mlir::Location loc) const;

private:
  void print(const mlir::Diagnostic &diagnostic) const;

  std::string file;
  llvm::StringMap<std::string> operators;
};

/// The text of a diagnostic without the name of the op in `onnx`, which users did not write.
std::string withoutOpName(const mlir::Diagnostic &diagnostic);

} // namespace moec

#endif // MOEC_LIB_DRIVER_NODEDIAGNOSTICS_H
