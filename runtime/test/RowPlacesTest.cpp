// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RowPlaces.h"
#include "Support.h"

#include <vector>

using namespace moert;
using namespace moert::test;

namespace {

/// Memory in which own rows lie before or after the window.
struct Memory {
  alignas(MOERT_ALIGNMENT) uint8_t bytes[1024];
};

TEST(RowPlaces, AreThoseOfOwnAndOtherRows) {
  constexpr int64_t rowBytes = 48, rows = 5;
  static Memory memory;
  char *const low = reinterpret_cast<char *>(memory.bytes), *const high = low + 512;
  const int32_t gather[] = {3, 0, 2};
  CountingHost counting;
  const Host host{counting.hooks};
  for (int64_t element : {1, 2, 16})
    for (bool ownFirst : {false, true})
      for (bool gathers : {false, true}) {
        const char *window = ownFirst ? high : low, *own = ownFirst ? low : high;
        RowPlaces places(host);
        ASSERT_OK(places.reserve(rows));
        places.begin({own, rowBytes, gathers ? gather : nullptr, nullptr, element}, true, window);
        places.add(window, 1);
        places.addOwn(1, 2);
        places.add(window + 2 * rowBytes, 1);
        places.end(rows);
        const std::vector<const char *> expected = {window, own + (gathers ? 0 : 1) * rowBytes,
                                                    own + 2 * rowBytes, window + 2 * rowBytes,
                                                    window};
        for (int64_t row = 0; row < rows; ++row) {
          EXPECT_GE(places.rows().places[row], 0);
          EXPECT_EQ(static_cast<const char *>(places.rows().base) +
                        places.rows().places[row] * element,
                    expected[size_t(row)])
              << row;
        }
      }
}

TEST(RowPlaces, NeedNoOwnRows) {
  static Memory memory;
  CountingHost counting;
  const Host host{counting.hooks};
  RowPlaces places(host);
  ASSERT_OK(places.reserve(2));
  // An address that is none of the rows', since there are none.
  places.begin({memory.bytes + 1, 64, nullptr, nullptr, 4}, false,
               reinterpret_cast<char *>(memory.bytes) + 64);
  places.end(2);
  EXPECT_EQ(places.rows().base, memory.bytes + 64);
  EXPECT_EQ(places.rows().places[0], 0);
  EXPECT_EQ(places.rows().places[1], 0);
}

} // namespace
