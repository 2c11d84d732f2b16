//===- FuzzOptions.h - What fuzzers of the importer share -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_TEST_FUZZ_FUZZOPTIONS_H
#define MOEC_TEST_FUZZ_FUZZOPTIONS_H

#include "lib/Import/ImportError.h"
#include "lib/Import/ImportOptions.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

namespace moec {

/// A folder with one file of external data, `w.bin`, of 4096 bytes. Removed when the process ends.
inline std::string fuzzFolder() {
  static llvm::SmallString<128> folder;
  if (!folder.empty())
    return folder.str().str();
  if (llvm::sys::fs::createUniqueDirectory("moec-fuzz", folder))
    std::abort();
  std::atexit([] { llvm::sys::fs::remove_directories(folder); });
  std::error_code code;
  llvm::raw_fd_ostream file((folder + "/w.bin").str(), code);
  file << std::string(4096, '\x3f');
  return folder.str().str();
}

/// Limits small enough that an execution takes milliseconds whatever it reaches.
inline ImportOptions fuzzOptions() {
  ImportOptions options;
  options.limits.parsedBytes = 64 << 20;
  options.limits.nodes = 10000;
  options.limits.tensors = 10000;
  options.limits.expandedNodes = 10000;
  options.limits.expandedBytes = 4 << 20;
  options.limits.sparseDenseBytes = 1 << 20;
  options.limits.constantBytes = 1 << 20;
  options.limits.foldedElements = 1 << 16;
  options.mappedBytes = 8;
  options.externalDataDir = fuzzFolder();
  return options;
}

/// What every refusal owes to users: a kind, the file, a reason, and nothing that a terminal obeys.
inline void checkMessage(const ImportError &error) {
  std::string text;
  llvm::raw_string_ostream os(text);
  error.log(os);
  bool isClean = llvm::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  if (error.message.empty() || error.file.empty() || error.exitCode() < 3 || error.exitCode() > 5 ||
      !isClean || text.size() > (1 << 16)) {
    llvm::errs() << "bad message: " << text << "\n";
    std::abort();
  }
}

} // namespace moec

#endif // MOEC_TEST_FUZZ_FUZZOPTIONS_H
