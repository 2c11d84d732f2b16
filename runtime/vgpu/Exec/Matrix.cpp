// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on matrices that all lanes of a warp hold together.
#include "vgpu/Exec/Matrix.h"
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Places.h"
#include "vgpu/Lanes/Fragments.h"

#include <cstring>

namespace moert::vgpu {

using ptx::Space;

namespace {

constexpr uint32_t kTileRows = 8;
constexpr uint32_t kRowBytes = 16;

/// A tile in memory, and in a register as it is: four lanes have a row.
struct Tile {
  uint16_t values[kTileRows][kTileRows];
};
static_assert(sizeof(Tile) == kSlotBytes && kTileRows * kRowBytes == kSlotBytes);

Tile transposed(const Tile &tile) {
  Tile result;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t element = 0; element < 2; ++element) {
      const Place to = placeInTile(false, lane, element), from = placeInTile(true, lane, element);
      result.values[to.row][to.column] = tile.values[from.row][from.column];
    }
  return result;
}

bool areAllHere(Warp &warp, const Record &record, LaneMask lanes) {
  return lanes == kAllLanes || fail(warp, record, uint32_t(__builtin_ctz(lanes)),
                                    "needs all 32 lanes of its warp, of which there are " +
                                        std::to_string(__builtin_popcount(lanes)));
}

/// Where the rows of tiles are: lane i has the address of row i % 8 of tile i / 8. False after a
/// report.
bool findRows(Warp &warp, const Record &record, const Access &access, Places &places) {
  const uint32_t count = kTileRows * access.count;
  uint64_t addresses[kLanes];
  for (uint32_t lane = 0; lane < count; ++lane) {
    addresses[lane] = addressOf(warp, access, lane);
    if (access.space != Space::Generic)
      continue;
    if (Window(addresses[lane] >> kWindowShift) != Window::Shared)
      return fail(warp, record, lane, "has the address of a row that is not in shared memory");
    addresses[lane] -= addressIn(Window::Shared);
  }
  return places.find(count == kLanes ? kAllLanes : (LaneMask(1) << count) - 1, addresses);
}

} // namespace

void multiplyMatrices(Warp &warp, const Record &record, LaneMask lanes) {
  if (!areAllHere(warp, record, lanes))
    return;
  const MatrixProduct &product = warp.program->products[record.extra];
  MatrixRows rows;
  for (uint32_t i = 0; i < kMostMatrixRegisters; ++i) {
    rows.a[i] = warp.row<std::byte>(product.a[i]);
    rows.b[i] = warp.row<std::byte>(product.b[i]);
    rows.c[i] = warp.row<std::byte>(product.c[i]);
    rows.d[i] = warp.row<std::byte>(product.d[i]);
  }
  product.multiply(product.form, rows);
  if (Counters *counters = warp.block->counters) {
    Counters &mine = counters[&record - warp.program->records.data()];
    ++mine.matrixProducts;
    mine.matrixOperations += 2 * uint64_t(product.form.m) * product.form.n * product.form.k;
  }
}

void loadMatrices(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record, Space::Shared, kRowBytes, false);
  if (!areAllHere(warp, record, lanes) || !findRows(warp, record, access, places))
    return;
  for (uint32_t i = 0; i < access.count; ++i) {
    Tile tile;
    for (uint32_t row = 0; row < kTileRows; ++row)
      std::memcpy(tile.values[row], places[i * kTileRows + row], kRowBytes);
    if (record.flags)
      tile = transposed(tile);
    std::memcpy(warp.row<std::byte>(access.slots[i]), &tile, sizeof(tile));
  }
}

void storeMatrices(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record, Space::Shared, kRowBytes, true);
  if (!areAllHere(warp, record, lanes) || !findRows(warp, record, access, places))
    return;
  for (uint32_t i = 0; i < access.count; ++i) {
    Tile tile;
    std::memcpy(&tile, warp.row<std::byte>(access.slots[i]), sizeof(tile));
    if (record.flags)
      tile = transposed(tile);
    for (uint32_t row = 0; row < kTileRows; ++row)
      std::memcpy(places[i * kTileRows + row], tile.values[row], kRowBytes);
  }
  if (places.hasOverlap())
    fail(warp, record, 0, "writes rows of tiles to the same place");
}

void transposeMatrix(Warp &warp, const Record &record, LaneMask lanes) {
  if (!areAllHere(warp, record, lanes))
    return;
  Tile tile;
  std::memcpy(&tile, warp.row<std::byte>(record.inputs[0]), sizeof(tile));
  tile = transposed(tile);
  std::memcpy(warp.row<std::byte>(record.result), &tile, sizeof(tile));
}

} // namespace moert::vgpu
