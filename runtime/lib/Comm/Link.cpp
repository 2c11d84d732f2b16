// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Link.h"

#include <sys/socket.h>

namespace moert {

bool Link::flush() {
  while (out.size() > 0) {
    const ssize_t count = send(socket.value, out.data(), out.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return errno == EAGAIN || errno == EWOULDBLOCK;
    out.consume(size_t(count));
  }
  return true;
}

Link::Received Link::receive(size_t need) {
  if (need > in.size() && !in.reserve(need - in.size()))
    return Received::End;
  ssize_t count;
  do
    count = recv(socket.value, in.tail(), in.room(), 0);
  while (count < 0 && errno == EINTR);
  if (count < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? Received::Nothing : Received::End;
  if (count == 0)
    return Received::End;
  in.produce(size_t(count));
  missed = 0;
  return Received::Some;
}

} // namespace moert
