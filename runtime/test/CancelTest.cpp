// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "TestArtifact.h"

#include <thread>

using namespace moert::test;

namespace {

struct CancelTest : testing::Test {
  CancelTest() : request(loaded.request("trouble")) {
    moert_tensor tensor = tensorOf(MOERT_I64, {}, &trouble);
    EXPECT_OK(api().request_set_input(request.get(), "trouble", &tensor));
  }

  int64_t now() const { return api().now_ns(loaded.runtime.get()); }

  Loaded loaded;
  Request request;
  int64_t trouble = kLoopForever;
};

TEST_F(CancelTest, DeadlineEndsALongRun) {
  int64_t begin = now();
  ASSERT_OK(api().request_set_deadline(request.get(), begin + 20000000));
  EXPECT_FAILS(api().request_run(request.get()), MOERT_DEADLINE_EXCEEDED, "deadline");
  int64_t took = now() - begin;
  EXPECT_GE(took, 20000000);
  EXPECT_LT(took, 10000000000);
  // It stays in force, also for a run that would be short.
  trouble = kNoTrouble;
  EXPECT_FAILS(api().request_run(request.get()), MOERT_DEADLINE_EXCEEDED, "deadline");
  ASSERT_OK(api().request_set_deadline(request.get(), 0));
  EXPECT_OK(api().request_run(request.get()));
}

TEST_F(CancelTest, AnotherThreadCancels) {
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    api().request_cancel(request.get());
  });
  EXPECT_FAILS(api().request_run(request.get()), MOERT_CANCELLED, "cancelled");
  canceller.join();
  // Until reset.
  trouble = kNoTrouble;
  EXPECT_FAILS(api().request_run(request.get()), MOERT_CANCELLED, "cancelled");
  ASSERT_OK(api().request_reset(request.get()));
  EXPECT_FAILS(api().request_run(request.get()), MOERT_INVALID_ARGUMENT, "not set");
}

TEST_F(CancelTest, StatefulSessionsRunOneRequestAtATime) {
  std::thread runner([&] {
    moert_status status;
    do // the other request may be the one that runs
      status = api().request_run(request.get());
    while (status.code == MOERT_FAILED_PRECONDITION);
    EXPECT_EQ(status.code, MOERT_CANCELLED) << status.message;
  });
  Request second = loaded.request("tiny");
  moert_status status;
  do {
    status = api().request_run(second.get());
    std::this_thread::yield();
  } while (status.code == MOERT_OK);
  EXPECT_EQ(status.code, MOERT_FAILED_PRECONDITION) << status.message;
  EXPECT_FAILS(api().session_truncate_state(loaded.session.get(), nullptr, 0),
               MOERT_FAILED_PRECONDITION, "running");
  api().request_cancel(request.get());
  runner.join();
  EXPECT_OK(api().request_run(second.get()));
}

} // namespace
