// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compilers' kernels that compute: products of matrices, norms, numbers of all widths, functions,
// switches, variables.
#include "Compiled.h"

#include <algorithm>
#include <cmath>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Rounded to nearest even with so many bits of a significand, within a format's normal numbers.
double rounded(double value, int bits) {
  int exponent;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits);
}
double roundedHalf(double value) { return rounded(value, 11); }
double roundedBrain(double value) { return rounded(value, 8); }

/// Of normal numbers that the formats have.
uint16_t brainOf(double value) { return uint16_t(bitsOf(float(value)) >> 16); }
double fromBrain(uint16_t brain) {
  const uint32_t bits = uint32_t(brain) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return double(value);
}
uint16_t halfOf(double value) {
  if (value == 0)
    return 0;
  const uint64_t bits = bitsOf(float(value));
  return uint16_t((bits >> 16 & 0x8000) | ((bits >> 13 & 0x3ffff) - (112 << 10)));
}
double fromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double size =
      exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(double(fraction), -24);
  return half >> 15 ? -size : size;
}

TEST(CompiledMathTest, ProductOfFloats) {
  const uint32_t m = 45, n = 70, k = 37;
  const auto a = someFloats(m * k, 1), b = someFloats(k * n, 2);
  std::vector<double> expected(m * n);
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j)
      for (size_t l = 0; l < k; ++l)
        expected[i * n + j] += double(a[i * k + l]) * double(b[l * n + j]);
  forOrders("matmul", [&](Compiled &device) {
    const uint64_t c = device.zeros<float>(m * n);
    device.launch({3, 2, 1}, {256, 1, 1}, {device.upload(a), device.upload(b), c, m, n, k},
                  (32 * 17 + 16 * 32) * 4);
    expectNear(device.download<float>(c, m * n), expected, 1e-5);
  });
}

TEST(CompiledMathTest, ProductByTensorCores) {
  const uint32_t m = 128, n = 64, k = 160;
  std::vector<uint16_t> a, b;
  for (int value : someIntegers<int>(m * k, -8, 8, 1))
    a.push_back(brainOf(value));
  for (int value : someIntegers<int>(n * k, -8, 8, 2))
    b.push_back(brainOf(value));
  forOrders("tensor", [&](Compiled &device) {
    const uint64_t c = device.zeros<float>(m * n);
    device.launch({1, 2, 1}, {128, 1, 1}, {device.upload(a), device.upload(b), c, n, k});
    const auto found = device.download<float>(c, m * n);
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum += fromBrain(a[i * k + l]) * fromBrain(b[j * k + l]);
        ASSERT_EQ(double(found[i * n + j]), sum) << i << ", " << j;
      }
  });
}

void checkSoftmax(const char *name, double tolerance) {
  const size_t rows = 5, columns = 300;
  const auto in = someFloats(rows * columns);
  std::vector<double> expected;
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (size_t i = 0; i < columns; ++i)
      sum += std::exp(double(in[row * columns + i]));
    for (size_t i = 0; i < columns; ++i)
      expected.push_back(std::exp(double(in[row * columns + i])) / sum);
  }
  forOrders(name, [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(in.size());
    device.launch({rows, 1, 1}, {128, 1, 1}, {device.upload(in), out, columns});
    expectNear(device.download<float>(out, in.size()), expected, tolerance);
  });
}

TEST(CompiledMathTest, Softmax) { checkSoftmax("softmax", 1e-6); }
TEST(CompiledMathTest, SoftmaxWithFastMath) { checkSoftmax("softmax-fast", 1e-5); }

TEST(CompiledMathTest, LayerNormalisation) {
  const size_t rows = 7, columns = 212;
  std::vector<uint16_t> in;
  for (int value : someIntegers<int>(rows * columns, -500, 500))
    in.push_back(halfOf(value / 64.0));
  const auto scale = someFloats(columns, 3), shift = someFloats(columns, 4);
  forOrders("layernorm", [&](Compiled &device) {
    const uint64_t out = device.zeros<uint16_t>(in.size());
    device.launch({4, 1, 1}, {64, 1, 1},
                  {device.upload(in), device.upload(scale), device.upload(shift), out, rows,
                   columns, bitsOf(1e-5f)});
    const auto found = device.download<uint16_t>(out, in.size());
    for (size_t row = 0; row < rows; ++row) {
      const uint16_t *values = in.data() + row * columns;
      double mean = 0, squares = 0;
      for (size_t i = 0; i < columns; ++i)
        mean += fromHalf(values[i]) / columns;
      for (size_t i = 0; i < columns; ++i)
        squares += std::pow(fromHalf(values[i]) - mean, 2) / columns;
      for (size_t i = 0; i < columns; ++i) {
        const double expected =
            (fromHalf(values[i]) - mean) / std::sqrt(squares + 1e-5) * double(scale[i]) +
            double(shift[i]);
        ASSERT_NEAR(fromHalf(found[row * columns + i]), expected, 1e-3 * (1 + std::abs(expected)));
      }
    }
  });
}

TEST(CompiledMathTest, PairsOfHalves) {
  const size_t count = 301;
  std::vector<uint16_t> x, y;
  for (int value : someIntegers<int>(2 * count, -4000, 4000, 5))
    x.push_back(halfOf(roundedHalf(value / 512.0)));
  for (int value : someIntegers<int>(2 * count, 1, 255, 6))
    y.push_back(brainOf(value / 32.0));
  x[0] = x[1]; // not greater
  forOrders("halves", [&](Compiled &device) {
    const uint64_t polynomials = device.zeros<uint16_t>(2 * count),
                   limited = device.zeros<uint16_t>(2 * count),
                   brains = device.zeros<uint16_t>(2 * count),
                   greater = device.zeros<uint32_t>(count);
    device.launch(
        {3, 1, 1}, {128, 1, 1},
        {device.upload(x), device.upload(y), polynomials, limited, brains, greater, count});
    const auto foundPolynomials = device.download<uint16_t>(polynomials, 2 * count),
               foundLimited = device.download<uint16_t>(limited, 2 * count),
               foundBrains = device.download<uint16_t>(brains, 2 * count);
    for (size_t i = 0; i < 2 * count; ++i) {
      const double a = fromHalf(x[i]), b = fromBrain(y[i]);
      ASSERT_EQ(fromHalf(foundPolynomials[i]), roundedHalf(roundedHalf(a * 0.5 + 2) * a - 0.5));
      ASSERT_EQ(fromHalf(foundLimited[i]), roundedHalf(std::clamp(a, -2.0, 2.0) * 1.5));
      ASSERT_EQ(fromBrain(foundBrains[i]),
                roundedBrain(roundedBrain(b * b) + roundedBrain(b * b + b)));
    }
    const auto flags = device.download<uint32_t>(greater, count);
    for (size_t i = 0; i < count; ++i) {
      const double low = fromHalf(x[2 * i]), high = fromHalf(x[2 * i + 1]);
      ASSERT_EQ(flags[i], uint32_t(low > high) | uint32_t(low > 0.5 && high > 0.5) << 1 |
                              uint32_t(int(low) & 0xff) << 8);
    }
  });
}

TEST(CompiledMathTest, NumbersOf64Bits) {
  auto a = someIntegers<int64_t>(200, INT64_MIN / 2, INT64_MAX / 2, 7);
  auto b = someIntegers<int64_t>(200, -1000, 1000, 8);
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = i % 3 ? b[i] * 0x12345678 + 1 : b[i] | 1;
  a[0] = INT64_MIN;
  b[0] = 1;
  a[1] = -7;
  b[1] = 2;
  forOrders("wide", [&](Compiled &device) {
    const size_t count = a.size();
    const uint64_t quotients = device.zeros<int64_t>(2 * count),
                   parts = device.zeros<uint64_t>(4 * count),
                   reals = device.zeros<double>(4 * count);
    device.launch({2, 1, 1}, {128, 1, 1},
                  {device.upload(a), device.upload(b), quotients, parts, reals, count});
    const auto signedParts = device.download<int64_t>(quotients, 2 * count);
    const auto unsignedParts = device.download<uint64_t>(parts, 4 * count);
    const auto doubles = device.download<double>(reals, 4 * count);
    for (size_t i = 0; i < count; ++i) {
      const auto ua = uint64_t(a[i]), ub = uint64_t(b[i]);
      ASSERT_EQ(signedParts[2 * i], a[i] / b[i]);
      ASSERT_EQ(signedParts[2 * i + 1], a[i] % b[i]);
      ASSERT_EQ(unsignedParts[4 * i], ua / ub);
      ASSERT_EQ(unsignedParts[4 * i + 1], ua % ub);
      // The high half by halves of the factors.
      const uint64_t low = (ua & UINT32_MAX) * (ub & UINT32_MAX),
                     middle = (ua >> 32) * (ub & UINT32_MAX) + (low >> 32),
                     other = (ua & UINT32_MAX) * (ub >> 32) + (middle & UINT32_MAX);
      ASSERT_EQ(unsignedParts[4 * i + 2], (ua >> 32) * (ub >> 32) + (middle >> 32) + (other >> 32));
      ASSERT_EQ(unsignedParts[4 * i + 3], ua << (ub & 63) | ua >> (63 - (ub & 63)));
      const auto x = double(a[i]), y = double(b[i]);
      ASSERT_EQ(doubles[4 * i], x / y);
      ASSERT_EQ(doubles[4 * i + 1], std::sqrt(std::fabs(x)));
      ASSERT_EQ(doubles[4 * i + 2], std::floor(x * 1e-6) + std::fma(x, y, 1.0));
      ASSERT_EQ(doubles[4 * i + 3], double(float(x)) + double(int64_t(y * 0.5)));
    }
  });
}

TEST(CompiledMathTest, FunctionsThatAreCalled) {
  const int width = 70, height = 21, most = 50;
  std::vector<int32_t> expected;
  std::vector<double> sizes;
  int32_t inside = 0, late = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double startRe = x * 3.0 / width - 2, startIm = y * 2.0 / height - 1;
      double re = 0, im = 0;
      int step = 0;
      for (; step < most; ++step) {
        const double squareRe = re * re - im * im, squareIm = re * im + im * re;
        re = squareRe + startRe;
        im = squareIm + startIm;
        if (float(re * re + im * im) > 4)
          break;
      }
      inside += step == most;
      late -= step < most && step > 10;
      expected.push_back(step);
      sizes.push_back(double(float(re * re + im * im)));
    }
  forOrders("calls", [&](Compiled &device) {
    const uint64_t steps = device.zeros<int32_t>(expected.size()),
                   found = device.zeros<float>(sizes.size()), counts = device.zeros<int32_t>(2);
    device.launch({2, height, 1}, {48, 1, 1}, {steps, found, width, height, counts});
    EXPECT_EQ(device.download<int32_t>(steps, expected.size()), expected);
    expectNear(device.download<float>(found, sizes.size()), sizes, 0);
    EXPECT_EQ(device.download<int32_t>(counts, 2), (std::vector<int32_t>{inside, late}));
  });
}

/// What the kernel's machine does.
int32_t interpret(const std::vector<int8_t> &code, int32_t in) {
  std::vector<int32_t> stack;
  auto pop = [&] {
    const int32_t value = stack.back();
    stack.pop_back();
    return value;
  };
  for (size_t at = 0;;) {
    const int8_t operation = code[at], operand = code[at + 1];
    at += 2;
    const bool isBinary = operation >= 2 && operation <= 4;
    const int32_t right = isBinary || operation == 6 ? pop() : 0;
    switch (operation) {
    case 0:
      stack.push_back(operand);
      break;
    case 1:
      stack.push_back(in);
      break;
    case 2:
      stack.back() += right;
      break;
    case 3:
      stack.back() *= right;
      break;
    case 4:
      stack.back() %= right;
      break;
    case 5:
      stack.push_back(stack[stack.size() - size_t(operand)]);
      break;
    case 6:
      at += size_t(right > 0 ? operand : 0);
      break;
    case 7:
      stack.back() = -stack.back();
      break;
    case 8:
      stack.back() = __builtin_popcount(uint32_t(stack.back()));
      break;
    case 9:
      stack.back() ^= operand;
      break;
    default:
      return stack.back();
    }
  }
}

TEST(CompiledMathTest, SwitchAndStack) {
  // Counts down in a loop whose length each thread has for itself, then by a branch.
  const std::vector<int8_t> code = {1, 0, 0, -3, 2, 0, 5, 1, 6, -8, 5, 1,  9, 5, 3, 0, 1, 0, 2,  0,
                                    0, 7, 4, 0,  5, 1, 6, 4, 7, 0,  9, 64, 1, 0, 8, 0, 2, 0, 10, 0};
  const auto in = someIntegers<int32_t>(100, -40, 90, 9);
  std::vector<int32_t> expected;
  for (int32_t value : in)
    expected.push_back(interpret(code, value));
  forOrders("machine", [&](Compiled &device) {
    const uint64_t out = device.zeros<int32_t>(in.size());
    device.launch({2, 1, 1}, {64, 1, 1}, {device.upload(code), device.upload(in), out, in.size()});
    EXPECT_EQ(device.download<int32_t>(out, in.size()), expected);
  });
}

TEST(CompiledMathTest, VariablesOfAModule) {
  const int count = 100;
  const auto in = someFloats(count);
  std::vector<double> expected;
  std::vector<int32_t> expectedSums;
  const double weights[] = {0.0625, 0.25, 0.375, 0.25, 0.0625};
  const int squares[] = {0, 1, 4, 9, 16, 25}, cubes[] = {0, 1, -8, 27}, shifts[] = {1, 2, 4};
  for (int i = 0; i < count; ++i) {
    double sum = 0;
    for (int j = 0; j < 5; ++j)
      sum += weights[j] * double(in[size_t(std::clamp(i + j - 2, 0, count - 1))]);
    expected.push_back(sum / 2);
    expectedSums.push_back(squares[i % 4 + (i % 2 ? 0 : 2)] + cubes[i % 4] +
                           (i * 3 >> shifts[i % 3]));
  }
  forOrders("variables", [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(count), sums = device.zeros<int32_t>(count);
    for (int launch = 0; launch < 3; ++launch)
      device.launch({2, 1, 1}, {64, 1, 1}, {device.upload(in), out, sums, count});
    expectNear(device.download<float>(out, count), expected, 1e-6);
    EXPECT_EQ(device.download<int32_t>(sums, count), expectedSums);
    EXPECT_EQ(device.download<uint32_t>(device.addressOf("launches"), 1)[0], 3u);
  });
}

TEST(CompiledMathTest, BagsOfRows) {
  const size_t rows = 20, columns = 11, lists = 6; // columns of four elements
  std::vector<uint16_t> table;
  for (int value : someIntegers<int>(rows * columns * 4, -100, 100))
    table.push_back(halfOf(value));
  const std::vector<int32_t> starts = {0, 3, 3, 4, 9, 20, 31};
  const auto names = someIntegers<int32_t>(31, 0, rows - 1),
             numbers = someIntegers<int32_t>(31, 0, 9);
  const std::vector<float> weights(numbers.begin(), numbers.end());
  forOrders("bag", [&](Compiled &device) {
    const uint64_t out = device.zeros<float>(lists * columns * 4);
    device.launch({lists, 1, 1}, {32, 1, 1},
                  {device.upload(table), device.upload(starts), device.upload(names),
                   device.upload(weights), out, columns});
    const auto found = device.download<float>(out, lists * columns * 4);
    for (size_t list = 0; list < lists; ++list)
      for (size_t column = 0; column < columns * 4; ++column) {
        double sum = 0;
        for (auto i = size_t(starts[list]); i < size_t(starts[list + 1]); ++i)
          sum += fromHalf(table[size_t(names[i]) * columns * 4 + column]) * double(weights[i]);
        ASSERT_EQ(double(found[list * columns * 4 + column]), sum);
      }
  });
}

TEST(CompiledMathTest, RowsFromMlir) {
  const size_t rows = 5, columns = 203;
  const auto in = someFloats(rows * columns);
  std::vector<double> expected;
  for (size_t row = 0; row < rows; ++row) {
    double mean = 0, most = -INFINITY;
    for (size_t i = 0; i < columns; ++i) {
      mean += double(in[row * columns + i]) / columns;
      most = std::max(most, double(in[row * columns + i]));
    }
    expected.insert(expected.end(), {mean, most - mean});
  }
  forOrders("rows", [&](Compiled &device) {
    const uint64_t from = device.upload(in), out = device.zeros<float>(2 * rows);
    device.launch({rows, 1, 1}, {128, 1, 1},
                  {from, from, 0, rows, columns, columns, 1, out, out, 0, rows, 2, 2, 1});
    expectNear(device.download<float>(out, 2 * rows), expected, 1e-5);
  });
}

/// MLIR 22's gpu.all_reduce exchanges by butterflies. With three warps some lanes get less than the
/// whole, and all lanes store what they have to the same place.
TEST(CompiledMathTest, RowsFromMlirForThreeWarpsAreReported) {
  Compiled device;
  ASSERT_TRUE(device.load(readCompiled("rows"))) << device.error;
  const uint64_t in = device.upload(someFloats(203)), out = device.zeros<float>(2);
  EXPECT_FALSE(
      device.run({1, 1, 1}, {96, 1, 1}, {in, in, 0, 1, 203, 203, 1, out, out, 0, 1, 2, 2, 1}));
  EXPECT_NE(device.error.find("another lane of its warp writes something else"), std::string::npos)
      << device.error;
}

} // namespace
