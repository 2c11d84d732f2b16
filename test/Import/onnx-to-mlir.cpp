//===- onnx-to-mlir.cpp - What the importer makes of a file -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests only: prints the imported module of each file, or the error, and
// exits with the error's code. Arguments: FILE... [--debuginfo] [--quiet].
//
//===----------------------------------------------------------------------===//

#include "lib/Import/OnnxImporter.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace moec;

static int report(llvm::StringRef path, llvm::Error error) {
  int code = 70;
  llvm::handleAllErrors(std::move(error), [&](const ImportError &info) {
    info.log(llvm::errs());
    llvm::errs() << "\n";
    code = info.exitCode();
  });
  return code;
}

static int import(llvm::StringRef path, bool debugInfo, bool quiet) {
  llvm::Expected<OnnxModel> model = OnnxModel::load(path);
  if (!model)
    return report(path, model.takeError());
  mlir::MLIRContext context;
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = importOnnx(*model, &context);
  if (!module)
    return report(path, module.takeError());
  mlir::OpPrintingFlags flags;
  if (debugInfo)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  if (!quiet)
    (*module)->print(llvm::outs(), flags);
  return 0;
}

int main(int argc, char **argv) {
  bool debugInfo = false, quiet = false;
  llvm::SmallVector<llvm::StringRef> files;
  for (llvm::StringRef argument : llvm::ArrayRef<char *>(argv + 1, argc - 1)) {
    if (argument == "--debuginfo")
      debugInfo = true;
    else if (argument == "--quiet")
      quiet = true;
    else
      files.push_back(argument);
  }
  int code = 0;
  for (llvm::StringRef file : files) {
    int result = import(file, debugInfo, quiet);
    code = std::max(code, result);
    if (files.size() > 1)
      llvm::outs() << result << " " << file << "\n";
  }
  return code;
}
