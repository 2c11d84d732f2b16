// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of the whole interface in any order, legal and illegal, as bytes say: for fuzzing, and for
// threads with random numbers. A model of each request knows which runs must succeed and with what.
#ifndef MOERT_TEST_APICALLS_H
#define MOERT_TEST_APICALLS_H

#include "moert/moert.h"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace moert::test {

/// Numbers from bytes; zeros when they are used up.
class Choices {
public:
  Choices(const uint8_t *bytes, size_t size) : next_(bytes), left_(size) {}

  bool more() const { return left_ > 0; }
  uint8_t byte() {
    if (left_ == 0)
      return 0;
    --left_;
    return *next_++;
  }
  /// Less than `count`.
  uint32_t below(uint32_t count) { return byte() % count; }
  template <typename T, size_t Count>
  const T &of(const T (&values)[Count]) {
    return values[below(uint32_t(Count))];
  }

private:
  const uint8_t *next_;
  size_t left_;
};

/// An allocator that can be told to fail, never gives more than 16 MiB at once, and counts what is
/// out.
struct FailingHost {
  FailingHost();
  moert_hooks hooks;
  std::atomic<int64_t> live{0};
  /// The allocations from number `failAfter` on fail, or every `failAfter`-th where `again` is set;
  /// 0: none.
  std::atomic<int64_t> count{0}, failures{0};
  std::atomic<int32_t> failAfter{0};
  std::atomic<bool> again{false};
};

/// Requests that other threads may cancel at any time, and must not be released meanwhile.
struct Cancellable {
  std::mutex mutex;
  std::vector<moert_request *> requests;
};

/// What callers may share: handles that outlive them all. All may be null.
struct Shared {
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  moert_session *session = nullptr;
  Cancellable *cancellable = nullptr;
};

/// Makes the calls that `choices` describe, then releases everything. Ends the process with a
/// message when a status is malformed, a handle appears or lacks where it must not, a legal call
/// fails, a result is wrong, or memory is left. `folder` has a file "m.weights" of TestArtifact's
/// weights. `statelessTable` is TestArtifact's without its state.
struct Place {
  std::string folder;
  const struct moert_artifact_v1 *table;
  const struct moert_artifact_v1 *statelessTable;
};
void makeCalls(const Place &place, const Shared &shared, Choices choices);

} // namespace moert::test

#endif // MOERT_TEST_APICALLS_H
