// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which element of a matrix a register of a lane holds (PTX ISA, "Matrix Fragments for mma" of each
// shape, "ldmatrix").
//
// A fragment is what a lane has of a matrix: elements in the order of its registers and, within a
// register, from the lowest bits on. Four neighbouring lanes have a row of A, of C and of a tile
// together, or a column of B.
#ifndef MOERT_VGPU_LANES_FRAGMENTS_H
#define MOERT_VGPU_LANES_FRAGMENTS_H

#include <cstdint>

namespace moert::vgpu {

struct Place {
  uint32_t row, column;
};

// Static, since files that are compiled for several levels use them.

/// Of A, which has 8 or 16 rows. `perRegister`: elements in a register.
static constexpr Place placeInA(uint32_t perRegister, uint32_t lane, uint32_t element) {
  const uint32_t number = element / perRegister;
  return {lane / 4 + number % 2 * 8,
          (number / 2 * 4 + lane % 4) * perRegister + element % perRegister};
}

/// Of B, which has 8 columns.
static constexpr Place placeInB(uint32_t perRegister, uint32_t lane, uint32_t element) {
  const uint32_t number = element / perRegister;
  return {(number * 4 + lane % 4) * perRegister + element % perRegister, lane / 4};
}

/// Of what is added and of the result, which have 8 columns; of every type.
static constexpr Place placeInC(uint32_t lane, uint32_t element) {
  return {lane / 4 + element / 2 * 8, lane % 4 * 2 + element % 2};
}

/// Of a tile of 8x8 values of 16 bits, of which a register holds two.
static constexpr Place placeInTile(bool isTransposed, uint32_t lane, uint32_t element) {
  const Place place = {lane / 4, lane % 4 * 2 + element};
  return isTransposed ? Place{place.column, place.row} : place;
}

} // namespace moert::vgpu

#endif // MOERT_VGPU_LANES_FRAGMENTS_H
