//===- RoundingError.cpp - What a storage type costs in precision -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/RoundingError.h"

#include "lib/Emit/FloatConversion.h"

#include <cmath>

using namespace llvm;
using namespace moec;

/// Elements that are read at a time.
constexpr int64_t chunk = int64_t(1) << 20;

double RoundingError::rms() const { return squares > 0 ? std::sqrt(squaredErrors / squares) : 0; }

RoundingError &RoundingError::operator+=(const RoundingError &other) {
  elements += other.elements;
  overflows += other.overflows;
  subnormals += other.subnormals;
  flushes += other.flushes;
  maxRelative = std::max(maxRelative, other.maxRelative);
  squares += other.squares;
  squaredErrors += other.squaredErrors;
  largest = std::max(largest, other.largest);
  return *this;
}

Expected<RoundingError> moec::measureRounding(WeightReader &reader, rt::CastAttr cast) {
  rt::WeightExprInterface source = cast.getSource();
  assert(source.getExprType().getElementType().isF32() && "only f32 is rounded to store it");
  FloatFormat format = cast.getElementType().isBF16() ? kBF16 : kF16;
  double leastNormal = std::ldexp(1.0, 2 - (1 << (format.exponentBits - 1)));
  int64_t total = source.getExprType().getNumElements();
  SmallVector<float, 0> numbers, rounded;
  SmallVector<uint16_t, 0> stored;
  RoundingError result;
  for (int64_t first = 0; first < total; first += chunk) {
    int64_t count = std::min(chunk, total - first);
    numbers.resize_for_overwrite(count);
    rounded.resize_for_overwrite(count);
    stored.resize_for_overwrite(count);
    auto bytes = [](auto &buffer) { return reinterpret_cast<char *>(buffer.data()); };
    if (Error error = reader.readLinear(source, first, count, bytes(numbers)))
      return error;
    convertFloats(bytes(numbers), kF32, bytes(stored), sizeof(uint16_t), format, count);
    convertFloats(bytes(stored), format, bytes(rounded), sizeof(float), kF32, count);
    for (auto [number, image] : zip_equal(numbers, rounded)) {
      if (!std::isfinite(number))
        continue;
      ++result.elements;
      double magnitude = std::fabs(double(number)), imageMagnitude = std::fabs(double(image));
      result.largest = std::max(result.largest, magnitude);
      if (!std::isfinite(image)) {
        ++result.overflows;
        continue;
      }
      double error = std::fabs(imageMagnitude - magnitude);
      result.squares += magnitude * magnitude;
      result.squaredErrors += error * error;
      if (imageMagnitude >= leastNormal)
        result.maxRelative = std::max(result.maxRelative, error / magnitude);
      else if (imageMagnitude > 0)
        ++result.subnormals;
      else if (magnitude > 0)
        ++result.flushes;
    }
    reader.releasePages();
  }
  return result;
}
