//===- CompilationTest.cpp - Refusals and faults of passes ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"

#include "lib/Driver/ExitCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec;

namespace {

/// Breaks a function, refuses it, or both.
struct TestPass : PassWrapper<TestPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestPass)
  TestPass(bool breaks, bool refuses) : breaks(breaks), refuses(refuses) {}

  void runOnOperation() override {
    // A function without its terminator does not verify.
    if (breaks)
      getOperation().front().getTerminator()->erase();
    if (refuses) {
      getOperation().emitError("is refused");
      signalPassFailure();
    }
  }

  bool breaks, refuses;
};

int runTestPass(bool breaks, bool refuses) {
  SmallString<128> path;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("compilation", "mlir", path));
  llvm::FileRemover remover(path);
  {
    std::error_code code;
    llvm::raw_fd_ostream file(path, code);
    EXPECT_FALSE(code);
    file << "func.func @f() { return }\n";
  }
  Compilation compilation;
  EXPECT_EQ(compilation.read(path), exitSuccess);
  return compilation.run([&](OpPassManager &pm) {
    pm.addNestedPass<func::FuncOp>(std::make_unique<TestPass>(breaks, refuses));
  });
}

TEST(Compilation, RefusalsAreUnsupported) {
  EXPECT_EQ(runTestPass(false, false), exitSuccess);
  EXPECT_EQ(runTestPass(false, true), exitUnsupported);
}

TEST(Compilation, InvalidModulesAreFaultsOfTheCompiler) {
  EXPECT_EQ(runTestPass(true, false), exitInternal);
  EXPECT_EQ(runTestPass(true, true), exitInternal);
}

} // namespace
