//===- MathTests.cpp Accuracy of elementary functions -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/CodeGen/CompiledRows.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <functional>

namespace moec {
namespace {

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Distance of `got` from the exact `expected` in units of the last place of
/// expected as a float (subnormals: 2^-149).
double ulps(float got, double expected) {
  if (std::isnan(expected))
    return std::isnan(got) ? 0 : INFINITY;
  float rounded = static_cast<float>(expected);
  if (std::isinf(rounded) || std::isinf(got) || std::isnan(got))
    return rounded == got ? 0 : INFINITY;
  double unit = std::ldexp(1.0, std::max(std::ilogb(rounded == 0 ? 1e-45f : rounded), -126) - 23);
  return std::abs(got - expected) / unit;
}

/// Runs `math.NAME` on every 4093rd float and on special ones, vectors and
/// scalars, at every level. Finite
/// arguments larger than `to` may give anything.
void testFunction(const std::string &name, std::function<double(double)> exact, double maxUlps,
                  float to = INFINITY) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?xf32>, %y: memref<?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> (c)>], iterator_types = ["parallel"]}
          ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %o: f32):
        %v = math.)mlir" +
                    name + R"mlir( %a : f32
        linalg.yield %v : f32
      }
      return
    })mlir");
  CompiledRows scalar(R"mlir(
    func.func @host(%x: memref<?x1xf32>, %y: memref<?x1xf32>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<?x1xf32>) outs(%y : memref<?x1xf32>) {
      ^bb0(%a: f32, %o: f32):
        %v = math.)mlir" +
                      name + R"mlir( %a : f32
        linalg.yield %v : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  ASSERT_FALSE(scalar.getLevels().empty());
  std::vector<float> x{0.0f,    -0.0f,         INFINITY,       -INFINITY,      NAN,      1.0f,
                       -1.0f,   1e-45f,        -1e-45f,        88.72284f,      88.7229f, -103.97f,
                       -104.5f, 3.4028235e38f, -3.4028235e38f, 1.17549435e-38f};
  for (uint64_t bits = 0; bits < (1ull << 32); bits += 4093)
    x.push_back(fromBits(static_cast<uint32_t>(bits)));
  int64_t size = x.size();
  std::vector<float> withFma;
  for (const std::string &level : code.getLevels()) {
    std::vector<float> y(size), z(size);
    code.run(level, false, Memref<float, 1>(x.data(), {size}), Memref<float, 1>(y.data(), {size}));
    scalar.run(level, false, Memref<float, 2>(x.data(), {size, 1}),
               Memref<float, 2>(z.data(), {size, 1}));
    double worst = 0;
    float worstAt = 0;
    int64_t differing = 0;
    for (int64_t i = 0; i < size; ++i) {
      bool bothNan = std::isnan(y[i]) && std::isnan(z[i]);
      differing += !bothNan && std::memcmp(&y[i], &z[i], sizeof(float)) != 0;
      if (std::isfinite(x[i]) && std::abs(x[i]) > to)
        continue;
      double error = ulps(y[i], exact(x[i]));
      if (error > worst) {
        worst = error;
        worstAt = x[i];
      }
    }
    EXPECT_LE(worst, maxUlps) << name << "(" << worstAt << ") at " << level;
    EXPECT_EQ(differing, 0) << name << " on scalars and vectors at " << level;
    ::testing::Test::RecordProperty(name + "_" + level, std::to_string(worst));
    if (level == "v2")
      continue;
    if (withFma.empty())
      withFma = y;
    EXPECT_EQ(std::memcmp(y.data(), withFma.data(), size * sizeof(float)), 0) << name;
  }
}

TEST(Math, Exp) {
  testFunction("exp", [](double x) { return std::exp(x); }, 1.5);
}
TEST(Math, Log) {
  testFunction("log", [](double x) { return std::log(x); }, 1.5);
}
TEST(Math, Tanh) {
  testFunction("tanh", [](double x) { return std::tanh(x); }, 2);
}
TEST(Math, Erf) {
  testFunction("erf", [](double x) { return std::erf(x); }, 2);
}
TEST(Math, Rsqrt) {
  testFunction("rsqrt", [](double x) { return 1 / std::sqrt(x); }, 2);
}
TEST(Math, Exp2) {
  testFunction("exp2", [](double x) { return std::exp2(x); }, 2);
}
TEST(Math, Expm1) {
  testFunction("expm1", [](double x) { return std::expm1(x); }, 4);
}
TEST(Math, Log1p) {
  testFunction("log1p", [](double x) { return std::log1p(x); }, 4);
}
TEST(Math, Log2) {
  testFunction("log2", [](double x) { return std::log2(x); }, 4);
}
TEST(Math, Log10) {
  testFunction("log10", [](double x) { return std::log10(x); }, 4);
}
TEST(Math, Sin) {
  testFunction("sin", [](double x) { return std::sin(x); }, 4, 1e4f);
}
TEST(Math, Cos) {
  testFunction("cos", [](double x) { return std::cos(x); }, 4, 1e4f);
}
TEST(Math, Tan) {
  testFunction("tan", [](double x) { return std::tan(x); }, 4, 1e4f);
}
TEST(Math, Atan) {
  testFunction("atan", [](double x) { return std::atan(x); }, 4);
}
TEST(Math, Asin) {
  testFunction("asin", [](double x) { return std::asin(x); }, 8);
}
TEST(Math, Acos) {
  testFunction("acos", [](double x) { return std::acos(x); }, 4);
}
TEST(Math, Sinh) {
  testFunction("sinh", [](double x) { return std::sinh(x); }, 4);
}
TEST(Math, Cosh) {
  testFunction("cosh", [](double x) { return std::cosh(x); }, 4);
}
TEST(Math, Asinh) {
  testFunction("asinh", [](double x) { return std::asinh(x); }, 4);
}
TEST(Math, Acosh) {
  testFunction("acosh", [](double x) { return std::acosh(x); }, 4);
}
TEST(Math, Atanh) {
  testFunction("atanh", [](double x) { return std::atanh(x); }, 4);
}
TEST(Math, Erfc) {
  testFunction("erfc", [](double x) { return std::erfc(x); }, 100);
}
/// math.powf(x, exponent) for x in (-4, 4).
void testPower(float exponent, double maxUlps) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?xf32>, %e: memref<f32>, %y: memref<?xf32>, %z: memref<?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> ()>, affine_map<(c) -> (c)>,
                                       affine_map<(c) -> (c)>], iterator_types = ["parallel"]}
          ins(%x, %e : memref<?xf32>, memref<f32>) outs(%y, %z : memref<?xf32>, memref<?xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32, %p: f32):
        %constant = arith.constant )mlir" +
                    (std::isinf(exponent) ? "0x7f800000" : std::to_string(exponent)) + R"mlir( : f32
        %v = math.powf %a, %b : f32
        %w = math.powf %a, %constant : f32
        linalg.yield %v, %w : f32, f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  std::vector<float> x;
  for (int i = -1999; i < 2000; ++i)
    x.push_back(i / 500.0f);
  int64_t size = x.size();
  for (const std::string &level : code.getLevels()) {
    std::vector<float> y(size), z(size);
    code.run(level, true, Memref<float, 1>(x.data(), {size}), Memref<float, 0>(&exponent, {}),
             Memref<float, 1>(y.data(), {size}), Memref<float, 1>(z.data(), {size}));
    for (int64_t i = 0; i < size; ++i) {
      double exact = std::pow(static_cast<double>(x[i]), exponent);
      EXPECT_LE(ulps(y[i], exact), maxUlps) << x[i] << " ^ " << exponent << " at " << level;
      EXPECT_LE(ulps(z[i], exact), maxUlps)
          << x[i] << " ^ constant " << exponent << " at " << level;
    }
  }
}

TEST(Math, Powers) {
  for (float exponent : {0.0f, 1.0f, INFINITY, 2.0f, 3.0f, 0.5f, -0.5f, -1.0f, 2.5f, 7.0f})
    testPower(exponent, 32);
}

TEST(Math, Round) {
  testFunction("round", [](double x) { return std::round(x); }, 0);
}
TEST(Math, RoundEven) {
  testFunction("roundeven", [](double x) { return std::nearbyint(x); }, 0);
}
TEST(Math, Floor) {
  testFunction("floor", [](double x) { return std::floor(x); }, 0);
}

} // namespace
} // namespace moec
