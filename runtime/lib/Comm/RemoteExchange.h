// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exchanges between ranks that are processes.
//
// Members send each other what they compare and how many rows they have for each expert, and each
// computes the plan from that. In a round, rows for each owner are packed and sent in one message,
// and those that come stay where they have come; results go the same way back. Nobody is sent a
// message of no rows. An exchange of one round is done by the rank's own thread. With more rounds,
// the rank's courier packs, sends and receives the rows of the next one while the rank computes,
// and takes results in; results are sent by the rank itself.
//
// All messages of constant size come first: what is compared before rows, and the size of a row of
// results before those. Members need not wait for each other at the end of an exchange, as what was
// sent is a copy; but `end` waits until it has left this process, so that the rank may go.
//
// Parts that have ranks in common need nothing that tells their messages apart. Two ranks have the
// same exchanges with each other in the same order, or find out by what they compare.
#ifndef MOERT_LIB_COMM_REMOTEEXCHANGE_H
#define MOERT_LIB_COMM_REMOTEEXCHANGE_H

#include "lib/Comm/Courier.h"
#include "lib/Comm/ExchangeIdentity.h"
#include "lib/Comm/Flight.h"
#include "lib/Comm/RowBuffer.h"

namespace moert {

/// What exchanges of a rank share.
struct RemoteLinks {
  const Host &host;
  ControlPlane &plane;
  Transport &transport;
  Courier &courier;
};

class RemoteExchange final : public ExchangeTransport {
public:
  /// What `links` names must outlive this.
  explicit RemoteExchange(const RemoteLinks &links);
  RemoteExchange(const RemoteExchange &) = delete;
  RemoteExchange &operator=(const RemoteExchange &) = delete;

  /// Once. `ranks`, ascending, have this rank among them. False when out of memory.
  [[nodiscard]] bool create(const int32_t *ranks, int32_t count);
  bool isOf(const int32_t *ranks, int32_t count) const;

  int32_t members() const override { return int32_t(ranks_.size()); }
  int32_t member() const override { return member_; }
  int32_t rankOf(int32_t member) const override { return ranks_[size_t(member)]; }
  moert_status begin(const ExchangeStart &start, const WaitLimits &limits) override;
  moert_status receive(int64_t round, int32_t *offsets, const WaitLimits &limits,
                       ReceivedRows &rows) override;
  moert_status giveBack(int64_t round, const ExchangeResults &results,
                        const WaitLimits &limits) override;
  moert_status end(const WaitLimits &limits) override;
  void abandon() override;
  ExchangeNews newsTo(int32_t member) const override;

  RemoteExchange *next = nullptr;

private:
  /// How often a thread that sleeps looks, whatever it is told.
  static constexpr int64_t kLookNs = 1000000000;

  int64_t rounds() const { return plan_.rounds(); }
  /// Rows that this rank sends at most, each to all parts of its expert.
  int64_t ownRows() const { return start_.send.offsets[experts_] * start_.info->parts; }
  int32_t *offsetsOf(int32_t member) {
    return allOffsets_.data() + int64_t(member) * (int64_t(experts_) + 1);
  }

  // RemoteExchange.cpp: the rank's thread.
  moert_status show(const ExchangeStart &start);
  moert_status look(const WaitLimits &limits);
  moert_status checkOffsets(int32_t member) const;
  moert_status makeRoom();
  void beginRounds();
  moert_status sendResults(int64_t round, const WaitLimits &limits);
  moert_status explain(const moert_status &status) const;
  moert_status finishSends(Flight &flight, const WaitLimits &limits);
  template <typename Condition>
  moert_status await(Condition condition, const WaitLimits &limits);
  moert_status giveUpFor(const WaitLimits &limits, int64_t now, int64_t silenceEnd);

  // RemoteRounds.cpp: the courier's, or the rank's where there is one round.
  moert_status startRows(int64_t round, const WaitLimits &limits);
  moert_status finishRows(int64_t round, const WaitLimits &limits);
  moert_status startReturns(int64_t round);
  moert_status finishReturns(int64_t round, const WaitLimits &limits);
  moert_status checkResultBytes(const WaitLimits &limits);
  moert_status finish(Flight &flight, int32_t member, const WaitLimits &limits);
  bool awaitReturned(int64_t round);
  moert_status carryAll();
  static void carry(void *exchange);
  void notify();

  const RemoteLinks links_;
  int32_t member_ = 0;
  Array<int32_t> ranks_; // of members

  // Of the exchange that is begun.
  ExchangeStart start_ = {}; // what it points at is the run's
  uint32_t experts_ = 0;
  Array<ExchangeIdentity> identities_; // [members]
  Array<int32_t> allOffsets_;          // [members][experts + 1], of all members
  Array<const int32_t *> offsets_;     // [members]
  ExchangeResults results_ = {};       // written before returned_ is 1
  bool async_ = false;

  // What is on its way. The first line and results sent are the rank's own, the rest the courier's.
  Flight identitiesOut_, identitiesIn_, offsetsOut_, offsetsIn_, resultBytesOut_, resultsOut_[2];
  Flight rowsOut_, rowsIn_, resultBytesIn_, resultsIn_;
  RowBuffer packed_, arrived_[2], packedResults_[2], arrivedResults_;
  RowPlaces rowPlaces_[2]; // all rows of the same round
  int64_t myResultBytes_ = 0;
  Array<int64_t> resultBytes_; // [members]

  ExchangeWalk filling_;          // all rows of this member
  Array<ExchangeWalk> sending_;   // [members]: own rows at each owner, on their way there
  Array<ExchangeWalk> returning_; // [members]: likewise, on their way back
  Array<int64_t> places_;         // [members]: rows of the courier's messages
  int64_t rowsBegin_ = 0;         // when the round under way was begun, where it is traced
  // The rank's.
  ExchangeWalk announcing_, givingBack_;
  Array<int64_t> resultPlaces_; // [members]

  // Both threads'.
  std::atomic<int64_t> filled_{0};
  std::atomic<int64_t> returned_{0};
  std::atomic<int64_t> progress_{0};   // messages that have come
  std::atomic<int32_t> waitsFor_{-1};  // the rank that the courier waits for
  std::atomic<bool> isLeft_{false};    // the courier is to end
  std::atomic<bool> hasFailed_{false}; // with failure_
  std::atomic<bool> isFinished_{true}; // the courier has nothing to do with this any more
  std::atomic<uint32_t> events_{0};    // changes with each of these
  moert_status failure_;
};

} // namespace moert

#endif // MOERT_LIB_COMM_REMOTEEXCHANGE_H
