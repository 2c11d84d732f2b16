// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which rows go where, when: the arithmetic of an exchange, the same whatever carries the rows.
//
// The rows that a member receives have positions, in the order of (expert, part, sending member,
// row there). An expert has one part, or several members that each make a part of its columns. A
// round is a range of positions; it ends where an expert's rows do if that is near, so that few
// experts' weights are read in two rounds. Every member computes the same plan from the offsets of
// all, so nobody tells anybody how many rows come.
#ifndef MOERT_LIB_COMM_EXCHANGEPLAN_H
#define MOERT_LIB_COMM_EXCHANGEPLAN_H

#include "lib/Comm/ExchangeCosts.h"
#include "lib/Core/Host.h"

#include <cstdint>

namespace moert {

/// What a plan is made of.
struct ExchangeShape {
  int32_t members;
  int32_t experts;
  int32_t parts;                 // of each expert, at least 1; a row goes to all of them
  const int32_t *owners;         // [experts * parts]: a member
  int64_t windowRows;            // at least 1
  int64_t chunks;                // at least 0; 0: as many as the costs suggest
  const int32_t *const *offsets; // [members][experts + 1]: 0, ascending
  ExchangeCosts costs = {};
};

/// Rows that lie together both where they come from and where they go.
struct ExchangeRun {
  int32_t sender;
  int32_t range;    // expert * parts + part
  int64_t first;    // row of the sender, in the order in which it takes them into the exchange
  int64_t position; // of this row at the owner
  int64_t count;
};

/// Rows that a member owns, in the order of positions; all, or those of one sender.
class ExchangeWalk {
public:
  ExchangeWalk() = default;

  /// The next rows at positions before `end`; false if there are none.
  bool next(int64_t end, ExchangeRun &run);
  /// The position of the next row; -1 after the last.
  int64_t peek();

private:
  friend class ExchangePlan;

  const int32_t *range_ = nullptr; // of those that the owner has
  const int32_t *lastRange_ = nullptr;
  int32_t parts_ = 1;
  const int32_t *const *offsets_ = nullptr;
  int32_t members_ = 0;
  int32_t only_ = -1;
  int32_t sender_ = 0;
  int64_t taken_ = 0; // of the rows of this range and sender
  int64_t position_ = 0;
};

class ExchangePlan {
public:
  /// `host` must outlive the plan.
  explicit ExchangePlan(const Host &host) : host_(host) {}

  /// The plan of `member`. The arrays of `shape` stay until the plan is not used any more. False
  /// when out of memory; nothing is allocated where a plan of that size was made before.
  [[nodiscard]] bool compute(int32_t member, const ExchangeShape &shape);

  int64_t rounds() const { return rounds_; }
  /// Room that every window has: the same on all members, and dependent on shapes only.
  int64_t windowRows() const { return windowRows_; }
  /// Rows that `member` receives, in all.
  int64_t rowsOf(int32_t member) const { return received_[size_t(member)]; }
  /// The positions that `member` receives in a round: begin, and one after the last.
  int64_t roundBegin(int32_t member, int64_t round) const;
  int64_t roundEnd(int32_t member, int64_t round) const { return roundBegin(member, round + 1); }
  /// The round in which `member` receives a position.
  int64_t roundOf(int32_t member, int64_t position) const;

  /// Rows of this member that another one owns, and rows of another member that this one owns.
  int64_t sentTo(int32_t member) const { return sentTo_[size_t(member)]; }
  int64_t sentFrom(int32_t member) const { return sentFrom_[size_t(member)]; }

  /// Rows that `owner` receives, from the first; of one sender if `sender` is not negative.
  ExchangeWalk walk(int32_t owner, int32_t sender = -1) const;

  /// Ranges of the rows that this member has in `round`: [experts * parts + 1]. `walk` is one of all
  /// rows that this member receives and has come to the round.
  void writeOffsets(ExchangeWalk &walk, int64_t round, int32_t *offsets) const;

  /// Puts results of the rows of a run, adjacent rows of `rowBytes`, where they belong in
  /// `results`, whose rows hold all parts.
  void placeResults(void *results, const ExchangeRun &run, const char *rows,
                    int64_t rowBytes) const;

private:
  int32_t ranges() const { return shape_.experts * shape_.parts; }
  int64_t perRound(int32_t member) const;
  int64_t evenBegin(int32_t member, int64_t round) const;
  int64_t borderedBegin(int32_t member, int64_t round) const;
  bool fitsBordered(int32_t member) const;
  [[nodiscard]] bool makeRoom(const ExchangeShape &shape);

  const Host &host_;
  ExchangeShape shape_ = {};
  int32_t member_ = 0;
  int64_t rounds_ = 0;
  int64_t windowRows_ = 0;
  Array<int64_t> received_, sentTo_, sentFrom_; // [members]
  Array<int32_t> firstRange_;                   // [members + 1], of byOwner_
  Array<int32_t> byOwner_;                      // [experts * parts]: ranges by owner, ascending
  Array<int64_t> borders_;                      // [experts * parts]: where byOwner_[i]'s rows end
  Array<bool> isBordered_;                      // [members]: rounds end where experts do, if near
};

/// Rounds of an exchange in which no member receives more than `mostRows` rows.
int64_t chooseRounds(int64_t chunks, int64_t mostRows, int64_t windowRows);

} // namespace moert

#endif // MOERT_LIB_COMM_EXCHANGEPLAN_H
