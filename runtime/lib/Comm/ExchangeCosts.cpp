// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/ExchangeCosts.h"

#include <algorithm>
#include <cmath>

namespace moert {

namespace {

// What processors of this decade do, roughly; the root forgives much. All members must choose the
// same, so nothing is measured here.
constexpr double kFlopsPerSecond = 200e9;
constexpr double kMemoryBytesPerSecond = 20e9;
/// Meeting, waking and copying of a round; measured: 10 to 15 us.
constexpr double kRoundSeconds = 20e-6;
constexpr int64_t kMostChunks = 64;

} // namespace

int64_t chooseChunks(const ExchangeCosts &costs, int64_t rows, int64_t experts) {
  if (costs.linkBytesPerSecond <= 0 || costs.rowBytes <= 0 || costs.rowFlops <= 0 || rows <= 0)
    return 1;
  const double link = double(rows) * double(costs.rowBytes) / double(costs.linkBytesPerSecond);
  // A row meets each parameter of its expert once, in a multiplication and an addition.
  const double weights = double(costs.rowFlops) / 2 * 4 / kMemoryBytesPerSecond;
  const double computing =
      std::max(double(rows) * double(costs.rowFlops) / kFlopsPerSecond, double(experts) * weights);
  const double hidden = std::min(link, computing);
  const double whole = std::min(std::sqrt(hidden / kRoundSeconds), double(experts));
  // Experts cut into equally many rounds: between multiples some are cut, and others fill a round.
  const double each = std::max(1.0, double(experts));
  const double cut = std::round(std::sqrt(hidden / (kRoundSeconds + weights)) / each) * each;
  const double most = each > kMostChunks ? kMostChunks : std::floor(kMostChunks / each) * each;
  return std::max<int64_t>(1, int64_t(std::lround(std::min(std::max(whole, cut), most))));
}

} // namespace moert
