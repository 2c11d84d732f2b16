// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Flight.h"
#include "lib/Core/Status.h"

#include <utility>

namespace moert {

namespace {

/// With the size in it, a message never meets a receive of another size, which transports take
/// badly: ranks that disagree find out by messages whose sizes are constant.
uint64_t tagOf(MessageKind kind, int64_t bytes) { return uint64_t(kind) << 56 | uint64_t(bytes); }

} // namespace

moert_status Flight::send(Transport &transport, int32_t member, int32_t rank, MessageKind kind,
                          const void *data, int64_t bytes) {
  if (bytes == 0)
    return success();
  return transport.send(rank, tagOf(kind, bytes), data, size_t(bytes), transfers_[size_t(member)]);
}

moert_status Flight::receive(Transport &transport, int32_t member, int32_t rank, MessageKind kind,
                             void *data, int64_t bytes) {
  if (bytes == 0)
    return success();
  return transport.receive(rank, tagOf(kind, bytes), data, size_t(bytes),
                           transfers_[size_t(member)]);
}

moert_status Flight::finish(Transport &transport, int32_t member, int32_t rank,
                            const WaitLimits &limits) {
  moert_transfer *transfer = std::exchange(transfers_[size_t(member)], nullptr);
  return transfer ? transport.wait(transfer, rank, limits) : success();
}

void Flight::drop(Transport &transport) {
  for (moert_transfer *&transfer : transfers_)
    if (transfer)
      transport.release(std::exchange(transfer, nullptr));
}

} // namespace moert
