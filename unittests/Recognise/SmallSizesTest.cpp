//===- SmallSizesTest.cpp - Small numbers for symbolic sizes ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/SmallSizes.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

using namespace moec;
using namespace moec::recognise;
using onnx::Size;
using onnx::SizeFn;
using onnx::SizeTable;

namespace {

using Values = std::vector<int64_t>;

TEST(SmallSizes, EachNumberOfTokens) {
  SizeTable table;
  Size batch = table.named("batch"), rows = table.named("rows");
  Size tokens = table.mul(batch, rows);
  auto found = findSmallSizes(table, tokens, {batch, rows, 8}, {table.add(tokens, -1)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 7u);
  for (auto [index, sizes] : llvm::enumerate(*found)) {
    EXPECT_EQ(sizes.tokens, int64_t(index) + 1);
    EXPECT_EQ(sizes.values[0] * sizes.values[1], sizes.tokens);
    EXPECT_EQ(sizes.values[2], 8);
    EXPECT_EQ(sizes.values[3], sizes.tokens - 1);
  }
  // Both dimensions count where they can.
  EXPECT_EQ(found->at(3).values, Values({2, 2, 8, 3}));
}

TEST(SmallSizes, FixedSizes) {
  SizeTable table;
  auto found = findSmallSizes(table, 12, {3, 4}, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().tokens, 12);
  EXPECT_EQ(found->front().values, Values({3, 4}));
  found = findSmallSizes(table, maxSmallTokens + 1, {}, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST(SmallSizes, FunctionsOfSizes) {
  SizeTable table;
  Size n = table.named("n"), m = table.named("m", 1);
  auto value = [&](SizeFn fn, const Size &a, const Size &b) {
    auto found = findSmallSizes(table, n, {}, {table.apply(fn, a, b)});
    return found && found->size() == 7 ? found->at(4).values[0] : -1;
  };
  EXPECT_EQ(value(SizeFn::FloorDiv, n, 2), 2);
  EXPECT_EQ(value(SizeFn::FloorMod, n, 3), 2);
  EXPECT_EQ(value(SizeFn::FloorDiv, table.sub(0, n), 2), -3);
  EXPECT_EQ(value(SizeFn::TruncDiv, table.sub(0, n), 2), -2);
  EXPECT_EQ(value(SizeFn::FloorMod, table.sub(0, n), 3), 1);
  EXPECT_EQ(value(SizeFn::TruncMod, table.sub(0, n), 3), -2);
  EXPECT_EQ(value(SizeFn::Min, n, 3), 3);
  EXPECT_EQ(value(SizeFn::Max, n, 3), 5);
  // m is 1.
  EXPECT_EQ(value(SizeFn::Broadcast, n, m), 5);
}

/// 2^64 paths lead through it.
TEST(SmallSizes, SharedExpressions) {
  SizeTable table;
  Size n = table.named("n"), size = n;
  for (int i = 0; i < 64; ++i)
    size = table.add(table.apply(SizeFn::FloorDiv, table.mul(size, 2), 3),
                     table.apply(SizeFn::FloorMod, size, 5));
  auto found = findSmallSizes(table, n, {}, {size});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 7u);
  int64_t expected = 7;
  for (int i = 0; i < 64; ++i)
    expected = expected * 2 / 3 + expected % 5;
  EXPECT_EQ(found->back().values, Values({expected}));
}

TEST(SmallSizes, NoChoice) {
  SizeTable table;
  Size tokens = 1;
  for (int i = 0; i < 5; ++i)
    tokens = table.mul(tokens, table.fresh());
  EXPECT_FALSE(findSmallSizes(table, tokens, {}, {}));
  Size n = table.named("n");
  // A dimension that is never positive.
  auto found = findSmallSizes(table, n, {table.sub(0, n)}, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

} // namespace
