//===- KernelWork.cpp - What launches read, write and compute ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/KernelWork.h"

#include <algorithm>
#include <cstring>

using namespace moec;

namespace {

/// As LLVM's lowering of memrefs writes them: two pointers, an offset, sizes, strides.
constexpr uint64_t alignedPointerAt = 8, offsetAt = 16, sizesAt = 24;

template <typename T>
T load(const void *memory, uint64_t offset) {
  T value;
  std::memcpy(&value, static_cast<const char *>(memory) + offset, sizeof(T));
  return value;
}

} // namespace

const char *KernelWork::data(unsigned argument, const void *record) const {
  uint64_t at = arguments[argument].offset;
  return load<const char *>(record, at + alignedPointerAt) +
         load<int64_t>(record, at + offsetAt) * int64_t(arguments[argument].elementBytes);
}

double KernelWork::evaluate(const Extent &extent, const void *record) const {
  uint64_t at = arguments[extent.argument].offset;
  switch (extent.kind) {
  case Extent::Constant:
    return extent.value;
  case Extent::Dimension:
    return double(load<int64_t>(record, at + sizesAt + 8 * uint64_t(extent.dimension)));
  case Extent::Value:
    return double(load<int64_t>(record, at));
  case Extent::LastElement: {
    int64_t size = load<int64_t>(record, at + sizesAt);
    return size ? load<int32_t>(data(extent.argument, record), 4 * uint64_t(size - 1)) : 0;
  }
  }
  return 0;
}

double KernelWork::evaluate(const Volume &volume, const void *record) const {
  double product = 1;
  for (const Extent &extent : volume)
    product *= evaluate(extent, record);
  return product;
}

/// Pairs of a query and a key that it sees.
static double countPairs(double queries, double keys, double offset, bool isCausal) {
  if (!isCausal)
    return queries * keys;
  // Query i sees offset + i + 1 keys, as long as there are so many.
  double growing = std::clamp(keys - offset, 0.0, queries);
  return growing * offset + growing * (growing + 1) / 2 + (queries - growing) * keys;
}

RunWork KernelWork::count(const void *record) const {
  RunWork work;
  for (const Touch &touch : touches) {
    const Argument &argument = arguments[touch.argument];
    double elements = 1;
    for (int64_t dim = 0; dim < argument.rank; ++dim)
      elements *= evaluate({Extent::Dimension, 1, touch.argument, dim}, record);
    if (!touch.reached.empty())
      elements = std::min(elements, evaluate(touch.reached, record));
    work.bytes += touch.times * elements * argument.elementBytes;
  }
  for (const Slabs &weight : slabs) {
    double read = weight.count;
    if (weight.ranges >= 0) {
      auto ranges = unsigned(weight.ranges);
      auto size = uint64_t(evaluate({Extent::Dimension, 1, ranges, 0}, record));
      const char *offsets = data(ranges, record);
      read = 0;
      for (uint64_t slab = 0; slab + 1 < size; ++slab)
        read += load<int32_t>(offsets, 4 * slab + 4) > load<int32_t>(offsets, 4 * slab);
    }
    work.bytes += read * weight.bytes;
  }
  for (const Volume &volume : operations)
    work.operations += evaluate(volume, record);
  for (const Attention &attention : attentions) {
    double queries = evaluate(attention.queries, record), keys = evaluate(attention.keys, record);
    double offset =
        attention.endsWithKeys ? std::max(0.0, keys - queries) : evaluate(attention.offset, record);
    work.operations += 2 * evaluate(attention.heads, record) * evaluate(attention.width, record) *
                       countPairs(queries, keys, offset, attention.isCausal);
  }
  return work;
}
