// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the rank's thread does in exchanges between processes.
#include "lib/Comm/RemoteExchange.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace moert {

namespace {

/// How often a waiting rank looks whether it has been cancelled.
constexpr int64_t kCancelNs = 5000000;
/// What TCP brings to a rank, roughly: all ranks choose rounds by the same number.
constexpr int64_t kLinkBytesPerSecond = 500000000;

} // namespace

RemoteExchange::RemoteExchange(const RemoteLinks &links)
    : ExchangeTransport(links.host), links_(links), packed_(links.host),
      arrived_{RowBuffer(links.host), RowBuffer(links.host)},
      packedResults_{RowBuffer(links.host), RowBuffer(links.host)}, arrivedResults_(links.host),
      rowPlaces_{RowPlaces(links.host), RowPlaces(links.host)} {}

bool RemoteExchange::create(const int32_t *ranks, int32_t count) {
  const Host &host = links_.host;
  const auto members = size_t(count);
  if (!ranks_.allocate(host, members))
    return false;
  std::copy_n(ranks, count, ranks_.data());
  member_ = int32_t(std::find(ranks, ranks + count, links_.plane.rank()) - ranks);
  bool complete = identities_.allocate(host, members) && offsets_.allocate(host, members) &&
                  resultBytes_.allocate(host, members) && sending_.allocate(host, members) &&
                  returning_.allocate(host, members) && places_.allocate(host, members) &&
                  resultPlaces_.allocate(host, members);
  for (Flight *flight :
       {&identitiesOut_, &identitiesIn_, &offsetsOut_, &offsetsIn_, &resultBytesOut_,
        &resultsOut_[0], &resultsOut_[1], &rowsOut_, &rowsIn_, &resultBytesIn_, &resultsIn_})
    complete = complete && flight->create(host, count);
  return complete;
}

bool RemoteExchange::isOf(const int32_t *ranks, int32_t count) const {
  return count == members() && std::equal(ranks, ranks + count, ranks_.data());
}

ExchangeNews RemoteExchange::newsTo(int32_t member) const {
  const int64_t offsetBytes = (int64_t(experts_) + 1) * int64_t(sizeof(int32_t));
  return {int64_t(sizeof(ExchangeIdentity)) + offsetBytes,
          plan_.sentFrom(member) > 0 ? int64_t(sizeof(myResultBytes_)) : 0};
}

moert_status RemoteExchange::begin(const ExchangeStart &start, const WaitLimits &limits) {
  if (links_.plane.isGivenUp())
    return links_.plane.reason();
  MOERT_RETURN_IF_FAILED(show(start));
  MOERT_RETURN_IF_FAILED(look(limits));
  const moert_exchange_info &info = *start.info;
  const ExchangeShape shape = {
      members(),
      int32_t(experts_),
      int32_t(info.parts),
      info.owners,
      start.windowRows,
      start.chunks,
      offsets_.data(),
      {info.row_bytes + info.result_bytes, info.row_flops, kLinkBytesPerSecond}};
  if (!plan_.compute(member_, shape))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the plan of an exchange");
  MOERT_RETURN_IF_FAILED(makeRoom());
  beginRounds();
  return success();
}

/// Sends what others need to know to all of them, and prepares to be told the same.
moert_status RemoteExchange::show(const ExchangeStart &start) {
  start_ = start;
  experts_ = start.info->num_experts;
  const size_t count = size_t(experts_) + 1;
  if (allOffsets_.size() < count * size_t(members()) &&
      !allOffsets_.allocate(links_.host, count * size_t(members())))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the offsets of an exchange");
  for (int32_t member = 0; member < members(); ++member)
    offsets_[size_t(member)] = offsetsOf(member);
  std::copy_n(start.send.offsets, count, offsetsOf(member_));
  identities_[size_t(member_)] = identify(start);
  const auto offsetBytes = int64_t(count * sizeof(int32_t));
  Transport &transport = links_.transport;
  for (int32_t member = 0; member < members(); ++member) {
    if (member == member_)
      continue;
    MOERT_RETURN_IF_FAILED(
        identitiesIn_.receive(transport, member, rankOf(member), MessageKind::Identity,
                              &identities_[size_t(member)], sizeof(ExchangeIdentity)));
    MOERT_RETURN_IF_FAILED(offsetsIn_.receive(
        transport, member, rankOf(member), MessageKind::Offsets, offsetsOf(member), offsetBytes));
  }
  for (int32_t i = 1; i < members(); ++i) {
    const int32_t member = (member_ + i) % members();
    MOERT_RETURN_IF_FAILED(identitiesOut_.send(transport, member, rankOf(member),
                                               MessageKind::Identity, &identities_[size_t(member_)],
                                               sizeof(ExchangeIdentity)));
    MOERT_RETURN_IF_FAILED(offsetsOut_.send(transport, member, rankOf(member), MessageKind::Offsets,
                                            offsetsOf(member_), offsetBytes));
  }
  return success();
}

/// Reads what the others have sent.
moert_status RemoteExchange::look(const WaitLimits &limits) {
  Transport &transport = links_.transport;
  // What is compared first: nobody waits for offsets that a rank at another exchange never sends.
  for (int32_t member = 0; member < members(); ++member) {
    if (member == member_)
      continue;
    MOERT_RETURN_IF_FAILED(identitiesIn_.finish(transport, member, rankOf(member), limits));
    MOERT_RETURN_IF_FAILED(
        compare(identities_[size_t(member_)], identities_[size_t(member)], rankOf(member)));
  }
  for (int32_t member = 0; member < members(); ++member) {
    if (member == member_)
      continue;
    MOERT_RETURN_IF_FAILED(offsetsIn_.finish(transport, member, rankOf(member), limits));
    MOERT_RETURN_IF_FAILED(checkOffsets(member));
  }
  return success();
}

moert_status RemoteExchange::checkOffsets(int32_t member) const {
  const int32_t *offsets = offsets_[size_t(member)];
  if (offsets[0] == 0 && std::is_sorted(offsets, offsets + experts_ + 1))
    return success();
  return failure(MOERT_INTERNAL, "rank %d sends offsets that do not ascend from 0", rankOf(member));
}

/// Room for any round; it depends on shapes only, so the next exchange of the same shapes has it.
moert_status RemoteExchange::makeRoom() {
  const int64_t rows = plan_.windowRows(), rowBytes = start_.send.row_bytes;
  for (int slot = 0; slot < 2; ++slot) {
    MOERT_RETURN_IF_FAILED(arrived_[slot].reserve(members() > 1 ? rows : 1, rowBytes));
    MOERT_RETURN_IF_FAILED(rowPlaces_[slot].reserve(rows));
  }
  if (rounds() == 0 || members() == 1)
    return success();
  const int64_t own = std::min(ownRows(), (members() - 1) * rows);
  return packed_.reserve(own, rowBytes);
}

void RemoteExchange::beginRounds() {
  filling_ = announcing_ = givingBack_ = plan_.walk(member_);
  for (int32_t owner = 0; owner < members(); ++owner)
    sending_[size_t(owner)] = returning_[size_t(owner)] = plan_.walk(owner, member_);
  filled_.store(0, std::memory_order_relaxed);
  returned_.store(0, std::memory_order_relaxed);
  isLeft_.store(false, std::memory_order_relaxed);
  hasFailed_.store(false, std::memory_order_relaxed);
  results_ = {};
  async_ = members() > 1 && rounds() > 1;
  if (!async_)
    return;
  isFinished_.store(false, std::memory_order_relaxed);
  // Without a thread everything is done by this one, later.
  async_ = links_.courier.send(carry, this);
  if (!async_)
    isFinished_.store(true, std::memory_order_relaxed);
}

/// Waits for something that the courier does.
template <typename Condition>
moert_status RemoteExchange::await(Condition condition, const WaitLimits &limits) {
  int64_t progress = -1, silenceEnd = 0;
  for (;;) {
    const uint32_t seen = events_.load(std::memory_order_acquire);
    if (condition())
      return success();
    if (hasFailed_.load(std::memory_order_acquire))
      return failure_;
    const int64_t now = links_.host.now();
    if (const int64_t come = progress_.load(std::memory_order_relaxed); come != progress) {
      progress = come;
      silenceEnd = now + std::min(limits.silenceNs, std::numeric_limits<int64_t>::max() - now);
    }
    if (moert_status status = giveUpFor(limits, now, silenceEnd); status.code != MOERT_OK)
      return status;
    int64_t sleepNs = limits.cancelled ? kCancelNs : kLookNs;
    if (limits.deadlineNs > now)
      sleepNs = std::min(sleepNs, limits.deadlineNs - now);
    if (limits.silenceNs > 0 && silenceEnd > now)
      sleepNs = std::min(sleepNs, silenceEnd - now);
    futexWaitFor(&events_, seen, sleepNs);
  }
}

/// Gives the group up, and says why, if this is the time to.
moert_status RemoteExchange::giveUpFor(const WaitLimits &limits, int64_t now, int64_t silenceEnd) {
  ControlPlane &plane = links_.plane;
  // Then the courier, which waits for others, ends with the reason.
  if (plane.isGivenUp())
    return success();
  if (limits.cancelled && limits.cancelled->load(std::memory_order_relaxed)) {
    plane.giveUp(plane.rank(), MOERT_CANCELLED);
    return failure(MOERT_CANCELLED, "the request was cancelled");
  }
  const int32_t suspect = waitsFor_.load(std::memory_order_relaxed);
  if (limits.deadlineNs > 0 && now >= limits.deadlineNs) {
    plane.giveUp(plane.rank(), MOERT_DEADLINE_EXCEEDED);
    return suspect < 0 ? failure(MOERT_DEADLINE_EXCEEDED, "the request's deadline has passed")
                       : failure(MOERT_DEADLINE_EXCEEDED,
                                 "rank %d had not come when the deadline passed", suspect);
  }
  if (limits.silenceNs > 0 && now >= silenceEnd && suspect >= 0) {
    plane.giveUp(suspect, MOERT_PEER_LOST);
    return plane.reason();
  }
  return success();
}

moert_status RemoteExchange::receive(int64_t round, int32_t *offsets, const WaitLimits &limits,
                                     ReceivedRows &rows) {
  if (async_) {
    MOERT_RETURN_IF_FAILED(
        await([&] { return filled_.load(std::memory_order_acquire) > round; }, limits));
  } else {
    MOERT_RETURN_IF_FAILED(startRows(round, limits));
    MOERT_RETURN_IF_FAILED(finishRows(round, limits));
  }
  plan_.writeOffsets(announcing_, round, offsets);
  rows = rowPlaces_[round & 1].rows();
  return success();
}

moert_status RemoteExchange::giveBack(int64_t round, const ExchangeResults &results,
                                      const WaitLimits &limits) {
  if (round == 0) {
    results_ = results;
    myResultBytes_ = results.rowBytes;
    if (members() > 1) {
      const int64_t rows = plan_.windowRows();
      for (RowBuffer &packed : packedResults_)
        MOERT_RETURN_IF_FAILED(packed.reserve(rows, results.rowBytes));
      const int64_t own = std::min(ownRows(), (members() - 1) * rows);
      MOERT_RETURN_IF_FAILED(arrivedResults_.reserve(own, results.rowBytes));
    }
    for (int32_t member = 0; member < members(); ++member)
      if (member != member_ && plan_.sentFrom(member) > 0)
        MOERT_RETURN_IF_FAILED(explain(
            resultBytesOut_.send(links_.transport, member, rankOf(member), MessageKind::ResultBytes,
                                 &myResultBytes_, sizeof(myResultBytes_))));
  }
  results_.rows = results.rows;
  MOERT_RETURN_IF_FAILED(explain(sendResults(round, limits)));
  returned_.store(round + 1, std::memory_order_release);
  if (async_) {
    notify();
    return success();
  }
  // Those of the round before have come, or will: others have been given all that they wait for.
  if (round > 0)
    MOERT_RETURN_IF_FAILED(finishReturns(round - 1, limits));
  return startReturns(round);
}

/// Takes results of this rank's own rows where they belong, and sends the others.
moert_status RemoteExchange::sendResults(int64_t round, const WaitLimits &limits) {
  Flight &flight = resultsOut_[round & 1];
  MOERT_RETURN_IF_FAILED(finishSends(flight, limits)); // of the round two before
  const int64_t begin = plan_.roundBegin(member_, round), end = plan_.roundEnd(member_, round);
  const int64_t rowBytes = results_.rowBytes;
  std::fill(resultPlaces_.begin(), resultPlaces_.end(), 0);
  ExchangeRun run;
  for (ExchangeWalk counting = givingBack_; counting.next(end, run);)
    if (run.sender != member_)
      resultPlaces_[size_t(run.sender)] += run.count;
  // Counts become places, and after packing the ends of them.
  int64_t total = 0;
  for (int64_t &place : resultPlaces_)
    total += std::exchange(place, total);
  const auto *rows = static_cast<const char *>(results_.rows);
  char *packed = packedResults_[round & 1].data();
  while (givingBack_.next(end, run)) {
    const char *from = rows + (run.position - begin) * rowBytes;
    const auto bytes = size_t(run.count * rowBytes);
    if (run.sender == member_) {
      plan_.placeResults(results_.results, run, from, rowBytes);
      continue;
    }
    int64_t &place = resultPlaces_[size_t(run.sender)];
    memcpy(packed + place * rowBytes, from, bytes);
    place += run.count;
  }
  int64_t place = 0;
  for (int32_t member = 0; member < members(); ++member) {
    const int64_t placeEnd = resultPlaces_[size_t(member)];
    MOERT_RETURN_IF_FAILED(flight.send(links_.transport, member, rankOf(member),
                                       MessageKind::Results, packed + place * rowBytes,
                                       (placeEnd - place) * rowBytes));
    place = placeEnd;
  }
  return success();
}

/// The courier's reason where that is why the group was given up: it knows more than others were
/// told.
moert_status RemoteExchange::explain(const moert_status &status) const {
  return status.code == MOERT_ABORTED && hasFailed_.load(std::memory_order_acquire) ? failure_
                                                                                    : status;
}

moert_status RemoteExchange::finishSends(Flight &flight, const WaitLimits &limits) {
  for (int32_t member = 0; member < members(); ++member)
    MOERT_RETURN_IF_FAILED(flight.finish(links_.transport, member, rankOf(member), limits));
  return success();
}

moert_status RemoteExchange::end(const WaitLimits &limits) {
  if (members() == 1)
    return success();
  if (async_)
    MOERT_RETURN_IF_FAILED(await(
        [&] {
          return isFinished_.load(std::memory_order_acquire) &&
                 !hasFailed_.load(std::memory_order_relaxed);
        },
        limits));
  else if (rounds() > 0)
    MOERT_RETURN_IF_FAILED(finishReturns(rounds() - 1, limits));
  for (Flight *flight : {&identitiesOut_, &offsetsOut_, &rowsOut_, &resultBytesOut_,
                         &resultsOut_[0], &resultsOut_[1]})
    MOERT_RETURN_IF_FAILED(explain(finishSends(*flight, limits)));
  return success();
}

void RemoteExchange::abandon() {
  isLeft_.store(true, std::memory_order_release);
  notify();
  // The group has been given up, so the courier waits for nobody long.
  for (;;) {
    const uint32_t seen = events_.load(std::memory_order_acquire);
    if (isFinished_.load(std::memory_order_acquire))
      break;
    futexWaitFor(&events_, seen, kLookNs);
  }
  for (Flight *flight :
       {&identitiesOut_, &identitiesIn_, &offsetsOut_, &offsetsIn_, &resultBytesOut_,
        &resultsOut_[0], &resultsOut_[1], &rowsOut_, &rowsIn_, &resultBytesIn_, &resultsIn_})
    flight->drop(links_.transport);
}

} // namespace moert
