// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RowPlaces.h"
#include "lib/Core/Status.h"

#include <algorithm>

namespace moert {

moert_status RowPlaces::reserve(int64_t rows) {
  if (int64_t(places_.size()) >= rows || places_.allocate(host_, size_t(rows)))
    return success();
  return failure(MOERT_OUT_OF_MEMORY, "no memory for the places of %lld rows of an exchange",
                 static_cast<long long>(rows));
}

void RowPlaces::begin(const moert_exchange_rows &own, bool hasOwn, const char *window) {
  own_ = own;
  count_ = 0;
  window_ = window;
  const auto rows = reinterpret_cast<uintptr_t>(own.rows),
             others = reinterpret_cast<uintptr_t>(window);
  base_ = hasOwn ? std::min(rows, others) : others;
}

void RowPlaces::add(const char *rows, int64_t count) {
  int64_t place = placeOf(rows);
  const int64_t step = own_.row_bytes / own_.element_bytes;
  for (int64_t *to = places_.data() + count_, *last = to + count; to != last; ++to, place += step)
    *to = place;
  count_ += count;
}

void RowPlaces::addOwn(int64_t first, int64_t count) {
  const auto *rows = static_cast<const char *>(own_.rows);
  if (!own_.gather)
    return add(rows + first * own_.row_bytes, count);
  const int64_t zero = placeOf(rows), step = own_.row_bytes / own_.element_bytes;
  for (int64_t row = first; row < first + count; ++row)
    places_[size_t(count_++)] = zero + own_.gather[row] * step;
}

void RowPlaces::end(int64_t rows) {
  for (const int64_t place = placeOf(window_); count_ < rows; ++count_)
    places_[size_t(count_)] = place;
}

} // namespace moert
