// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"

using namespace moert::test;

namespace {

struct StateTest : testing::Test {
  explicit StateTest() : request(loaded.request("step")) {}

  /// Appends `rows` rows of (value, 10 * value).
  moert_status step(int64_t rows, float value, bool wrong = false) {
    data.clear();
    for (int64_t i = 0; i < rows; ++i) {
      data.push_back(value);
      data.push_back(10 * value);
    }
    wrongInput = wrong;
    sizes = {rows, 2};
    moert_tensor tensor = tensorOf(MOERT_F32, sizes, data.data());
    EXPECT_OK(api().request_set_input(request.get(), "rows", &tensor));
    tensor = tensorOf(MOERT_I64, {}, &wrongInput);
    EXPECT_OK(api().request_set_input(request.get(), "wrong", &tensor));
    return api().request_run(request.get());
  }

  float total() {
    moert_tensor tensor = {};
    tensor.size = sizeof(tensor);
    EXPECT_OK(api().request_output(request.get(), "total", &tensor));
    auto *values = static_cast<const float *>(tensor.data);
    EXPECT_EQ(values[1], 10 * values[0]);
    return values[0];
  }

  int64_t length(const char *name = nullptr) {
    int64_t rows = -1;
    EXPECT_OK(api().session_state_length(loaded.session.get(), name, &rows));
    return rows;
  }

  Loaded loaded;
  Request request;
  std::vector<float> data;
  std::vector<int64_t> sizes;
  int64_t wrongInput = 0;
};

TEST_F(StateTest, GrowsFromRunToRun) {
  EXPECT_EQ(length(), 0);
  ASSERT_OK(step(3, 1));
  EXPECT_EQ(total(), 3);
  ASSERT_OK(step(1, 5));
  EXPECT_EQ(total(), 8);
  ASSERT_OK(step(0, 0));
  EXPECT_EQ(total(), 8);
  EXPECT_EQ(length(), 4);
  EXPECT_EQ(length("cache"), 4);
  moert_session_stats stats = {};
  stats.size = sizeof(stats);
  EXPECT_OK(api().session_stats(loaded.session.get(), &stats));
  // 10 rows are 3 granules of 4 rows, of 2 floats each.
  EXPECT_EQ(stats.state_bytes, 12 * 2 * 4);
}

TEST_F(StateTest, EndsAtItsCapacity) {
  ASSERT_OK(step(8, 1));
  EXPECT_FAILS(step(3, 1), MOERT_RESOURCE_EXHAUSTED,
               "state 'cache' holds 8 of 10 rows; 3 more do not fit");
  EXPECT_EQ(length(), 8);
  ASSERT_OK(step(2, 1));
  EXPECT_EQ(total(), 10);
  EXPECT_FAILS(step(1, 1), MOERT_RESOURCE_EXHAUSTED, "10 of 10");
}

TEST_F(StateTest, FailedRunsLeaveItAsItWas) {
  ASSERT_OK(step(2, 1));
  EXPECT_FAILS(step(5, 100, true), MOERT_ABORTED, "after appending");
  EXPECT_EQ(length(), 2);
  ASSERT_OK(step(1, 3));
  EXPECT_EQ(total(), 5);
}

TEST_F(StateTest, CanBeShortened) {
  ASSERT_OK(step(4, 1));
  moert_session *session = loaded.session.get();
  EXPECT_OK(api().session_truncate_state(session, nullptr, 7));
  EXPECT_EQ(length(), 4);
  EXPECT_OK(api().session_truncate_state(session, "cache", 1));
  EXPECT_EQ(length(), 1);
  ASSERT_OK(step(1, 5));
  EXPECT_EQ(total(), 6);
  EXPECT_OK(api().session_truncate_state(session, nullptr, 0));
  ASSERT_OK(step(1, 2));
  EXPECT_EQ(total(), 2);
  EXPECT_FAILS(api().session_truncate_state(session, nullptr, -1), MOERT_INVALID_ARGUMENT, "-1");
  EXPECT_FAILS(api().session_truncate_state(session, "z", 0), MOERT_NOT_FOUND, "'z'");
  int64_t rows;
  EXPECT_FAILS(api().session_state_length(session, "z", &rows), MOERT_NOT_FOUND, "'z'");
}

} // namespace
