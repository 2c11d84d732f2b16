// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The exchange that a run is in, and how far compiled code has come in it.
#ifndef MOERT_LIB_CORE_RUNEXCHANGE_H
#define MOERT_LIB_CORE_RUNEXCHANGE_H

#include "lib/Comm/LocalExchange.h"
#include "lib/Core/Status.h"

namespace moert {

struct RunExchange {
  ExchangeTransport *transport = nullptr; // null: the run is in none
  const moert_exchange_info *info = nullptr;
  uint32_t ordinal = 0; // of this exchange in the run, or of the next one
  int64_t ownRows = 0;
  int64_t rowBytes = 0;
  int64_t received = 0; // rounds
  int64_t returned = 0; // likewise
  int64_t resultBytes = 0;
  void *results = nullptr;
  int64_t receivedNs = 0; // when the round under way was received, where runs are traced
};

/// For exchanges of one member in sessions without a group: the run has it to itself.
class SoloPart {
public:
  explicit SoloPart(const Host &host) : state_(host), part_(host, state_, link_) {}
  moert_status create() {
    MOERT_RETURN_IF_FAILED(state_.create(1));
    return part_.create(nullptr, 1);
  }
  ExchangeTransport &exchange() { return part_.exchange(0); }

private:
  GroupState state_;
  SlowLink link_;
  LocalPart part_;
};

} // namespace moert

#endif // MOERT_LIB_CORE_RUNEXCHANGE_H
