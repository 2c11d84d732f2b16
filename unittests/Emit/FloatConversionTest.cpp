//===- FloatConversionTest.cpp - Conversion between storage types -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/FloatConversion.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace moec;

namespace {
struct Format {
  FloatFormat format;
  const llvm::fltSemantics &semantics;
};

const Format formats[] = {{kF16, llvm::APFloat::IEEEhalf()},
                          {kBF16, llvm::APFloat::BFloat()},
                          {kF32, llvm::APFloat::IEEEsingle()},
                          {kF64, llvm::APFloat::IEEEdouble()}};

/// Compares with LLVM's arithmetic; of NaNs only that they are.
void check(uint64_t bits, const Format &from, const Format &to) {
  llvm::APFloat value(from.semantics, llvm::APInt(from.format.bits(), bits));
  uint64_t result = convertFloat(bits, from.format, to.format);
  if (value.isNaN()) {
    EXPECT_TRUE(llvm::APFloat(to.semantics, llvm::APInt(to.format.bits(), result)).isNaN()) << bits;
    return;
  }
  bool losesInfo;
  value.convert(to.semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  EXPECT_EQ(result, value.bitcastToAPInt().getZExtValue()) << bits;
}
} // namespace

TEST(FloatConversion, EverySixteenBitNumber) {
  for (int from = 0; from < 2; ++from)
    for (const Format &to : formats)
      for (uint64_t bits = 0; bits < 65536; ++bits)
        check(bits, formats[from], to);
}

TEST(FloatConversion, WideNumbers) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 100000; ++round) {
    uint64_t bits = random();
    for (const Format &to : formats) {
      check(bits & 0xffffffff, formats[2], to);
      check(bits, formats[3], to);
      // Numbers near one, whose lower bits decide ties.
      check(0x3ff0000000000000 | (bits & 0xffffe00000000), formats[3], to);
      // Near the subnormals of f16.
      check(0x3e70000000000000 + (bits >> 8 & 0x00ffffffffffffff), formats[3], to);
    }
  }
}

TEST(FloatConversion, RunsOfNumbers) {
  // The fast paths agree with the general one, whatever the stride.
  std::mt19937 random(3);
  std::vector<uint32_t> source(1000);
  for (uint32_t &bits : source)
    bits = random();
  std::vector<uint16_t> narrow(3000, 0xabcd);
  convertFloats(reinterpret_cast<const char *>(source.data()), kF32,
                reinterpret_cast<char *>(narrow.data()), 6, kBF16, 1000);
  std::vector<uint32_t> wide(1000);
  for (int index = 0; index < 1000; ++index) {
    EXPECT_EQ(narrow[3 * index], convertFloat(source[index], kF32, kBF16));
    EXPECT_EQ(narrow[3 * index + 1], 0xabcd);
    narrow[index] = narrow[3 * index];
  }
  convertFloats(reinterpret_cast<const char *>(narrow.data()), kBF16,
                reinterpret_cast<char *>(wide.data()), 4, kF32, 1000);
  for (int index = 0; index < 1000; ++index)
    EXPECT_EQ(wide[index], convertFloat(narrow[index], kBF16, kF32));
}

TEST(FloatConversion, RunsToHalfPrecision) {
  // Every exponent, at and around ties and the ends of the range.
  std::vector<uint32_t> source;
  for (uint32_t sign : {0u, 0x80000000u})
    for (uint32_t exponent = 0; exponent < 256; ++exponent)
      for (uint32_t fraction : {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x2fffu, 0x3000u, 0x3001u,
                                0x7fefffu, 0x7ff000u, 0x7fffffu})
        source.push_back(sign | exponent << 23 | fraction);
  std::vector<uint16_t> narrow(source.size());
  auto bytes = [](auto &numbers) { return reinterpret_cast<char *>(numbers.data()); };
  convertFloats(bytes(source), kF32, bytes(narrow), 2, kF16, source.size());
  for (size_t index = 0; index < source.size(); ++index)
    EXPECT_EQ(narrow[index], convertFloat(source[index], kF32, kF16)) << std::hex << source[index];
}

TEST(FloatConversion, Overflow) {
  // Infinities and NaNs are what they were; 65520 is the least that becomes one.
  std::vector<float> source{1.0f, INFINITY, -NAN, 65519.0f, -65520.0f, 1e30f};
  std::vector<uint16_t> narrow(source.size());
  auto bytes = [](auto &numbers) { return reinterpret_cast<char *>(numbers.data()); };
  convertFloats(bytes(source), kF32, bytes(narrow), 2, kF16, source.size());
  EXPECT_EQ(findOverflow(bytes(source), kF32, bytes(narrow), 2, kF16, 6), 4);
  EXPECT_EQ(findOverflow(bytes(source), kF32, bytes(narrow), 2, kF16, 4), 4);
  EXPECT_EQ(toDouble(bytes(source) + 16, kF32), -65520.0);
  EXPECT_EQ(getLargest(kF16), 65504.0);
  EXPECT_EQ(getLargest(kF32), double(std::numeric_limits<float>::max()));
}
