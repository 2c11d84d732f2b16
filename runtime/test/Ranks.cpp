// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Ranks.h"

#include <arpa/inet.h>
#include <ctime>
#include <dirent.h>
#include <random>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>

namespace moert::test {

const char kSecret[] = "0123456789abcdef0123456789abcdef";

namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

} // namespace

void noteFault(const char *kind, const char *transport, int32_t ranks, int64_t ns,
               int64_t promiseNs) {
  printf("fault: %s | %s | %d | %lld | %lld\n", kind, transport, ranks,
         static_cast<long long>(std::max<int64_t>(ns, 0)), static_cast<long long>(promiseNs));
  EXPECT_LT(ns, 5 * promiseNs) << kind;
}

uint16_t freePort() {
  std::random_device random;
  for (;;) {
    // Below those that the system gives to others meanwhile.
    const uint16_t port = uint16_t(10000 + random() % 22000);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool isFree =
        bind(socket, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0;
    close(socket);
    if (isFree)
      return port;
  }
}

int countDescriptors() {
  DIR *folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder))
    ++count;
  closedir(folder);
  return count;
}

int64_t nowNs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

int connectTo(uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit = {5, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const sockaddr_in address = loopback(port);
  if (connect(socket, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0)
    return socket;
  close(socket);
  return -1;
}

TestRank::TestRank() : plane(std::make_unique<ControlPlane>(host)) {}

TestRank::~TestRank() {
  plane.reset();
  EXPECT_EQ(counting.liveBlocks, 0);
}

TestGroup::TestGroup(int32_t count, uint64_t generation, uint16_t port) : port(port) {
  for (int32_t rank = 0; rank < count; ++rank) {
    ranks.push_back(std::make_unique<TestRank>());
    ControlOptions &options = ranks.back()->options;
    options.rank = rank;
    options.ranks = count;
    options.generation = generation;
    options.host = "127.0.0.1";
    options.port = port;
    options.secret = kSecret;
    options.secretBytes = strlen(kSecret);
    options.formNs = 30000 * kMillisecond;
  }
}

void TestGroup::form() {
  std::vector<std::thread> threads;
  for (auto &rank : ranks)
    threads.emplace_back([&rank] { rank->status = rank->plane->form(rank->options); });
  for (std::thread &thread : threads)
    thread.join();
}

void TestGroup::formWell() {
  form();
  for (auto &rank : ranks)
    ASSERT_OK(rank->status);
}

int64_t TestGroup::waitGivenUp(const std::vector<int32_t> &who, int64_t limitMs) {
  const int64_t begin = nowNs();
  for (int32_t rank : who)
    while (!plane(rank).isGivenUp()) {
      if (nowNs() - begin > limitMs * kMillisecond)
        return -1;
      const uint32_t seen = plane(rank).events();
      if (!plane(rank).isGivenUp())
        (void)plane(rank).waitForEvent(seen, {begin + limitMs * kMillisecond, 0, nullptr});
    }
  return nowNs() - begin;
}

} // namespace moert::test
