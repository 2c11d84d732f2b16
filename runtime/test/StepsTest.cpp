// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Steps.h"
#include "Support.h"

#include <cmath>
#include <cstring>

using namespace moert::cli;
using namespace moert::test;

namespace {

using Sizes = std::vector<int64_t>;

std::vector<int64_t> places(const moert_tensor &logits, int64_t sequences) {
  std::vector<int64_t> result;
  EXPECT_OK(argMaxOfLastRows(logits, sequences, result));
  return result;
}

TEST(ArgMaxTest, TakesTheLastRowOfEachSequence) {
  std::vector<float> values = {9, 0, 0, 1, 2, 3, 0, 9, 0, 5, 4, 3};
  EXPECT_EQ(places(tensorOf(MOERT_F32, {2, 2, 3}, values.data()), 2), Sizes({2, 0}));
  EXPECT_EQ(places(tensorOf(MOERT_F32, {4, 3}, values.data()), 1), Sizes({0}));
  EXPECT_EQ(places(tensorOf(MOERT_F32, {4, 3}, values.data()), 4), Sizes({0, 2, 1, 0}));
  EXPECT_EQ(places(tensorOf(MOERT_F32, {12}, values.data()), 1), Sizes({0}));
}

TEST(ArgMaxTest, TakesTheFirstOfEqualOnesAndNeverNaN) {
  std::vector<double> values = {NAN, 1, 2, 2};
  EXPECT_EQ(places(tensorOf(MOERT_F64, {1, 4}, values.data()), 1), Sizes({2}));
  values = {-INFINITY, -INFINITY, NAN, -INFINITY};
  EXPECT_EQ(places(tensorOf(MOERT_F64, {1, 4}, values.data()), 1), Sizes({0}));
}

TEST(ArgMaxTest, ReadsNarrowTypes) {
  std::vector<uint16_t> halves = {0x3c00, 0xc000, 0x4000}; // 1, -2, 2
  EXPECT_EQ(places(tensorOf(MOERT_F16, {1, 3}, halves.data()), 1), Sizes({2}));
  std::vector<uint16_t> brains = {0xbf80, 0x3f80, 0xc000}; // -1, 1, -2
  EXPECT_EQ(places(tensorOf(MOERT_BF16, {1, 3}, brains.data()), 1), Sizes({1}));
}

TEST(ArgMaxTest, NeedsARowForEachSequence) {
  std::vector<int64_t> result;
  float values[6] = {};
  EXPECT_FAILS(argMaxOfLastRows(tensorOf(MOERT_F32, {3, 2}, values), 2, result),
               MOERT_INVALID_ARGUMENT, "f32[3,2] has no last row for each of 2 sequences");
  EXPECT_FAILS(argMaxOfLastRows(tensorOf(MOERT_F32, {0, 2}, values), 1, result),
               MOERT_INVALID_ARGUMENT, "no last row");
  EXPECT_FAILS(argMaxOfLastRows(tensorOf(MOERT_F32, {2, 0}, values), 1, result),
               MOERT_INVALID_ARGUMENT, "no last row");
}

/// ids[B,S], positions[B,S], mask[B,T], unnamed[?,?] -> logits[B,S,3], count[1] of integers.
struct StepsTest : testing::Test {
  StepsTest() {
    options.steps = 3;
    options.feedInput = "ids";
    options.feedOutput = "logits";
    inputs.tensors.resize(4);
    set(0, MOERT_I64, {2, 3}, {1, 2, 3, 4, 5, 6});
  }

  void set(size_t index, int32_t dtype, Sizes sizes, const std::vector<int64_t> &values) {
    Tensor &tensor = inputs.tensors[index];
    tensor.dtype = dtype;
    tensor.elementBytes = moert_dtype_bits(dtype) / 8;
    tensor.sizes = std::move(sizes);
    ASSERT_TRUE(tensor.data.allocate(int64_t(values.size()) * tensor.elementBytes));
    for (size_t i = 0; i < values.size(); ++i) // little-endian
      memcpy(tensor.data.data() + i * size_t(tensor.elementBytes), &values[i],
             size_t(tensor.elementBytes));
  }

  void expect(size_t index, const Sizes &sizes, const std::vector<int64_t> &values) {
    const Tensor &tensor = inputs.tensors[index];
    EXPECT_EQ(tensor.sizes, sizes);
    ASSERT_EQ(tensor.data.size(), int64_t(values.size()) * tensor.elementBytes);
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(memcmp(tensor.data.data() + i * size_t(tensor.elementBytes), &values[i],
                       size_t(tensor.elementBytes)),
                0)
          << "element " << i;
  }

  void next() {
    std::vector<float> logits = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    std::vector<int64_t> tokens;
    EXPECT_OK(steps.next(tensorOf(MOERT_F32, {2, 3, 3}, logits.data()), inputs, tokens));
    EXPECT_EQ(tokens, Sizes({1, 2}));
  }

  const int64_t open[3] = {-1, -1, -1}, one[1] = {1};
  const char *tied[3] = {"B", "S", nullptr}, *total[2] = {"B", "T"};
  moert_value_info values[4] = {{"ids", MOERT_I64, 2, open, tied},
                                {"positions", MOERT_I32, 2, open, tied},
                                {"mask", MOERT_BOOL, 2, open, total},
                                {"unnamed", MOERT_I64, 2, open, nullptr}};
  moert_value_info results[2] = {{"logits", MOERT_F32, 3, open, tied},
                                 {"count", MOERT_I64, 1, one, nullptr}};
  moert_entry_info entry = {"main", nullptr, 4, 2, values, results};
  Options options;
  Inputs inputs;
  Steps steps;
};

TEST_F(StepsTest, ReplacesPositionsAndExtendsMasks) {
  options.advances = {"positions", "mask"};
  set(1, MOERT_I32, {2, 3}, {0, 1, 2, 4, 5, 6});
  set(2, MOERT_BOOL, {2, 4}, {1, 0, 1, 1, 0, 0, 1, 1});
  ASSERT_OK(Steps::make(entry, options, steps));
  EXPECT_EQ(steps.output(), 0u);
  next();
  expect(0, {2, 1}, {1, 2});
  expect(1, {2, 1}, {3, 7});
  expect(2, {2, 5}, {1, 0, 1, 1, 1, 0, 0, 1, 1, 1});
  next();
  expect(1, {2, 1}, {4, 8});
  expect(2, {2, 6}, {1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1});
}

TEST_F(StepsTest, DecidesBySizeWithoutNames) {
  options.advances = {"unnamed"};
  set(3, MOERT_I64, {2, 3}, {0, 1, 2, 0, 1, 2});
  ASSERT_OK(Steps::make(entry, options, steps));
  next();
  expect(3, {2, 1}, {3, 3});
  set(0, MOERT_I64, {2, 3}, {1, 2, 3, 4, 5, 6});
  set(3, MOERT_I64, {2, 4}, {1, 1, 1, 1, 1, 1, 1, 1});
  next();
  expect(3, {2, 5}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST_F(StepsTest, MakesUpWhatItAdvances) {
  options.advances = {"positions", "mask"};
  ASSERT_OK(Steps::make(entry, options, steps));
  std::vector<bool> given = {true, false, false, false};
  inputs.dims = {{"B", 2}, {"S", 3}};
  EXPECT_OK(steps.complete(inputs, given));
  expect(1, {2, 3}, {0, 1, 2, 0, 1, 2});
  expect(2, {2, 3}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(given, std::vector<bool>({true, true, true, false}));
}

TEST_F(StepsTest, PositionsNeedALastValue) {
  options.advances = {"positions"};
  set(1, MOERT_I32, {2, 0}, {});
  ASSERT_OK(Steps::make(entry, options, steps));
  std::vector<float> logits(18);
  std::vector<int64_t> tokens;
  EXPECT_FAILS(steps.next(tensorOf(MOERT_F32, {2, 3, 3}, logits.data()), inputs, tokens),
               MOERT_INVALID_ARGUMENT, "--advance: input 'positions' has no last value");
}

TEST_F(StepsTest, TellsWhatDoesNotFit) {
  auto expectError = [&](const char *part) {
    EXPECT_FAILS(Steps::make(entry, options, steps), MOERT_INVALID_ARGUMENT, part);
  };
  options.advances = {"z"};
  expectError("--advance: the model has no input 'z'");
  options.advances = {"mask", "mask"};
  expectError("--advance: 'mask' is fed or advanced already");
  options.advances = {"ids"};
  expectError("'ids' is fed or advanced already");
  values[3].dtype = MOERT_F32;
  options.advances = {"unnamed"};
  expectError(
      "--advance: input 'unnamed' must be i64, i32 or bool of rank 1 or more; it is f32[?,?]");
  options.advances = {};
  options.feedOutput = "count";
  expectError("--feed: output 'count' must be real and of rank 1 or more; it is i64[1]");
  options.feedOutput = "z";
  expectError("--feed: the model has no output 'z'");
  options.feedInput = "mask";
  options.feedOutput = "logits";
  expectError("--feed: input 'mask' must be i64 or i32 of rank 1 or more; it is bool[B,T]");
  options.feedInput = "z";
  expectError("--feed: the model has no input 'z'");
}

} // namespace
