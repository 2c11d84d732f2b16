//===- Storage.h - Numbers as tensors store them ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_CODEGEN_STORAGE_H
#define MOEC_UNITTESTS_CODEGEN_STORAGE_H

#include "llvm/ADT/APFloat.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moec::test {

/// `value` rounded to nearest even as the bits of f32, f16 or bf16.
inline uint32_t toBits(float value, const std::string &type) {
  llvm::APFloat number(value);
  bool ignored;
  if (type != "f32")
    number.convert(type == "f16" ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat(),
                   llvm::APFloat::rmNearestTiesToEven, &ignored);
  return static_cast<uint32_t>(number.bitcastToAPInt().getZExtValue());
}

inline float fromBits(uint32_t bits, const std::string &type) {
  if (type == "f32") {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  llvm::APFloat number(type == "f16" ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat(),
                       llvm::APInt(16, bits));
  bool ignored;
  number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &ignored);
  return number.convertToFloat();
}

/// An array of f32, f16 or bf16.
class Storage {
public:
  Storage(std::string type, size_t count, float fill = 0)
      : type(std::move(type)), count(count), bytes(count * width() + 64) {
    for (size_t i = 0; i < count; ++i)
      set(i, fill);
  }

  size_t size() const { return count; }
  void *data() { return bytes.data(); }
  float get(size_t i) const { return fromBits(bits(i), type); }
  void set(size_t i, float value) {
    uint32_t bits = toBits(value, type);
    std::memcpy(&bytes[i * width()], &bits, width());
  }
  uint32_t bits(size_t i) const {
    uint32_t bits = 0;
    std::memcpy(&bits, &bytes[i * width()], width());
    return bits;
  }

private:
  size_t width() const { return type == "f32" ? 4 : 2; }
  std::string type;
  size_t count;
  std::vector<char> bytes;
};

/// A sequence of numbers in [-1, 1) that is the same on every machine.
class Sequence {
public:
  explicit Sequence(uint32_t seed) : state(seed * 2654435761u + 1) {}
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
  float number() { return static_cast<float>(static_cast<int32_t>(next())) / 2147483648.0f; }

private:
  uint32_t state;
};

} // namespace moec::test

#endif // MOEC_UNITTESTS_CODEGEN_STORAGE_H
