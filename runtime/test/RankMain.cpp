// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A rank that is a process, for tests that kill it. Reads commands, a line each, and answers each
// with a line:
//
//   form RANK RANKS PORT GENERATION [HOST]
//                                     "formed", or "failed CODE MESSAGE"; 127.0.0.1
//   await MILLISECONDS                "lost NANOSECONDS CODE RANK MESSAGE" with the time of
//                                     CLOCK_MONOTONIC at which the group was given up, or "fine"
//   abort CODE                        "aborted NANOSECONDS"
//   open NAME                         "opened", with a transport, or "lost ..." as above, or
//                                     "failed CODE MESSAGE"
//   half-open NAME                    is killed as soon as it has told the others where it listens
//   exchange BYTES [ROUNDS]           sends and receives as many with all others, over and over:
//                                     "took NANOSECONDS" for all rounds, or "lost ..." as above
//   leave                             "left"
#include "lib/Comm/ControlPlane.h"
#include "lib/Comm/Transport.h"
#include "lib/Comm/TransportPlugin.h"
#include "lib/Core/Status.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

using namespace moert;

namespace {

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

void answer(const moert_status &status, const char *well) {
  if (status.code == MOERT_OK)
    printf("%s\n", well);
  else
    printf("failed %d %s\n", status.code, status.message);
}

void answerLost(const ControlPlane &plane, const Host &host) {
  const int64_t now = host.now();
  printf("lost %lld %d %d %s\n", static_cast<long long>(now), plane.reason().code,
         plane.verdict().rank, plane.reason().message);
}

moert_status exchange(ControlPlane &plane, Transport &transport, size_t bytes, uint64_t rounds) {
  const size_t ranks = size_t(plane.ranks());
  std::vector<std::vector<char>> out(ranks, std::vector<char>(bytes)), in = out;
  std::vector<moert_transfer *> transfers(2 * ranks);
  moert_status status = success();
  for (uint64_t tag = 0; tag < rounds && status.code == MOERT_OK; ++tag) {
    for (size_t peer = 0; peer < ranks && status.code == MOERT_OK; ++peer) {
      if (int32_t(peer) == plane.rank())
        continue;
      status = transport.receive(int32_t(peer), tag, in[peer].data(), bytes, transfers[2 * peer]);
      if (status.code == MOERT_OK)
        status =
            transport.send(int32_t(peer), tag, out[peer].data(), bytes, transfers[2 * peer + 1]);
    }
    for (size_t i = 0; i < transfers.size(); ++i) {
      if (status.code != MOERT_OK)
        transport.release(transfers[i]);
      else if (transfers[i])
        status = transport.wait(transfers[i], int32_t(i / 2), {});
      transfers[i] = nullptr;
    }
  }
  return status;
}

/// Ends after the transport has shown the others something for the first time.
moert_status openHalf(Transport &transport, const moert_transport_api &api) {
  static const moert_transport_api *real;
  static const moert_transport_config *given;
  real = &api;
  static moert_transport_api half;
  half = api;
  half.open = [](const moert_transport_config *config, moert_transport **made) {
    given = config;
    moert_transport_config changed = *config;
    changed.set = [](void *user, const char *key, const void *value, uint64_t bytes) {
      const moert_status status = given->set(user, key, value, bytes);
      usleep(100000);
      kill(getpid(), SIGKILL);
      return status;
    };
    return real->open(&changed, made);
  };
  return transport.open(half, 30000000000);
}

void answerAwait(ControlPlane &plane, const Host &host, int64_t limitNs) {
  const int64_t end = host.now() + limitNs;
  for (;;) {
    const uint32_t seen = plane.events();
    if (plane.isGivenUp()) {
      answerLost(plane, host);
      return;
    }
    if (plane.waitForEvent(seen, {end, 0, nullptr}).code != MOERT_OK) {
      printf("fine\n");
      return;
    }
  }
}

} // namespace

int main() {
  const Host host(moert_hooks{});
  std::unique_ptr<ControlPlane> plane;
  std::unique_ptr<Transport> transport;
  char line[256];
  while (fgets(line, sizeof(line), stdin)) {
    int a = 0, b = 0, port = 0, generation = 0;
    char address[64] = "127.0.0.1";
    if (sscanf(line, "form %d %d %d %d %63s", &a, &b, &port, &generation, address) >= 4) {
      transport.reset();
      plane = std::make_unique<ControlPlane>(host);
      ControlOptions options;
      options.rank = a;
      options.ranks = b;
      options.generation = uint64_t(generation);
      options.host = address;
      options.port = uint16_t(port);
      options.secret = kSecret;
      options.secretBytes = sizeof(kSecret) - 1;
      answer(plane->form(options), "formed");
    } else if (!plane) {
      printf("no group\n");
    } else if (sscanf(line, "await %d", &a) == 1) {
      answerAwait(*plane, host, int64_t(a) * 1000000);
    } else if (sscanf(line, "abort %d", &a) == 1) {
      printf("aborted %lld\n", static_cast<long long>(host.now()));
      plane->giveUp(plane->rank(), a);
    } else if (char name[40];
               sscanf(line, "open %39s", name) == 1 || sscanf(line, "half-open %39s", name) == 1) {
      const moert_transport_api *api;
      moert_status status = loadTransport(name, api);
      if (status.code == MOERT_OK) {
        transport = std::make_unique<Transport>(host, *plane);
        status = line[0] == 'h' ? openHalf(*transport, *api) : transport->open(*api, 30000000000);
      }
      if (status.code != MOERT_OK && plane->isGivenUp())
        answerLost(*plane, host);
      else
        answer(status, "opened");
    } else if (sscanf(line, "exchange %d %d", &a, &b) >= 1 && transport) {
      const int64_t begin = host.now();
      const uint64_t rounds = b > 0 ? uint64_t(b) : UINT64_MAX;
      if (exchange(*plane, *transport, size_t(a), rounds).code == MOERT_OK)
        printf("took %lld\n", static_cast<long long>(host.now() - begin));
      else
        answerLost(*plane, host);
    } else {
      transport.reset();
      plane.reset();
      printf("left\n");
    }
    fflush(stdout);
  }
  return 0;
}
