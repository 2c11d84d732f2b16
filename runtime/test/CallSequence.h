// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One random sequence of calls: what it holds and what each call may do. ApiCalls.cpp has the calls
// on handles, RequestCalls.cpp those on requests.
#ifndef MOERT_TEST_CALLSEQUENCE_H
#define MOERT_TEST_CALLSEQUENCE_H

#include "ApiCalls.h"

#include <climits>
#include <cstring>

namespace moert::test {

inline constexpr int kSlots = 3;
inline constexpr int64_t kMaxRows = 64;

/// Names of inputs, outputs and states, and others.
inline const char *const kNames[] = {"x",        "bias",  "mask",   "trouble", "rows",  "wrong",
                                     "m",        "y",     "isa",    "numbers", "total", "ones",
                                     "denormal", "cache", "absent", nullptr,   ""};
inline constexpr int64_t kSizes[] = {
    0, 1, 2, 3, 4, 7, 64, -1, INT64_MAX, INT64_MIN, int64_t(1) << 62, 5};

inline const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

/// Ends the process: a call did what it must not.
[[noreturn]] void wrong(const char *call, const char *what, const char *message = "");

/// A request, and what is known of it: whether its next run must succeed.
struct RequestModel {
  moert_request *request = nullptr;
  int session = -1; // slot; -1: the shared one
  int entry = -1;
  bool cancelled = false;
  bool deadline = false;
  bool givenOutput = false;
  int64_t xRows = -1, maskRows = -1;
  bool bias = false;
  bool disturbed = false; // an illegal call may have changed what is set
  float output[4 * kMaxRows];
};

/// Up to kSlots handles of each kind, some beside what other threads share.
class Calls {
public:
  Calls(const Place &place, const Shared &shared, Choices &choices)
      : place_(place), shared_(shared), choices_(choices) {}

  void run();

private:
  using Step = void (Calls::*)();

  template <typename T>
  T *pick(T *(&slots)[kSlots], T *shared, int *slot = nullptr) {
    uint32_t choice = choices_.below(kSlots + 3);
    if (slot)
      *slot = choice < kSlots ? int(choice) : -1;
    return choice < kSlots ? slots[choice] : choice == kSlots + 2 ? nullptr : shared;
  }

  /// A status must be well-formed, whatever it says.
  int32_t check(const char *call, const moert_status &status) {
    if (status.code < MOERT_OK || status.code > MOERT_INTERNAL)
      wrong(call, "unknown code");
    if (!memchr(status.message, 0, sizeof(status.message)))
      wrong(call, "message without end");
    if ((status.code == MOERT_OK) != (status.message[0] == 0))
      wrong(call, "message where it is OK, or none where it is not", status.message);
    return status.code;
  }
  /// A call that makes a handle: exactly when it succeeds.
  template <typename T>
  void keep(const char *call, const moert_status &status, T *made, T *(&slots)[kSlots],
            void (*release)(T *)) {
    if ((check(call, status) == MOERT_OK) != (made != nullptr))
      wrong(call, "handle and status disagree", status.message);
    T *&slot = slots[choices_.below(kSlots)];
    release(slot);
    slot = made;
  }

  void runtimeCreate();
  void runtimeUse();
  void artifactMake();
  void artifactUse();
  void weightsOpen();
  void sessionCreate();
  void sessionUse();
  void groupCreate();
  void groupUse();
  void requestCreate();
  void requestRelease();
  void setGood();
  void setBad();
  void setOutput();
  void control();
  void runRequest();
  void fetch();
  void names();
  void faults();
  void release();

  RequestModel &someRequest() { return requests_[choices_.below(kSlots)]; }
  void drop(RequestModel &model);
  bool mustSucceed(const RequestModel &model) const;
  void checkMain(const RequestModel &model);

  const Place &place_;
  const Shared &shared_;
  Choices &choices_;
  FailingHost host_;
  moert_runtime *runtimes_[kSlots] = {};
  moert_artifact *artifacts_[kSlots] = {};
  moert_weights *weights_[kSlots] = {};
  moert_session *sessions_[kSlots] = {};
  moert_group *groups_[kSlots] = {};
  RequestModel requests_[kSlots];
};

} // namespace moert::test

#endif // MOERT_TEST_CALLSEQUENCE_H
