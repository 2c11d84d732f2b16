// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A rank's end of a group of processes.
#ifndef MOERT_LIB_COMM_REMOTERANKS_H
#define MOERT_LIB_COMM_REMOTERANKS_H

#include "lib/Comm/RemoteExchange.h"

namespace moert {

class RemoteRanks final : public GroupTransport {
public:
  /// Forms a group of 2 ranks or more and connects them: what ControlPlane::form and
  /// Transport::open say. `host` must outlive it.
  static moert_status make(const Host &host, const ControlOptions &options,
                           const moert_transport_api &api, GroupTransport *&end);
  explicit RemoteRanks(const Host &host);
  ~RemoteRanks();

  int32_t rank() const override { return plane_.rank(); }
  int32_t ranks() const override { return plane_.ranks(); }
  bool isOfProcesses() const override { return true; }
  moert_status open(const int32_t *ranks, int32_t count, ExchangeTransport *&exchange) override;
  moert_status state() const override { return plane_.reason(); }
  int32_t code() const override { return plane_.verdict().code; }
  void giveUp(int32_t code) override { plane_.giveUp(plane_.rank(), code); }
  void dispose() override;

private:
  RemoteExchange *find(const int32_t *ranks, int32_t count) const;

  const Host &host_;
  ControlPlane plane_;
  Transport transport_;
  std::mutex mutex_;
  RemoteExchange *exchanges_ = nullptr; // newest first; guarded by mutex_. They stay
  Courier courier_;                     // ends before the exchanges do
};

} // namespace moert

#endif // MOERT_LIB_COMM_REMOTERANKS_H
