//===- MLIRFile.cpp - Reading FILE.mlir -------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MLIRFile.h"

#include "lib/Driver/ExitCode.h"
#include "lib/Import/ImportError.h"
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
  // Users see their file, not the module of some stage.
  context->printOpOnDiagnostic(false);
  return context;
}

/// The depth of brackets outside of strings and comments, as far as `most` and one more. Arrows and
/// comparisons are no brackets.
static uint64_t bracketDepth(llvm::StringRef text, uint64_t most) {
  uint64_t depth = 0, deepest = 0;
  for (size_t i = 0; i < text.size() && deepest <= most; ++i) {
    char c = text[i], next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        if (text[i] == '\\')
          ++i;
    } else if (c == '/' && next == '/') {
      i = std::min(text.find('\n', i), text.size());
    } else if ((c == '-' && next == '>') || ((c == '<' || c == '>') && next == '=')) {
      ++i;
    } else if (llvm::StringRef("([{<").contains(c)) {
      deepest = std::max(deepest, ++depth);
    } else if (llvm::StringRef(")]}>").contains(c) && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

int moec::readFile(llvm::StringRef path, const ImportLimits &limits, llvm::SourceMgr &sources) {
  std::string reason;
  std::unique_ptr<llvm::MemoryBuffer> buffer = mlir::openInputFile(path, &reason);
  if (!buffer) {
    llvm::errs() << "moec: " << escapeMessage(reason) << "\n";
    return exitBadInput;
  }
  // MLIR's parser recurses.
  if (bracketDepth(buffer->getBuffer(), limits.textDepth) > limits.textDepth) {
    llvm::errs() << "moec: " << escapeName(path) << ": "
                 << describeExcess(limits, &ImportLimits::textDepth,
                                   "the nesting of brackets inside brackets")
                 << "\n";
    return exitResource;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return exitSuccess;
}

mlir::OwningOpRef<mlir::ModuleOp> moec::parseModule(llvm::SourceMgr &sources,
                                                    mlir::MLIRContext &context) {
  return mlir::parseSourceFile<mlir::ModuleOp>(sources, mlir::ParserConfig(&context));
}
