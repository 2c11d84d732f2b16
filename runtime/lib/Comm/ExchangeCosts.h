// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many rounds pay: while rows of one round are computed, those of another travel.
#ifndef MOERT_LIB_COMM_EXCHANGECOSTS_H
#define MOERT_LIB_COMM_EXCHANGECOSTS_H

#include <cstdint>

namespace moert {

/// What an exchange costs, as far as all its members know the same of it.
struct ExchangeCosts {
  int64_t rowBytes = 0; // of a row there and back; 0: unknown
  int64_t rowFlops = 0; // multiplications and additions that its expert makes of it; 0: unknown
  int64_t linkBytesPerSecond = 0; // in each direction of a rank; 0: as fast as memory
};

/// The number of rounds in which an exchange whose busiest member receives `rows` rows, for
/// `experts` experts, takes least time, at least 1.
///
/// With t the time of the exchange and u that of the experts, C rounds take
///   max(t, u) + min(t, u) / C + C a
/// where a is what one more round costs: messages and meetings. Where there are more rounds than
/// experts, rounds end within the rows of an expert, whose weights are then read once more. So C is
/// the root of min(t, u) / a, in the latter case the multiple of the experts that is nearest to it:
/// between multiples some experts are cut, and the rounds of the others are as long as before. Rows
/// that memory carries are copied by the processors that compute:
/// there is nothing to hide.
int64_t chooseChunks(const ExchangeCosts &costs, int64_t rows, int64_t experts);

} // namespace moert

#endif // MOERT_LIB_COMM_EXCHANGECOSTS_H
