// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An exchange whose rows are in the memory of a device: they go through the host's.
#ifndef MOERT_LIB_CORE_STAGEDEXCHANGE_H
#define MOERT_LIB_CORE_STAGEDEXCHANGE_H

#include <cstdint>

namespace moert {

/// What a run has of its exchange on either side. All memory is of the run, on the host of its
/// pool, so whatever an exchange that fails leaves is taken back with the run.
struct StagedExchange {
  // On the host, from begin to end: other ranks read the first three.
  char *rows = nullptr;       // as this rank takes them into the exchange
  int32_t *gather = nullptr;  // null: rows are in order
  int32_t *offsets = nullptr; // [experts + 1]
  int32_t *ranges = nullptr;  // [numRanges + 1], of the round under way
  char *received = nullptr;   // the rows of a round, one after the other
  int64_t *places = nullptr;  // [window]
  char *made = nullptr;       // what was made of the rows of a round; null until one is returned
  char *results = nullptr;    // of this rank's rows; likewise
  // On the device.
  void *deviceRows = nullptr;
  void *devicePlaces = nullptr;
  void *deviceResults = nullptr; // where compiled code wants `results`

  int64_t rowBytes = 0;
  int64_t elementBytes = 0;
  int64_t numRanges = 0;
  int64_t window = 0;
  int64_t mostRows = 0;    // that come in one round, at least 1
  int64_t madeBytes = 0;   // of a row of `made`
  int64_t resultBytes = 0; // of all results
  int64_t count = 0;       // rows of the round under way
};

} // namespace moert

#endif // MOERT_LIB_CORE_STAGEDEXCHANGE_H
