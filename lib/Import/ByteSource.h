//===- ByteSource.h - Random access to the bytes of a model -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_BYTESOURCE_H
#define MOEC_IMPORT_BYTESOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <system_error>

namespace moec {

/// Bytes that are read on demand. Files are read with pread and not mapped: a file that shrinks
/// while it is read gives an error instead of a signal. Thread-safe.
class ByteSource {
public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  /// Fills `buffer` from `offset`; an error if fewer bytes are there.
  virtual std::error_code read(uint64_t offset, llvm::MutableArrayRef<char> buffer) const = 0;
  /// Canonical path of the file, or empty for memory.
  virtual llvm::StringRef path() const { return {}; }
};

/// A regular file, open for the lifetime of the object.
class FileSource final : public ByteSource {
public:
  /// Opens `path`; symbolic links are followed. The error is an ImportError.
  static llvm::Expected<std::unique_ptr<FileSource>> open(llvm::StringRef path);
  /// Takes over a descriptor; fails with an ImportError about `name` unless it is a regular file.
  static llvm::Expected<std::unique_ptr<FileSource>> adopt(int fd, llvm::StringRef name);
  ~FileSource() override;

  uint64_t size() const override { return bytes; }
  std::error_code read(uint64_t offset, llvm::MutableArrayRef<char> buffer) const override;
  llvm::StringRef path() const override { return canonicalPath; }
  /// Stays with the object.
  int descriptor() const { return fd; }
  /// Device and inode: equal for two sources only if they are the same file.
  std::pair<uint64_t, uint64_t> identity() const { return {device, inode}; }

private:
  FileSource() = default;
  int fd = -1;
  uint64_t bytes = 0, device = 0, inode = 0;
  std::string canonicalPath;
};

/// Bytes of the caller, which must outlive the object.
class MemorySource final : public ByteSource {
public:
  explicit MemorySource(llvm::ArrayRef<char> bytes) : bytes(bytes) {}
  uint64_t size() const override { return bytes.size(); }
  std::error_code read(uint64_t offset, llvm::MutableArrayRef<char> buffer) const override;

private:
  llvm::ArrayRef<char> bytes;
};

} // namespace moec

#endif // MOEC_IMPORT_BYTESOURCE_H
