//===- EmitTool.cpp - moec-test-emit: artifacts from lowered modules -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests of code emission below the compiler's driver:
//   moec-test-emit IN.mlir -o OUT    OUT.so, OUT.o, or an executable, and
//                                    OUT.weights
//   moec-test-emit IN.mlir --llvm    optimised LLVM IR on standard output
//   --runtime DIR                    folder of the runtime's static libraries
//
//===----------------------------------------------------------------------===//

#include "moec/Emit.h"
#include "moec/InitAll.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

int main(int argc, char **argv) {
  llvm::StringRef input, output;
  bool printsLLVM = false;
  moec::EmitOptions options;
  for (int index = 1; index < argc; ++index) {
    llvm::StringRef argument = argv[index];
    if (argument == "-o" && index + 1 < argc)
      output = argv[++index];
    else if (argument == "--runtime" && index + 1 < argc)
      options.runtimeLibraries = argv[++index];
    else if (argument == "--llvm")
      printsLLVM = true;
    else
      input = argument;
  }
  if (input.empty() || (output.empty() && !printsLLVM)) {
    llvm::errs() << "usage: moec-test-emit IN.mlir (-o OUT | --llvm)\n";
    return 2;
  }

  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  moec::registerDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, sources, &context);
  if (!module)
    return 1;

  if (mlir::failed(moec::lowerToLLVM(*module, options)))
    return 1;
  if (printsLLVM) {
    if (llvm::Error error = moec::emitLLVM(*module, options, llvm::outs())) {
      llvm::errs() << llvm::toString(std::move(error)) << "\n";
      return 1;
    }
    return 0;
  }
  auto kind = output.ends_with(".so")  ? moec::ArtifactKind::SharedObject
              : output.ends_with(".o") ? moec::ArtifactKind::Object
                                       : moec::ArtifactKind::Executable;
  moec::PackOptions packOptions;
  packOptions.baseDirectory = llvm::sys::path::parent_path(output).str();
  if (llvm::Error error = moec::emitArtifact(*module, kind, output, options, packOptions)) {
    module->emitError() << llvm::toString(std::move(error));
    return 1;
  }
  return 0;
}
