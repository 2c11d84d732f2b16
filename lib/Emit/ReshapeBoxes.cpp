//===- ReshapeBoxes.cpp - Boxes on both sides of a reshape ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/ReshapeBoxes.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace moec;

SmallVector<ReshapeGroup> moec::getReshapeGroups(ArrayRef<int64_t> source,
                                                 ArrayRef<int64_t> shape) {
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < source.size() && j < shape.size()) {
    ReshapeGroup group = {i, 0, j, 0};
    int64_t left = source[i++], right = shape[j++];
    while (left != right) {
      if (left < right)
        left *= source[i++];
      else
        right *= shape[j++];
    }
    group.sourceEnd = i;
    group.end = j;
    groups.push_back(group);
  }
  // Only ones are left, on one side.
  if (i < source.size() || j < shape.size())
    groups.push_back({i, source.size(), j, shape.size()});
  return groups;
}

/// How many of `sizes` are not 1.
static size_t countWide(ArrayRef<int64_t> sizes) {
  return count_if(sizes, [](int64_t size) { return size != 1; });
}

std::optional<ReshapeBoxes> ReshapeBoxes::get(ArrayRef<int64_t> source, ArrayRef<int64_t> shape) {
  ReshapeBoxes boxes(source, shape);
  for (const ReshapeGroup &group : boxes.groups)
    if (countWide(source.slice(group.sourceBegin, group.sourceEnd - group.sourceBegin)) > 1 &&
        countWide(shape.slice(group.begin, group.end - group.begin)) > 1)
      return std::nullopt;
  return boxes;
}

Error ReshapeBoxes::forEach(const StridedBox &box, Visit visit) const {
  StridedBox result;
  result.offsets.assign(source.size(), 0);
  result.sizes.assign(source.size(), 1);
  result.strides.assign(source.size(), 0);
  result.place = box.place;
  return visitGroup(0, box, result, visit);
}

/// Everything of `box` within groups from `index` on, the others being fixed in `result`: ranges of
/// the group's elements that are a stride apart.
Error ReshapeBoxes::visitGroup(size_t index, const StridedBox &box, StridedBox &result,
                               Visit visit) const {
  if (index == groups.size())
    return visit(result);
  const ReshapeGroup &group = groups[index];
  // Dimensions from `run` on are one range: all but the first of them are whole, and as far apart
  // as if they were dense.
  size_t run = group.end;
  int64_t count = 1, stride = 0; // of the range
  int64_t step = 1;              // elements of the group that one step of dimension `run` skips
  while (run > group.begin) {
    const size_t dim = run - 1;
    if (box.sizes[dim] > 1) {
      // What is inside must leave no holes between the elements of this dimension.
      if (count != step || (count > 1 && box.strides[dim] != stride * count))
        break;
      if (count == 1)
        stride = box.strides[dim];
      count *= box.sizes[dim];
    }
    step *= shape[dim];
    run = dim;
  }
  int64_t first = 0;
  for (size_t dim = group.begin; dim < group.end; ++dim)
    first = first * shape[dim] + box.offsets[dim];
  SmallVector<int64_t> at(run - group.begin, 0);
  const int64_t place = result.place;
  while (true) {
    int64_t start = 0, offset = 0;
    for (size_t dim = group.begin; dim < group.end; ++dim) {
      int64_t i = dim < run ? at[dim - group.begin] : 0;
      start = start * shape[dim] + i;
      offset += i * box.strides[dim];
    }
    result.place = place + offset;
    if (Error error = visitRange(index, first + start, count, stride, box, result, visit))
      return error;
    size_t dim = at.size();
    while (dim > 0 && ++at[dim - 1] == box.sizes[group.begin + dim - 1])
      at[--dim] = 0;
    if (dim == 0)
      break;
  }
  result.place = place;
  return Error::success();
}

/// `count` elements of a group from `first` on, `stride` bytes apart: boxes as large as they can be
/// of its dimensions of the source.
Error ReshapeBoxes::visitRange(size_t index, int64_t first, int64_t count, int64_t stride,
                               const StridedBox &box, StridedBox &result, Visit visit) const {
  const ReshapeGroup &group = groups[index];
  const int64_t place = result.place;
  for (int64_t done = 0; done < count;) {
    // Whole inner dimensions, part of one, one index of the outer ones.
    int64_t rest = first + done, inner = 1, read = 1;
    bool isOpen = true;
    for (size_t dim = group.sourceEnd; dim-- > group.sourceBegin;) {
      result.offsets[dim] = rest % source[dim];
      rest /= source[dim];
      result.sizes[dim] = 1;
      result.strides[dim] = stride * inner;
      if (isOpen) {
        result.sizes[dim] = std::min(source[dim] - result.offsets[dim], (count - done) / inner);
        read = inner * result.sizes[dim];
        inner *= source[dim];
        isOpen = result.sizes[dim] == source[dim] && count - done >= inner;
      }
    }
    result.place = place + done * stride;
    if (Error error = visitGroup(index + 1, box, result, visit))
      return error;
    done += read;
  }
  result.place = place;
  return Error::success();
}

size_t moec::getReshapedDim(ArrayRef<int64_t> source, ArrayRef<int64_t> shape, size_t dim) {
  for (const ReshapeGroup &group : getReshapeGroups(source, shape)) {
    if (dim < group.sourceBegin || dim >= group.sourceEnd)
      continue;
    for (size_t result = group.end; result-- > group.begin;)
      if (shape[result] != 1)
        return result;
  }
  return shape.size() - 1;
}
