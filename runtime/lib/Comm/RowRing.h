// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows of several rounds in one buffer, those of a round behind those of the round before it and
// around the end: so short rounds can be many, and long ones two, in the same memory. In front of
// them is a row that nobody writes, for who reads a row that is none.
#ifndef MOERT_LIB_COMM_ROWRING_H
#define MOERT_LIB_COMM_ROWRING_H

#include "lib/Comm/RowBuffer.h"

#include <algorithm>

namespace moert {

class RowRing {
public:
  /// `host` must outlive the ring.
  explicit RowRing(const Host &host) : buffer_(host) {}

  /// Empties the ring, which has room for `rows` rows from now on, at least 1. OUT_OF_MEMORY.
  moert_status begin(int64_t rows, int64_t rowBytes) {
    rows_ = rows;
    rowBytes_ = rowBytes;
    taken_ = 0;
    spareBytes_ = (rowBytes + MOERT_ALIGNMENT - 1) / MOERT_ALIGNMENT * MOERT_ALIGNMENT;
    return buffer_.reserve(rows + (spareBytes_ + rowBytes - 1) / rowBytes, rowBytes);
  }

  /// Rows that have been taken since the beginning.
  int64_t taken() const { return taken_; }
  /// Whether `count` rows more have room when nobody uses the first `freed` any longer.
  bool hasRoom(int64_t count, int64_t freed) const { return taken_ + count - freed <= rows_; }
  /// Takes rows that lie one after the other, `count` if there are as many before the end of the
  /// buffer, or fewer: then `count` says how many.
  char *take(int64_t &count) {
    const int64_t first = taken_ % rows_;
    count = std::min(count, rows_ - first);
    taken_ += count;
    return buffer_.data() + spareBytes_ + first * rowBytes_;
  }

  /// The row that nobody writes; all others lie behind it.
  const char *spare() const { return buffer_.data(); }

private:
  RowBuffer buffer_;
  int64_t rows_ = 1;
  int64_t rowBytes_ = 0, spareBytes_ = 0;
  int64_t taken_ = 0;
};

} // namespace moert

#endif // MOERT_LIB_COMM_ROWRING_H
