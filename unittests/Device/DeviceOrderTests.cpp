//===- DeviceOrderTests.cpp - Scans, sorts, scatters on a device -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `tile.scan`, `tile.sort`, `tile.scatter` and `tile.compact` against loops in the
// order that the ops document: every bit must agree.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

namespace moec {
namespace {

/// Calls `check` with the only result under several seeds.
void forEachRun(const DeviceProgram &program, const std::vector<Tensor> &arguments,
                const std::function<void(const Tensor &)> &check) {
  for (uint32_t seed : {0u, 1u, 2u}) {
    auto results = program.run(arguments, seed, /*hostThreads=*/1 + seed % 2);
    ASSERT_TRUE(results);
    ASSERT_NO_FATAL_FAILURE(check(results->front()));
  }
}

/// A program of one op on %x: ?x?xTYPE that makes a result of the same shape of `result`s.
std::string alongAxisText(const std::string &type, const std::string &result,
                          const std::string &op) {
  std::string from = "tensor<?x?x" + type + ">", to = "tensor<?x?x" + result + ">";
  return "func.func @main(%x: " + from + ") -> " + to +
         " attributes {rt.entry} {\n"
         "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
         "%m = tensor.dim %x, %c0 : " +
         from + "\n%n = tensor.dim %x, %c1 : " + from + "\n%o = tensor.empty(%m, %n) : " + to +
         "\n%r = " + op + " -> " + to + "\nreturn %r : " + to + "\n}\n";
}

/// The entries of a matrix that lie along `axis`, as many rows of them as there are.
std::vector<std::vector<int64_t>> entriesAlong(const Tensor &matrix, int64_t axis) {
  int64_t rows = matrix.dim(1 - axis), length = matrix.dim(axis);
  std::vector<std::vector<int64_t>> entries(rows, std::vector<int64_t>(length));
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < length; ++i)
      entries[row][i] = axis == 1 ? row * length + i : i * rows + row;
  return entries;
}

Tensor makeIntegers(DType type, std::vector<int64_t> shape, int64_t modulus) {
  Tensor tensor = *Tensor::create(type, shape);
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    tensor.setInteger(i, (i * 2654435761u >> 9) % modulus - modulus / 2);
  return tensor;
}

const std::pair<int64_t, int64_t> shapes[] = {{0, 3}, {3, 0}, {1, 1}, {3, 31}, {40, 33}, {2, 700}};

void expectScan(const Tensor &x, int64_t axis, bool isExclusive, bool isReverse,
                const Tensor &got) {
  for (std::vector<int64_t> &entries : entriesAlong(x, axis)) {
    if (isReverse)
      std::reverse(entries.begin(), entries.end());
    float sum = 0;
    int64_t total = 0;
    for (int64_t at : entries) {
      float before = sum;
      int64_t totalBefore = total;
      if (isReal(x.dtype())) {
        sum += static_cast<float>(x.real(at));
        ASSERT_EQ(got.real(at), roundTo(x.dtype(), isExclusive ? before : sum)) << "at " << at;
      } else {
        total += x.integer(at);
        int64_t expected = isExclusive ? totalBefore : total;
        ASSERT_EQ(got.integer(at),
                  x.dtype() == DType::I8 ? static_cast<int8_t>(expected) : expected)
            << "at " << at;
      }
    }
  }
}

TEST(DeviceOrder, Scan) {
  for (auto [type, name] : {std::pair(DType::F32, "f32"), std::pair(DType::BF16, "bf16"),
                            std::pair(DType::I64, "i64"), std::pair(DType::I8, "i8")})
    for (int64_t axis : {0, 1})
      for (auto [isExclusive, isReverse] : {std::pair(false, false), std::pair(true, true)}) {
        std::string matrix = "tensor<?x?x" + std::string(name) + ">";
        DeviceProgram program(alongAxisText(
            name, name,
            "tile.scan rows(%x : " + matrix + ") outs(%o : " + matrix +
                ") {axis = " + std::to_string(axis) + " : i64" +
                (isExclusive ? ", exclusive" : "") + (isReverse ? ", reverse" : "") + "}"));
        ASSERT_TRUE(program.isCompiled());
        if (axis == 1)
          program.expectAssembles();
        for (auto [rows, columns] : shapes) {
          Tensor x = isReal(type) ? makeNumbers(type, {rows, columns}, 3)
                                  : makeIntegers(type, {rows, columns}, 101);
          forEachRun(program, {x},
                     [&, axis = axis, e = isExclusive, r = isReverse](const Tensor &got) {
                       expectScan(x, axis, e, r, got);
                     });
        }
      }
}

TEST(DeviceOrder, ScanOfOtherRanks) {
  for (auto [type, name] : {std::pair(DType::F32, "f32"), std::pair(DType::I32, "i32")}) {
    std::string line = "tensor<?x" + std::string(name) + ">";
    std::string cube = "tensor<2x?x3x" + std::string(name) + ">";
    DeviceProgram program(
        "func.func @main(%x: " + line + ", %y: " + cube + ") -> (" + line + ", " + cube +
        ") attributes {rt.entry} {\n"
        "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
        "%n = tensor.dim %x, %c0 : " +
        line + "\n%m = tensor.dim %y, %c1 : " + cube + "\n%o = tensor.empty(%n) : " + line +
        "\n%p = tensor.empty(%m) : " + cube + "\n%r = tile.scan rows(%x : " + line +
        ") outs(%o : " + line + ") {axis = 0 : i64} -> " + line +
        "\n%s = tile.scan rows(%y : " + cube + ") outs(%p : " + cube + ") {axis = 1 : i64} -> " +
        cube + "\nreturn %r, %s : " + line + ", " + cube + "\n}\n");
    ASSERT_TRUE(program.isCompiled());
    auto fill = [type = type](std::vector<int64_t> shape) {
      Tensor tensor = *Tensor::create(type, shape);
      for (int64_t i = 0; i < tensor.numElements(); ++i)
        isReal(type) ? tensor.setReal(i, i % 7) : tensor.setInteger(i, i % 7);
      return tensor;
    };
    auto get = [](const Tensor &tensor, int64_t at) {
      return isReal(tensor.dtype()) ? tensor.real(at) : static_cast<double>(tensor.integer(at));
    };
    Tensor x = fill({100}), y = fill({2, 5, 3});
    auto results = program.run({x, y}, /*seed=*/1, /*hostThreads=*/2);
    ASSERT_TRUE(results);
    double sum = 0;
    for (int64_t i = 0; i < x.numElements(); ++i)
      ASSERT_EQ(get((*results)[0], i), sum += get(x, i));
    for (int64_t i = 0; i < y.numElements(); ++i)
      ASSERT_EQ(get((*results)[1], i), get(y, i) + (i % 15 < 3 ? 0 : get((*results)[1], i - 3)));
  }
}

TEST(DeviceOrder, Sort) {
  for (auto [type, name] :
       {std::pair(DType::F32, "f32"), std::pair(DType::F16, "f16"), std::pair(DType::I64, "i64")})
    for (int64_t axis : {0, 1})
      for (bool isDescending : {false, true}) {
        DeviceProgram program(
            alongAxisText(name, "i64",
                          "tile.sort keys(%x : tensor<?x?x" + std::string(name) +
                              ">) outs(%o : tensor<?x?xi64>) {axis = " + std::to_string(axis) +
                              " : i64" + (isDescending ? ", descending}" : "}")));
        ASSERT_TRUE(program.isCompiled());
        if (axis == 1)
          program.expectAssembles();
        for (auto [rows, columns] : shapes) {
          Tensor x = isReal(type) ? makeNumbers(type, {rows, columns}, 3)
                                  : makeIntegers(type, {rows, columns}, 50);
          const double specials[] = {NAN, 1.0, 0.0, -0.0, INFINITY, -INFINITY};
          for (int64_t i = 0; isReal(type) && i < x.numElements(); i += 3)
            x.setReal(i, specials[i % 6]);
          auto precedes = [&, isDescending = isDescending](int64_t one, int64_t other) {
            if (!isReal(x.dtype()))
              return isDescending ? x.integer(one) > x.integer(other)
                                  : x.integer(one) < x.integer(other);
            double first = x.real(one), second = x.real(other);
            if (std::isnan(first) || std::isnan(second))
              return !std::isnan(first) && std::isnan(second);
            return isDescending ? first > second : first < second;
          };
          forEachRun(program, {x}, [&, axis = axis](const Tensor &got) {
            for (const std::vector<int64_t> &entries : entriesAlong(x, axis)) {
              std::vector<int64_t> order(entries.size());
              std::iota(order.begin(), order.end(), 0);
              std::stable_sort(order.begin(), order.end(), [&](int64_t one, int64_t other) {
                return precedes(entries[one], entries[other]);
              });
              for (size_t place = 0; place < order.size(); ++place)
                ASSERT_EQ(got.integer(entries[place]), order[place]);
            }
          });
        }
      }
}

TEST(DeviceOrder, UnsignedSort) {
  DeviceProgram program(alongAxisText("i32", "i64",
                                      "tile.sort keys(%x : tensor<?x?xi32>) outs(%o : "
                                      "tensor<?x?xi64>) {axis = 1 : i64, unsigned_keys}"));
  ASSERT_TRUE(program.isCompiled());
  Tensor x = *Tensor::create(DType::I32, {1, 4});
  for (auto [at, key] :
       {std::pair(0, -1), std::pair(1, 5), std::pair(2, INT32_MIN), std::pair(3, 0)})
    x.setInteger(at, key);
  forEachRun(program, {x}, [](const Tensor &got) {
    EXPECT_EQ(got.integer(0), 3);
    EXPECT_EQ(got.integer(1), 1);
    EXPECT_EQ(got.integer(2), 2);
    EXPECT_EQ(got.integer(3), 0);
  });
}

std::string scatterText(const std::string &columns, const std::string &type,
                        const std::string &combine) {
  std::string matrix = "tensor<?x" + columns + "x" + type + ">";
  return "func.func @main(%u: " + matrix + ", %p: tensor<?xi64>, %x: " + matrix + ") -> " + matrix +
         " attributes {rt.entry} {\n%r = tile.scatter updates(%u : " + matrix +
         ") places(%p : tensor<?xi64>) outs(%x : " + matrix + ") {combine = #tile.combine<" +
         combine + ">} -> " + matrix + "\nreturn %r : " + matrix + "\n}\n";
}

/// What `combine` makes of two entries.
double combine(const std::string &name, double old, double update) {
  if (name == "add")
    return static_cast<float>(old) + static_cast<float>(update);
  if (name == "mul")
    return static_cast<float>(old) * static_cast<float>(update);
  if (name == "min")
    return std::min(old, update);
  if (name == "max")
    return std::max(old, update);
  return update;
}

TEST(DeviceOrder, Scatter) {
  for (auto [type, name, combination] :
       {std::tuple(DType::F32, "f32", "add"), std::tuple(DType::F32, "f32", "mul"),
        std::tuple(DType::F32, "f32", "min"), std::tuple(DType::BF16, "bf16", "replace"),
        std::tuple(DType::I64, "i64", "replace"), std::tuple(DType::I32, "i32", "add"),
        std::tuple(DType::I32, "i32", "max"), std::tuple(DType::I32, "i32", "minu")})
    for (const char *spelled : {"1", "?"}) {
      int64_t columns = *spelled == '1' ? 1 : 300;
      DeviceProgram program(scatterText(spelled, name, combination));
      ASSERT_TRUE(program.isCompiled());
      program.expectAssembles();
      // No updates, one, places that several have, and one place for all.
      for (auto [updates, rows] : {std::pair<int64_t, int64_t>(0, 4), {1, 4}, {70, 9}, {40, 1}}) {
        std::vector<int64_t> shape{updates, columns}, all{rows, columns};
        // Not negative, so that signed and unsigned order are one.
        Tensor u = isReal(type) ? makeNumbers(type, shape, 1) : makeIntegers(type, shape, 1);
        Tensor x = isReal(type) ? makeNumbers(type, all, 2) : makeIntegers(type, all, 1);
        for (int64_t i = 0; !isReal(type) && i < u.numElements(); ++i)
          u.setInteger(i, i * 7919 % 1000);
        for (int64_t i = 0; !isReal(type) && i < x.numElements(); ++i)
          x.setInteger(i, i * 104729 % 1000);
        Tensor p = *Tensor::create(DType::I64, {updates});
        for (int64_t i = 0; i < updates; ++i)
          p.setInteger(i, i * i % rows);
        std::vector<double> expected(x.numElements());
        for (int64_t i = 0; i < x.numElements(); ++i)
          expected[i] = isReal(type) ? x.real(i) : static_cast<double>(x.integer(i));
        for (int64_t i = 0; i < u.numElements(); ++i) {
          double &entry = expected[p.integer(i / columns) * columns + i % columns];
          double update = isReal(type) ? u.real(i) : static_cast<double>(u.integer(i));
          entry = combine(combination == std::string("minu") ? "min" : combination, entry, update);
        }
        forEachRun(program, {u, p, x}, [&, combination = combination](const Tensor &got) {
          for (int64_t i = 0; i < got.numElements(); ++i)
            ASSERT_EQ(isReal(got.dtype()) ? got.real(i) : static_cast<double>(got.integer(i)),
                      expected[i])
                << combination << ", at " << i;
        });
      }
    }
}

/// The places that flags go to must be there: their number is the host's to know.
TEST(DeviceOrder, Compact) {
  DeviceProgram program(R"mlir(
func.func @main(%f: tensor<?xi8>, %n: tensor<?xi8>) -> tensor<?xi64> attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %c = tensor.dim %n, %c0 : tensor<?xi8>
  %o = tensor.empty(%c) : tensor<?xi64>
  %r = tile.compact flags(%f : tensor<?xi8>) outs(%o : tensor<?xi64>) -> tensor<?xi64>
  return %r : tensor<?xi64>
})mlir");
  ASSERT_TRUE(program.isCompiled());
  program.expectAssembles();
  for (int64_t count : {0, 1, 31, 33, 1025, 5000})
    for (int64_t period : {1, 3, 100000}) {
      Tensor flags = *Tensor::create(DType::I8, {count});
      std::vector<int64_t> positions;
      for (int64_t i = 0; i < count; ++i) {
        bool isSet = i % period == period - 1;
        flags.setInteger(i, isSet);
        if (isSet)
          positions.push_back(i);
      }
      Tensor set = *Tensor::create(DType::I8, {static_cast<int64_t>(positions.size())});
      forEachRun(program, {flags, set}, [&](const Tensor &got) {
        ASSERT_EQ(got.dim(0), static_cast<int64_t>(positions.size()));
        for (size_t i = 0; i < positions.size(); ++i)
          ASSERT_EQ(got.integer(i), positions[i]);
      });
    }
}

} // namespace
} // namespace moec
