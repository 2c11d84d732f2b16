// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RemoteRanks.h"
#include "lib/Core/Status.h"

namespace moert {

RemoteRanks::RemoteRanks(const Host &host)
    : host_(host), plane_(host), transport_(host, plane_), courier_(host) {}

RemoteRanks::~RemoteRanks() {
  courier_.finish();
  while (RemoteExchange *exchange = exchanges_) {
    exchanges_ = exchange->next;
    destroy(host_, exchange);
  }
}

moert_status RemoteRanks::make(const Host &host, const ControlOptions &options,
                               const moert_transport_api &api, GroupTransport *&end) {
  const int64_t deadline = host.now() + options.formNs;
  auto *made = create<RemoteRanks>(host, host);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", options.ranks);
  moert_status status = made->plane_.form(options);
  if (status.code == MOERT_OK)
    // Who is here by now needs little time, but the last one may have come at the last moment.
    status = made->transport_.open(api, std::max(deadline - host.now(), options.formNs / 4));
  if (status.code == MOERT_OK)
    end = made;
  else
    destroy(host, made);
  return status;
}

void RemoteRanks::dispose() { destroy(host_, this); }

RemoteExchange *RemoteRanks::find(const int32_t *ranks, int32_t count) const {
  RemoteExchange *exchange = exchanges_;
  while (exchange && !exchange->isOf(ranks, count))
    exchange = exchange->next;
  return exchange;
}

moert_status RemoteRanks::open(const int32_t *ranks, int32_t count, ExchangeTransport *&exchange) {
  RemoteExchange *found, *made = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    found = find(ranks, count);
  }
  if (!found) {
    // Outside the lock: allocation hooks may take their time.
    made = create<RemoteExchange>(host_, RemoteLinks{host_, plane_, transport_, courier_});
    if (!made || !made->create(ranks, count)) {
      destroy(host_, made);
      return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", count);
    }
    std::lock_guard<std::mutex> lock(mutex_);
    found = find(ranks, count);
    if (!found) {
      made->next = exchanges_;
      found = exchanges_ = std::exchange(made, nullptr);
    }
  }
  destroy(host_, made);
  exchange = found;
  return success();
}

} // namespace moert
