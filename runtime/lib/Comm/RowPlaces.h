// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the rows of a round are, as compiled code is told: those of other ranks in a window, the
// rank's own where it has them, so that nobody copies them.
#ifndef MOERT_LIB_COMM_ROWPLACES_H
#define MOERT_LIB_COMM_ROWPLACES_H

#include "lib/Core/Host.h"

#include <moert/abi.h>

namespace moert {

/// Rows of a round: row r is at `places[r]` elements from `base`.
struct ReceivedRows {
  const void *base;
  const int64_t *places;
};

class RowPlaces {
public:
  explicit RowPlaces(const Host &host) : host_(host) {}

  /// Room for `rows`; what was there is lost. OUT_OF_MEMORY.
  moert_status reserve(int64_t rows);

  /// Begins a round of the exchange that takes `own`, if there are any rows of that. Others' rows
  /// are in `window`, which is aligned to MOERT_ALIGNMENT and begins with a row that stays as it is
  /// while compiled code has the round.
  void begin(const moert_exchange_rows &own, bool hasOwn, const char *window);
  /// The next `count` rows are at `rows`, in the window, one after the other.
  void add(const char *rows, int64_t count);
  /// The next `count` rows are the rank's own `first` and following.
  void addOwn(int64_t first, int64_t count);
  /// Gives rows up to `rows`, beyond those that were added, a place that may be read.
  void end(int64_t rows);

  ReceivedRows rows() const { return {reinterpret_cast<const void *>(base_), places_.data()}; }

private:
  int64_t placeOf(const void *row) const {
    // Addresses, since these are parts of different objects.
    return int64_t(reinterpret_cast<uintptr_t>(row) - base_) / own_.element_bytes;
  }

  const Host &host_;
  Array<int64_t> places_;
  int64_t count_ = 0;
  moert_exchange_rows own_ = {};
  const char *window_ = nullptr;
  uintptr_t base_ = 0; // the lowest address, so that no place is negative
};

} // namespace moert

#endif // MOERT_LIB_COMM_ROWPLACES_H
