// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalExchange.h"
#include "lib/Comm/ExchangeTrace.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <sched.h>

namespace moert {

/// Until a window of results may be written again.
struct LocalExchange::SlotWait final : Awaited {
  SlotWait(LocalExchange &exchange, int64_t round) : exchange(exchange), round(round) {}

  Outcome poll() override {
    const Outcome outcome = exchange.isAsync() ? kNothing : exchange.fetch();
    return exchange.isSlotFree(round) ? kOver : outcome == kProgress ? kProgress : kNothing;
  }
  bool isFor(int32_t member) const override {
    return exchange.readers_[round & 1][size_t(member)] &&
           exchange.load(exchange.part_.exchange(member).fetched_[size_t(exchange.member_)]) <
               exchange.base_ + round - 1;
  }
  bool isBrief() const override { return !exchange.isAsync(); }

  LocalExchange &exchange;
  const int64_t round;
};

/// Until the courier has filled a window: nobody else has to do anything for it.
struct LocalExchange::WindowWait final : Awaited {
  WindowWait(LocalExchange &exchange, int64_t round) : exchange(exchange), round(round) {}

  Outcome poll() override {
    return exchange.filled_.load(std::memory_order_acquire) > round ? kOver : kNothing;
  }
  bool isFor(int32_t) const override { return false; }
  // While others compute, who would have the core for long.
  bool isBrief() const override { return false; }

  LocalExchange &exchange;
  const int64_t round;
};

/// Until all rows are back.
struct LocalExchange::ReturnWait final : Awaited {
  explicit ReturnWait(LocalExchange &exchange) : exchange(exchange) {}

  Outcome poll() override {
    if (!exchange.isAsync())
      return exchange.fetch();
    if (exchange.finished_.load(std::memory_order_acquire) && exchange.complete_)
      return kOver;
    const int64_t before = progress;
    progress = exchange.progress_.load(std::memory_order_relaxed);
    return progress != before ? kProgress : kNothing;
  }
  bool isFor(int32_t member) const override { return exchange.owes(member); }
  bool isBrief() const override { return !exchange.isAsync(); }

  LocalExchange &exchange;
  int64_t progress = 0;
};

/// The courier's.
struct LocalExchange::Errand final : Awaited {
  explicit Errand(LocalExchange &exchange) : exchange(exchange) {}

  Outcome poll() override { return exchange.advance(); }
  bool isFor(int32_t member) const override { return exchange.owes(member); }
  bool isRun() const override { return false; }
  // While others compute, who would have the core for long.
  bool isBrief() const override { return false; }

  LocalExchange &exchange;
};

bool LocalExchange::create() {
  const auto count = size_t(members());
  return fetched_.allocate(part_.host, count) && offsets_.allocate(part_.host, count) &&
         fetching_.allocate(part_.host, count) && readers_[0].allocate(part_.host, count) &&
         readers_[1].allocate(part_.host, count);
}

moert_status LocalExchange::show(const ExchangeStart &start) {
  Shown &mine = shown_[++sequence_ & 1];
  const size_t count = size_t(start.info->num_experts) + 1;
  if (mine.offsets.size() < count && !mine.offsets.allocate(part_.host, count))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the offsets of an exchange");
  std::copy_n(start.send.offsets, count, mine.offsets.data());
  mine.start = start;
  mine.start.send.offsets = mine.offsets.data();
  mine.identity = identify(start);
  return success();
}

const LocalExchange::Shown &LocalExchange::shownBy(int32_t member) const {
  return part_.exchange(member).shown_[sequence_ & 1];
}

moert_status LocalExchange::begin(const ExchangeStart &start, const WaitLimits &limits) {
  if (part_.group.isGivenUp())
    return part_.group.state();
  MOERT_RETURN_IF_FAILED(show(start));
  if (members() > 1)
    MOERT_RETURN_IF_FAILED(part_.group.step(member_, nullptr, limits));
  for (int32_t member = 0; member < members(); ++member) {
    const Shown &theirs = shownBy(member);
    if (member != member_)
      MOERT_RETURN_IF_FAILED(compare(shownBy(member_).identity, theirs.identity, rankOf(member)));
    offsets_[size_t(member)] = theirs.offsets.data();
  }
  const moert_exchange_info &info = *start.info;
  const ExchangeShape shape = {
      members(),
      int32_t(info.num_experts),
      int32_t(info.parts),
      info.owners,
      start.windowRows,
      start.chunks,
      offsets_.data(),
      {info.row_bytes + info.result_bytes, info.row_flops, part_.link.bytesPerSecond()}};
  if (!plan_.compute(member_, shape))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the plan of an exchange");
  // By shapes alone: how many rounds there are is routing's affair, and may change in each run.
  const int64_t others = members() > 1 ? 2 * plan_.windowRows() : 1;
  MOERT_RETURN_IF_FAILED(receives_.begin(others, start.send.row_bytes));
  for (RowPlaces &places : places_)
    MOERT_RETURN_IF_FAILED(places.reserve(plan_.windowRows()));
  beginRounds();
  return success();
}

void LocalExchange::beginRounds() {
  filling_ = announcing_ = returning_ = plan_.walk(member_);
  for (int32_t owner = 0; owner < members(); ++owner)
    fetching_[size_t(owner)] = plan_.walk(owner, member_);
  filled_.store(0, std::memory_order_relaxed);
  returned_.store(0, std::memory_order_relaxed);
  results_ = {};
  async_ = courier_ && members() > 1 && (rounds() > 1 || (rounds() && part_.link.isSlow()));
  if (!async_)
    return;
  finished_.store(false, std::memory_order_relaxed);
  complete_ = false;
  // Without a thread everything is done by this one, later.
  async_ = courier_->send(carry, this);
  if (!async_)
    finished_.store(true, std::memory_order_relaxed);
}

/// Whether there is a round to be received, fewer than `held` are there already, and windows have
/// room for it.
bool LocalExchange::canFill(int64_t held) const {
  const int64_t round = filled_.load(std::memory_order_relaxed);
  const int64_t returned = returned_.load(std::memory_order_acquire);
  if (round >= rounds() || round >= returned + held)
    return false;
  // Own rows among them need none.
  const int64_t rows = plan_.roundEnd(member_, round) - plan_.roundBegin(member_, round);
  return receives_.hasRoom(rows, returned > 0 ? ends_[(returned - 1) % kRoundsHeld] : 0);
}

/// Receives the next round; false if the group has been given up.
bool LocalExchange::fill() {
  const int64_t started = traceBegin();
  const int64_t round = filled_.load(std::memory_order_relaxed);
  const int64_t end = plan_.roundEnd(member_, round);
  if (!part_.group.beginReading(member_))
    return false;
  const moert_exchange_rows &own = shownBy(member_).start.send;
  const int64_t rowBytes = own.row_bytes;
  RowPlaces &places = places_[round % kRoundsHeld];
  places.begin(own, plan_.sentFrom(member_) > 0, receives_.spare());
  int64_t bytes = 0;
  ExchangeRun run;
  while (filling_.next(end, run)) {
    if (run.sender == member_) {
      places.addOwn(run.first, run.count);
      continue;
    }
    const int64_t sent = run.count * rowBytes;
    for (int64_t count; run.count > 0; run.first += count, run.count -= count) {
      count = run.count;
      char *to = receives_.take(count);
      copyRows(to, shownBy(run.sender).start.send, run.first, count);
      places.add(to, count);
    }
    bytes += sent;
    pass(run.sender, sent);
  }
  ends_[round % kRoundsHeld] = receives_.taken();
  places.end(plan_.windowRows());
  part_.group.endReading(member_);
  finishPassing();
  trace(MOERT_TRACE_DISPATCH, started, round, -1, bytes);
  filled_.store(round + 1, std::memory_order_release);
  return true;
}

/// What a span is measured from, where anybody wants to know.
int64_t LocalExchange::traceBegin() const { return beginSpan(part_.host); }

/// Hands a span of this exchange that ends now to the trace hook, if there is one.
void LocalExchange::trace(int32_t kind, int64_t begin, int64_t round, int32_t peer,
                          int64_t bytes) const {
  traceSpan(part_.host, shownBy(member_).start, rankOf(member_), {kind, begin, round, peer, bytes});
}

/// Notes that bytes have come from another rank.
void LocalExchange::pass(int32_t from, int64_t bytes) {
  if (part_.link.isSlow() && from != member_)
    passedNs_ = part_.link.transfer(rankOf(from), rankOf(member_), bytes, part_.host.now());
}

/// Waits until the link would have brought what has come.
void LocalExchange::finishPassing() {
  if (part_.link.isSlow())
    part_.group.sleepUntil(member_, passedNs_);
}

moert_status LocalExchange::receive(int64_t round, int32_t *offsets, const WaitLimits &limits,
                                    ReceivedRows &rows) {
  if (async_) {
    WindowWait window(*this, round);
    MOERT_RETURN_IF_FAILED(explain(part_.group.wait(member_, window, limits)));
  } else {
    while (filled_.load(std::memory_order_relaxed) <= round)
      if (!fill())
        return explain(part_.group.state());
  }
  plan_.writeOffsets(announcing_, round, offsets);
  rows = places_[round % kRoundsHeld].rows();
  return success();
}

/// Whether all that had rows in the round two before `round` have fetched them.
bool LocalExchange::isSlotFree(int64_t round) const {
  for (int32_t member = 0; member < members(); ++member)
    if (readers_[round & 1][size_t(member)] &&
        load(part_.exchange(member).fetched_[size_t(member_)]) < base_ + round - 1)
      return false;
  return true;
}

moert_status LocalExchange::giveBack(int64_t round, const ExchangeResults &results,
                                     const WaitLimits &limits) {
  Array<bool> &readers = readers_[round & 1];
  // In the first two rounds the windows are free: all have ended the exchange before.
  if (round >= 2) {
    SlotWait slot(*this, round);
    MOERT_RETURN_IF_FAILED(explain(part_.group.wait(member_, slot, limits)));
  }
  // Both, however many rounds there are; later rounds find them large enough.
  if (round == 0 && members() > 1)
    for (RowBuffer &each : returns_)
      MOERT_RETURN_IF_FAILED(each.reserve(plan_.windowRows(), results.rowBytes));
  RowBuffer &window = returns_[round & 1];
  std::fill(readers.begin(), readers.end(), false);
  const int64_t begin = plan_.roundBegin(member_, round), end = plan_.roundEnd(member_, round);
  const auto *rows = static_cast<const char *>(results.rows);
  const int64_t rowBytes = results.rowBytes;
  ExchangeRun run;
  while (returning_.next(end, run)) {
    const char *row = rows + (run.position - begin) * rowBytes;
    const bool stays = run.sender == member_;
    if (stays)
      plan_.placeResults(results.results, run, row, rowBytes);
    else
      memcpy(window.data() + (row - rows), row, size_t(run.count * rowBytes));
    readers[size_t(run.sender)] = !stays;
  }
  if (round == 0) {
    results_ = results;
    resultBytes_ = rowBytes;
  }
  store(ready_, base_ + round + 1);
  for (int32_t member = 0; member < members(); ++member)
    if (readers[size_t(member)])
      part_.group.notify(member);
  returned_.store(round + 1, std::memory_order_release);
  if (async_)
    part_.group.notify(member_);
  else if (members() > 1)
    fetch();
  return success();
}

/// Whether `owner` has rows of this member that it has not returned.
bool LocalExchange::owes(int32_t owner) const {
  return owner != member_ && plan_.sentTo(owner) > 0 &&
         load(part_.exchange(owner).ready_) < base_ + rounds();
}

/// Fetches all results that are there; over when all rows are back.
Awaited::Outcome LocalExchange::fetch() {
  Awaited::Outcome outcome;
  bool fetches = false;
  while ((outcome = fetchNext()) == Awaited::kProgress)
    fetches = true;
  return outcome == Awaited::kNothing && fetches ? Awaited::kProgress : outcome;
}

/// Fetches the results of the earliest round that are there, of one owner; over when all rows are
/// back.
Awaited::Outcome LocalExchange::fetchNext() {
  int32_t from = -1;
  int64_t first = 0;
  bool waits = false;
  // Everybody begins with another one, so that not all read from the same member.
  for (int32_t i = 1; i < members(); ++i) {
    const int32_t owner = (member_ + i) % members();
    const int64_t position = fetching_[size_t(owner)].peek();
    if (position < 0)
      continue;
    waits = true;
    const int64_t round = plan_.roundOf(owner, position);
    if ((from < 0 || round < first) && load(part_.exchange(owner).ready_) >= base_ + round + 1) {
      from = owner;
      first = round;
    }
  }
  if (from < 0 || hasFailed_.load(std::memory_order_relaxed) || part_.group.isGivenUp())
    return waits ? Awaited::kNothing : Awaited::kOver;
  fetchRound(from, first);
  return Awaited::kProgress;
}

void LocalExchange::fetchRound(int32_t owner, int64_t round) {
  const int64_t started = traceBegin();
  const LocalExchange &theirs = part_.exchange(owner);
  if (theirs.resultBytes_ != results_.rowBytes) {
    failure_ =
        failure(MOERT_INVALID_ARGUMENT, "rank %d returns rows of %lld bytes, this rank of %lld",
                rankOf(owner), static_cast<long long>(theirs.resultBytes_),
                static_cast<long long>(results_.rowBytes));
    hasFailed_.store(true, std::memory_order_release);
    part_.group.giveUp(rankOf(member_), MOERT_INVALID_ARGUMENT);
    return;
  }
  const int64_t begin = plan_.roundBegin(owner, round), end = plan_.roundEnd(owner, round);
  const char *window = theirs.returns_[round & 1].data();
  const int64_t rowBytes = results_.rowBytes;
  int64_t bytes = 0;
  ExchangeRun run;
  while (fetching_[size_t(owner)].next(end, run)) {
    plan_.placeResults(results_.results, run, window + (run.position - begin) * rowBytes, rowBytes);
    bytes += run.count * rowBytes;
  }
  pass(owner, bytes);
  finishPassing();
  trace(MOERT_TRACE_COMBINE, started, round, rankOf(owner), bytes);
  store(fetched_[size_t(owner)], base_ + round + 1);
  if (round + 2 < rounds())
    part_.group.notify(owner);
}

/// Whatever can be done now, up to the results of one round.
Awaited::Outcome LocalExchange::advance() {
  bool fills = false;
  auto fillUpTo = [&](int64_t held) {
    const bool filled = canFill(held) && fill();
    if (filled)
      part_.group.notify(member_);
    fills |= filled;
    return filled;
  };
  while (fillUpTo(2)) {
  }
  Awaited::Outcome outcome = Awaited::kNothing;
  if (returned_.load(std::memory_order_acquire) > 0)
    outcome = fetchNext();
  if (outcome != Awaited::kProgress)
    fillUpTo(kRoundsHeld);
  if (outcome == Awaited::kOver && filled_.load(std::memory_order_relaxed) < rounds())
    outcome = Awaited::kNothing;
  if (outcome == Awaited::kNothing && fills)
    outcome = Awaited::kProgress;
  if (outcome == Awaited::kProgress)
    progress_.fetch_add(1, std::memory_order_relaxed);
  return outcome;
}

void LocalExchange::carry(void *argument) {
  auto &exchange = *static_cast<LocalExchange *>(argument);
  LocalGroup &group = exchange.part_.group;
  const int32_t member = exchange.member_;
  Errand errand(exchange);
  exchange.complete_ = group.wait(member, errand, {}).code == MOERT_OK;
  exchange.finished_.store(true, std::memory_order_release);
  group.notify(member);
}

/// The courier's reason where it has one.
moert_status LocalExchange::explain(const moert_status &status) const {
  return status.code != MOERT_OK && hasFailed_.load(std::memory_order_acquire) ? failure_ : status;
}

moert_status LocalExchange::end(const WaitLimits &limits) {
  if (rounds() > 0 && members() > 1) {
    ReturnWait back(*this);
    MOERT_RETURN_IF_FAILED(explain(part_.group.wait(member_, back, limits)));
  }
  base_ += rounds();
  return success();
}

void LocalExchange::abandon() {
  // The courier ends, too: the group has been given up.
  while (!finished_.load(std::memory_order_acquire))
    sched_yield();
  part_.group.awaitReaders();
}

} // namespace moert
