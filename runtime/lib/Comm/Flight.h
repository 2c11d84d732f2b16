// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Messages of one kind between a rank and the members of an exchange, on their way.
#ifndef MOERT_LIB_COMM_FLIGHT_H
#define MOERT_LIB_COMM_FLIGHT_H

#include "lib/Comm/Transport.h"

namespace moert {

/// What a message is. Messages of a kind and size between two ranks arrive in their order.
enum class MessageKind : uint64_t { Identity, Offsets, Rows, ResultBytes, Results };

/// At most one message to, or from, each member.
class Flight {
public:
  Flight() = default;
  Flight(const Flight &) = delete;
  Flight &operator=(const Flight &) = delete;
  /// All messages have ended, or been dropped.
  ~Flight() = default;

  [[nodiscard]] bool create(const Host &host, int32_t members) {
    return transfers_.allocate(host, size_t(members));
  }

  /// Begins a message with `member`, which has rank `rank`. Of 0 bytes there is none. `data` stays
  /// until it has ended.
  moert_status send(Transport &transport, int32_t member, int32_t rank, MessageKind kind,
                    const void *data, int64_t bytes);
  moert_status receive(Transport &transport, int32_t member, int32_t rank, MessageKind kind,
                       void *data, int64_t bytes);
  bool has(int32_t member) const { return transfers_[size_t(member)] != nullptr; }
  /// Waits for the end of the message with `member`, if there is one.
  moert_status finish(Transport &transport, int32_t member, int32_t rank, const WaitLimits &limits);
  void drop(Transport &transport);

private:
  Array<moert_transfer *> transfers_;
};

} // namespace moert

#endif // MOERT_LIB_COMM_FLIGHT_H
