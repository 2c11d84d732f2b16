// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Inputs.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <cstring>

namespace moert::cli {

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): any place of the sequence at once, the same everywhere.
uint64_t scramble(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

uint64_t hashName(const char *name) {
  uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (; *name; ++name)
    hash = (hash ^ uint8_t(*name)) * 0x100000001b3;
  return hash;
}

uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// Half precision of a multiple of 1/1024 in [-1, 1): exact, and never denormal.
uint16_t exactHalf(float value) {
  uint32_t bits = bitsOf(value);
  if (value == 0)
    return 0;
  uint32_t exponent = (bits >> 23 & 0xff) - 127 + 15;
  return uint16_t((bits >> 16 & 0x8000) | exponent << 10 | (bits >> 13 & 0x3ff));
}

template <typename T, typename Make>
void fill(Buffer &data, uint64_t key, Make make) {
  auto *values = reinterpret_cast<T *>(data.data());
  int64_t count = data.size() / int64_t(sizeof(T));
  for (int64_t i = 0; i < count; ++i)
    values[i] = make(scramble(key + uint64_t(i)));
}

} // namespace

moert_status reserveRandom(const moert_value_info &info, std::vector<int64_t> sizes,
                           Tensor &tensor) {
  int64_t bytes = tensorBytes(info.dtype, int64_t(sizes.size()), sizes.data());
  if (bytes < 0 || !tensor.data.allocate(bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for input '%s', %s", info.name,
                   describeType(info.dtype, int64_t(sizes.size()), sizes.data(), nullptr).text);
  tensor.name = info.name;
  tensor.dtype = info.dtype;
  tensor.elementBytes = moert_dtype_bits(info.dtype) / 8;
  tensor.sizes = std::move(sizes);
  return success();
}

moert_status fillRandom(const moert_value_info &info, uint64_t seed, Tensor &tensor) {
  uint64_t key = scramble(seed ^ hashName(info.name));
  // The upper bits, as multiples of a power of two that each type holds exactly.
  auto unit = [](uint64_t random, int bits) {
    return double(int64_t(random) >> (63 - bits)) / double(int64_t(1) << bits);
  };
  switch (info.dtype) {
  case MOERT_F32:
    fill<float>(tensor.data, key, [&](uint64_t random) { return float(unit(random, 23)); });
    break;
  case MOERT_F64:
    fill<double>(tensor.data, key, [&](uint64_t random) { return unit(random, 52); });
    break;
  case MOERT_F16:
    fill<uint16_t>(tensor.data, key,
                   [&](uint64_t random) { return exactHalf(float(unit(random, 10))); });
    break;
  case MOERT_BF16:
    fill<uint16_t>(tensor.data, key,
                   [&](uint64_t random) { return uint16_t(bitsOf(float(unit(random, 7))) >> 16); });
    break;
  case MOERT_BOOL:
  case MOERT_I8:
  case MOERT_U8:
    fill<uint8_t>(tensor.data, key, [](uint64_t random) { return uint8_t(random >> 63); });
    break;
  case MOERT_I16:
  case MOERT_U16:
    fill<uint16_t>(tensor.data, key, [](uint64_t random) { return uint16_t(random >> 63); });
    break;
  case MOERT_I32:
  case MOERT_U32:
    fill<uint32_t>(tensor.data, key, [](uint64_t random) { return uint32_t(random >> 63); });
    break;
  case MOERT_I64:
  case MOERT_U64:
    fill<uint64_t>(tensor.data, key, [](uint64_t random) { return random >> 63; });
    break;
  default:
    return failure(MOERT_UNSUPPORTED, "input '%s' has type %s, which --random cannot make up",
                   info.name, dtypeName(info.dtype));
  }
  return success();
}

} // namespace moert::cli
