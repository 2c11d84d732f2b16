// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Addresses and TCP sockets. Every socket is non-blocking and closed in programs that are executed;
// sending never raises SIGPIPE.
#ifndef MOERT_LIB_COMM_SOCKET_H
#define MOERT_LIB_COMM_SOCKET_H

#include "lib/Core/Descriptor.h"
#include "moert/moert.h"

#include <netinet/in.h>

namespace moert {

/// An address of version 4 or 6 and a port, as told to other ranks.
struct WireAddress {
  uint8_t bytes[16];
  uint16_t version; // 4, 6, or 0 for none
  uint16_t port;
};
static_assert(sizeof(WireAddress) == 20, "read and written as bytes");

class Address {
public:
  /// "10.0.0.1:29500" or "[::1]:29500", with the host alone where `withPort` is false.
  struct Text {
    char text[80];
  };

  bool isSet() const { return length_ > 0; }
  /// 0.0.0.0 or ::, which stand for all addresses of the host.
  bool isAny() const;
  uint16_t port() const;
  void setPort(uint16_t port);
  Text print(bool withPort = true) const;

  WireAddress toWire() const;
  /// False if it is none.
  bool fromWire(const WireAddress &wire);

  const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&storage_); }
  sockaddr *get() { return reinterpret_cast<sockaddr *>(&storage_); }
  socklen_t length() const { return length_; }
  void set(const sockaddr *address, socklen_t length);

  /// Of this end, or with `peer` of the other end, of a socket.
  static bool ofSocket(int socket, bool peer, Address &address);

private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_ = {};
  socklen_t length_ = 0;
};

/// The first address of a host name, which may take as long as the system's resolver takes, or an
/// address in numbers. NOT_FOUND.
moert_status resolveHost(const char *host, uint16_t port, Address &address);

/// An address in numbers or the first one of a network device, with port 0. NOT_FOUND.
moert_status resolveInterface(const char *interface, Address &address);

/// Listens at `address`; where its port is 0 the system chooses one. UNAVAILABLE where the port is
/// taken, INVALID_ARGUMENT where the address is not one of this host, otherwise IO.
moert_status listenAt(Address &address, Descriptor &listener);

/// Begins to connect, from `from` if it is set (its port does not count). 0 or an errno; where it
/// is EINPROGRESS the socket gets writable in the end, see connectError.
int beginConnect(const Address &to, const Address &from, Descriptor &socket);
/// How connecting went: 0 or an errno.
int connectError(int socket);

/// Takes a connection, or gives -1 and errno.
int acceptFrom(int listener);

} // namespace moert

#endif // MOERT_LIB_COMM_SOCKET_H
