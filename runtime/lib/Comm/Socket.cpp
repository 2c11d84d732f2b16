// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Socket.h"
#include "lib/Core/Status.h"

#include <arpa/inet.h>
#include <cstdio>
#include <cstring>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace moert {

namespace {

constexpr int kBacklog = 1024;

void setFlag(int socket, int level, int option) {
  const int on = 1;
  setsockopt(socket, level, option, &on, sizeof(on));
}

bool isLinkLocal(const sockaddr *address) {
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6 *>(address)->sin6_addr);
}

moert_status resolve(const char *host, const addrinfo &hints, Address &address, int &error) {
  addrinfo *found = nullptr;
  error = getaddrinfo(host, nullptr, &hints, &found);
  if (error != 0)
    return failure(MOERT_NOT_FOUND, "host '%.200s' is not known: %s", host, gai_strerror(error));
  address.set(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return success();
}

} // namespace

void Address::set(const sockaddr *address, socklen_t length) {
  length_ = length <= sizeof(storage_) ? length : socklen_t(sizeof(storage_));
  storage_ = {};
  memcpy(&storage_, address, length_);
}

bool Address::isAny() const {
  if (storage_.any.sa_family == AF_INET)
    return storage_.v4.sin_addr.s_addr == INADDR_ANY;
  return storage_.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr);
}

uint16_t Address::port() const {
  return ntohs(storage_.any.sa_family == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void Address::setPort(uint16_t port) {
  if (storage_.any.sa_family == AF_INET6)
    storage_.v6.sin6_port = htons(port);
  else
    storage_.v4.sin_port = htons(port);
}

Address::Text Address::print(bool withPort) const {
  char host[INET6_ADDRSTRLEN] = "nowhere";
  const bool isV6 = storage_.any.sa_family == AF_INET6;
  if (isV6)
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, host, sizeof(host));
  else if (isSet())
    inet_ntop(AF_INET, &storage_.v4.sin_addr, host, sizeof(host));
  Text text;
  if (withPort)
    snprintf(text.text, sizeof(text.text), isV6 ? "[%s]:%u" : "%s:%u", host, unsigned(port()));
  else
    snprintf(text.text, sizeof(text.text), "%s", host);
  return text;
}

WireAddress Address::toWire() const {
  WireAddress wire = {};
  wire.port = port();
  if (storage_.any.sa_family == AF_INET6) {
    wire.version = 6;
    memcpy(wire.bytes, &storage_.v6.sin6_addr, 16);
  } else if (isSet()) {
    wire.version = 4;
    memcpy(wire.bytes, &storage_.v4.sin_addr, 4);
  }
  return wire;
}

bool Address::fromWire(const WireAddress &wire) {
  storage_ = {};
  length_ = 0;
  if (wire.port == 0)
    return false;
  if (wire.version == 4) {
    storage_.v4.sin_family = AF_INET;
    memcpy(&storage_.v4.sin_addr, wire.bytes, 4);
    length_ = sizeof(sockaddr_in);
  } else if (wire.version == 6) {
    storage_.v6.sin6_family = AF_INET6;
    memcpy(&storage_.v6.sin6_addr, wire.bytes, 16);
    length_ = sizeof(sockaddr_in6);
  } else {
    return false;
  }
  setPort(wire.port);
  return true;
}

bool Address::ofSocket(int socket, bool peer, Address &address) {
  Storage storage = {};
  socklen_t length = sizeof(storage);
  if ((peer ? getpeername : getsockname)(socket, &storage.any, &length) != 0 ||
      (storage.any.sa_family != AF_INET && storage.any.sa_family != AF_INET6))
    return false;
  address.set(&storage.any, length);
  return true;
}

moert_status resolveHost(const char *host, uint16_t port, Address &address) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  int error;
  MOERT_RETURN_IF_FAILED(resolve(host, hints, address, error));
  address.setPort(port);
  return success();
}

moert_status resolveInterface(const char *interface, Address &address) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  int error;
  if (resolve(interface, hints, address, error).code == MOERT_OK)
    return success();
  ifaddrs *all = nullptr;
  if (getifaddrs(&all) != 0)
    return osFailure(MOERT_IO, errno, "cannot list the network devices");
  const sockaddr *best = nullptr;
  bool exists = false;
  for (const ifaddrs *one = all; one; one = one->ifa_next) {
    if (strcmp(one->ifa_name, interface) != 0)
      continue;
    exists = true;
    if (!one->ifa_addr || isLinkLocal(one->ifa_addr))
      continue;
    const int family = one->ifa_addr->sa_family;
    if (family == AF_INET || (family == AF_INET6 && !best))
      best = one->ifa_addr;
    if (family == AF_INET)
      break;
  }
  if (best)
    address.set(best, best->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  freeifaddrs(all);
  if (best)
    return success();
  return failure(MOERT_NOT_FOUND,
                 exists ? "network device '%.60s' has no address"
                        : "'%.60s' is neither an address nor a network device of this host",
                 interface);
}

moert_status listenAt(Address &address, Descriptor &listener) {
  const Address::Text where = address.print();
  Descriptor made(socket(address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.value < 0)
    return osFailure(MOERT_IO, errno, "cannot make a socket");
  // Connections of an earlier group that are still being wound up do not hold the port.
  setFlag(made.value, SOL_SOCKET, SO_REUSEADDR);
  if (address.get()->sa_family == AF_INET6)
    setFlag(made.value, IPPROTO_IPV6, IPV6_V6ONLY);
  if (bind(made.value, address.get(), address.length()) != 0 || listen(made.value, kBacklog) != 0) {
    const int error = errno;
    if (error == EADDRINUSE)
      return osFailure(MOERT_UNAVAILABLE, error, "port %u is taken: cannot listen at %s",
                       unsigned(address.port()), where.text);
    return osFailure(error == EADDRNOTAVAIL || error == EACCES ? MOERT_INVALID_ARGUMENT : MOERT_IO,
                     error, "cannot listen at %s", where.text);
  }
  if (!Address::ofSocket(made.value, false, address))
    return osFailure(MOERT_IO, errno, "cannot listen at %s", where.text);
  std::swap(listener.value, made.value);
  return success();
}

int beginConnect(const Address &to, const Address &from, Descriptor &connection) {
  Descriptor made(socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.value < 0)
    return errno;
  // Control frames are small and waited for.
  setFlag(made.value, IPPROTO_TCP, TCP_NODELAY);
  if (from.isSet() && !from.isAny()) {
    Address source = from;
    source.setPort(0);
    if (bind(made.value, source.get(), source.length()) != 0)
      return errno;
  }
  int error = 0;
  if (connect(made.value, to.get(), to.length()) != 0) {
    error = errno;
    if (error != EINPROGRESS)
      return error;
  }
  std::swap(connection.value, made.value);
  return error;
}

int connectError(int socket) {
  int error = 0;
  socklen_t length = sizeof(error);
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

int acceptFrom(int listener) {
  int socket;
  do
    socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (socket < 0 && errno == EINTR);
  if (socket >= 0)
    setFlag(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

} // namespace moert
