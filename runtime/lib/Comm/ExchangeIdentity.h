// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the members of an exchange must have in common, and so compare before rows move.
#ifndef MOERT_LIB_COMM_EXCHANGEIDENTITY_H
#define MOERT_LIB_COMM_EXCHANGEIDENTITY_H

#include "lib/Comm/ExchangeTransport.h"

namespace moert {

/// Ranks that are processes send it to each other as it is.
struct ExchangeIdentity {
  uint8_t buildId[16];
  uint32_t number;
  uint32_t ordinal;
  uint32_t experts;
  uint32_t reserved;
  int64_t rowBytes;
  int64_t windowRows;
  int64_t chunks;
  char name[40]; // its beginning, for messages; ends in NUL
};
static_assert(sizeof(ExchangeIdentity) == 96, "without padding");

ExchangeIdentity identify(const ExchangeStart &start);

/// INVALID_ARGUMENT if rank `rank`, which has come with `theirs`, is not where this rank is.
moert_status compare(const ExchangeIdentity &mine, const ExchangeIdentity &theirs, int32_t rank);

} // namespace moert

#endif // MOERT_LIB_COMM_EXCHANGEIDENTITY_H
