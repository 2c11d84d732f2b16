// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RowRing.h"
#include "Support.h"

using namespace moert;
using namespace moert::test;

namespace {

TEST(RowRing, GoesAroundTheEnd) {
  constexpr int64_t rowBytes = 12;
  CountingHost counting;
  Host host{counting.hooks};
  RowRing ring(host);
  ASSERT_OK(ring.begin(10, rowBytes));
  const char *const spare = ring.spare();
  const char *const rows = spare + MOERT_ALIGNMENT;
  auto take = [&](int64_t wanted, int64_t first, int64_t expected) {
    int64_t count = wanted;
    EXPECT_EQ(ring.take(count), rows + first * rowBytes);
    EXPECT_EQ(count, expected);
  };
  EXPECT_TRUE(ring.hasRoom(10, 0));
  EXPECT_FALSE(ring.hasRoom(11, 0));
  take(4, 0, 4);
  take(3, 4, 3);
  EXPECT_FALSE(ring.hasRoom(4, 0));
  EXPECT_TRUE(ring.hasRoom(7, 4));
  EXPECT_FALSE(ring.hasRoom(8, 4));
  take(7, 7, 3);
  take(4, 0, 4);
  EXPECT_EQ(ring.taken(), 14);
  EXPECT_TRUE(ring.hasRoom(0, 4));
  EXPECT_FALSE(ring.hasRoom(1, 4));
  take(1, 4, 1);

  // Another exchange, of rows that fit, and of such that do not.
  ASSERT_OK(ring.begin(5, rowBytes));
  EXPECT_EQ(ring.taken(), 0);
  EXPECT_EQ(ring.spare(), spare);
  take(6, 0, 5);
  EXPECT_FAILS(ring.begin(INT64_MAX / 2, rowBytes), MOERT_OUT_OF_MEMORY, "no machine has memory");
}

} // namespace
