//===- CompareTensorsTest.cpp - Outputs against expected ones -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CompareTensors.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using namespace moec;

namespace {

/// What compareTensors says of tensors with these bytes; empty if they are as expected.
template <typename T>
std::string compare(int32_t dtype, const std::vector<int64_t> &sizes, const std::vector<T> &got,
                    const std::vector<T> &expected, const Tolerance &tolerance = {}) {
  moert::cli::Tensor reference;
  reference.dtype = dtype;
  reference.sizes = sizes;
  EXPECT_TRUE(reference.data.allocate(expected.size() * sizeof(T)));
  if (!expected.empty())
    std::memcpy(reference.data.data(), expected.data(), expected.size() * sizeof(T));
  moert_tensor tensor = {};
  tensor.size = sizeof(tensor);
  tensor.data = const_cast<T *>(got.data());
  tensor.bytes = got.size() * sizeof(T);
  tensor.dtype = dtype;
  tensor.rank = sizes.size();
  tensor.sizes = sizes.data();
  return compareTensors(tensor, reference, tolerance).value_or("");
}

TEST(CompareTensors, RealsWithinTolerance) {
  EXPECT_EQ(compare<float>(MOERT_F32, {2}, {1.0009f, 9e-6f}, {1, 0}), "");
  EXPECT_EQ(compare<float>(MOERT_F32, {2}, {1.0009f, 2e-5f}, {1, 0}),
            "differs in 1 of 2 elements, first at [1]: 1.99999995e-05, expected 0 "
            "(rtol 0.001, atol 1e-05)");
  EXPECT_NE(compare<double>(MOERT_F64, {}, {1.002}, {1}), "");
  EXPECT_EQ(compare<double>(MOERT_F64, {}, {1.002}, {1}, {0.01, 0.0}), "");
}

TEST(CompareTensors, NarrowReals) {
  // 1 + 4 / 1024 and 1 + 5 / 1024 in f16; 1 + 2 / 128 and 1 + 3 / 128 in bf16.
  EXPECT_EQ(compare<uint16_t>(MOERT_F16, {1}, {0x3c04}, {0x3c00}), "");
  EXPECT_NE(compare<uint16_t>(MOERT_F16, {1}, {0x3c05}, {0x3c00}), "");
  EXPECT_EQ(compare<uint16_t>(MOERT_BF16, {1}, {0x3f82}, {0x3f80}), "");
  EXPECT_NE(compare<uint16_t>(MOERT_BF16, {1}, {0x3f83}, {0x3f80}), "");
  // The nearest numbers of eight bits differ.
  EXPECT_EQ(compare<uint8_t>(MOERT_F8E4M3FN, {1}, {0x39}, {0x38}, {1, 1}),
            "differs in 1 of 1 elements, first at [0]: 1.125, expected 1");
}

TEST(CompareTensors, SpecialReals) {
  float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(compare<float>(MOERT_F32, {3}, {-nan, infinity, -0.0f}, {nan, infinity, 0}), "");
  EXPECT_NE(compare<float>(MOERT_F32, {1}, {nan}, {1}), "");
  EXPECT_NE(compare<float>(MOERT_F32, {1}, {1}, {nan}), "");
  EXPECT_NE(compare<float>(MOERT_F32, {1}, {infinity}, {-infinity}), "");
  EXPECT_NE(compare<float>(MOERT_F32, {1}, {3e38f}, {infinity}), "");
  EXPECT_NE(compare<float>(MOERT_F32, {1}, {infinity}, {3e38f}), "");
  // f8E4M3FN has two NaNs.
  EXPECT_EQ(compare<uint8_t>(MOERT_F8E4M3FN, {1}, {0xff}, {0x7f}), "");
}

TEST(CompareTensors, IntegersAreExact) {
  int64_t large = int64_t(1) << 60;
  EXPECT_EQ(compare<int64_t>(MOERT_I64, {1, 2}, {large, -1}, {large, -2}, {1, 1}),
            "differs in 1 of 2 elements, first at [0,1]: -1, expected -2");
  EXPECT_NE(compare<int64_t>(MOERT_I64, {1}, {large}, {large + 1}), "");
  EXPECT_EQ(compare<uint64_t>(MOERT_U64, {1}, {~uint64_t(0)}, {0}),
            "differs in 1 of 1 elements, first at [0]: 18446744073709551615, expected 0");
  EXPECT_EQ(compare<uint8_t>(MOERT_BOOL, {2}, {1, 0}, {1, 0}), "");
}

TEST(CompareTensors, PackedAndComplexElements) {
  // Three elements of four bits; what is behind them does not count.
  EXPECT_EQ(compare<uint8_t>(MOERT_I4, {3}, {0x21, 0xf3}, {0x21, 0x03}), "");
  EXPECT_EQ(compare<uint8_t>(MOERT_I4, {3}, {0x21, 0x0f}, {0x21, 0x03}),
            "differs in 1 of 3 elements, first at [2]: -1, expected 3");
  EXPECT_EQ(compare<float>(MOERT_C64, {2}, {1, 2, 3, 4}, {1, 2, 3, 5}),
            "differs in 1 of 2 elements, first at [1]: 3 + i 4, expected 3 + i 5 "
            "(rtol 0.001, atol 1e-05)");
}

TEST(CompareTensors, EmptyTensors) {
  EXPECT_EQ(compare<float>(MOERT_F32, {0, 4}, {}, {}), "");
  EXPECT_EQ(compare<float>(MOERT_F32, {}, {1}, {1}), "");
}

} // namespace
