// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When transfers would have ended on links of a given speed, to try out what those would do. A rank
// has one link in each direction, and transfers on it follow each other.
#ifndef MOERT_LIB_COMM_SLOWLINK_H
#define MOERT_LIB_COMM_SLOWLINK_H

#include "lib/Core/Host.h"

#include <algorithm>
#include <cstdint>

namespace moert {

class SlowLink {
public:
  /// `bytesPerSecond` 0: transfers take no time. False when out of memory.
  [[nodiscard]] bool create(const Host &host, int32_t ranks, int64_t bytesPerSecond) {
    bytesPerSecond_ = bytesPerSecond;
    return !isSlow() || (out_.allocate(host, size_t(ranks)) && in_.allocate(host, size_t(ranks)));
  }

  bool isSlow() const { return bytesPerSecond_ > 0; }
  /// 0: transfers take no time.
  int64_t bytesPerSecond() const { return bytesPerSecond_; }

  /// When a transfer of `bytes` ends that begins now, or as soon as both links are free. One thread
  /// at a time for each receiver.
  int64_t transfer(int32_t from, int32_t to, int64_t bytes, int64_t now) {
    // Beyond what is meant to be waited for, but no overflow.
    const double ns = std::min(double(bytes) / double(bytesPerSecond_) * 1e9, 1e17);
    int64_t &in = in_[size_t(to)], &out = out_[size_t(from)];
    int64_t free = __atomic_load_n(&out, __ATOMIC_RELAXED), end;
    do
      end = std::max({now, in, free}) + int64_t(ns);
    while (
        !__atomic_compare_exchange_n(&out, &free, end, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return in = end;
  }

private:
  int64_t bytesPerSecond_ = 0;
  Array<int64_t> out_, in_; // of each rank: when its link is free
};

} // namespace moert

#endif // MOERT_LIB_COMM_SLOWLINK_H
