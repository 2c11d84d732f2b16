// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups whose ranks are threads of the test, each with a control plane of its own, and the tools
// to disturb them.
#ifndef MOERT_TEST_RANKS_H
#define MOERT_TEST_RANKS_H

#include "Support.h"
#include "lib/Comm/ControlPlane.h"

#include <functional>

namespace moert::test {

constexpr int64_t kMillisecond = 1000000;
extern const char kSecret[]; // of 32 characters

/// What is promised of a rank that ends, and of one that is silent.
constexpr int64_t kClosedPromiseNs = 200 * kMillisecond, kSilentPromiseNs = 1500 * kMillisecond;

/// Counts a fault that was injected into a group of `ranks` ranks, after which all survivors had
/// ended as they should `ns` later. Prints a line that `./dev bench faults` reads, and expects five
/// times the promise at most.
void noteFault(const char *kind, const char *transport, int32_t ranks, int64_t ns,
               int64_t promiseNs);

/// A port of 127.0.0.1 that was free a moment ago.
uint16_t freePort();
/// Descriptors that this process has open.
int countDescriptors();
int64_t nowNs();
/// A connection to 127.0.0.1 that blocks, with a time limit of 5 s on reading and writing; or -1.
int connectTo(uint16_t port);

/// One rank of a group on this host. Expects that all memory comes back.
struct TestRank {
  TestRank();
  ~TestRank();
  CountingHost counting;
  Host host{counting.hooks};
  std::unique_ptr<ControlPlane> plane;
  ControlOptions options;
  moert_status status = {};
};

/// A group of `ranks` ranks; `form` forms it, each rank on a thread of its own.
struct TestGroup {
  explicit TestGroup(int32_t ranks, uint64_t generation = 0, uint16_t port = freePort());
  void form();
  /// The same, and expects that it succeeds everywhere.
  void formWell();
  ControlPlane &plane(int32_t rank) { return *ranks[size_t(rank)]->plane; }
  ControlOptions &options(int32_t rank) { return ranks[size_t(rank)]->options; }
  const moert_status &status(int32_t rank) { return ranks[size_t(rank)]->status; }
  /// Waits until each of `who` has been given up; the longest time that took in ns, or -1 where one
  /// was not in `limitMs`.
  int64_t waitGivenUp(const std::vector<int32_t> &who, int64_t limitMs);

  uint16_t port;
  std::vector<std::unique_ptr<TestRank>> ranks;
};

} // namespace moert::test

#endif // MOERT_TEST_RANKS_H
