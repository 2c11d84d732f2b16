//===- MappedFile.h - A file of weights in memory ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_MAPPEDFILE_H
#define MOEC_LIB_EMIT_MAPPEDFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace moec {

/// The bytes of a regular file, mapped or copied.
class MappedFile {
public:
  enum class Mode {
    Map,  ///< Costs no memory of its own. See exitOnTruncation for files that change.
    Copy, ///< The bytes of this moment, whatever happens to the file.
  };

  /// Opens `path`. With `refuseLinks`, which needs an absolute path, no component of it may be a
  /// symbolic link. Named pipes and devices are refused without waiting.
  static llvm::Expected<std::unique_ptr<MappedFile>> open(llvm::StringRef path, Mode mode,
                                                          bool refuseLinks);
  ~MappedFile();

  llvm::StringRef bytes() const { return {data, size}; }

private:
  MappedFile() = default;

  const char *data = nullptr;
  size_t size = 0;
  struct Guard *guard = nullptr;
};

/// For programs: where a file becomes shorter while it is mapped, the process ends with
/// `exitCode` and one message that names the file instead of a signal. Replaces the handler of
/// SIGBUS; other causes of that signal end the process as before.
void exitOnTruncation(llvm::StringRef program, int exitCode);

} // namespace moec

#endif // MOEC_LIB_EMIT_MAPPEDFILE_H
