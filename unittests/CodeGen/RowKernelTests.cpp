//===- RowKernelTests.cpp - Selection, bucketing, gathers, scatters -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled row kernels against sorts and sums of the standard library.
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

class RowKernelTest : public testing::TestWithParam<std::string> {
protected:
  std::unique_ptr<CompiledModule> compile(const std::string &arguments, const std::string &body) {
    return CompiledModule::create("func.func @run(%parts: index, " + arguments +
                                      ") attributes {llvm.emit_c_interface} {\n" + body +
                                      "\n  return\n}\n",
                                  GetParam());
  }
};

/// Keys with ties, signed zeros, infinities and NaN.
float specialKey(Sequence &sequence) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f,      -0.0f,         1.0f,           -1.0f,  infinity,
                          -infinity, std::nanf(""), -std::nanf(""), 1e-40f, -1e-40f};
  uint32_t kind = sequence.next() % 14;
  return kind < 10 ? values[kind] : sequence.number();
}

/// The columns of a row by descending entry, NaN last, equal ones by `lowerFirst`.
std::vector<int32_t> sortedColumns(const std::vector<float> &row, bool lowerFirst) {
  std::vector<int32_t> columns(row.size());
  std::iota(columns.begin(), columns.end(), 0);
  if (!lowerFirst)
    std::reverse(columns.begin(), columns.end());
  std::stable_sort(columns.begin(), columns.end(), [&](int32_t lhs, int32_t rhs) {
    if (std::isnan(row[lhs]) || std::isnan(row[rhs]))
      return !std::isnan(row[lhs]) && std::isnan(row[rhs]);
    return row[lhs] > row[rhs];
  });
  return columns;
}

/// Rows of which a vector of entries has one that is better, many, or none.
enum class Rows { Special, Rising, Falling, Equal, NaN };

void fillRows(Storage &keys, int64_t columns, Rows how, Sequence &sequence) {
  for (size_t i = 0; i < keys.size(); ++i) {
    float column = i % columns;
    keys.set(i, how == Rows::Special  ? specialKey(sequence)
                : how == Rows::Rising ? column / 8
                : how == Rows::Equal  ? 1.5f
                : how == Rows::NaN    ? std::nanf("")
                                      : -column / 8);
  }
}

TEST_P(RowKernelTest, SelectEqualsStableSort) {
  for (std::string type : {"f32", "f16", "bf16"})
    for (bool lowerFirst : {true, false})
      for (bool hasSource : {true, false}) {
        std::string keyType = "memref<?x?x" + type + ">";
        std::string valueType = hasSource ? "memref<?x?xf32>" : keyType;
        auto module = compile(
            "%z: " + keyType + ", %s: memref<?x?xf32>, %i: memref<?x?xi32>, %v: " + valueType,
            "tile.select keys(%z : " + keyType + ") " +
                (hasSource ? "source(%s : memref<?x?xf32>) " : "") +
                "outs(%i : memref<?x?xi32>, %v : " + valueType + ") {tie = #tile.tie<" +
                (lowerFirst ? "lower_index" : "higher_index") + ">}");
        ASSERT_TRUE(module);
        // No choice, all columns; less than a vector, whole ones and a rest behind the first k.
        for (auto [columns, k] :
             {std::pair(8, 2), std::pair(1, 1), std::pair(9, 9), std::pair(5, 0), std::pair(128, 8),
              std::pair(300, 50), std::pair(66, 2), std::pair(64, 64), std::pair(40, 39)})
          for (Rows how : {Rows::Special, Rows::Rising, Rows::Falling, Rows::Equal, Rows::NaN})
            for (int64_t rows : {0, 1, 37}) {
              Sequence sequence(columns);
              Storage keys(type, rows * columns), source("f32", rows * columns);
              Storage chosen(hasSource ? "f32" : type, rows * k + 1);
              std::vector<int32_t> numbers(rows * k + 1, -7);
              fillRows(keys, columns, how, sequence);
              for (size_t i = 0; i < source.size(); ++i)
                source.set(i, sequence.number());
              chosen.set(rows * k, -7);
              MemRef<2> z(keys.data(), {rows, columns}), s(source.data(), {rows, columns}),
                  i(numbers.data(), {rows, k}), v(chosen.data(), {rows, k});
              module->run("run", 3, &z, &s, &i, &v);
              for (int64_t row = 0; row < rows; ++row) {
                std::vector<float> entries;
                for (int64_t column = 0; column < columns; ++column)
                  entries.push_back(keys.get(row * columns + column));
                std::vector<int32_t> expected = sortedColumns(entries, lowerFirst);
                for (int64_t j = 0; j < k; ++j) {
                  ASSERT_EQ(numbers[row * k + j], expected[j])
                      << type << ", " << k << " of " << columns << ", row " << row << ", choice "
                      << j;
                  int64_t place = row * columns + expected[j];
                  ASSERT_EQ(chosen.bits(row * k + j),
                            hasSource ? source.bits(place) : keys.bits(place));
                }
              }
              ASSERT_EQ(numbers[rows * k], -7) << "written beyond the end";
              ASSERT_EQ(chosen.get(rows * k), -7) << "written beyond the end";
            }
      }
}

/// Columns of a transposed matrix, which no vector load reads.
TEST_P(RowKernelTest, SelectOfStridedRows) {
  auto module = compile(
      "%z: memref<?x?xf32>, %i: memref<?x3xi32>, %v: memref<?x3xf32>",
      "%t = memref.transpose %z (i, j) -> (j, i) : memref<?x?xf32> to memref<?x?xf32, strided<[1, "
      "?]>>\n"
      "tile.select keys(%t : memref<?x?xf32, strided<[1, ?]>>) outs(%i : memref<?x3xi32>, %v : "
      "memref<?x3xf32>) {tie = #tile.tie<lower_index>}");
  ASSERT_TRUE(module);
  constexpr int64_t rows = 4, columns = 53;
  Sequence sequence(5);
  std::vector<float> keys(columns * rows), chosen(rows * 3);
  std::vector<int32_t> numbers(rows * 3);
  for (float &key : keys)
    key = specialKey(sequence);
  MemRef<2> z(keys.data(), {columns, rows}), i(numbers.data(), {rows, 3}),
      v(chosen.data(), {rows, 3});
  module->run("run", 2, &z, &i, &v);
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<float> entries;
    for (int64_t column = 0; column < columns; ++column)
      entries.push_back(keys[column * rows + row]);
    std::vector<int32_t> expected = sortedColumns(entries, /*lowerFirst=*/true);
    for (int64_t j = 0; j < 3; ++j)
      ASSERT_EQ(numbers[row * 3 + j], expected[j]);
  }
}

/// More is asked for than a row has: its columns are in order, nothing else is read.
TEST_P(RowKernelTest, SelectOfShortRows) {
  auto module = compile("%z: memref<?x?xf32>, %i: memref<?x4xi32>, %v: memref<?x4xf32>",
                        "tile.select keys(%z : memref<?x?xf32>) outs(%i : memref<?x4xi32>, %v : "
                        "memref<?x4xf32>) {tie = #tile.tie<lower_index>}");
  ASSERT_TRUE(module);
  std::vector<float> keys = {2, 3, 9, 1}, chosen(8);
  std::vector<int32_t> numbers(8);
  MemRef<2> z(keys.data(), {2, 2}), i(numbers.data(), {2, 4}), v(chosen.data(), {2, 4});
  module->run("run", 2, &z, &i, &v);
  EXPECT_EQ(numbers[0], 1);
  EXPECT_EQ(numbers[1], 0);
  EXPECT_EQ(numbers[4], 0);
  EXPECT_EQ(numbers[5], 1);
}

TEST_P(RowKernelTest, BucketIsStableSort) {
  auto module =
      compile("%k: memref<?x2xi32>, %o: memref<?xi32>, %s: memref<?xi32>, %p: memref<?x2xi32>",
              "tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<?xi32>, "
              "memref<?xi32>, memref<?x2xi32>)");
  ASSERT_TRUE(module);
  for (int64_t buckets : {1, 5, 300})
    for (int64_t rows : {0, 1, 64}) {
      Sequence sequence(rows + 1);
      std::vector<int32_t> keys(rows * 2), offsets(buckets + 1, -7), source(rows * 2, -7),
          places(rows * 2, -7);
      for (int32_t &key : keys) // some below, some beyond the buckets
        key = static_cast<int32_t>(sequence.next() % (buckets + 3)) - 1;
      if (rows > 1)
        keys[1] = std::numeric_limits<int32_t>::min();
      MemRef<2> k(keys.data(), {rows, 2}), p(places.data(), {rows, 2});
      MemRef<1> o(offsets.data(), {buckets + 1}), s(source.data(), {rows * 2});
      module->run("run", 1, &k, &o, &s, &p);

      std::vector<int32_t> entries;
      for (int64_t entry = 0; entry < rows * 2; ++entry)
        if (keys[entry] >= 0 && keys[entry] < buckets)
          entries.push_back(entry);
      std::stable_sort(entries.begin(), entries.end(),
                       [&](int32_t lhs, int32_t rhs) { return keys[lhs] < keys[rhs]; });
      std::vector<int32_t> expected(rows * 2, -1);
      for (size_t place = 0; place < entries.size(); ++place) {
        expected[entries[place]] = place;
        ASSERT_EQ(source[place], entries[place] / 2);
      }
      ASSERT_EQ(places, expected);
      for (int64_t bucket = 0; bucket <= buckets; ++bucket)
        ASSERT_EQ(offsets[bucket], std::count_if(entries.begin(), entries.end(),
                                                 [&](int32_t e) { return keys[e] < bucket; }));
    }
}

TEST_P(RowKernelTest, ScatterAddsInOrder) {
  auto module = compile("%u: memref<?x?xf32>, %p: memref<?xi64>, %o: memref<?x?xf32>",
                        "tile.scatter updates(%u : memref<?x?xf32>) places(%p : memref<?xi64>) "
                        "outs(%o : memref<?x?xf32>) {combine = #tile.combine<add>}");
  ASSERT_TRUE(module);
  // One column, less than a vector, vectors and a rest, more than one unit.
  for (int64_t columns : {1, 7, 41, 600})
    for (int64_t updates : {0, 1, 29}) {
      Sequence sequence(columns);
      std::vector<float> source(updates * columns), outs(5 * columns);
      std::vector<int64_t> places(updates);
      for (std::vector<float> *values : {&source, &outs})
        for (float &value : *values)
          value = sequence.number();
      for (int64_t &place : places) // the last row has none
        place = sequence.next() % 4;
      std::vector<float> expected = outs;
      for (int64_t i = 0; i < updates; ++i)
        for (int64_t column = 0; column < columns; ++column)
          expected[places[i] * columns + column] += source[i * columns + column];
      MemRef<2> u(source.data(), {updates, columns}), o(outs.data(), {5, columns});
      MemRef<1> p(places.data(), {updates});
      module->run("run", 3, &u, &p, &o);
      ASSERT_EQ(outs, expected) << columns << " columns, " << updates << " updates";
    }
}

TEST_P(RowKernelTest, CompactKeepsPositionsOfFlags) {
  auto module = compile("%f: memref<?xi8>, %o: memref<?xi64>",
                        "tile.compact flags(%f : memref<?xi8>) outs(%o : memref<?xi64>)");
  ASSERT_TRUE(module);
  for (int64_t count : {0, 1, 100}) {
    Sequence sequence(count + 1);
    std::vector<int8_t> flags(count);
    std::vector<int64_t> expected;
    for (int64_t i = 0; i < count; ++i)
      if ((flags[i] = sequence.next() % 2))
        expected.push_back(i);
    // What stands behind the result is not written.
    std::vector<int64_t> outs(expected.size() + 1, -7);
    MemRef<1> f(flags.data(), {count}), o(outs.data(), {static_cast<int64_t>(expected.size())});
    module->run("run", 1, &f, &o);
    expected.push_back(-7);
    ASSERT_EQ(outs, expected);
  }
}

TEST_P(RowKernelTest, WeightedGatherAddsInOrder) {
  struct Types {
    std::string rows, weights, outs, term;
  };
  for (const Types &types : std::vector<Types>{
           {"f32", "f32", "f32", ""}, {"bf16", "f32", "bf16", ""}, {"bf16", "bf16", "f32", "bf16"}})
    for (int64_t columns : {1, 16, 41}) {
      std::string rowType = "memref<?x?x" + types.rows + ">",
                  weightType = "memref<?x3x" + types.weights + ">",
                  outType = "memref<?x?x" + types.outs + ">";
      auto module = compile(
          "%r: " + rowType + ", %p: memref<?x3xi32>, %w: " + weightType + ", %o: " + outType,
          "tile.weighted_gather rows(%r : " + rowType +
              ") places(%p : memref<?x3xi32>) weights(%w : " + weightType + ") outs(%o : " +
              outType + ")" + (types.term.empty() ? "" : " {term = " + types.term + "}"));
      ASSERT_TRUE(module);
      for (int64_t tokens : {0, 1, 29}) {
        Sequence sequence(columns);
        Storage rows(types.rows, 11 * columns), weights(types.weights, tokens * 3),
            outs(types.outs, tokens * columns + 16, 3);
        std::vector<int32_t> places(tokens * 3);
        for (Storage *storage : {&rows, &weights})
          for (size_t i = 0; i < storage->size(); ++i)
            storage->set(i, sequence.number());
        for (int32_t &place : places)
          place = static_cast<int32_t>(sequence.next() % 12) - 1;
        MemRef<2> r(rows.data(), {11, columns}), p(places.data(), {tokens, 3}),
            w(weights.data(), {tokens, 3}), o(outs.data(), {tokens, columns});
        module->run("run", 4, &r, &p, &w, &o);
        for (int64_t token = 0; token < tokens; ++token)
          for (int64_t column = 0; column < columns; ++column) {
            float sum = 0;
            for (int64_t j = 0; j < 3; ++j) {
              int32_t place = places[token * 3 + j];
              if (place < 0)
                continue;
              float term = weights.get(token * 3 + j) * rows.get(place * columns + column);
              if (!types.term.empty())
                term = fromBits(toBits(term, types.term), types.term);
              sum += term;
            }
            ASSERT_EQ(outs.bits(token * columns + column), toBits(sum, types.outs))
                << "row " << token << ", column " << column << " of " << columns;
          }
        for (size_t guard = tokens * columns; guard < outs.size(); ++guard)
          ASSERT_EQ(outs.get(guard), 3) << "written beyond the last row";
      }
    }
}

INSTANTIATE_TEST_SUITE_P(AllLevels, RowKernelTest, testing::ValuesIn(getLevelsOfThisCpu()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return info.param;
                         });

} // namespace
