//===- SymbolicSizeTest.cpp - Polynomials over unknown sizes ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/SymbolicSize.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <map>

using namespace moec::onnx;

namespace {

struct SymbolicSize : testing::Test {
  SizeTable table;
  Size a = table.named("a"), b = table.named("b"), c = table.named("c");

  std::string text(const Size &size) {
    std::string result;
    llvm::raw_string_ostream os(result);
    table.print(size, os);
    return result;
  }
  Size sum(std::initializer_list<Size> terms) {
    Size result;
    for (const Size &term : terms)
      result = table.add(result, term);
    return result;
  }
};

TEST_F(SymbolicSize, NamesAreSymbols) {
  EXPECT_EQ(a, table.named("a"));
  EXPECT_NE(a, b);
  EXPECT_NE(table.fresh(), table.fresh());
  EXPECT_EQ(Size(7).getConstant(), 7);
  EXPECT_EQ(Size(0), table.sub(a, a));
  EXPECT_FALSE(a.getConstant().has_value());
}

TEST_F(SymbolicSize, PolynomialsHaveOneForm) {
  Size left = table.mul(sum({a, b}), sum({a, 1}));
  Size right = sum({table.mul(a, a), a, table.mul(b, a), b});
  EXPECT_EQ(left, right);
  EXPECT_EQ(text(sum({table.mul(3, table.mul(b, a)), a, -2})), "-2 + a + 3*a*b");
  EXPECT_EQ(text(0), "0");
}

TEST_F(SymbolicSize, ExactDivision) {
  Size product = table.mul(table.mul(sum({a, c, 1}), b), 40);
  std::optional<Size> ten =
      table.divideExactly(product, table.mul(table.mul(sum({a, c, 1}), b), 4));
  ASSERT_TRUE(ten.has_value());
  EXPECT_EQ(*ten, Size(10));
  EXPECT_EQ(table.divideExactly(product, b), table.mul(40, sum({a, c, 1})));
  EXPECT_FALSE(table.divideExactly(sum({a, 1}), a).has_value());
  EXPECT_FALSE(table.divideExactly(table.mul(3, a), 2).has_value());
  EXPECT_FALSE(table.divideExactly(a, 0).has_value());
  // Every quotient of products of sums is found, whatever the order of symbols.
  for (const Size &x : {sum({a, b}), sum({b, c, 1}), sum({a, table.mul(b, c)}), sum({c, -2})})
    for (const Size &y : {sum({a, c}), sum({b, 3}), sum({table.mul(a, b), c, 1})})
      EXPECT_EQ(table.divideExactly(table.mul(x, y), y), x) << text(x) << " by " << text(y);
}

TEST_F(SymbolicSize, RoundingOfConstants) {
  EXPECT_EQ(table.apply(SizeFn::FloorDiv, -7, 2), Size(-4));
  EXPECT_EQ(table.apply(SizeFn::TruncDiv, -7, 2), Size(-3));
  EXPECT_EQ(table.apply(SizeFn::FloorMod, -7, 2), Size(1));
  EXPECT_EQ(table.apply(SizeFn::TruncMod, -7, 2), Size(-1));
  EXPECT_EQ(table.apply(SizeFn::FloorMod, 7, -2), Size(-1));
  // No value: an unknown one, and no trap.
  EXPECT_FALSE(table.apply(SizeFn::FloorDiv, 1, 0).getConstant().has_value());
  EXPECT_FALSE(table.apply(SizeFn::TruncDiv, INT64_MIN, -1).getConstant().has_value());
}

TEST_F(SymbolicSize, OpaqueExpressionsAreEqualToThemselves) {
  Size half = table.apply(SizeFn::FloorDiv, a, 2);
  EXPECT_EQ(half, table.apply(SizeFn::FloorDiv, a, 2));
  EXPECT_NE(half, table.apply(SizeFn::FloorDiv, a, 3));
  // Sizes are not negative, so both roundings agree.
  EXPECT_EQ(half, table.apply(SizeFn::TruncDiv, a, 2));
  Size any = table.fresh(std::nullopt);
  EXPECT_NE(table.apply(SizeFn::FloorDiv, any, 2), table.apply(SizeFn::TruncDiv, any, 2));
  EXPECT_EQ(table.apply(SizeFn::Min, a, b), table.apply(SizeFn::Min, b, a));
}

TEST_F(SymbolicSize, Order) {
  EXPECT_EQ(table.isLess(-1, a), true);
  EXPECT_EQ(table.isEqual(a, -1), false);
  EXPECT_EQ(table.isLess(a, sum({a, b})), std::nullopt);
  EXPECT_EQ(table.isLess(sum({a, b}), a), false);
  EXPECT_EQ(table.isEqual(a, b), std::nullopt);
  EXPECT_EQ(table.apply(SizeFn::Max, sum({a, b}), a), sum({a, b}));
  EXPECT_EQ(table.apply(SizeFn::Min, INT64_MAX, 3), Size(3));
  EXPECT_EQ(table.getLowerBound(sum({a, table.mul(2, b), 5})), 5);
  EXPECT_EQ(table.getLowerBound(table.sub(a, b)), std::nullopt);
}

TEST_F(SymbolicSize, Broadcast) {
  EXPECT_EQ(table.broadcast(a, 1), a);
  EXPECT_EQ(table.broadcast(1, a), a);
  EXPECT_EQ(table.broadcast(a, 4), Size(4));
  EXPECT_EQ(table.broadcast(3, 4), std::nullopt);
  EXPECT_EQ(table.broadcast(a, b), table.broadcast(b, a));
}

TEST_F(SymbolicSize, OverflowAndLengthAreUnknown) {
  Size big = table.mul(INT64_MAX, a);
  EXPECT_FALSE(table.add(INT64_MAX, 1).getConstant().has_value());
  EXPECT_TRUE(table.mul(big, 2).getSymbol().has_value());
  EXPECT_EQ(table.mul(big, 2), table.mul(big, 2));
  Size many;
  for (int i = 0; i < 100; ++i)
    many = table.add(many, table.fresh());
  EXPECT_LE(many.getTerms().size(), 32u);
  EXPECT_EQ(table.getLowerBound(big), 0);
}

/// Arithmetic agrees with that of numbers put in place of the symbols.
TEST_F(SymbolicSize, AgreesWithNumbers) {
  unsigned seed = 1;
  auto next = [&](unsigned bound) { return (seed = seed * 1103515245 + 12345) / 65536 % bound; };
  std::map<unsigned, int64_t> numbers{
      {*a.getSymbol(), 3}, {*b.getSymbol(), 5}, {*c.getSymbol(), 11}};
  auto evaluate = [&](const Size &size) {
    int64_t total = 0;
    for (const SizeTerm &term : size.getTerms()) {
      int64_t value = term.coefficient;
      for (unsigned symbol : term.symbols)
        value *= numbers.at(symbol);
      total += value;
    }
    return total;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Size> pool{a, b, c, Size(static_cast<int64_t>(next(9)) - 4)};
    for (int step = 0; step < 4; ++step) {
      const Size x = pool[next(pool.size())], y = pool[next(pool.size())];
      switch (next(3)) {
      case 0:
        pool.push_back(table.add(x, y));
        EXPECT_EQ(evaluate(pool.back()), evaluate(x) + evaluate(y));
        break;
      case 1:
        pool.push_back(table.sub(x, y));
        EXPECT_EQ(evaluate(pool.back()), evaluate(x) - evaluate(y));
        break;
      default:
        pool.push_back(table.mul(x, y));
        EXPECT_EQ(evaluate(pool.back()), evaluate(x) * evaluate(y));
        break;
      }
    }
  }
}

} // namespace
