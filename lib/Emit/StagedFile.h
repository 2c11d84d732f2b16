//===- StagedFile.h - Files that appear when they are whole ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_STAGEDFILE_H
#define MOEC_LIB_EMIT_STAGEDFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// A file to be written under a name of its own beside its target, which stays what it was until
/// `commit`. Two processes with one target do not disturb each other: the later one's file stays.
/// What is not committed is removed, by a signal that ends the process, too.
class StagedFile {
public:
  StagedFile() = default;
  StagedFile(const StagedFile &) = delete;
  StagedFile &operator=(const StagedFile &) = delete;
  ~StagedFile();

  /// Makes an empty file beside `target`, which is refused if it is anything but a regular file or
  /// nothing.
  llvm::Error create(llvm::StringRef target);
  /// Makes a file in the folder for temporary files, which is never committed.
  llvm::Error createTemporary(llvm::StringRef suffix);
  /// Where to write until `commit`.
  const std::string &path() const { return staged; }
  llvm::Error commit();

private:
  void watch();

  std::string target, staged;
};

} // namespace moec

#endif // MOEC_LIB_EMIT_STAGEDFILE_H
