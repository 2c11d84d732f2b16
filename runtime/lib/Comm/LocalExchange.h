// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exchanges between threads of one process.
//
// Members meet once in an exchange, where they show their offsets and where their rows are. Then
// each reads the rows of the others, straight into windows of its own: nobody packs or sends. Its
// own rows stay where they are. Those of others are copied, though it could compute with them where
// they are, too: a member that fails must not wait until others have computed before its memory
// goes. What was made of rows is copied to a second window, which the others read; a counter tells
// how far.
//
// An exchange of one round is done by the rank's own thread. With more rounds, or a slow link, the
// rank's courier copies the rows of the next rounds and fetches results while the rank computes. It
// has one round ready before it fetches anything, since the rank can do nothing without rows, and
// goes on to further ones when there is nothing to fetch: what a link has not carried early, it
// carries when everybody waits for it.
//
// What a member shares stays untouched as long as others read it. Rows: until the exchange has
// ended, since a member ends it when its rows are back, made of what was read. Offsets: until the
// exchange after the next one, two meetings on. A window of results: until all that have rows in it
// have fetched them, or the next meeting.
#ifndef MOERT_LIB_COMM_LOCALEXCHANGE_H
#define MOERT_LIB_COMM_LOCALEXCHANGE_H

#include "lib/Comm/Courier.h"
#include "lib/Comm/ExchangeIdentity.h"
#include "lib/Comm/LocalGroup.h"
#include "lib/Comm/RowRing.h"
#include "lib/Comm/SlowLink.h"

namespace moert {

class LocalExchange;

/// Ranks that exchange rows with each other: all that share a group, or some.
class LocalPart {
public:
  /// All must outlive the part.
  LocalPart(const Host &host, GroupState &state, SlowLink &link)
      : host(host), link(link), group(host, state) {}
  ~LocalPart();

  /// Once. `ranks` null: 0, 1...
  moert_status create(const int32_t *ranks, int32_t count);
  LocalExchange &exchange(int32_t member) const { return *exchanges_[size_t(member)]; }
  /// -1 if it is none of this part.
  int32_t memberOf(int32_t rank) const;
  bool isOf(const int32_t *ranks, int32_t count) const;

  const Host &host;
  SlowLink &link;
  LocalGroup group;
  LocalPart *next = nullptr;

private:
  Array<LocalExchange *> exchanges_;
};

class LocalExchange final : public ExchangeTransport {
public:
  LocalExchange(LocalPart &part, int32_t member)
      : ExchangeTransport(part.host), part_(part), member_(member),
        returns_{RowBuffer(part.host), RowBuffer(part.host)}, receives_(part.host),
        places_{RowPlaces(part.host), RowPlaces(part.host), RowPlaces(part.host),
                RowPlaces(part.host)} {}
  LocalExchange(const LocalExchange &) = delete;
  LocalExchange &operator=(const LocalExchange &) = delete;
  [[nodiscard]] bool create();

  /// Whose thread the rank may use. Null: none.
  void setCourier(Courier *courier) { courier_ = courier; }

  int32_t members() const override { return part_.group.size(); }
  int32_t member() const override { return member_; }
  int32_t rankOf(int32_t member) const override { return part_.group.rankOf(member); }
  moert_status begin(const ExchangeStart &start, const WaitLimits &limits) override;
  moert_status receive(int64_t round, int32_t *offsets, const WaitLimits &limits,
                       ReceivedRows &rows) override;
  moert_status giveBack(int64_t round, const ExchangeResults &results,
                        const WaitLimits &limits) override;
  moert_status end(const WaitLimits &limits) override;
  void abandon() override;
  ExchangeNews newsTo(int32_t) const override {
    return {(int64_t(shown_[sequence_ & 1].identity.experts) + 1) * int64_t(sizeof(int32_t)), 0};
  }

private:
  struct SlotWait;
  struct WindowWait;
  struct ReturnWait;
  struct Errand;

  /// What a member shows in the meeting.
  struct Shown {
    ExchangeStart start; // its offsets are `offsets`
    ExchangeIdentity identity;
    Array<int32_t> offsets;
  };

  /// Rounds whose rows a rank has at a time, the one that it computes among them, if its windows
  /// have room for so many; they always have for two.
  static constexpr int64_t kRoundsHeld = 4;

  int64_t rounds() const { return plan_.rounds(); }
  bool isAsync() const { return async_; }
  const Shown &shownBy(int32_t member) const;
  moert_status show(const ExchangeStart &start);
  void beginRounds();

  bool canFill(int64_t held) const;
  bool fill();
  Awaited::Outcome fetch();
  Awaited::Outcome fetchNext();
  void fetchRound(int32_t owner, int64_t round);
  Awaited::Outcome advance();
  void pass(int32_t from, int64_t bytes);
  int64_t traceBegin() const;
  void trace(int32_t kind, int64_t begin, int64_t round, int32_t peer, int64_t bytes) const;
  void finishPassing();
  bool isSlotFree(int64_t round) const;
  bool owes(int32_t owner) const;
  moert_status explain(const moert_status &status) const;
  static void carry(void *exchange);

  int64_t load(const int64_t &counter) const { return __atomic_load_n(&counter, __ATOMIC_ACQUIRE); }
  void store(int64_t &counter, int64_t value) {
    __atomic_store_n(&counter, value, __ATOMIC_RELEASE);
  }

  LocalPart &part_;
  const int32_t member_;

  // What others read. Counters count rounds of all exchanges, and only grow.
  Shown shown_[2];
  RowBuffer returns_[2];
  int64_t resultBytes_ = 0;       // of a row of returns_
  alignas(64) int64_t ready_ = 0; // rounds that are in returns_, or were
  Array<int64_t> fetched_;        // [members]: rounds of each owner that this member needs no more

  // The member's own; the courier's while it carries, but for what says otherwise.
  alignas(64) Courier *courier_ = nullptr;
  uint32_t sequence_ = 0; // exchanges that were begun
  int64_t base_ = 0;      // rounds of the exchanges before this one
  bool async_ = false;
  Array<const int32_t *> offsets_; // [members], of all members
  RowRing receives_;               // rows of others
  RowPlaces places_[kRoundsHeld];  // all rows of a round
  int64_t ends_[kRoundsHeld];      // rows in receives_ up to the end of a round
  ExchangeWalk filling_;
  Array<ExchangeWalk> fetching_; // [members]: own rows at each owner
  ExchangeResults results_ = {}; // written before returned_ is 1
  int64_t passedNs_ = 0;         // when all that was passed on a slow link has come
  // The caller's.
  ExchangeWalk announcing_, returning_;
  Array<bool> readers_[2]; // [members]: who has rows in the window of results
  // Both threads'. The first two count rounds of this exchange.
  std::atomic<int64_t> filled_{0};
  std::atomic<int64_t> returned_{0};
  std::atomic<int64_t> progress_{0};
  std::atomic<bool> finished_{true}; // the courier has nothing to do with this any more
  std::atomic<bool> hasFailed_{false};
  moert_status failure_;  // if hasFailed_
  bool complete_ = false; // if finished_: it has done all there was to do
};

} // namespace moert

#endif // MOERT_LIB_COMM_LOCALEXCHANGE_H
