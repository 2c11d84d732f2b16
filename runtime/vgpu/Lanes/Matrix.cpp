// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `mma`: fragments are laid out as tiles, multiplied by rows, and laid back.
//
// Floats are summed in 32 bits, beginning with what is added, then products with k ascending; each
// product and each sum is rounded. Products are exact but where they leave the range of 32 bits:
// factors have no more than 11 bits of mantissa. Sums of type f16 are rounded to it once, at the
// end. Floats of 64 bits are summed by fused operations in the same order. A GPU's order is
// unspecified, so this is a model of it, not its bits.
#include "vgpu/Lanes/Matrix.h"
#include "vgpu/Lanes/Fragments.h"
#include "vgpu/Lanes/Row.h"

namespace moert::vgpu::VGPU_LEVEL {

namespace {

constexpr uint32_t kColumns = 8;
constexpr uint32_t kMostRows = 16, kMostDepth = 32;

/// Four lanes have neighbours in a row of A, and the registers of C two lanes' neighbours in turn:
/// what is moved here in one piece.
constexpr bool areNeighbours() {
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t element = 0; element < 16; ++element) {
      for (uint32_t perRegister = 1; perRegister <= 4; perRegister *= 2) {
        const Place first =
            placeInA(perRegister, lane / 4 * 4, element / perRegister * perRegister);
        const Place place = placeInA(perRegister, lane, element);
        if (place.row != first.row ||
            place.column != first.column + lane % 4 * perRegister + element % perRegister)
          return false;
      }
      const Place place = placeInC(lane, element);
      if (place.row * kColumns + place.column != element / 2 * 64 + lane * 2 + element % 2)
        return false;
    }
  return true;
}
static_assert(areNeighbours());

// Rows of a tile; `may_alias`: tiles are arrays of elements.
typedef float FloatRow __attribute__((vector_size(32), may_alias));
typedef int32_t IntegerRow __attribute__((vector_size(32), may_alias));

/// Elements of a and b as they are multiplied, row by row, and the sums.
template <typename T>
struct Tiles {
  alignas(64) T a[kMostRows * kMostDepth];
  alignas(64) T b[kMostDepth * kColumns];
  alignas(64) T sums[kMostRows * kColumns];
};

// Factors as they are in registers.
struct Tf32 {
  uint32_t bits;
};
struct E4m3 {
  uint8_t bits;
};
struct E5m2 {
  uint8_t bits;
};

float factor(Half value) { return widen(value); }
float factor(BFloat value) { return widen(value); }
/// The upper 19 bits count.
float factor(Tf32 value) { return bitCast<float>(value.bits & 0xffffe000u); }
/// The upper half of an IEEE half.
float factor(E5m2 value) { return widen(Half{uint16_t(value.bits << 8)}); }
/// No infinities, one NaN of each sign, exponents from -6 on.
float factor(E4m3 value) {
  const uint32_t sign = uint32_t(value.bits & 0x80) << 24, rest = value.bits & 0x7f;
  const uint32_t bits = bitCast<uint32_t>(bitCast<float>(rest << 20) * 0x1p120f);
  return bitCast<float>(sign | (rest == 0x7f ? 0x7fc00000u : bits));
}
int32_t factor(int8_t value) { return value; }
int32_t factor(uint8_t value) { return value; }
double factor(double value) { return value; }

template <typename Register>
constexpr uint32_t kPerRegister = sizeof(Register) < 4 ? 4 / sizeof(Register) : 1;

template <typename Register, typename T>
void unpackA(const MatrixForm &form, const MatrixRows &rows, T *tile) {
  constexpr uint32_t kPer = kPerRegister<Register>;
  for (uint32_t r = 0; r * kPer * kLanes < uint32_t(form.m) * form.k; ++r) {
    const auto *from = static_cast<const Register *>(rows.a[r]);
    T values[kLanes * kPer];
    VGPU_LANES
    for (uint32_t i = 0; i < kLanes * kPer; ++i)
      values[i] = factor(from[i]);
    for (uint32_t lane = 0; lane < kLanes; lane += 4) {
      const Place place = placeInA(kPer, lane, r * kPer);
      __builtin_memcpy(tile + place.row * form.k + place.column, values + lane * kPer,
                       4 * kPer * sizeof(T));
    }
  }
}

template <typename Register, typename T>
void unpackB(const MatrixForm &form, const MatrixRows &rows, T *tile) {
  constexpr uint32_t kPer = kPerRegister<Register>;
  for (uint32_t r = 0; r * kPer * kLanes < uint32_t(form.k) * kColumns; ++r) {
    const auto *from = static_cast<const Register *>(rows.b[r]);
    T values[kLanes * kPer];
    VGPU_LANES
    for (uint32_t i = 0; i < kLanes * kPer; ++i)
      values[i] = factor(from[i]);
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      for (uint32_t element = 0; element < kPer; ++element) {
        const Place place = placeInB(kPer, lane, r * kPer + element);
        tile[place.row * kColumns + place.column] = values[lane * kPer + element];
      }
  }
}

void unpackFloats(const MatrixForm &form, const MatrixRows &rows, Tiles<float> &tiles) {
  switch (form.a) {
#define VGPU_CASE(NAME, TYPE)                                                                      \
  case Element::NAME:                                                                              \
    unpackA<TYPE>(form, rows, tiles.a);                                                            \
    break;
    VGPU_CASE(F16, Half)
    VGPU_CASE(BF16, BFloat)
    VGPU_CASE(TF32, Tf32)
    VGPU_CASE(E4M3, E4m3)
  default:
    unpackA<E5m2>(form, rows, tiles.a);
#undef VGPU_CASE
  }
  switch (form.b) {
#define VGPU_CASE(NAME, TYPE)                                                                      \
  case Element::NAME:                                                                              \
    return unpackB<TYPE>(form, rows, tiles.b);
    VGPU_CASE(F16, Half)
    VGPU_CASE(BF16, BFloat)
    VGPU_CASE(TF32, Tf32)
    VGPU_CASE(E4M3, E4m3)
  default:
    return unpackB<E5m2>(form, rows, tiles.b);
#undef VGPU_CASE
  }
}

/// Adds products to the sums of 16 rows, 8 at a time so that they stay in registers.
template <uint32_t kDepth, typename Row, typename T>
void addProducts(Tiles<T> &tiles) {
  const auto *b = reinterpret_cast<const Row *>(tiles.b);
  for (uint32_t first = 0; first < kMostRows; first += 8) {
    auto *sums = reinterpret_cast<Row *>(tiles.sums) + first;
    const T *a = tiles.a + first * kDepth;
    Row s[8];
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 8; ++i)
      s[i] = sums[i];
    for (uint32_t k = 0; k < kDepth; ++k) {
      const Row row = b[k];
#pragma GCC unroll 8
      for (uint32_t i = 0; i < 8; ++i)
        s[i] += a[i * kDepth + k] * row;
    }
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 8; ++i)
      sums[i] = s[i];
  }
}

/// Two registers of each lane have neighbours in a row.
template <typename T>
void unpackC(const MatrixForm &form, const MatrixRows &rows, T *tile) {
  for (uint32_t r = 0; r < uint32_t(form.m) / 4; r += 2) {
    const auto *even = static_cast<const T *>(rows.c[r]),
               *odd = static_cast<const T *>(rows.c[r + 1]);
    T *to = tile + r * kLanes;
    VGPU_LANES
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      to[lane * 2] = even[lane];
      to[lane * 2 + 1] = odd[lane];
    }
  }
}

template <typename T>
void packD(const MatrixForm &form, const MatrixRows &rows, const T *tile) {
  for (uint32_t r = 0; r < uint32_t(form.m) / 4; r += 2) {
    auto *even = static_cast<T *>(rows.d[r]), *odd = static_cast<T *>(rows.d[r + 1]);
    const T *from = tile + r * kLanes;
    VGPU_LANES
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      even[lane] = from[lane * 2];
      odd[lane] = from[lane * 2 + 1];
    }
  }
}

/// Pairs in registers are neighbours in a row as they are.
void unpackHalves(const MatrixRows &rows, float *tile) {
  for (uint32_t r = 0; r < 2; ++r) {
    const auto *from = static_cast<const Half *>(rows.c[r]);
    VGPU_LANES
    for (uint32_t i = 0; i < 2 * kLanes; ++i)
      tile[r * 2 * kLanes + i] = widen(from[i]);
  }
}

void packHalves(const MatrixRows &rows, const float *tile) {
  for (uint32_t r = 0; r < 2; ++r) {
    auto *to = static_cast<Half *>(rows.d[r]);
    VGPU_LANES
    for (uint32_t i = 0; i < 2 * kLanes; ++i)
      to[i] = narrow<Half>(tile[r * 2 * kLanes + i]);
  }
}

void multiplyFloats(const MatrixForm &form, const MatrixRows &rows) {
  Tiles<float> tiles;
  unpackFloats(form, rows, tiles);
  const bool isHalf = form.c == Element::F16;
  if (isHalf)
    unpackHalves(rows, tiles.sums);
  else
    unpackC(form, rows, tiles.sums);
  switch (form.k) {
  case 4:
    addProducts<4, FloatRow>(tiles);
    break;
  case 8:
    addProducts<8, FloatRow>(tiles);
    break;
  case 16:
    addProducts<16, FloatRow>(tiles);
    break;
  default:
    addProducts<32, FloatRow>(tiles);
  }
  if (isHalf)
    return packHalves(rows, tiles.sums);
  // All NaNs have the same bits, whichever of several came first.
  for (float &sum : tiles.sums)
    sum = sum != sum ? bitCast<float>(0x7fffffffu) : sum;
  packD(form, rows, tiles.sums);
}

/// The products of 8 bits are summed exactly; what is added comes last.
void multiplyIntegers(const MatrixForm &form, const MatrixRows &rows) {
  Tiles<int32_t> tiles;
  if (form.a == Element::S8)
    unpackA<int8_t>(form, rows, tiles.a);
  else
    unpackA<uint8_t>(form, rows, tiles.a);
  if (form.b == Element::S8)
    unpackB<int8_t>(form, rows, tiles.b);
  else
    unpackB<uint8_t>(form, rows, tiles.b);
  for (int32_t &sum : tiles.sums)
    sum = 0;
  if (form.k == 16)
    addProducts<16, IntegerRow>(tiles);
  else
    addProducts<32, IntegerRow>(tiles);
  int32_t added[kMostRows * kColumns];
  unpackC(form, rows, added);
  for (uint32_t i = 0; i < kMostRows * kColumns; ++i) {
    const int32_t sum = int32_t(uint32_t(tiles.sums[i]) + uint32_t(added[i]));
    // It overflows if both have the sign that it has not.
    const bool overflows = ((tiles.sums[i] ^ sum) & (added[i] ^ sum)) < 0;
    const int32_t limit = added[i] < 0 ? INT32_MIN : INT32_MAX;
    tiles.sums[i] = form.saturates && overflows ? limit : sum;
  }
  packD(form, rows, tiles.sums);
}

void multiplyDoubles(const MatrixForm &form, const MatrixRows &rows) {
  Tiles<double> tiles;
  unpackA<double>(form, rows, tiles.a);
  unpackB<double>(form, rows, tiles.b);
  unpackC(form, rows, tiles.sums);
  for (uint32_t row = 0; row < form.m; ++row)
    for (uint32_t k = 0; k < form.k; ++k)
      for (uint32_t column = 0; column < kColumns; ++column) {
        double &sum = tiles.sums[row * kColumns + column];
        sum = __builtin_fma(tiles.a[row * form.k + k], tiles.b[k * kColumns + column], sum);
      }
  for (uint32_t i = 0; i < form.m * kColumns; ++i) {
    double &sum = tiles.sums[i];
    sum = sum != sum ? bitCast<double>(uint64_t(0x7fffffffffffffff)) : sum;
  }
  packD(form, rows, tiles.sums);
}

} // namespace

void multiply(const MatrixForm &form, const MatrixRows &rows) {
  switch (form.c) {
  case Element::S32:
    return multiplyIntegers(form, rows);
  case Element::F64:
    return multiplyDoubles(form, rows);
  default:
    return multiplyFloats(form, rows);
  }
}

} // namespace moert::vgpu::VGPU_LEVEL
