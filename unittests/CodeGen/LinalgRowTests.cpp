//===- LinalgRowTests.cpp - Kernels of linalg ops against loops -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Every kernel runs at every level of this processor, as one call and as one
// call per unit; all results must agree in every bit with each other and with a
// plain loop that adds in the documented order.
//
//===----------------------------------------------------------------------===//

#include "unittests/CodeGen/CompiledRows.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <functional>

namespace moec {
namespace {

const int64_t lengths[] = {0, 1, 15, 16, 17, 31, 33, 1000};
constexpr int64_t rows = 3;

std::vector<float> makeFloats(int64_t count, uint32_t seed = 1) {
  std::vector<float> values(count);
  for (float &value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<int32_t>(seed >> 8) / 4194304.0f - 2.0f;
  }
  return values;
}

template <typename T>
::testing::AssertionResult sameBits(const std::vector<T> &got, const std::vector<T> &expected) {
  for (size_t i = 0; i < got.size(); ++i)
    if (std::memcmp(&got[i], &expected[i], sizeof(T)) != 0)
      return ::testing::AssertionFailure()
             << "at " << i << ": " << +got[i] << " instead of " << +expected[i];
  return ::testing::AssertionSuccess();
}

/// The documented order: 16 partial results, then a tree, then the initial value.
template <typename T>
T reduceRow(const T *row, int64_t length, T init, T identity, std::function<T(T, T)> combine) {
  std::array<T, 16> partials;
  partials.fill(identity);
  for (int64_t i = 0; i < length; ++i)
    partials[i % 16] = combine(partials[i % 16], row[i]);
  for (int half = 8; half >= 1; half /= 2)
    for (int i = 0; i < half; ++i)
      partials[i] = combine(partials[i], partials[i + half]);
  return combine(init, partials[0]);
}

std::string reductionText(const std::string &type, const std::string &op) {
  return R"mlir(
    func.func @host(%x: memref<?x?xTYPE>, %y: memref<?xTYPE>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                      iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x?xTYPE>) outs(%y : memref<?xTYPE>) {
      ^bb0(%a: TYPE, %o: TYPE):
        %s = OP %o, %a : TYPE
        linalg.yield %s : TYPE
      }
      return
    })mlir";
}

std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

template <typename T>
void testReduction(const std::string &type, const std::string &op, T init, T identity,
                   std::function<T(T, T)> combine) {
  CompiledRows code(replaceAll(replaceAll(reductionText(type, op), "TYPE", type), "OP", op));
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> source = makeFloats(rows * length);
    std::vector<T> x(source.size());
    for (size_t i = 0; i < x.size(); ++i)
      // Through i64: a float out of the range of T has no conversion to it.
      x[i] = std::is_integral_v<T> ? static_cast<T>(static_cast<int64_t>(source[i] * 1e6f))
                                   : static_cast<T>(source[i]);
    std::vector<T> expected(rows);
    for (int64_t row = 0; row < rows; ++row)
      expected[row] = reduceRow<T>(x.data() + row * length, length, init, identity, combine);
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        SCOPED_TRACE(op + " of " + std::to_string(length) + " at " + level);
        std::vector<T> y(rows, init);
        code.run(level, split, Memref<T, 2>(x.data(), {rows, length}),
                 Memref<T, 1>(y.data(), {rows}));
        EXPECT_TRUE(sameBits(y, expected));
      }
  }
}

TEST(RowKernels, SumsOfRows) {
  testReduction<float>("f32", "arith.addf", 0.5f, 0.0f, [](float a, float b) { return a + b; });
  testReduction<double>("f64", "arith.addf", 0.5, 0.0, [](double a, double b) { return a + b; });
}

TEST(RowKernels, OtherReductionsOfRows) {
  testReduction<float>("f32", "arith.mulf", 2.0f, 1.0f, [](float a, float b) { return a * b; });
  testReduction<float>("f32", "arith.maximumf", -1.5f, -INFINITY,
                       [](float a, float b) { return std::max(a, b); });
  testReduction<float>("f32", "arith.minnumf", 1.5f, INFINITY,
                       [](float a, float b) { return std::min(a, b); });
  testReduction<int32_t>("i32", "arith.maxsi", -5, INT32_MIN,
                         [](int32_t a, int32_t b) { return std::max(a, b); });
  testReduction<int64_t>("i64", "arith.addi", 7, 0, [](int64_t a, int64_t b) { return a + b; });
  testReduction<int8_t>("i8", "arith.ori", 1, 0, [](int8_t a, int8_t b) { return int8_t(a | b); });
}

TEST(RowKernels, ExtremesOfNumbersLeaveOutNaN) {
  for (bool isMaximum : {true, false}) {
    CompiledRows code(std::string(R"mlir(
      func.func @host(%x: memref<?x?xf32>, %y: memref<?xf32>) {
        linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                        iterator_types = ["parallel", "reduction"]}
            ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
        ^bb0(%a: f32, %o: f32):
          %s = arith.)mlir") +
                      (isMaximum ? "maxnumf" : "minnumf") + R"mlir( %o, %a : f32
          linalg.yield %s : f32
        }
        return
      })mlir");
    ASSERT_FALSE(code.getLevels().empty());
    const float outer = isMaximum ? -INFINITY : INFINITY;
    for (int64_t length : {1, 16, 40}) {
      // Numbers between NaN, NaN alone, infinities.
      std::vector<float> x(3 * length, NAN);
      for (int64_t i = 0; i < length; i += 3)
        x[i] = i - 20.0f;
      for (int64_t i = 0; i < length; ++i)
        x[2 * length + i] = outer;
      float last = (length - 1) / 3 * 3 - 20.0f;
      for (const std::string &level : code.getLevels()) {
        std::vector<float> y(3, outer);
        code.run(level, false, Memref<float, 2>(x.data(), {3, length}),
                 Memref<float, 1>(y.data(), {3}));
        EXPECT_EQ(y, (std::vector<float>{isMaximum ? last : -20.0f, outer, outer}))
            << length << " at " << level;
      }
    }
  }
}

TEST(RowKernels, ReductionOfStridedRowsAddsInTheSameOrder) {
  // The innermost stride is 2: elements are loaded one by one, the rest of a row too.
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?x2xf32>, %y: memref<?xf32>) {
      %n = arith.constant 0 : index
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c, 1)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r)>],
                      iterator_types = ["parallel", "reduction"]}
          ins(%x, %y : memref<?x?x2xf32>, memref<?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %s = arith.addf %o, %a : f32
        linalg.yield %s : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(rows * length * 2), expected, plain(length);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = 0; i < length; ++i)
        plain[i] = x[(row * length + i) * 2 + 1];
      expected.push_back(reduceRow<float>(plain.data(), length, 0.5f, 0.0f,
                                          [](float a, float b) { return a + b; }));
    }
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> y(rows, 0.5f);
        code.run(level, split, Memref<float, 3>(x.data(), {rows, length, 2}),
                 Memref<float, 1>(y.data(), {rows}));
        EXPECT_TRUE(sameBits(y, expected)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, SumsOfColumnsAddRowByRow) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xf32>, %y: memref<?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(c, r) -> (r, c)>, affine_map<(c, r) -> (c)>],
                      iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %o: f32):
        %q = arith.mulf %a, %a : f32
        %s = arith.addf %o, %q : f32
        linalg.yield %s : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(rows * length), expected(length, 0.25f);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t i = 0; i < length; ++i) {
        float square = x[row * length + i] * x[row * length + i];
        expected[i] = expected[i] + square;
      }
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> y(length, 0.25f);
        code.run(level, split, Memref<float, 2>(x.data(), {rows, length}),
                 Memref<float, 1>(y.data(), {length}));
        EXPECT_TRUE(sameBits(y, expected)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, NarrowFloatsAreReducedInF32) {
  // In bf16 a running sum would stop growing at 256.
  CompiledRows code(replaceAll(replaceAll(reductionText("bf16", "arith.addf"), "TYPE", "bf16"),
                               "OP", "arith.addf"));
  ASSERT_FALSE(code.getLevels().empty());
  for (const std::string &level : code.getLevels()) {
    std::vector<uint16_t> x(1024 * rows, 0x3f80), y(rows, 0x4180); // ones; 16
    code.run(level, true, Memref<uint16_t, 2>(x.data(), {rows, 1024}),
             Memref<uint16_t, 1>(y.data(), {rows}));
    EXPECT_TRUE(sameBits(y, std::vector<uint16_t>(rows, 0x4482))) << level; // 1040
  }
}

TEST(RowKernels, UnitsCountThroughTwoDimensions) {
  // Both dimensions are cut, and their indices are those of the whole.
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xi32>, %y: memref<?x?x5xi32>) {
      linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (b, a)>, affine_map<(a, b, c) -> (a, b, c)>],
                      iterator_types = ["parallel", "parallel", "parallel"]}
          ins(%x : memref<?x?xi32>) outs(%y : memref<?x?x5xi32>) {
      ^bb0(%v: i32, %o: i32):
        %a = linalg.index 0 : index
        %b = linalg.index 1 : index
        %hundred = arith.constant 100 : index
        %scaled = arith.muli %a, %hundred : index
        %at = arith.addi %scaled, %b : index
        %number = arith.index_cast %at : index to i32
        %s = arith.addi %v, %number : i32
        linalg.yield %s : i32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t batch : {0, 1, 3})
    for (int64_t length : {0, 1, 7}) {
      std::vector<int32_t> x, expected;
      for (int64_t i = 0; i < batch * length; ++i)
        x.push_back(int32_t(7000 * i));
      for (int64_t a = 0; a < batch; ++a)
        for (int64_t b = 0; b < length; ++b)
          expected.insert(expected.end(), 5, int32_t(7000 * (b * batch + a) + 100 * a + b));
      for (const std::string &level : code.getLevels())
        for (bool split : {false, true}) {
          std::vector<int32_t> y(expected.size(), -1);
          code.run(level, split, Memref<int32_t, 2>(x.data(), {length, batch}),
                   Memref<int32_t, 3>(y.data(), {batch, length, 5}));
          EXPECT_TRUE(sameBits(y, expected)) << level << " " << batch << " " << length;
        }
    }
}

TEST(RowKernels, ArgMaxOnScalars) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xf32>, %v: memref<?xf32>, %at: memref<?xi64>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r)>],
                      iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x?xf32>) outs(%v, %at : memref<?xf32>, memref<?xi64>) {
      ^bb0(%a: f32, %best: f32, %where: i64):
        %i = linalg.index 1 : index
        %c = arith.index_cast %i : index to i64
        %g = arith.cmpf ogt, %a, %best : f32
        %s = arith.select %g, %a, %best : f32
        %t = arith.select %g, %c, %where : i64
        linalg.yield %s, %t : f32, i64
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  std::vector<float> x = makeFloats(rows * 100);
  for (const std::string &level : code.getLevels()) {
    std::vector<float> v(rows, -INFINITY);
    std::vector<int64_t> at(rows, -1);
    code.run(level, true, Memref<float, 2>(x.data(), {rows, 100}),
             Memref<float, 1>(v.data(), {rows}), Memref<int64_t, 1>(at.data(), {rows}));
    for (int64_t row = 0; row < rows; ++row)
      EXPECT_EQ(at[row], std::max_element(x.begin() + row * 100, x.begin() + row * 100 + 100) -
                             (x.begin() + row * 100));
  }
}

TEST(RowKernels, ElementwiseWithRowAndColumnOperands) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xf32>, %r: memref<?xf32>, %c: memref<?xf32>, %y: memref<?x?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>,
                                       affine_map<(r, c) -> (c)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%x, %r, %c : memref<?x?xf32>, memref<?xf32>, memref<?xf32>) outs(%y : memref<?x?xf32>) {
      ^bb0(%a: f32, %p: f32, %q: f32, %o: f32):
        %two = arith.constant 2.0 : f32
        %t = arith.mulf %p, %two : f32
        %m = arith.mulf %a, %t : f32
        %s = arith.addf %m, %q : f32
        linalg.yield %s : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(rows * length), r = makeFloats(rows, 2),
                       c = makeFloats(length, 3), expected;
    for (int64_t i = 0; i < rows * length; ++i) {
      float product = x[i] * (r[i / length] * 2.0f);
      expected.push_back(product + c[i % length]);
    }
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> y(rows * length + 16, 99.0f), padded = expected;
        padded.resize(y.size(), 99.0f); // nothing beyond the end is written
        code.run(level, split, Memref<float, 2>(x.data(), {rows, length}),
                 Memref<float, 1>(r.data(), {rows}), Memref<float, 1>(c.data(), {length}),
                 Memref<float, 2>(y.data(), {rows, length}));
        EXPECT_TRUE(sameBits(y, padded)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, GathersRowsAndElements) {
  CompiledRows code(R"mlir(
    func.func @host(%table: memref<?x?xf32>, %ids: memref<?xi64>, %order: memref<?xi32>, %y: memref<?x?xf32>,
                    %z: memref<?x?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%ids : memref<?xi64>) outs(%y : memref<?x?xf32>) {
      ^bb0(%id: i64, %o: f32):
        %row = arith.index_cast %id : i64 to index
        %column = linalg.index 1 : index
        %v = memref.load %table[%row, %column] : memref<?x?xf32>
        linalg.yield %v : f32
      }
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (c)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%order : memref<?xi32>) outs(%z : memref<?x?xf32>) {
      ^bb0(%c: i32, %o: f32):
        %row = linalg.index 0 : index
        %column = arith.index_cast %c : i32 to index
        %v = memref.load %table[%row, %column] : memref<?x?xf32>
        linalg.yield %v : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> table = makeFloats(rows * length), y(2 * length), z(rows * length);
    std::vector<int64_t> ids{2, 0};
    std::vector<int32_t> order;
    for (int64_t i = 0; i < length; ++i)
      order.push_back(static_cast<int32_t>(length - 1 - i));
    std::vector<float> rowsOf, reversed;
    for (int64_t i = 0; i < 2 * length; ++i)
      rowsOf.push_back(table[ids[i / length] * length + i % length]);
    for (int64_t i = 0; i < rows * length; ++i)
      reversed.push_back(table[i / length * length + length - 1 - i % length]);
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        code.run(level, split, Memref<float, 2>(table.data(), {rows, length}),
                 Memref<int64_t, 1>(ids.data(), {2}), Memref<int32_t, 1>(order.data(), {length}),
                 Memref<float, 2>(y.data(), {2, length}),
                 Memref<float, 2>(z.data(), {rows, length}));
        EXPECT_TRUE(sameBits(y, rowsOf)) << length << " at " << level;
        EXPECT_TRUE(sameBits(z, reversed)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, MasksOfIndicesAndBooleans) {
  // Row r keeps columns up to r where keep is true; -1 elsewhere, and which.
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xi64>, %keep: memref<?xi1>, %y: memref<?x?xi64>, %which: memref<?x?xi1>) {
      linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (c)>,
                                       affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%x, %keep : memref<?x?xi64>, memref<?xi1>) outs(%y, %which : memref<?x?xi64>, memref<?x?xi1>) {
      ^bb0(%a: i64, %k: i1, %o: i64, %w: i1):
        %r = linalg.index 0 : index
        %c = linalg.index 1 : index
        %none = arith.constant -1 : i64
        %below = arith.cmpi ule, %c, %r : index
        %is = arith.andi %below, %k : i1
        %v = arith.select %is, %a, %none : i64
        linalg.yield %v, %is : i64, i1
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : {0, 1, 16, 33}) {
    std::vector<int64_t> x(length * length), expected(length * length);
    std::vector<uint8_t> keep(length), kept(length * length);
    for (int64_t i = 0; i < length; ++i)
      keep[i] = i % 3 != 1;
    for (int64_t i = 0; i < length * length; ++i) {
      x[i] = i * 1000000007;
      kept[i] = i % length <= i / length && keep[i % length];
      expected[i] = kept[i] ? x[i] : -1;
    }
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<int64_t> y(length * length);
        std::vector<uint8_t> which(length * length, 7);
        code.run(level, split, Memref<int64_t, 2>(x.data(), {length, length}),
                 Memref<uint8_t, 1>(keep.data(), {length}),
                 Memref<int64_t, 2>(y.data(), {length, length}),
                 Memref<uint8_t, 2>(which.data(), {length, length}));
        EXPECT_TRUE(sameBits(y, expected)) << length << " at " << level;
        EXPECT_TRUE(sameBits(which, kept)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, IntegerDivisionNeverMeetsMaskedZeros) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?xi32>, %d: memref<?xi32>, %y: memref<?xi32>) {
      linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> (c)>, affine_map<(c) -> (c)>],
                      iterator_types = ["parallel"]}
          ins(%x, %d : memref<?xi32>, memref<?xi32>) outs(%y : memref<?xi32>) {
      ^bb0(%a: i32, %b: i32, %o: i32):
        %v = arith.divsi %a, %b : i32
        linalg.yield %v : i32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : {0, 1, 16, 33, 2500}) {
    std::vector<int32_t> x(length), d(length), y(length), expected(length);
    for (int64_t i = 0; i < length; ++i) {
      x[i] = static_cast<int32_t>(i * 977 - 5000);
      d[i] = static_cast<int32_t>(i % 7 + 1);
      expected[i] = x[i] / d[i];
    }
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        code.run(level, split, Memref<int32_t, 1>(x.data(), {length}),
                 Memref<int32_t, 1>(d.data(), {length}), Memref<int32_t, 1>(y.data(), {length}));
        EXPECT_TRUE(sameBits(y, expected)) << length << " at " << level;
      }
  }
}

TEST(RowKernels, CopiesTransposesAndFills) {
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?xf32>, %copy: memref<?x?xf32>, %turned: memref<?x?xf32>, %ones: memref<?xf32>) {
      %one = arith.constant 1.0 : f32
      memref.copy %x, %copy : memref<?x?xf32> to memref<?x?xf32>
      linalg.transpose ins(%x : memref<?x?xf32>) outs(%turned : memref<?x?xf32>) permutation = [1, 0]
      linalg.fill ins(%one : f32) outs(%ones : memref<?xf32>)
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(20 * length), turned(20 * length);
    for (int64_t i = 0; i < 20 * length; ++i)
      turned[i % length * 20 + i / length] = x[i];
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> copy(20 * length), y(20 * length), ones(length);
        code.run(level, split, Memref<float, 2>(x.data(), {20, length}),
                 Memref<float, 2>(copy.data(), {20, length}),
                 Memref<float, 2>(y.data(), {length, 20}), Memref<float, 1>(ones.data(), {length}));
        EXPECT_TRUE(sameBits(copy, x)) << length << " at " << level;
        EXPECT_TRUE(sameBits(y, turned)) << length << " at " << level;
        EXPECT_TRUE(sameBits(ones, std::vector<float>(length, 1.0f))) << length << " at " << level;
      }
  }
}

TEST(RowKernels, ScalarsAndShortRows) {
  CompiledRows code(R"mlir(
    func.func @host(%s: memref<f32>, %x: memref<?x2xf32>, %y: memref<?x2xf32>) {
      linalg.generic {indexing_maps = [affine_map<() -> ()>], iterator_types = []} outs(%s : memref<f32>) {
      ^bb0(%o: f32):
        %v = arith.addf %o, %o : f32
        linalg.yield %v : f32
      }
      linalg.generic {indexing_maps = [affine_map<(r, c) -> ()>, affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%s, %x : memref<f32>, memref<?x2xf32>) outs(%y : memref<?x2xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %v = arith.mulf %a, %b : f32
        linalg.yield %v : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (const std::string &level : code.getLevels())
    for (bool split : {false, true}) {
      std::vector<float> x = makeFloats(34), y(34), expected;
      for (float value : x)
        expected.push_back(3.0f * value);
      float scalar = 1.5f;
      code.run(level, split, Memref<float, 0>(&scalar, {}), Memref<float, 2>(x.data(), {17, 2}),
               Memref<float, 2>(y.data(), {17, 2}));
      EXPECT_EQ(scalar, 3.0f);
      EXPECT_TRUE(sameBits(y, expected)) << level;
    }
}

TEST(RowKernels, ReductionsOfTwoDimensionsAreNested) {
  // Sums over h and w of [n, h, w]: each row w by the tree, rows one after the other.
  CompiledRows code(R"mlir(
    func.func @host(%x: memref<?x?x?xf32>, %y: memref<?xf32>, %all: memref<f32>) {
      linalg.generic {indexing_maps = [affine_map<(n, h, w) -> (n, h, w)>, affine_map<(n, h, w) -> (n)>],
                      iterator_types = ["parallel", "reduction", "reduction"]}
          ins(%x : memref<?x?x?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %o: f32):
        %v = arith.addf %o, %a : f32
        linalg.yield %v : f32
      }
      linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
          ins(%y : memref<?xf32>) outs(%all : memref<f32>) {
      ^bb0(%a: f32, %o: f32):
        %v = arith.addf %o, %a : f32
        linalg.yield %v : f32
      }
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  auto add = [](float a, float b) { return a + b; };
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(rows * 4 * length), expected(rows);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t h = 0; h < 4; ++h)
        expected[row] =
            reduceRow<float>(x.data() + (row * 4 + h) * length, length, expected[row], 0.0f, add);
    float total = reduceRow<float>(expected.data(), rows, 0.0f, 0.0f, add);
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> y(rows);
        float all = 0;
        code.run(level, split, Memref<float, 3>(x.data(), {rows, 4, length}),
                 Memref<float, 1>(y.data(), {rows}), Memref<float, 0>(&all, {}));
        EXPECT_TRUE(sameBits(y, expected)) << length << " at " << level;
        EXPECT_EQ(all, total) << length << " at " << level;
      }
  }
}

TEST(RowKernels, SoftmaxOfTensors) {
  CompiledRows code(R"mlir(
    func.func @host(%m: memref<?x?xf32>, %y: memref<?x?xf32>) {
      %x = bufferization.to_tensor %m restrict : memref<?x?xf32> to tensor<?x?xf32>
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %r = tensor.dim %x, %c0 : tensor<?x?xf32>
      %c = tensor.dim %x, %c1 : tensor<?x?xf32>
      %e = tensor.empty(%r, %c) : tensor<?x?xf32>
      %s = linalg.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
      bufferization.materialize_in_destination %s in restrict writable %y : (tensor<?x?xf32>, memref<?x?xf32>) -> ()
      return
    })mlir");
  ASSERT_FALSE(code.getLevels().empty());
  for (int64_t length : lengths) {
    std::vector<float> x = makeFloats(rows * length), first;
    for (float &value : x)
      value *= 20;
    if (length > 1)
      x[0] = -INFINITY; // a masked position
    for (const std::string &level : code.getLevels())
      for (bool split : {false, true}) {
        std::vector<float> y(rows * length);
        code.run(level, split, Memref<float, 2>(x.data(), {rows, length}),
                 Memref<float, 2>(y.data(), {rows, length}));
        for (int64_t row = 0; row < rows; ++row) {
          const float *in = x.data() + row * length;
          double top = -INFINITY, sum = 0;
          for (int64_t i = 0; i < length; ++i)
            top = std::max<double>(top, in[i]);
          for (int64_t i = 0; i < length; ++i)
            sum += std::exp(in[i] - top);
          for (int64_t i = 0; i < length; ++i)
            EXPECT_NEAR(y[row * length + i], std::exp(in[i] - top) / sum, 1e-6);
        }
        if (level == "v2")
          continue;
        if (first.empty())
          first = y;
        EXPECT_TRUE(sameBits(y, first)) << length << " at " << level;
      }
  }
}

} // namespace
} // namespace moec
