//===- MLIRFile.cpp - Reading FILE.mlir -------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MLIRFile.h"

#include "moec/InitAll.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/ToolOutputFile.h"

std::unique_ptr<mlir::MLIRContext> moec::createContext() {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerDialects(registry);
  auto context =
      std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  // A message and its place are enough; the generic form of an op can be long.
  context->printOpOnDiagnostic(false);
  return context;
}

bool moec::readFile(llvm::StringRef path, llvm::SourceMgr &sources) {
  std::string reason;
  std::unique_ptr<llvm::MemoryBuffer> buffer = mlir::openInputFile(path, &reason);
  if (!buffer) {
    llvm::errs() << "moec: " << reason << "\n";
    return false;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return true;
}

mlir::OwningOpRef<mlir::ModuleOp> moec::parseModule(llvm::SourceMgr &sources,
                                                    mlir::MLIRContext &context) {
  return mlir::parseSourceFile<mlir::ModuleOp>(sources, mlir::ParserConfig(&context));
}
