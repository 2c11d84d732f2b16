//===- IndexExprTest.cpp - Integer functions of an element's index -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/IndexExpr.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <random>

using namespace moec;
using namespace moec::recognise;
using onnx::Size;

namespace {

class IndexExprTest : public testing::Test {
protected:
  IndexExprTest() : table(sizes) {
    auto type = mlir::IntegerType::get(&context, 64);
    for (mlir::Value &tensor : tensors)
      tensor = block.addArgument(type, mlir::UnknownLoc::get(&context));
  }

  /// The value under an assignment of variables by position.
  int64_t evaluate(Index a, llvm::ArrayRef<int64_t> variables) {
    switch (a->kind) {
    case IndexExpr::Kind::Linear: {
      int64_t sum = *a->size.getConstant();
      for (const IndexTerm &term : a->terms)
        sum += *term.coefficient.getConstant() * evaluate(term.atom, variables);
      return sum;
    }
    case IndexExpr::Kind::Var:
      return variables[a->position];
    case IndexExpr::Kind::FloorDiv:
    case IndexExpr::Kind::Mod: {
      int64_t x = evaluate(a->args[0], variables), n = *a->size.getConstant();
      int64_t quotient = x / n - (x % n < 0);
      return a->kind == IndexExpr::Kind::Mod ? x - quotient * n : quotient;
    }
    case IndexExpr::Kind::Table:
      return a->entries[evaluate(a->args[0], variables)];
    case IndexExpr::Kind::Equal:
      return evaluate(a->args[0], variables) == evaluate(a->args[1], variables);
    case IndexExpr::Kind::Read:
      break;
    }
    ADD_FAILURE() << "reads a tensor";
    return 0;
  }

  mlir::MLIRContext context;
  mlir::Block block;
  mlir::Value tensors[3];
  onnx::SizeTable sizes;
  IndexTable table;
};

TEST_F(IndexExprTest, EqualExpressionsAreOne) {
  Size n = sizes.named("n");
  Index i = table.var(0, n), j = table.var(1, 4);
  EXPECT_EQ(table.add(i, j), table.add(j, i));
  EXPECT_EQ(table.sub(table.add(i, j), j), i);
  EXPECT_EQ(table.scale(table.add(i, j), 2), table.add(table.scale(j, 2), table.add(i, i)));
  EXPECT_NE(i, table.var(0, 4));
  EXPECT_EQ(table.var(2, 1), table.constant(0));
}

TEST_F(IndexExprTest, PairsOfTokenAndChoiceTakeApart) {
  Size tokens = sizes.mul(sizes.named("batch"), sizes.named("seq"));
  Index t = table.var(0, tokens), j = table.var(1, 3);
  Index pair = table.linearise({t, j}, {tokens, Size(3)});
  EXPECT_EQ(table.floorDiv(pair, 3), t);
  EXPECT_EQ(table.mod(pair, 3), j);
  EXPECT_TRUE(table.isWithin(pair, sizes.mul(tokens, 3)));
  EXPECT_FALSE(table.isWithin(pair, tokens));
  auto back = table.delinearise(pair, {tokens, Size(3)});
  EXPECT_EQ(back[0], t);
  EXPECT_EQ(back[1], j);
}

TEST_F(IndexExprTest, SymbolicStrides) {
  Size batch = sizes.named("b"), seq = sizes.named("s");
  Index i = table.var(0, batch), j = table.var(1, seq), h = table.var(2, 8);
  Index place = table.linearise({i, j, h}, {batch, seq, Size(8)});
  auto rows = table.delinearise(place, {sizes.mul(batch, seq), Size(8)});
  EXPECT_EQ(rows[0], table.add(table.scale(i, seq), j));
  EXPECT_EQ(rows[1], h);
  // Without a bound on i, the remainder stays.
  Index open = table.read(tensors[0], {});
  EXPECT_EQ(table.mod(open, seq)->kind, IndexExpr::Kind::Mod);
  // A quotient and its remainder are the whole.
  Index whole = table.add(table.scale(table.floorDiv(open, seq), seq), table.mod(open, seq));
  EXPECT_EQ(whole, open);
}

TEST_F(IndexExprTest, InversePermutationsCancel) {
  Size n = sizes.named("n");
  Index q = table.add(table.scale(table.var(0, n), 2), table.var(1, 2));
  table.setInverse(tensors[0], tensors[1]);
  EXPECT_EQ(table.read(tensors[0], table.read(tensors[1], q)), q);
  EXPECT_EQ(table.read(tensors[1], table.read(tensors[0], q)), q);
  EXPECT_TRUE(table.read(tensors[0], table.read(tensors[0], q))->isRead());
  EXPECT_TRUE(table.read(tensors[2], table.read(tensors[1], q))->isRead());
  // Substitution applies the rule, too.
  Index permuted = table.read(tensors[0], table.var(0, n));
  EXPECT_EQ(table.substitute(permuted, table.read(tensors[1], q)), q);
}

TEST_F(IndexExprTest, TablesAndComparisons) {
  Index id = table.read(tensors[0], table.var(0, 5));
  table.setRange(tensors[0], {Size(0), Size(4)});
  EXPECT_EQ(table.table(id, {0, 1, 2, 3}), id);
  EXPECT_EQ(table.table(id, {7, 7, 7, 7}), table.constant(7));
  EXPECT_EQ(table.table(table.constant(2), {5, 6, 8, 9}), table.constant(8));
  EXPECT_EQ(table.equal(id, id), table.constant(1));
  EXPECT_EQ(table.equal(id, table.constant(4)), table.constant(0));
  EXPECT_EQ(table.equal(id, table.constant(-1)), table.constant(0));
  EXPECT_EQ(table.equal(id, table.constant(3)), table.equal(table.constant(3), id));
  EXPECT_FALSE(table.equal(id, table.constant(3))->isConstant());
}

TEST_F(IndexExprTest, SubstitutionIsSimultaneous) {
  Index i = table.var(0, 8), j = table.var(1, 8);
  Index a = table.add(table.scale(i, 2), j);
  EXPECT_EQ(table.substitute(a, {j, i}), table.add(table.scale(j, 2), i));
  EXPECT_EQ(table.substitute(a, 1, table.constant(5)),
            table.add(table.scale(i, 2), table.constant(5)));
}

/// Whatever is simplified, values stay.
TEST_F(IndexExprTest, RandomExpressionsKeepTheirValues) {
  std::mt19937 random(1);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 300; ++round) {
    int64_t extents[] = {pick(1, 6), pick(1, 6), pick(1, 6)};
    llvm::SmallVector<Index> made;
    llvm::SmallVector<llvm::SmallVector<int64_t>> values;
    llvm::SmallVector<llvm::SmallVector<int64_t>> points;
    for (int64_t a = 0; a < extents[0]; ++a)
      for (int64_t b = 0; b < extents[1]; ++b)
        for (int64_t c = 0; c < extents[2]; ++c)
          points.push_back({a, b, c});
    auto addNode = [&](Index node, llvm::function_ref<int64_t(size_t)> value) {
      made.push_back(node);
      values.emplace_back();
      for (size_t p = 0; p < points.size(); ++p)
        values.back().push_back(value(p));
    };
    for (unsigned axis = 0; axis < 3; ++axis)
      addNode(table.var(axis, extents[axis]), [&](size_t p) { return points[p][axis]; });
    for (int step = 0; step < 8; ++step) {
      size_t x = pick(0, made.size() - 1), y = pick(0, made.size() - 1);
      int64_t n = pick(1, 7), c = pick(-5, 5);
      auto floorDiv = [&](size_t p) {
        int64_t v = values[x][p];
        return v / n - (v % n < 0);
      };
      switch (pick(0, 4)) {
      case 0:
        addNode(table.add(made[x], made[y]), [&](size_t p) { return values[x][p] + values[y][p]; });
        break;
      case 1:
        addNode(table.add(table.scale(made[x], n), table.constant(c)),
                [&](size_t p) { return values[x][p] * n + c; });
        break;
      case 2:
        addNode(table.floorDiv(made[x], n), floorDiv);
        break;
      case 3:
        addNode(table.mod(made[x], n), [&](size_t p) { return values[x][p] - floorDiv(p) * n; });
        break;
      case 4:
        addNode(table.equal(made[x], made[y]),
                [&](size_t p) { return int64_t(values[x][p] == values[y][p]); });
        break;
      }
    }
    for (auto [node, expected] : llvm::zip_equal(made, values)) {
      IndexRange range = table.range(node);
      for (auto [point, value] : llvm::zip_equal(points, expected)) {
        ASSERT_EQ(evaluate(node, point), value);
        if (range.low) {
          ASSERT_LE(*range.low->getConstant(), value);
        }
        if (range.high) {
          ASSERT_GT(*range.high->getConstant(), value);
        }
      }
    }
  }
}

} // namespace
