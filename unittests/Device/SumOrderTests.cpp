//===- SumOrderTests.cpp - The order of sums on a device --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of rows against the order that lib/CodeGen/RowTeam.h documents, in every
// bit: for static and dynamic lengths, any number of rows and any schedule.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <cstring>

namespace moec {
namespace {

/// As RowTeam.h tells it.
float sumInOrder(const Tensor &rows, int64_t row, float init) {
  int64_t length = rows.dim(1), vectors = (length + 3) / 4, whole = length / 4 * 4;
  int64_t threads = vectors <= 128 ? 32 : vectors <= 1024 ? 128 : 256;
  std::vector<float> partials(threads * 4);
  auto term = [&](int64_t i) { return static_cast<float>(rows.real(row * length + i)); };
  for (int64_t i = 0; i < whole; ++i)
    partials[i / 4 % threads * 4 + i % 4] += term(i);
  for (int64_t i = whole; i < length; ++i)
    partials[(i - whole) * 4] += term(i);
  std::vector<float> sums(threads);
  for (int64_t t = 0; t < threads; ++t)
    sums[t] = (partials[4 * t] + partials[4 * t + 2]) + (partials[4 * t + 1] + partials[4 * t + 3]);
  std::vector<float> warps;
  for (int64_t first = 0; first < threads; first += 32) {
    for (int64_t distance = 16; distance >= 1; distance /= 2)
      for (int64_t t = 0; t < distance; ++t)
        sums[first + t] += sums[first + t + distance];
    warps.push_back(sums[first]);
  }
  float sum = warps.front();
  for (size_t warp = 1; warp < warps.size(); ++warp)
    sum += warps[warp];
  return init + sum;
}

std::string sumText(const std::string &length, const std::string &type) {
  std::string rows = "tensor<?x" + length + "x" + type + ">";
  std::string widen = type == "f32" ? "" : "%e = arith.extf %a : " + type + " to f32\n";
  std::string term = type == "f32" ? "%a" : "%e";
  return "func.func @main(%x: " + rows +
         ", %s: tensor<?xf32>) -> tensor<?xf32> attributes {rt.entry} {\n"
         "%r = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> "
         "(r)>], "
         "iterator_types = [\"parallel\", \"reduction\"]} ins(%x : " +
         rows +
         ") outs(%s : tensor<?xf32>) {\n"
         "^bb0(%a: " +
         type + ", %o: f32):\n" + widen + "%t = arith.addf %o, " + term +
         " : f32\nlinalg.yield %t : f32\n} -> tensor<?xf32>\n"
         "return %r : tensor<?xf32>\n}\n";
}

void expectSums(const DeviceProgram &program, DType type, int64_t rows, int64_t length) {
  Tensor x = makeNumbers(type, {rows, length}, length + 7), s = makeNumbers(DType::F32, {rows}, 3);
  for (uint32_t seed : {0u, 1u, 2u}) {
    auto results = program.run({x, s}, seed, /*hostThreads=*/1 + seed);
    ASSERT_TRUE(results);
    for (int64_t row = 0; row < rows; ++row) {
      float got = static_cast<float>(results->front().real(row));
      float expected = sumInOrder(x, row, static_cast<float>(s.real(row)));
      EXPECT_EQ(std::memcmp(&got, &expected, sizeof got), 0)
          << length << ", row " << row << ": " << got << " instead of " << expected;
    }
  }
}

const int64_t lengths[] = {1, 4, 31, 33, 64, 511, 512, 513, 1000, 4096, 4099, 9001};

TEST(SumOrder, StaticLengths) {
  for (auto [type, name] : {std::pair(DType::F32, "f32"), std::pair(DType::BF16, "bf16")})
    for (int64_t length : lengths) {
      DeviceProgram program(sumText(std::to_string(length), name));
      ASSERT_TRUE(program.isCompiled());
      expectSums(program, type, 3, length);
    }
}

/// One program for all lengths, and the same bits as with lengths that are known.
TEST(SumOrder, DynamicLengths) {
  for (auto [type, name] : {std::pair(DType::F32, "f32"), std::pair(DType::F16, "f16")}) {
    DeviceProgram program(sumText("?", name));
    ASSERT_TRUE(program.isCompiled());
    for (int64_t length : lengths)
      expectSums(program, type, 2, length);
  }
}

TEST(SumOrder, AnyNumberOfRows) {
  DeviceProgram program(sumText("100", "f32"));
  ASSERT_TRUE(program.isCompiled());
  for (int64_t rows : {0, 1, 7, 8, 9, 65})
    expectSums(program, DType::F32, rows, 100);
}

TEST(SumOrder, Assembles) {
  for (const char *length : {"100", "1000", "5000", "?"})
    for (const char *type : {"f32", "bf16", "f16"})
      DeviceProgram(sumText(length, type)).expectAssembles();
}

} // namespace
} // namespace moec
