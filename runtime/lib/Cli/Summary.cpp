// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Summary.h"
#include "lib/Cli/Printable.h"
#include "lib/Core/Signature.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace moert::cli {

namespace {

constexpr int64_t kShown = 8;

template <typename T>
T at(const moert_tensor &tensor, int64_t index) {
  T value;
  memcpy(&value, static_cast<const char *>(tensor.data) + index * int64_t(sizeof(T)), sizeof(T));
  return value;
}

float fromHalf(uint16_t half) {
  int exponent = half >> 10 & 31;
  int mantissa = half & 1023;
  float sign = half & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31)
    return mantissa ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(float(mantissa + 1024), exponent - 25)
                          : std::ldexp(float(mantissa), -24));
}

float fromBfloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, sizeof(value));
  return value;
}

/// Element `index` of a packed type with `bits` bits.
unsigned packedAt(const moert_tensor &tensor, int64_t index, int bits) {
  int64_t bit = index * bits;
  return unsigned(at<uint8_t>(tensor, bit / 8) >> (bit % 8)) & ((1u << bits) - 1);
}

std::string real(double value) {
  char text[40];
  snprintf(text, sizeof(text), "%.7g", value);
  return text;
}

std::string hexadecimal(const moert_tensor &tensor, int64_t index, int32_t bits) {
  char text[8];
  snprintf(text, sizeof(text), "0x%02x",
           bits < 8 ? packedAt(tensor, index, bits) : at<uint8_t>(tensor, index));
  return text;
}

std::string valueText(const moert_tensor &tensor, int64_t index) {
  switch (tensor.dtype) {
  case MOERT_F32:
  case MOERT_F64:
  case MOERT_F16:
  case MOERT_BF16:
    return real(realAt(tensor, index));
  case MOERT_C64:
    return real(at<float>(tensor, 2 * index)) + "+" + real(at<float>(tensor, 2 * index + 1)) + "i";
  case MOERT_C128:
    return real(at<double>(tensor, 2 * index)) + "+" + real(at<double>(tensor, 2 * index + 1)) +
           "i";
  case MOERT_BOOL:
    return at<uint8_t>(tensor, index) ? "true" : "false";
  case MOERT_U8:
    return std::to_string(at<uint8_t>(tensor, index));
  case MOERT_I8:
    return std::to_string(at<int8_t>(tensor, index));
  case MOERT_U16:
    return std::to_string(at<uint16_t>(tensor, index));
  case MOERT_I16:
    return std::to_string(at<int16_t>(tensor, index));
  case MOERT_U32:
    return std::to_string(at<uint32_t>(tensor, index));
  case MOERT_I32:
    return std::to_string(at<int32_t>(tensor, index));
  case MOERT_U64:
    return std::to_string(at<uint64_t>(tensor, index));
  case MOERT_I64:
    return std::to_string(at<int64_t>(tensor, index));
  case MOERT_U4:
    return std::to_string(packedAt(tensor, index, 4));
  case MOERT_I4:
    return std::to_string(int(packedAt(tensor, index, 4) ^ 8) - 8);
  case MOERT_U2:
    return std::to_string(packedAt(tensor, index, 2));
  default:
    return hexadecimal(tensor, index, moert_dtype_bits(tensor.dtype));
  }
}

} // namespace

double realAt(const moert_tensor &tensor, int64_t index) {
  switch (tensor.dtype) {
  case MOERT_F64:
    return at<double>(tensor, index);
  case MOERT_F16:
    return fromHalf(at<uint16_t>(tensor, index));
  case MOERT_BF16:
    return fromBfloat(at<uint16_t>(tensor, index));
  default:
    return at<float>(tensor, index);
  }
}

std::string summarise(const char *name, const moert_tensor &tensor) {
  std::string text = printable(name) + " " +
                     describeType(tensor.dtype, tensor.rank, tensor.sizes, nullptr).text + ":";
  int64_t elements = 1;
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    elements = tensor.bytes ? elements * tensor.sizes[axis] : 0;
  for (int64_t i = 0; i < std::min(elements, kShown); ++i)
    text += " " + valueText(tensor, i);
  return text + (elements > kShown ? " ..." : "");
}

} // namespace moert::cli
