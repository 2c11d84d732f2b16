//===- NodeDiagnostics.cpp - Messages about nodes of a model ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/NodeDiagnostics.h"

#include "lib/Import/ImportError.h"

using namespace mlir;
using namespace moec;

std::string moec::withoutOpName(const Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  StringRef rest = text;
  size_t end = rest.find("' op ");
  if (rest.starts_with("'onnx.") && end == rest.find('\'', 1))
    return rest.drop_front(end + 5).str();
  return text;
}

NodeDiagnosticHandler::NodeDiagnosticHandler(MLIRContext *context, std::string file,
                                             llvm::StringMap<std::string> operators)
    : ScopedDiagnosticHandler(context), file(std::move(file)), operators(std::move(operators)) {
  setHandler([this](Diagnostic &diagnostic) {
    print(diagnostic);
    return success();
  });
}

std::string NodeDiagnosticHandler::describe(Location loc) const {
  auto name = loc->findInstanceOf<NameLoc>();
  if (!name)
    return "";
  auto found = operators.find(name.getName());
  // Inputs and weights have names, too.
  if (found == operators.end())
    return quoteName(name.getName());
  return "node " + quoteName(name.getName()) + " (" + escapeName(found->second) + ")";
}

void NodeDiagnosticHandler::print(const Diagnostic &diagnostic) const {
  llvm::raw_ostream &os = llvm::errs();
  os << "moec: " << escapeName(file) << ": ";
  if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
    os << "warning: ";
  else if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
    os << "remark: ";
  std::string node = describe(diagnostic.getLocation());
  os << node << (node.empty() ? "" : ": ") << escapeMessage(withoutOpName(diagnostic)) << "\n";
  for (const Diagnostic &note : diagnostic.getNotes()) {
    std::string place = describe(note.getLocation());
    os << "  " << place << (place.empty() ? "" : ": ") << escapeMessage(withoutOpName(note))
       << "\n";
  }
}
