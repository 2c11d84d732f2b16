//===- AlongAxisTests.cpp - Running sums and orders ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled tile.scan and tile.sort against loops and sorts of the standard
// library, along every axis of a tensor with three.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "Storage.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace moec::test;

namespace {

class AlongAxisTest : public testing::TestWithParam<std::string> {
protected:
  std::unique_ptr<CompiledModule> compile(const std::string &from, const std::string &to,
                                          const std::string &body) {
    return CompiledModule::create(
        "func.func @run(%parts: index, %x: memref<?x?x?x" + from + ">, %y: memref<?x?x?x" + to +
            ">) attributes {llvm.emit_c_interface} {\n" + body + "\n  return\n}\n",
        GetParam());
  }
};

using Sizes = std::array<int64_t, 3>;
const Sizes shapes[] = {{3, 5, 7}, {1, 40, 33}, {2, 1, 19}, {4, 0, 3}, {0, 4, 3}};

/// Calls `visit` with the positions of the elements of each line along `axis`.
template <typename Visit>
void forLines(const Sizes &sizes, int axis, Visit visit) {
  int64_t stride = 1;
  for (int d = 2; d > axis; --d)
    stride *= sizes[d];
  int64_t count = sizes[0] * sizes[1] * sizes[2];
  if (count == 0)
    return;
  std::vector<int64_t> line(sizes[axis]);
  for (int64_t first = 0; first < count; ++first) {
    if (first / stride % sizes[axis] != 0)
      continue;
    for (int64_t i = 0; i < sizes[axis]; ++i)
      line[i] = first + i * stride;
    visit(line);
  }
}

TEST_P(AlongAxisTest, ScanAddsOneAfterTheOther) {
  for (std::string type : {"f32", "f16", "bf16"})
    for (int axis : {0, 1, 2})
      for (bool exclusive : {false, true})
        for (bool reverse : {false, true}) {
          std::string types = "memref<?x?x?x" + type + ">";
          auto module =
              compile(type, type,
                      "tile.scan rows(%x : " + types + ") outs(%y : " + types +
                          ") {axis = " + std::to_string(axis) + " : i64" +
                          (exclusive ? ", exclusive" : "") + (reverse ? ", reverse" : "") + "}");
          ASSERT_TRUE(module);
          for (const Sizes &sizes : shapes) {
            size_t count = sizes[0] * sizes[1] * sizes[2];
            Sequence sequence(count + axis);
            Storage from(type, count), to(type, count + 16, 3);
            for (size_t i = 0; i < count; ++i)
              from.set(i, sequence.number());
            MemRef<3> x(from.data(), sizes), y(to.data(), sizes);
            module->run("run", 3, &x, &y);
            forLines(sizes, axis, [&](std::vector<int64_t> line) {
              if (reverse)
                std::reverse(line.begin(), line.end());
              float sum = 0;
              for (int64_t place : line) {
                float before = sum;
                sum += from.get(place);
                ASSERT_EQ(to.bits(place), toBits(exclusive ? before : sum, type))
                    << type << ", axis " << axis << ", place " << place;
              }
            });
            for (size_t guard = count; guard < to.size(); ++guard)
              ASSERT_EQ(to.get(guard), 3) << "written beyond the end";
          }
        }
}

TEST_P(AlongAxisTest, ScanOfIntegersWrapsAround) {
  auto module = compile("i64", "i64",
                        "tile.scan rows(%x : memref<?x?x?xi64>) outs(%y : memref<?x?x?xi64>) "
                        "{axis = 1 : i64}");
  ASSERT_TRUE(module);
  std::vector<int64_t> from = {std::numeric_limits<int64_t>::max(), 1, 5}, to(3);
  MemRef<3> x(from.data(), {1, 3, 1}), y(to.data(), {1, 3, 1});
  module->run("run", 1, &x, &y);
  int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(to, (std::vector<int64_t>{from[0], lowest, lowest + 5}));
}

/// Keys with ties, signed zeros, infinities and NaN.
float specialKey(Sequence &sequence) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, infinity, -infinity, std::nanf("")};
  uint32_t kind = sequence.next() % 10;
  return kind < 7 ? values[kind] : sequence.number();
}

TEST_P(AlongAxisTest, SortIsStable) {
  for (std::string type : {"f32", "bf16"})
    for (int axis : {0, 1, 2})
      for (bool descending : {false, true}) {
        std::string keys = "memref<?x?x?x" + type + ">";
        auto module = compile(type, "i64",
                              "tile.sort keys(%x : " + keys +
                                  ") outs(%y : memref<?x?x?xi64>) {axis = " + std::to_string(axis) +
                                  " : i64" + (descending ? ", descending" : "") + "}");
        ASSERT_TRUE(module);
        for (const Sizes &sizes : shapes) {
          size_t count = sizes[0] * sizes[1] * sizes[2];
          Sequence sequence(count + axis + 1);
          Storage from(type, count);
          std::vector<int64_t> order(count + 1, -7);
          for (size_t i = 0; i < count; ++i)
            from.set(i, specialKey(sequence));
          MemRef<3> x(from.data(), sizes), y(order.data(), sizes);
          module->run("run", 3, &x, &y);
          forLines(sizes, axis, [&](const std::vector<int64_t> &line) {
            // NaN comes last.
            auto precedes = [&](int64_t lhs, int64_t rhs) {
              float left = from.get(line[lhs]), right = from.get(line[rhs]);
              if (std::isnan(left) || std::isnan(right))
                return !std::isnan(left) && std::isnan(right);
              return descending ? left > right : left < right;
            };
            std::vector<int64_t> expected(line.size());
            std::iota(expected.begin(), expected.end(), 0);
            std::stable_sort(expected.begin(), expected.end(), precedes);
            for (size_t i = 0; i < line.size(); ++i)
              ASSERT_EQ(order[line[i]], expected[i])
                  << type << ", axis " << axis << ", place " << line[i];
          });
          ASSERT_EQ(order[count], -7) << "written beyond the end";
        }
      }
}

TEST_P(AlongAxisTest, SortKnowsSigns) {
  for (bool isUnsigned : {false, true}) {
    auto module = compile("i8", "i64",
                          std::string("tile.sort keys(%x : memref<?x?x?xi8>) outs(%y : "
                                      "memref<?x?x?xi64>) {axis = 2 : i64") +
                              (isUnsigned ? ", unsigned_keys}" : "}"));
    ASSERT_TRUE(module);
    std::vector<int8_t> keys = {5, -1, 0, -128, 127};
    std::vector<int64_t> order(5);
    MemRef<3> x(keys.data(), {1, 1, 5}), y(order.data(), {1, 1, 5});
    module->run("run", 1, &x, &y);
    EXPECT_EQ(order, isUnsigned ? (std::vector<int64_t>{2, 0, 4, 3, 1})
                                : (std::vector<int64_t>{3, 1, 2, 0, 4}));
  }
}

INSTANTIATE_TEST_SUITE_P(AllLevels, AlongAxisTest, testing::ValuesIn(getLevelsOfThisCpu()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return info.param;
                         });

} // namespace
