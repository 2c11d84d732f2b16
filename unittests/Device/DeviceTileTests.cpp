//===- DeviceTileTests.cpp - Selection and gathers on a device --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled `tile` ops against sorts and sums in the order that the ops document:
// every bit must agree.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moec {
namespace {

/// Entries with ties, signed zeros, infinities and NaN among others.
Tensor makeKeys(DType type, int64_t rows, int64_t columns) {
  const double specials[] = {0.0, -0.0, 1.0, -1.0, INFINITY, -INFINITY, NAN};
  Tensor keys = makeNumbers(type, {rows, columns}, columns + 5);
  for (int64_t i = 0; i < keys.numElements(); ++i)
    if (i * 7919 % 13 < 7)
      keys.setReal(i, specials[i * 7919 % 13]);
  return keys;
}

/// The columns of a row by descending entry, NaN last, equal ones by `lowerFirst`.
std::vector<int64_t> sortColumns(const Tensor &keys, int64_t row, bool lowerFirst) {
  std::vector<int64_t> columns(keys.dim(1));
  std::iota(columns.begin(), columns.end(), 0);
  if (!lowerFirst)
    std::reverse(columns.begin(), columns.end());
  auto entry = [&](int64_t column) { return keys.real(row * keys.dim(1) + column); };
  std::stable_sort(columns.begin(), columns.end(), [&](int64_t x, int64_t y) {
    if (std::isnan(entry(x)) || std::isnan(entry(y)))
      return !std::isnan(entry(x)) && std::isnan(entry(y));
    return entry(x) > entry(y);
  });
  return columns;
}

TEST(DeviceTile, SelectEqualsStableSort) {
  for (DType type : {DType::F32, DType::BF16, DType::F16})
    for (bool lowerFirst : {true, false})
      for (auto [columns, spelled] : {std::pair(1, "1"), std::pair(8, "8"), std::pair(60, "?"),
                                      std::pair(128, "128"), std::pair(700, "700")}) {
        int64_t k = std::min<int64_t>(columns, 6), rows = 5;
        std::string keys = "tensor<?x" + std::string(spelled) + "x" + nameOf(type).str() + ">";
        std::string ids = "tensor<?x" + std::to_string(k) + "xi32>";
        std::string values = "tensor<?x" + std::to_string(k) + "xf32>";
        std::string source = "tensor<?x" + std::string(spelled) + "xf32>";
        DeviceProgram program(
            "func.func @main(%z: " + keys + ", %s: " + source + ") -> (" + ids + ", " + values +
            ") attributes {rt.entry} {\n%c0 = arith.constant 0 : index\n%n = tensor.dim %z, %c0 "
            ": " +
            keys + "\n%i = tensor.empty(%n) : " + ids + "\n%v = tensor.empty(%n) : " + values +
            "\n%r:2 = tile.select keys(%z : " + keys + ") source(%s : " + source +
            ") outs(%i : " + ids + ", %v : " + values + ") {tie = #tile.tie<" +
            (lowerFirst ? "lower_index" : "higher_index") + ">} -> " + ids + ", " + values +
            "\nreturn %r#0, %r#1 : " + ids + ", " + values + "\n}\n");
        ASSERT_TRUE(program.isCompiled());
        if (lowerFirst)
          program.expectAssembles();
        Tensor z = makeKeys(type, rows, columns), s = makeNumbers(DType::F32, {rows, columns}, 9);
        auto results = program.run({z, s}, /*seed=*/1, /*hostThreads=*/2);
        ASSERT_TRUE(results);
        for (int64_t row = 0; row < rows; ++row) {
          std::vector<int64_t> expected = sortColumns(z, row, lowerFirst);
          for (int64_t choice = 0; choice < k; ++choice) {
            EXPECT_EQ((*results)[0].integer(row * k + choice), expected[choice]);
            EXPECT_EQ((*results)[1].real(row * k + choice),
                      s.real(row * columns + expected[choice]));
          }
        }
      }
}

TEST(DeviceTile, WeightedGather) {
  for (DType type : {DType::F32, DType::BF16, DType::F16})
    for (bool rounds : {false, true})
      for (auto [columns, spelled] : {std::pair(1, "1"), std::pair(64, "64"), std::pair(31, "?"),
                                      std::pair(1000, "1000"), std::pair(2056, "2056")}) {
        int64_t tokens = 5, choices = 3, held = 7;
        std::string matrix = "tensor<?x" + std::string(spelled) + "x" + nameOf(type).str() + ">";
        DeviceProgram program(
            "func.func @main(%x: " + matrix + ", %p: tensor<?x3xi32>, %w: tensor<?x3xf32>) -> " +
            matrix + " attributes {rt.entry} {\n%c0 = arith.constant 0 : index\n" +
            "%c1 = arith.constant 1 : index\n%t = tensor.dim %p, %c0 : tensor<?x3xi32>\n" +
            "%c = tensor.dim %x, %c1 : " + matrix + "\n%o = tensor.empty(%t" +
            (*spelled == '?' ? ", %c" : "") + ") : " + matrix +
            "\n%r = tile.weighted_gather rows(%x : " + matrix +
            ") places(%p : tensor<?x3xi32>) weights(%w : tensor<?x3xf32>) outs(%o : " + matrix +
            ")" + (rounds ? " {term = " + nameOf(type).str() + "}" : "") + " -> " + matrix +
            "\nreturn %r : " + matrix + "\n}\n");
        ASSERT_TRUE(program.isCompiled());
        if (rounds)
          program.expectAssembles();
        Tensor x = makeNumbers(type, {held, columns}, 1);
        Tensor w = makeNumbers(DType::F32, {tokens, choices}, 2);
        Tensor p = *Tensor::create(DType::I32, {tokens, choices});
        for (int64_t i = 0; i < p.numElements(); ++i)
          p.setInteger(i, i % 4 == 3 ? -1 : i * 5 % held);
        auto results = program.run({x, p, w}, /*seed=*/1, /*hostThreads=*/2);
        ASSERT_TRUE(results);
        for (int64_t i = 0; i < tokens * columns; ++i) {
          float sum = 0;
          for (int64_t choice = 0; choice < choices; ++choice) {
            int64_t place = p.integer(i / columns * choices + choice);
            if (place < 0)
              continue;
            float term = static_cast<float>(w.real(i / columns * choices + choice)) *
                         static_cast<float>(x.real(place * columns + i % columns));
            sum += rounds ? static_cast<float>(roundTo(type, term)) : term;
          }
          ASSERT_EQ((*results)[0].real(i), roundTo(type, sum)) << columns << " columns, at " << i;
        }
      }
}

/// The selection and the weights of its scores are one kernel, with the bits of several.
TEST(DeviceTile, RouteIsOneKernel) {
  for (const char *weights : {"key = #moe.key<logit>, weight = #moe.weight<softmax_selected>",
                              "score = #moe.score<sigmoid>, renorm = #moe.renorm<mode = add, eps = "
                              "1.0e-20>, scale = 2.5"})
    for (int64_t experts : {8, 60}) {
      std::string logits = "tensor<?x" + std::to_string(experts) + "xf32>";
      std::string results = "tensor<?x4xi32>, tensor<?x4xf32>";
      std::string text = "func.func @main(%z: " + logits + ") -> (" + results +
                         ") attributes {rt.entry} {\n%i, %w = moe.route %z {k = 4, " + weights +
                         ", tie = #moe.tie<lower_index>} : " + logits + " -> " + results +
                         "\nreturn %i, %w : " + results + "\n}\n";
      DeviceProgram fused(text), plain(text, /*fuse=*/false);
      ASSERT_TRUE(fused.isCompiled() && plain.isCompiled());
      fused.expectAssembles();
      EXPECT_NE(fused.getPtx().find("select_group"), std::string::npos);
      for (int64_t rows : {0, 1, 9, 100}) {
        Tensor z = makeNumbers(DType::F32, {rows, experts}, 3);
        auto expected = plain.run({z});
        ASSERT_TRUE(expected);
        for (uint32_t seed : {0u, 1u, 2u}) {
          auto got = fused.run({z}, seed, /*hostThreads=*/1 + seed % 2);
          ASSERT_TRUE(got);
          for (int64_t i = 0; i < rows * 4; ++i) {
            EXPECT_EQ((*got)[0].integer(i), (*expected)[0].integer(i));
            EXPECT_EQ((*got)[1].real(i), (*expected)[1].real(i));
          }
        }
      }
    }
}

} // namespace
} // namespace moec
