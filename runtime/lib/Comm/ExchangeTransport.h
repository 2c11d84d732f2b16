// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What carries the rows of exchanges between ranks. Whoever calls has checked what compiled code
// gave it, and calls in the right order.
#ifndef MOERT_LIB_COMM_EXCHANGETRANSPORT_H
#define MOERT_LIB_COMM_EXCHANGETRANSPORT_H

#include "lib/Comm/ExchangePlan.h"
#include "lib/Comm/RowPlaces.h"

#include <atomic>

namespace moert {

/// What ends a wait for other ranks.
struct WaitLimits {
  /// Absolute, in the host's clock; 0: none. Beyond it the group is given up.
  int64_t deadlineNs = 0;
  /// How long others may take to come before one that has not counts as lost; 0: for ever.
  int64_t silenceNs = 0;
  /// Looked at every few milliseconds; may be null. When it is set the group is given up.
  const std::atomic<bool> *cancelled = nullptr;
};

/// An exchange of a run. Its number, ordinal and artifact must be the same on all members.
struct ExchangeStart {
  const uint8_t *buildId;
  const moert_exchange_info *info;
  uint32_t number;  // in the artifact's table
  uint32_t ordinal; // in the run
  moert_exchange_rows send;
  int64_t windowRows; // at least 1
  int64_t chunks;     // at least 0
};

/// What was made of the rows of a round, and where results of this member's own rows go.
struct ExchangeResults {
  const void *rows;
  int64_t rowBytes;
  void *results;
};

/// Bytes beside rows that a member sends to another one in an exchange.
struct ExchangeNews {
  int64_t dispatch;
  int64_t results;
};

/// One rank's end of a part of its group: the members of an exchange. One exchange at a time, on
/// one thread. A call that fails has given the part up, or found it given up; then `abandon`.
class ExchangeTransport {
public:
  virtual int32_t members() const = 0;
  virtual int32_t member() const = 0;
  /// The rank of a member in the whole group.
  virtual int32_t rankOf(int32_t member) const = 0;

  virtual moert_status begin(const ExchangeStart &start, const WaitLimits &limits) = 0;
  /// That of the exchange that is begun, or was last.
  const ExchangePlan &plan() const { return plan_; }
  virtual moert_status receive(int64_t round, int32_t *offsets, const WaitLimits &limits,
                               ReceivedRows &rows) = 0;
  virtual moert_status giveBack(int64_t round, const ExchangeResults &results,
                                const WaitLimits &limits) = 0;
  virtual moert_status end(const WaitLimits &limits) = 0;
  /// Leaves an exchange that has failed, after the group was given up. When it returns nobody reads
  /// or writes memory of this rank's run any more.
  virtual void abandon() = 0;
  /// Of the exchange that is begun, or was last.
  virtual ExchangeNews newsTo(int32_t member) const = 0;

protected:
  explicit ExchangeTransport(const Host &host) : plan_(host) {}
  ~ExchangeTransport() = default;

  ExchangePlan plan_;
};

/// One rank's end of a group.
class GroupTransport {
public:
  virtual int32_t rank() const = 0;
  virtual int32_t ranks() const = 0;
  /// Whether the other ranks are other processes, as far as the group knows.
  virtual bool isOfProcesses() const = 0;
  /// The end of the part that has these ranks, ascending, this one among them; lives as long as
  /// this. OUT_OF_MEMORY.
  virtual moert_status open(const int32_t *ranks, int32_t count, ExchangeTransport *&exchange) = 0;
  /// OK, or why the group has been given up: for the ranks that did not do it.
  virtual moert_status state() const = 0;
  /// MOERT_OK, or the reason itself.
  virtual int32_t code() const = 0;
  /// Gives the group up because of this rank. The first reason counts. From any thread.
  virtual void giveUp(int32_t code) = 0;
  /// Takes the rank out of the group, and ends this.
  virtual void dispose() = 0;

protected:
  ~GroupTransport() = default;
};

} // namespace moert

#endif // MOERT_LIB_COMM_EXCHANGETRANSPORT_H
