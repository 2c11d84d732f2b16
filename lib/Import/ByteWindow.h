//===- ByteWindow.h - Sequential reading of a ByteSource --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_BYTEWINDOW_H
#define MOEC_IMPORT_BYTEWINDOW_H

#include "lib/Import/ByteSource.h"

#include "llvm/ADT/ArrayRef.h"

#include <system_error>
#include <vector>

namespace moec {

/// Sequential reading of a ByteSource through a window. `position` never passes the end.
class ByteWindow {
public:
  explicit ByteWindow(const ByteSource &source) : source(source), total(source.size()) {}

  uint64_t position() const { return start + used; }
  uint64_t size() const { return total; }
  std::error_code error() const { return failure; }

  /// The rest of the window after refilling it where empty; empty at the end and on failure.
  llvm::ArrayRef<char> available() {
    if (used == buffer.size())
      refill();
    return llvm::ArrayRef<char>(buffer).drop_front(used);
  }
  /// Moves on within what `available` returned.
  void consume(size_t bytes) { used += bytes; }

  void skip(uint64_t bytes);

private:
  void refill();

  static constexpr size_t windowBytes = 1 << 18;
  const ByteSource &source;
  uint64_t total;
  uint64_t start = 0; // Of the window in the source.
  size_t used = 0;
  std::vector<char> buffer;
  std::error_code failure;
};

} // namespace moec

#endif // MOEC_IMPORT_BYTEWINDOW_H
