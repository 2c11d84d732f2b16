// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rounds of exchanges between processes: what the courier does, or where there is one round
// only the rank itself.
//
// The courier brings the rows of the first two rounds. Then, when a round has been returned, it
// prepares for its results, brings the rows of the round after the next one, whose window is free
// now, and takes the results in. Whatever it waits for in that order, others have done or will do
// without waiting for this rank: rows of a round follow from returning the one two before, and
// results of a round from its rows.
#include "lib/Comm/ExchangeTrace.h"
#include "lib/Comm/RemoteExchange.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"

#include <algorithm>
#include <limits>

namespace moert {

void RemoteExchange::notify() {
  events_.fetch_add(1, std::memory_order_release);
  futexWake(&events_, std::numeric_limits<int>::max());
}

/// Waits for a message, and tells the rank's thread for whose.
moert_status RemoteExchange::finish(Flight &flight, int32_t member, const WaitLimits &limits) {
  if (!flight.has(member))
    return success();
  waitsFor_.store(rankOf(member), std::memory_order_relaxed);
  moert_status status = flight.finish(links_.transport, member, rankOf(member), limits);
  waitsFor_.store(-1, std::memory_order_relaxed);
  progress_.fetch_add(1, std::memory_order_relaxed);
  return status;
}

/// Sends this rank's rows of a round to their owners, and begins to receive those of others.
moert_status RemoteExchange::startRows(int64_t round, const WaitLimits &limits) {
  rowsBegin_ = beginSpan(links_.host);
  const int64_t rowBytes = start_.send.row_bytes;
  ExchangeRun run;
  std::fill(places_.begin(), places_.end(), 0);
  const int64_t end = plan_.roundEnd(member_, round);
  for (ExchangeWalk counting = filling_; counting.next(end, run);)
    places_[size_t(run.sender)] += run.count;
  int64_t place = 0;
  for (int32_t sender = 0; sender < members(); ++sender) {
    const int64_t rows = sender == member_ ? 0 : places_[size_t(sender)];
    places_[size_t(sender)] = place;
    MOERT_RETURN_IF_FAILED(
        rowsIn_.receive(links_.transport, sender, rankOf(sender), MessageKind::Rows,
                        arrived_[round & 1].data() + place * rowBytes, rows * rowBytes));
    place += rows;
  }
  for (int32_t member = 0; member < members(); ++member) // of the round before
    MOERT_RETURN_IF_FAILED(finish(rowsOut_, member, limits));
  place = 0;
  // Everybody begins with another one, so that not all send to the same member.
  for (int32_t i = 1; i < members(); ++i) {
    const int32_t owner = (member_ + i) % members();
    char *packed = packed_.data() + place * rowBytes;
    int64_t rows = 0;
    while (sending_[size_t(owner)].next(plan_.roundEnd(owner, round), run)) {
      copyRows(packed + rows * rowBytes, start_.send, run.first, run.count);
      rows += run.count;
    }
    MOERT_RETURN_IF_FAILED(rowsOut_.send(links_.transport, owner, rankOf(owner), MessageKind::Rows,
                                         packed, rows * rowBytes));
    place += rows;
  }
  return success();
}

/// Waits for rows, and notes where they are.
moert_status RemoteExchange::finishRows(int64_t round, const WaitLimits &limits) {
  for (int32_t sender = 0; sender < members(); ++sender)
    MOERT_RETURN_IF_FAILED(finish(rowsIn_, sender, limits));
  const int64_t rowBytes = start_.send.row_bytes;
  const char *window = arrived_[round & 1].data();
  RowPlaces &rows = rowPlaces_[round & 1];
  rows.begin(start_.send, plan_.sentFrom(member_) > 0, window);
  int64_t arrived = 0;
  ExchangeRun run;
  while (filling_.next(plan_.roundEnd(member_, round), run)) {
    if (run.sender == member_) {
      rows.addOwn(run.first, run.count);
      continue;
    }
    int64_t &place = places_[size_t(run.sender)];
    rows.add(window + place * rowBytes, run.count);
    place += run.count;
    arrived += run.count * rowBytes;
  }
  rows.end(plan_.windowRows());
  traceSpan(links_.host, start_, rankOf(member_),
            {MOERT_TRACE_DISPATCH, rowsBegin_, round, -1, arrived});
  filled_.store(round + 1, std::memory_order_release);
  notify();
  return success();
}

/// Begins to receive the results of own rows that others have in a round.
moert_status RemoteExchange::startReturns(int64_t round) {
  const int64_t rowBytes = results_.rowBytes;
  int64_t place = 0;
  for (int32_t owner = 0; owner < members(); ++owner) {
    if (owner == member_)
      continue;
    if (round == 0 && plan_.sentTo(owner) > 0)
      MOERT_RETURN_IF_FAILED(resultBytesIn_.receive(links_.transport, owner, rankOf(owner),
                                                    MessageKind::ResultBytes,
                                                    &resultBytes_[size_t(owner)], sizeof(int64_t)));
    int64_t rows = 0;
    ExchangeRun run;
    for (ExchangeWalk counting = returning_[size_t(owner)];
         counting.next(plan_.roundEnd(owner, round), run);)
      rows += run.count;
    MOERT_RETURN_IF_FAILED(
        resultsIn_.receive(links_.transport, owner, rankOf(owner), MessageKind::Results,
                           arrivedResults_.data() + place * rowBytes, rows * rowBytes));
    place += rows;
  }
  return success();
}

moert_status RemoteExchange::checkResultBytes(const WaitLimits &limits) {
  for (int32_t owner = 0; owner < members(); ++owner) {
    if (!resultBytesIn_.has(owner))
      continue;
    MOERT_RETURN_IF_FAILED(finish(resultBytesIn_, owner, limits));
    if (resultBytes_[size_t(owner)] != results_.rowBytes)
      return failure(MOERT_INVALID_ARGUMENT,
                     "rank %d returns rows of %lld bytes, this rank of %lld", rankOf(owner),
                     static_cast<long long>(resultBytes_[size_t(owner)]),
                     static_cast<long long>(results_.rowBytes));
  }
  return success();
}

moert_status RemoteExchange::finishReturns(int64_t round, const WaitLimits &limits) {
  MOERT_RETURN_IF_FAILED(checkResultBytes(limits));
  const int64_t rowBytes = results_.rowBytes;
  const char *from = arrivedResults_.data();
  for (int32_t owner = 0; owner < members(); ++owner) {
    if (owner == member_)
      continue;
    const int64_t begin = beginSpan(links_.host);
    MOERT_RETURN_IF_FAILED(finish(resultsIn_, owner, limits));
    const char *const first = from;
    ExchangeRun run;
    while (returning_[size_t(owner)].next(plan_.roundEnd(owner, round), run)) {
      plan_.placeResults(results_.results, run, from, rowBytes);
      from += run.count * rowBytes;
    }
    if (from != first)
      traceSpan(links_.host, start_, rankOf(member_),
                {MOERT_TRACE_COMBINE, begin, round, rankOf(owner), from - first});
  }
  return success();
}

/// False if the courier is to end before.
bool RemoteExchange::awaitReturned(int64_t round) {
  for (;;) {
    const uint32_t seen = events_.load(std::memory_order_acquire);
    if (returned_.load(std::memory_order_acquire) > round)
      return true;
    if (isLeft_.load(std::memory_order_acquire))
      return false;
    futexWaitFor(&events_, seen, kLookNs);
  }
}

moert_status RemoteExchange::carryAll() {
  // Limits are for the rank's thread to watch.
  const WaitLimits none;
  auto bring = [&](int64_t round) {
    MOERT_RETURN_IF_FAILED(startRows(round, none));
    return finishRows(round, none);
  };
  MOERT_RETURN_IF_FAILED(bring(0));
  MOERT_RETURN_IF_FAILED(bring(1));
  for (int64_t round = 0; round < rounds(); ++round) {
    if (!awaitReturned(round))
      return failure(MOERT_ABORTED, "the run has ended within an exchange");
    MOERT_RETURN_IF_FAILED(startReturns(round));
    if (round + 2 < rounds())
      MOERT_RETURN_IF_FAILED(bring(round + 2));
    MOERT_RETURN_IF_FAILED(finishReturns(round, none));
  }
  return success();
}

void RemoteExchange::carry(void *argument) {
  auto &exchange = *static_cast<RemoteExchange *>(argument);
  moert_status status = exchange.carryAll();
  if (status.code != MOERT_OK) {
    exchange.failure_ = status;
    exchange.hasFailed_.store(true, std::memory_order_release);
    ControlPlane &plane = exchange.links_.plane;
    plane.giveUp(plane.rank(), status.code); // unless that is why it failed
  }
  exchange.isFinished_.store(true, std::memory_order_release);
  exchange.notify();
}

} // namespace moert
