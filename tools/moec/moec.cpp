//===- moec.cpp - The compiler's command line -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Cli/Process.h"
#include "lib/Cli/Stack.h"
#include "lib/Driver/Driver.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Emit/MappedFile.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Signals.h"

#include <unistd.h>

/// Allocates nothing, as there is nothing.
static void onOutOfMemory(void *, const char *, bool) {
  static const char message[] =
      "moec: out of memory; what a model may take is bounded by --limit\n";
  llvm::sys::RunInterruptHandlers(); // removes unfinished files
  (void)!write(STDERR_FILENO, message, sizeof message - 1);
  _exit(moec::exitResource);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  moert::cli::prepareProcess(); // after LLVM's handlers of signals
  llvm::install_bad_alloc_error_handler(onOutOfMemory);
  moec::exitOnTruncation("moec", moec::exitBadInput);
  llvm::ArrayRef<const char *> arguments(argv + 1, argv + argc);
  return moert::cli::runWithStack(
      "moec",
      [](void *arguments) {
        return moec::runDriver(*static_cast<llvm::ArrayRef<const char *> *>(arguments));
      },
      &arguments);
}
