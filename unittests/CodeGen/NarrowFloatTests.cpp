//===- NarrowFloatTests.cpp - Conversions of f16 and bf16 ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The oracle computes with doubles and ldexp and knows nothing of bit tricks.
//
//===----------------------------------------------------------------------===//

#include "unittests/CodeGen/CompiledRows.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

namespace moec {
namespace {

/// A narrow type: bits of the fraction, smallest exponent of a normal number,
/// largest exponent.
struct Format {
  const char *name;
  int fraction, lowest, highest;
};
constexpr Format half{"f16", 10, -14, 15}, bfloat{"bf16", 7, -126, 127};

double decode(uint16_t bits, const Format &format) {
  int magnitude = bits & 0x7fff, exponent = magnitude >> format.fraction;
  int fraction = magnitude & ((1 << format.fraction) - 1);
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == format.highest - format.lowest + 2)
    return fraction ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(fraction, format.lowest - format.fraction);
  return sign * std::ldexp(fraction + (1 << format.fraction),
                           exponent - 1 + format.lowest - format.fraction);
}

/// To nearest, ties to even; of NaN, 0x7fff.
uint16_t encode(double value, const Format &format) {
  if (std::isnan(value))
    return 0x7fff;
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  int infinity = (format.highest - format.lowest + 2) << format.fraction;
  if (std::isinf(value))
    return sign | infinity;
  if (value == 0)
    return sign;
  int exponent = std::max(std::ilogb(value), format.lowest);
  auto units =
      static_cast<int64_t>(std::nearbyint(std::ldexp(std::abs(value), format.fraction - exponent)));
  // A carry of the rounding moves into the exponent by itself.
  int64_t bits = units + (static_cast<int64_t>(exponent - format.lowest) << format.fraction);
  return sign | static_cast<uint16_t>(std::min<int64_t>(bits, infinity));
}

std::string conversionText(const std::string &op, const std::string &from, const std::string &to) {
  std::string x = "memref<?x" + from + ">", y = "memref<?x" + to + ">";
  return "func.func @host(%x: " + x + ", %y: " + y + R"mlir() {
      linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> (c)>], iterator_types = ["parallel"]}
          ins(%x : )mlir" +
         x + ") outs(%y : " + y + ") {\n ^bb0(%a: " + from + ", %o: " + to + "):\n %v = " + op +
         " %a : " + from + " to " + to + "\n linalg.yield %v : " + to + "\n }\n return\n }";
}

bool isNan(uint16_t bits, const Format &format) { return std::isnan(decode(bits, format)); }

template <typename Wide>
void testExtension(const Format &format, const std::string &wide) {
  CompiledRows code(conversionText("arith.extf", format.name, wide));
  ASSERT_FALSE(code.getLevels().empty());
  std::vector<uint16_t> x(65536);
  for (int i = 0; i < 65536; ++i)
    x[i] = static_cast<uint16_t>(i);
  for (const std::string &level : code.getLevels()) {
    std::vector<Wide> y(x.size());
    code.run(level, true, Memref<uint16_t, 1>(x.data(), {65536}),
             Memref<Wide, 1>(y.data(), {65536}));
    for (int i = 0; i < 65536; ++i) {
      double expected = decode(x[i], format);
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(y[i])
                                       : y[i] == expected && std::signbit(y[i]) == (x[i] >> 15))
          << format.name << " " << i << " at " << level;
    }
  }
}

template <typename Wide>
void testRounding(const Format &format, const std::string &wide, const std::vector<Wide> &values) {
  CompiledRows code(conversionText("arith.truncf", wide, format.name));
  ASSERT_FALSE(code.getLevels().empty());
  std::vector<Wide> x = values;
  int64_t size = x.size();
  for (const std::string &level : code.getLevels()) {
    std::vector<uint16_t> y(size);
    code.run(level, true, Memref<Wide, 1>(x.data(), {size}), Memref<uint16_t, 1>(y.data(), {size}));
    for (int64_t i = 0; i < size; ++i)
      ASSERT_TRUE(std::isnan(x[i]) ? isNan(y[i], format) : y[i] == encode(x[i], format))
          << format.name << " of " << x[i] << " at " << level << ": " << y[i];
  }
}

/// Floats over all exponents, and every tie between narrow neighbours with the
/// floats beside it.
template <typename Wide>
std::vector<Wide> makeValues(const Format &format) {
  std::vector<Wide> values{Wide(0), -Wide(0), Wide(INFINITY), -Wide(INFINITY), Wide(NAN)};
  for (uint64_t bits = 0; bits < (1ull << 32); bits += 40009) {
    float value;
    auto word = static_cast<uint32_t>(bits);
    std::memcpy(&value, &word, sizeof(value));
    values.push_back(value);
  }
  for (int i = 0; i < 0x7fff; ++i) {
    double low = decode(static_cast<uint16_t>(i), format);
    double high = decode(static_cast<uint16_t>(i + 1), format);
    if (!std::isfinite(low) || !std::isfinite(high))
      continue;
    auto tie = static_cast<Wide>((low + high) / 2);
    for (Wide value : {tie, std::nextafter(tie, Wide(0)), std::nextafter(tie, Wide(INFINITY))}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  return values;
}

TEST(NarrowFloats, ExtendHalf) {
  testExtension<float>(half, "f32");
  testExtension<double>(half, "f64");
}
TEST(NarrowFloats, ExtendBFloat) {
  testExtension<float>(bfloat, "f32");
  testExtension<double>(bfloat, "f64");
}
TEST(NarrowFloats, RoundToHalf) {
  testRounding<float>(half, "f32", makeValues<float>(half));
  testRounding<double>(half, "f64", makeValues<double>(half));
}
TEST(NarrowFloats, RoundToBFloat) {
  testRounding<float>(bfloat, "f32", makeValues<float>(bfloat));
  testRounding<double>(bfloat, "f64", makeValues<double>(bfloat));
}

} // namespace
} // namespace moec
