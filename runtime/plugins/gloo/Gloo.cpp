// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gloo as a transport: a connection over TCP between any two ranks, and a thread that serves them.
//
// What this works around, in Gloo of 2022 (Debian 12): when a connection breaks, operations of
// which a part has been transferred are not told, so waits are interrupted from outside instead;
// writing to a closed connection raises SIGPIPE; the wait's own time limit closes all connections.
#include "moert/transport.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Exceptions cross from libgloo.so, so both sides must mean the same types.
#pragma GCC visibility push(default)
#include <gloo/common/error.h>
#include <gloo/transport/address.h>
#include <gloo/transport/context.h>
#include <gloo/transport/device.h>
#include <gloo/transport/pair.h>
#include <gloo/transport/tcp/device.h>
#include <gloo/transport/unbound_buffer.h>
#pragma GCC visibility pop

using Milliseconds = std::chrono::milliseconds;

struct moert_transfer;

struct moert_transport {
  int32_t rank = 0, ranks = 0;
  std::shared_ptr<gloo::transport::Device> device;
  std::shared_ptr<gloo::transport::Context> context;
  std::mutex mutex;                // of the list
  moert_transfer *first = nullptr; // transfers that have not been released
};

struct moert_transfer {
  moert_transport *transport;
  int32_t kind, peer;
  std::unique_ptr<gloo::transport::UnboundBuffer> buffer;
  moert_transfer *previous = nullptr, *next = nullptr;
};

namespace {

constexpr int64_t kMostRanks = 256; // each has an address for each in a value of limited size

[[gnu::format(printf, 2, 3)]] moert_status failure(int32_t code, const char *format, ...) {
  moert_status status = {};
  status.code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status.message, sizeof(status.message), format, arguments);
  va_end(arguments);
  return status;
}

struct StatusError : std::exception {
  explicit StatusError(const moert_status &status) : status(status) {}
  const char *what() const noexcept override { return status.message; }
  moert_status status;
};

/// Runs `body` and turns what it throws into a status. `what` begins the message.
template <typename Body>
moert_status guarded(const char *what, int32_t peer, Body body) {
  try {
    return body();
  } catch (const StatusError &error) {
    return error.status;
  } catch (const std::bad_alloc &) {
    return failure(MOERT_OUT_OF_MEMORY, "Gloo, %s rank %d: out of memory", what, peer);
  } catch (const gloo::IoException &error) {
    return failure(MOERT_PEER_LOST, "Gloo, %s rank %d: %s", what, peer, error.what());
  } catch (const std::exception &error) {
    return failure(MOERT_INTERNAL, "Gloo, %s rank %d: %s", what, peer, error.what());
  } catch (...) {
    return failure(MOERT_INTERNAL, "Gloo, %s rank %d: an unknown exception", what, peer);
  }
}

/// Keeps signals from this thread, SIGPIPE or all of them, and from those that it starts meanwhile;
/// a SIGPIPE that was raised meanwhile is gone afterwards. All of them only where threads start, so
/// that who waits for ranks can be told to end.
class NoSignals {
public:
  enum Which { Pipe, All };
  explicit NoSignals(Which which) {
    sigset_t kept;
    if (which == All) {
      sigfillset(&kept);
    } else {
      sigemptyset(&kept);
      sigaddset(&kept, SIGPIPE);
    }
    pthread_sigmask(SIG_BLOCK, &kept, &before_);
    sigset_t pending;
    sigpending(&pending);
    hadPipe_ = sigismember(&pending, SIGPIPE) == 1;
  }
  ~NoSignals() {
    sigset_t pending, pipe;
    sigpending(&pending);
    if (!hadPipe_ && sigismember(&pending, SIGPIPE) == 1) {
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      const timespec now = {};
      while (sigtimedwait(&pipe, nullptr, &now) < 0 && errno == EINTR)
        ;
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSignals(const NoSignals &) = delete;
  NoSignals &operator=(const NoSignals &) = delete;

private:
  sigset_t before_;
  bool hadPipe_;
};

Milliseconds toMilliseconds(int64_t ns) { return Milliseconds(ns / 1000000 + (ns % 1000000 > 0)); }

void require(const moert_status &status) {
  if (status.code != MOERT_OK)
    throw StatusError(status);
}

/// Where rank `of` listens for every other rank, one after the other without itself.
std::string addressesKey(int32_t of) { return "gloo/" + std::to_string(of); }

/// Gloo waits for a connection five times as long as its pairs are told when they are made.
constexpr int kWaitsOfConnect = 5;

/// Ends waits for connections as soon as the group is over, for as long as it lives.
class UntilOver {
public:
  UntilOver(const moert_transport_config &config, gloo::transport::Context &context)
      : config_(config), context_(context) {
    config_.listen(config_.user, [](void *self) { static_cast<UntilOver *>(self)->end(); }, this);
  }
  ~UntilOver() { config_.listen(config_.user, nullptr, nullptr); }
  UntilOver(const UntilOver &) = delete;
  UntilOver &operator=(const UntilOver &) = delete;

private:
  /// A pair that is closed counts as connected for who waits; what it is used for fails.
  void end() {
    for (int32_t peer = 0; peer < config_.ranks; ++peer)
      if (peer != config_.rank)
        context_.getPair(peer)->close();
  }
  const moert_transport_config &config_;
  gloo::transport::Context &context_;
};

void createPairs(const moert_transport_config &config, moert_transport &transport) {
  NoSignals quiet(NoSignals::All);
  gloo::transport::tcp::attr attributes;
  attributes.hostname = config.address;
  transport.device = gloo::transport::tcp::CreateDevice(attributes);
  transport.context = transport.device->createContext(config.rank, config.ranks);
  transport.context->setTimeout(toMilliseconds(config.timeout_ns) / kWaitsOfConnect +
                                Milliseconds(1));
  for (int32_t peer = 0; peer < config.ranks; ++peer)
    if (peer != config.rank)
      transport.context->createPair(peer);
}

void connectAll(const moert_transport_config &config, moert_transport &transport) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(config.timeout_ns);
  std::vector<char> mine;
  for (int32_t peer = 0; peer < config.ranks; ++peer)
    if (peer != config.rank) {
      const std::vector<char> address = transport.context->getPair(peer)->address().bytes();
      mine.insert(mine.end(), address.begin(), address.end());
    }
  require(config.set(config.user, addressesKey(config.rank).c_str(), mine.data(), mine.size()));
  const UntilOver untilOver(config, *transport.context);
  const size_t others = size_t(config.ranks - 1);
  std::vector<char> theirs(mine.size());
  for (int32_t peer = 0; peer < config.ranks; ++peer) {
    if (peer == config.rank)
      continue;
    uint64_t bytes = 0;
    require(config.get(config.user, addressesKey(peer).c_str(), config.timeout_ns, theirs.data(),
                       theirs.size(), &bytes));
    if (bytes != theirs.size())
      throw StatusError(failure(MOERT_INCOMPATIBLE, "rank %d uses another version of Gloo", peer));
    const size_t width = theirs.size() / others;
    const size_t place = size_t(config.rank > peer ? config.rank - 1 : config.rank);
    const char *begin = theirs.data() + place * width;
    if (std::chrono::steady_clock::now() >= deadline)
      throw StatusError(failure(MOERT_DEADLINE_EXCEEDED, "no time is left for rank %d", peer));
    transport.context->getPair(peer)->connect(std::vector<char>(begin, begin + width));
  }
}

void closeTransport(moert_transport *transport) {
  if (!transport)
    return;
  NoSignals quiet(NoSignals::Pipe);
  try {
    transport->context.reset();
    transport->device.reset();
  } catch (...) {
    // Nothing is left to be done about it.
  }
  delete transport;
}

moert_status openTransport(const moert_transport_config *config, moert_transport **transport) {
  *transport = nullptr;
  if (config->size < sizeof(*config) || config->ranks < 2 || config->ranks > kMostRanks ||
      config->rank < 0 || config->rank >= config->ranks || config->timeout_ns <= 0)
    return failure(MOERT_INVALID_ARGUMENT, "Gloo connects 2 to %lld ranks, not %d of %d",
                   static_cast<long long>(kMostRanks), config->rank, config->ranks);
  NoSignals quiet(NoSignals::Pipe);
  moert_transport *made = nullptr;
  const moert_status status = guarded("connecting", config->rank, [&] {
    made = new moert_transport;
    made->rank = config->rank;
    made->ranks = config->ranks;
    createPairs(*config, *made);
    connectAll(*config, *made);
    return moert_status{};
  });
  if (status.code != MOERT_OK)
    closeTransport(made);
  else
    *transport = made;
  return status;
}

void releaseTransfer(moert_transfer *transfer) {
  if (!transfer)
    return;
  {
    std::lock_guard<std::mutex> lock(transfer->transport->mutex);
    (transfer->previous ? transfer->previous->next : transfer->transport->first) = transfer->next;
    if (transfer->next)
      transfer->next->previous = transfer->previous;
  }
  delete transfer;
}

moert_status startTransfer(moert_transport *transport, int32_t kind, int32_t peer, uint64_t tag,
                           void *data, uint64_t bytes, moert_transfer **transfer) {
  *transfer = nullptr;
  if (peer < 0 || peer >= transport->ranks || peer == transport->rank || bytes == 0 ||
      (kind != MOERT_SEND && kind != MOERT_RECEIVE))
    return failure(MOERT_INVALID_ARGUMENT, "there is no transfer of %llu bytes with rank %d of %d",
                   static_cast<unsigned long long>(bytes), peer, transport->ranks);
  NoSignals quiet(NoSignals::Pipe);
  moert_transfer *made = nullptr;
  const char *what = kind == MOERT_SEND ? "sending to" : "receiving from";
  const moert_status status = guarded(what, peer, [&] {
    auto owned = std::make_unique<moert_transfer>();
    owned->transport = transport;
    owned->kind = kind;
    owned->peer = peer;
    owned->buffer = transport->context->createUnboundBuffer(data, bytes);
    made = owned.release();
    {
      // Before anything can be waited for, so that an interruption misses nobody.
      std::lock_guard<std::mutex> lock(transport->mutex);
      made->next = transport->first;
      if (made->next)
        made->next->previous = made;
      transport->first = made;
    }
    if (kind == MOERT_SEND)
      made->buffer->send(peer, tag, 0, bytes);
    else
      made->buffer->recv(peer, tag, 0, bytes);
    return moert_status{};
  });
  if (status.code != MOERT_OK)
    releaseTransfer(made);
  else
    *transfer = made;
  return status;
}

moert_status waitTransfer(moert_transfer *transfer, int64_t timeoutNs) {
  const char *what = transfer->kind == MOERT_SEND ? "sending to" : "receiving from";
  if (timeoutNs <= 0)
    return failure(MOERT_DEADLINE_EXCEEDED, "no time is left for %s rank %d", what, transfer->peer);
  NoSignals quiet(NoSignals::Pipe);
  const Milliseconds timeout = toMilliseconds(timeoutNs);
  const auto begin = std::chrono::steady_clock::now();
  const moert_status status = guarded(what, transfer->peer, [&] {
    const bool isDone = transfer->kind == MOERT_SEND ? transfer->buffer->waitSend(timeout)
                                                     : transfer->buffer->waitRecv(timeout);
    return isDone ? moert_status{} : failure(MOERT_UNAVAILABLE, "the wait was interrupted");
  });
  if (status.code == MOERT_PEER_LOST && std::chrono::steady_clock::now() - begin >= timeout)
    return failure(MOERT_DEADLINE_EXCEEDED, "%s rank %d took longer than %lld ms", what,
                   transfer->peer, static_cast<long long>(timeout.count()));
  return status;
}

void interruptTransport(moert_transport *transport) {
  std::lock_guard<std::mutex> lock(transport->mutex);
  for (moert_transfer *transfer = transport->first; transfer; transfer = transfer->next) {
    if (transfer->kind == MOERT_SEND)
      transfer->buffer->abortWaitSend();
    else
      transfer->buffer->abortWaitRecv();
  }
}

constexpr moert_transport_api kApi = {
    sizeof(moert_transport_api),
    "gloo",
    openTransport,
    startTransfer,
    waitTransfer,
    releaseTransfer,
    interruptTransport,
    closeTransport,
};

} // namespace

extern "C" MOERT_EXPORT const moert_transport_api *moert_get_transport(uint32_t version) {
  return version == MOERT_TRANSPORT_VERSION ? &kApi : nullptr;
}
