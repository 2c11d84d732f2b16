// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compilers' kernels in which threads work together: reductions, scans, sorting, locks, pipelines.
#include "Compiled.h"

#include <algorithm>
#include <numeric>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Whole numbers, so that sums of any order are the same.
std::vector<float> wholeNumbers(size_t count) {
  std::vector<float> values;
  for (int value : someIntegers<int>(count, -50, 50))
    values.push_back(float(value));
  return values;
}

void checkReduce(const char *name) {
  const auto in = wholeNumbers(5003);
  forOrders(name, [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(1), ticket = device.zeros<uint32_t>(1);
    const std::vector<uint64_t> arguments = {device.upload(in), in.size(),
                                             device.upload(std::vector<float>(11)), ticket, out};
    // The ticket begins anew by itself.
    for (int launch = 0; launch < 2; ++launch) {
      device.launch({11, 1, 1}, {128, 1, 1}, arguments);
      EXPECT_EQ(device.download<float>(out, 1)[0], std::accumulate(in.begin(), in.end(), 0.0f));
    }
  });
}

TEST(CompiledTest, SumOfTheGridByTheLastBlock) { checkReduce("reduce"); }
TEST(CompiledTest, SumOfTheGridWithoutOptimisation) { checkReduce("reduce-O0"); }

TEST(CompiledTest, ScanThatLooksBack) {
  const auto in = someIntegers<uint32_t>(1900, 0, 1000);
  std::vector<uint32_t> expected(in.size());
  std::partial_sum(in.begin(), in.end(), expected.begin());
  forOrders("lookback", [&](Compiled &device) {
    const uint64_t out = device.zeros<uint32_t>(in.size());
    device.launch(
        {15, 1, 1}, {128, 1, 1},
        {device.upload(in), in.size(), out, device.zeros<uint32_t>(1), device.zeros<uint64_t>(15)});
    EXPECT_EQ(device.download<uint32_t>(out, in.size()), expected);
  });
}

TEST(CompiledTest, ScanByTrees) {
  const auto in = someIntegers<int64_t>(3 * 512, -(int64_t(1) << 50), int64_t(1) << 50);
  forOrders("blelloch", [&](Compiled &device) {
    const uint64_t out = device.zeros<int64_t>(in.size()), sums = device.zeros<int64_t>(3);
    device.launch({3, 1, 1}, {256, 1, 1}, {device.upload(in), out, sums});
    const auto found = device.download<int64_t>(out, in.size());
    for (size_t part = 0; part < 3; ++part) {
      int64_t sum = 0;
      for (size_t i = part * 512; i < (part + 1) * 512; sum += in[i++])
        ASSERT_EQ(found[i], sum);
      EXPECT_EQ(device.download<int64_t>(sums, 3)[part], sum);
    }
  });
}

TEST(CompiledTest, RadixSort) {
  // Few keys, so that equal ones show whether the sort is stable, and many.
  auto keys = someIntegers<uint32_t>(256, 0, 20);
  const auto others = someIntegers<uint32_t>(512, 0, UINT32_MAX);
  keys.insert(keys.end(), others.begin(), others.end());
  std::vector<uint32_t> values(keys.size());
  std::iota(values.begin(), values.end(), 0);
  forOrders("sort", [&](Compiled &device) {
    const uint64_t deviceKeys = device.upload(keys), deviceValues = device.upload(values);
    device.launch({3, 1, 1}, {256, 1, 1}, {deviceKeys, deviceValues});
    auto expected = values;
    for (size_t block = 0; block < 3; ++block)
      std::sort(
          expected.begin() + long(block) * 256, expected.begin() + long(block + 1) * 256,
          [&](uint32_t a, uint32_t b) { return std::pair(keys[a], a) < std::pair(keys[b], b); });
    EXPECT_EQ(device.download<uint32_t>(deviceValues, values.size()), expected);
    const auto sorted = device.download<uint32_t>(deviceKeys, keys.size());
    for (size_t i = 0; i < keys.size(); ++i)
      ASSERT_EQ(sorted[i], keys[expected[i]]);
  });
}

TEST(CompiledTest, Histogram) {
  const auto in = someIntegers<uint8_t>(4 * 1501, 0, 200);
  std::vector<uint32_t> expected(256);
  for (uint8_t value : in)
    ++expected[value];
  forOrders("histogram", [&](Compiled &device) {
    const uint64_t out = device.zeros<uint32_t>(256);
    device.launch({5, 1, 1}, {96, 1, 1}, {device.upload(in), in.size() / 4, out});
    EXPECT_EQ(device.download<uint32_t>(out, 256), expected);
  });
}

TEST(CompiledTest, CompactionByVotes) {
  const auto in = someIntegers<int32_t>(1000, -100, 100);
  std::vector<int32_t> expected;
  std::copy_if(in.begin(), in.end(), std::back_inserter(expected),
               [](int32_t x) { return x > 42; });
  std::sort(expected.begin(), expected.end());
  forOrders("compact", [&](Compiled &device) {
    const uint64_t out = device.zeros<int32_t>(in.size()), kept = device.zeros<uint32_t>(1);
    device.launch({8, 1, 1}, {128, 1, 1}, {device.upload(in), in.size(), 42, out, kept});
    ASSERT_EQ(device.download<uint32_t>(kept, 1)[0], expected.size());
    // Warps come in any order.
    auto found = device.download<int32_t>(out, expected.size());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
  });
}

TEST(CompiledTest, BarriersThatCountAndJoin) {
  auto in = someIntegers<int32_t>(4 * 160, -999, 999);
  std::replace(in.begin(), in.end(), 77, 78);
  in[3] = 77;          // block 0: any
  in[160 + 5] = -2000; // block 1: not all
  in[320 + 7] = 77;
  in[320 + 159] = -1000; // block 2: any, not all
  forOrders("votes", [&](Compiled &device) {
    const uint64_t counts = device.zeros<int32_t>(in.size()),
                   flags = device.zeros<int32_t>(in.size());
    device.launch({4, 1, 1}, {160, 1, 1}, {device.upload(in), counts, flags});
    const auto foundCounts = device.download<int32_t>(counts, in.size());
    const auto foundFlags = device.download<int32_t>(flags, in.size());
    const int32_t expectedFlags[] = {3, 0, 1, 2};
    for (size_t i = 0; i < in.size(); ++i) {
      const auto block = in.begin() + long(i / 160) * 160;
      const auto positive = std::count_if(block, block + 160, [](int32_t x) { return x > 0; });
      ASSERT_EQ(foundCounts[i], int32_t(positive) * int32_t(i % 160 + 1));
      ASSERT_EQ(foundFlags[i], expectedFlags[i / 160]);
    }
  });
}

TEST(CompiledTest, LockWithRests) {
  forOrders("lock", [&](Compiled &device) {
    const uint64_t count = device.zeros<uint32_t>(1), sum = device.zeros<uint64_t>(1);
    device.launch({6, 1, 1}, {64, 1, 1}, {device.zeros<uint32_t>(1), count, sum});
    // Twelve warps take the lock three times each.
    EXPECT_EQ(device.download<uint32_t>(count, 1)[0], 36u);
    const uint64_t found = device.download<uint64_t>(sum, 1)[0];
    EXPECT_GE(found, 36u * 37u / 2u);
    EXPECT_LE(found, 6u * 36u * 37u / 2u);
  });
}

TEST(CompiledTest, PipelineOfNamedBarriers) {
  // Numbers of steps for each part of the unrolled loops.
  const int blocks = 3;
  for (int steps : {1, 7, 9}) {
    const auto in = wholeNumbers(size_t(blocks * steps * 96));
    forOrders("pipeline", [&](Compiled &device) {
      const uint64_t out = device.zeros<float>(blocks * 96);
      device.launch({blocks, 1, 1}, {128, 1, 1}, {device.upload(in), out, uint64_t(steps)});
      const auto found = device.download<float>(out, blocks * 96);
      for (int block = 0; block < blocks; ++block)
        for (int i = 0; i < 96; ++i) {
          float sum = 0;
          for (int step = 0; step < steps; ++step)
            sum = sum * 0.5f + in[size_t((block * steps + step) * 96 + 95 - i)];
          ASSERT_EQ(found[size_t(block * 96 + i)], sum);
        }
    });
  }
}

TEST(CompiledTest, CooperativeGroups) {
  const uint32_t rows = 37;
  const auto a = wholeNumbers(rows * 32), b = wholeNumbers(rows * 32);
  forOrders("tiles", [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(rows), odd = device.zeros<int32_t>(3 * 4);
    device.launch({3, 1, 1}, {128, 1, 1}, {device.upload(a), device.upload(b), out, odd, rows});
    const auto found = device.download<float>(out, rows);
    for (size_t row = 0; row < rows; ++row)
      ASSERT_EQ(found[row],
                std::inner_product(a.begin() + long(row) * 32, a.begin() + long(row + 1) * 32,
                                   b.begin() + long(row) * 32, 0.0f));
    const auto sums = device.download<int32_t>(odd, 3 * 4);
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_EQ(sums[i], int32_t(16 * 16 + i % 4 * 32 * 16));
  });
}

TEST(CompiledTest, Transposition) {
  const uint32_t rows = 45, columns = 70;
  const auto in = someFloats(rows * columns);
  forOrders("transpose", [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(in.size());
    device.launch({3, 2, 1}, {32, 8, 1}, {device.upload(in), out, rows, columns});
    const auto found = device.download<float>(out, in.size());
    for (size_t row = 0; row < rows; ++row)
      for (size_t column = 0; column < columns; ++column)
        ASSERT_EQ(found[column * rows + row], in[row * columns + column]);
  });
}

} // namespace
