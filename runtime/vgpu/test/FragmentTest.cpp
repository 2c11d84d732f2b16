// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where elements of matrices are, against tables that others made.
#include "fragments/FragmentTables.h"
#include "vgpu/Lanes/Fragments.h"
#include "vgpu/Lanes/Matrix.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace moert::vgpu;
using moert::fragments::kTables;
using moert::fragments::Table;

namespace {

uint32_t bitsOf(const std::string &type) {
  return type == "f64"                          ? 64
         : type.substr(type.size() - 2) == "32" ? 32
         : type.substr(type.size() - 2) == "16" ? 16
                                                : 8;
}

/// The instruction's name from the `index`th point on, up to the next one.
std::string partOf(const std::string &name, uint32_t index) {
  size_t begin = 0;
  for (; index > 0; --index)
    begin = name.find('.', begin) + 1;
  return name.substr(begin, name.find('.', begin) - begin);
}

Place placeOf(const Table &table, uint32_t lane, uint32_t element) {
  const std::string name = table.instruction, matrix = table.matrix;
  if (matrix.empty()) {
    const bool isTransposed = name.find("trans") != std::string::npos;
    const Place place = placeInTile(isTransposed, lane, element % 2);
    return {place.row + element / 2 * 8, place.column};
  }
  if (matrix == "c")
    return placeInC(lane, element);
  const uint32_t bits = bitsOf(partOf(name, matrix == "a" ? 3 : 4));
  const uint32_t perRegister = bits < 32 ? 32 / bits : 1;
  return matrix == "a" ? placeInA(perRegister, lane, element)
                       : placeInB(perRegister, lane, element);
}

TEST(FragmentTest, PlacesAreThoseOfTheTables) {
  for (const Table &table : kTables) {
    // Each lane has as many elements as the matrix needs, which are all there.
    ASSERT_EQ(table.elements * kLanes, table.rows * table.columns) << table.instruction;
    std::vector<bool> isHeld(table.rows * table.columns);
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      for (uint32_t element = 0; element < table.elements; ++element) {
        const Place place = placeOf(table, lane, element);
        const uint32_t expected = table.places[lane * table.elements + element];
        ASSERT_EQ(place.row * table.columns + place.column, expected)
            << table.instruction << ", matrix " << table.matrix << ", lane " << lane << ", element "
            << element;
        ASSERT_LT(place.column, table.columns);
        isHeld[expected] = true;
      }
    EXPECT_EQ(std::count(isHeld.begin(), isHeld.end(), true), table.rows * table.columns)
        << table.instruction;
  }
}

} // namespace
