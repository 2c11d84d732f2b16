//===- WeightBuilders.cpp - Weight expressions in normal form ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/WeightBuilders.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::rt;

static ArrayRef<int64_t> getShape(WeightExprInterface expr) {
  return expr.getExprType().getShape();
}

/// `elements` as operations of one kind; empty if one of them is of another.
template <typename AttrTy>
static SmallVector<AttrTy> allOf(ArrayRef<WeightExprInterface> elements) {
  SmallVector<AttrTy> result;
  for (WeightExprInterface element : elements) {
    auto attr = dyn_cast<AttrTy>(element);
    if (!attr)
      return {};
    result.push_back(attr);
  }
  return result;
}

/// The sources of `elements` if these are operations of one kind for which `get` gives equal values
/// and whose sources agree in element type and rank; empty otherwise.
template <typename AttrTy, typename Get>
static SmallVector<WeightExprInterface> commonSources(ArrayRef<WeightExprInterface> elements,
                                                      Get get, bool sameShape) {
  SmallVector<AttrTy> attrs = allOf<AttrTy>(elements);
  SmallVector<WeightExprInterface> sources;
  for (AttrTy attr : attrs) {
    RankedTensorType first = attrs[0].getSource().getExprType();
    RankedTensorType type = attr.getSource().getExprType();
    bool agrees = sameShape ? type == first
                            : type.getElementType() == first.getElementType() &&
                                  type.getRank() == first.getRank();
    if (!agrees || get(attr) != get(attrs[0]))
      return {};
    sources.push_back(attr.getSource());
  }
  return sources;
}

//===----------------------------------------------------------------------===//
// Transpose, reshape, cast
//===----------------------------------------------------------------------===//

WeightExprInterface moec::rt::transposed(WeightExprInterface source,
                                         ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return source;
  if (auto cast = dyn_cast<CastAttr>(source))
    return casted(transposed(cast.getSource(), permutation), cast.getElementType(),
                  cast.getFinite());
  if (auto inner = dyn_cast<TransposeAttr>(source)) {
    SmallVector<int64_t> both;
    for (int64_t dim : permutation)
      both.push_back(inner.getPermutation()[dim]);
    return transposed(inner.getSource(), both);
  }
  return TransposeAttr::get(source.getContext(), source, permutation);
}

WeightExprInterface moec::rt::reshaped(WeightExprInterface source, ArrayRef<int64_t> shape) {
  if (shape == getShape(source))
    return source;
  if (auto cast = dyn_cast<CastAttr>(source))
    return casted(reshaped(cast.getSource(), shape), cast.getElementType(), cast.getFinite());
  if (auto inner = dyn_cast<ReshapeAttr>(source))
    return reshaped(inner.getSource(), shape);
  return ReshapeAttr::get(source.getContext(), source, shape);
}

WeightExprInterface moec::rt::casted(WeightExprInterface source, Type elementType, bool finite) {
  if (source.getExprType().getElementType() == elementType)
    return source;
  return CastAttr::get(source.getContext(), source, elementType, finite);
}

WeightExprInterface moec::rt::packed(WeightExprInterface source, int64_t columns) {
  return PackAttr::get(source.getContext(), source, columns);
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// A slice of a stack: of its elements.
static WeightExprInterface sliceStack(StackAttr stack, ArrayRef<int64_t> offsets,
                                      ArrayRef<int64_t> sizes) {
  SmallVector<WeightExprInterface> elements;
  for (WeightExprInterface element : stack.getElements().slice(offsets[0], sizes[0]))
    elements.push_back(sliced(element, offsets.drop_front(), sizes.drop_front()));
  return stacked(elements);
}

/// A slice of a concatenation: of the elements it meets.
static WeightExprInterface sliceConcat(ConcatAttr concat, ArrayRef<int64_t> offsets,
                                       ArrayRef<int64_t> sizes) {
  int64_t axis = concat.getAxis(), begin = 0;
  SmallVector<WeightExprInterface> elements;
  for (WeightExprInterface element : concat.getElements()) {
    int64_t end = begin + getShape(element)[axis];
    int64_t from = std::max(begin, offsets[axis]), to = std::min(end, offsets[axis] + sizes[axis]);
    if (from < to) {
      SmallVector<int64_t> partOffsets(offsets), partSizes(sizes);
      partOffsets[axis] = from - begin;
      partSizes[axis] = to - from;
      elements.push_back(sliced(element, partOffsets, partSizes));
    }
    begin = end;
  }
  return concatenated(axis, elements);
}

/// A slice of a reshape that adds or drops dimensions of size 1 only: of its source. Null for other
/// reshapes.
static WeightExprInterface sliceUnitReshape(ReshapeAttr reshape, ArrayRef<int64_t> offsets,
                                            ArrayRef<int64_t> sizes) {
  ArrayRef<int64_t> shape = reshape.getShape(), sourceShape = getShape(reshape.getSource());
  SmallVector<int64_t> sourceOffsets(sourceShape.size(), 0), sourceSizes(sourceShape.size(), 1);
  size_t dim = 0;
  for (size_t source = 0; source < sourceShape.size(); ++source) {
    if (sourceShape[source] == 1)
      continue;
    while (dim < shape.size() && shape[dim] == 1)
      ++dim;
    if (dim == shape.size() || shape[dim] != sourceShape[source])
      return {};
    sourceOffsets[source] = offsets[dim];
    sourceSizes[source] = sizes[dim++];
  }
  for (; dim < shape.size(); ++dim)
    if (shape[dim] != 1)
      return {};
  return reshaped(sliced(reshape.getSource(), sourceOffsets, sourceSizes), sizes);
}

WeightExprInterface moec::rt::sliced(WeightExprInterface source, ArrayRef<int64_t> offsets,
                                     ArrayRef<int64_t> sizes) {
  if (sizes == getShape(source))
    return source;
  bool isEmpty = llvm::is_contained(sizes, 0);
  if (auto cast = dyn_cast<CastAttr>(source))
    return casted(sliced(cast.getSource(), offsets, sizes), cast.getElementType(),
                  cast.getFinite());
  if (auto inner = dyn_cast<SliceAttr>(source)) {
    SmallVector<int64_t> shifted;
    for (auto [a, b] : llvm::zip_equal(inner.getOffsets(), offsets))
      shifted.push_back(a + b);
    return sliced(inner.getSource(), shifted, sizes);
  }
  if (auto transpose = dyn_cast<TransposeAttr>(source)) {
    SmallVector<int64_t> sourceOffsets(offsets.size()), sourceSizes(sizes.size());
    for (auto [dim, from] : llvm::enumerate(transpose.getPermutation())) {
      sourceOffsets[from] = offsets[dim];
      sourceSizes[from] = sizes[dim];
    }
    return transposed(sliced(transpose.getSource(), sourceOffsets, sourceSizes),
                      transpose.getPermutation());
  }
  if (auto stack = dyn_cast<StackAttr>(source); stack && !isEmpty)
    return sliceStack(stack, offsets, sizes);
  if (auto concat = dyn_cast<ConcatAttr>(source); concat && !isEmpty)
    return sliceConcat(concat, offsets, sizes);
  if (auto reshape = dyn_cast<ReshapeAttr>(source); reshape && !isEmpty)
    if (WeightExprInterface result = sliceUnitReshape(reshape, offsets, sizes))
      return result;
  return SliceAttr::get(source.getContext(), source, offsets, sizes);
}

//===----------------------------------------------------------------------===//
// Stack and concatenation
//===----------------------------------------------------------------------===//

/// Whether `next` is the box of the same source that follows `previous` along `axis`.
static bool isAdjacent(SliceAttr previous, SliceAttr next, int64_t axis) {
  if (previous.getSource() != next.getSource())
    return false;
  for (size_t dim = 0; dim < previous.getSizes().size(); ++dim) {
    bool isAxis = static_cast<int64_t>(dim) == axis;
    int64_t expected = previous.getOffsets()[dim] + (isAxis ? previous.getSizes()[dim] : 0);
    if (next.getOffsets()[dim] != expected ||
        (!isAxis && next.getSizes()[dim] != previous.getSizes()[dim]))
      return false;
  }
  return true;
}

/// Elements that are boxes of one source, adjacent along its first dimension and of size 1 there,
/// as one box. Null for others.
static WeightExprInterface mergeSlices(ArrayRef<WeightExprInterface> elements) {
  SmallVector<SliceAttr> slices = allOf<SliceAttr>(elements);
  if (slices.empty() || slices[0].getSizes().empty() || slices[0].getSizes()[0] != 1)
    return {};
  for (size_t index = 1; index < slices.size(); ++index)
    if (!isAdjacent(slices[index - 1], slices[index], 0))
      return {};
  SmallVector<int64_t> sizes(slices[0].getSizes());
  sizes[0] = slices.size();
  return sliced(slices[0].getSource(), slices[0].getOffsets(), sizes);
}

WeightExprInterface moec::rt::stacked(ArrayRef<WeightExprInterface> elements) {
  int64_t count = elements.size();
  SmallVector<int64_t> shape{count};
  llvm::append_range(shape, getShape(elements[0]));
  if (count == 1)
    return reshaped(elements[0], shape);
  if (auto sources = commonSources<CastAttr>(
          elements,
          [](CastAttr attr) { return std::pair(attr.getElementType(), attr.getFinite()); }, true);
      !sources.empty())
    return casted(stacked(sources), elements[0].getExprType().getElementType(),
                  cast<CastAttr>(elements[0]).getFinite());
  if (auto sources = commonSources<TransposeAttr>(
          elements, [](TransposeAttr attr) { return attr.getPermutation(); }, true);
      !sources.empty()) {
    SmallVector<int64_t> permutation{0};
    for (int64_t dim : cast<TransposeAttr>(elements[0]).getPermutation())
      permutation.push_back(dim + 1);
    return transposed(stacked(sources), permutation);
  }
  if (auto sources = commonSources<ReshapeAttr>(
          elements, [](ReshapeAttr attr) { return attr.getShape(); }, true);
      !sources.empty())
    return reshaped(stacked(sources), shape);
  if (WeightExprInterface box = mergeSlices(elements))
    return reshaped(box, shape);
  return StackAttr::get(elements[0].getContext(), elements);
}

WeightExprInterface moec::rt::concatenated(int64_t axis, ArrayRef<WeightExprInterface> elements) {
  if (auto sources = commonSources<CastAttr>(
          elements,
          [](CastAttr attr) { return std::pair(attr.getElementType(), attr.getFinite()); }, false);
      !sources.empty())
    return casted(concatenated(axis, sources), elements[0].getExprType().getElementType(),
                  cast<CastAttr>(elements[0]).getFinite());
  if (auto sources = commonSources<TransposeAttr>(
          elements, [](TransposeAttr attr) { return attr.getPermutation(); }, false);
      !sources.empty()) {
    ArrayRef<int64_t> permutation = cast<TransposeAttr>(elements[0]).getPermutation();
    return transposed(concatenated(permutation[axis], sources), permutation);
  }

  SmallVector<WeightExprInterface> flat, merged;
  for (WeightExprInterface element : elements) {
    auto inner = dyn_cast<ConcatAttr>(element);
    if (inner && inner.getAxis() == axis)
      llvm::append_range(flat, inner.getElements());
    else
      flat.push_back(element);
  }
  for (WeightExprInterface element : flat) {
    auto next = dyn_cast<SliceAttr>(element);
    auto last = merged.empty() ? SliceAttr() : dyn_cast<SliceAttr>(merged.back());
    if (!next || !last || !isAdjacent(last, next, axis)) {
      merged.push_back(element);
      continue;
    }
    SmallVector<int64_t> sizes(last.getSizes());
    sizes[axis] += next.getSizes()[axis];
    merged.back() = sliced(last.getSource(), last.getOffsets(), sizes);
  }
  if (merged.size() == 1)
    return merged[0];
  return ConcatAttr::get(elements[0].getContext(), axis, merged);
}

WeightExprInterface moec::rt::normalised(WeightExprInterface expr) {
  SmallVector<WeightExprInterface> sources;
  for (Attribute source : expr.getSources())
    sources.push_back(normalised(cast<WeightExprInterface>(source)));
  return TypeSwitch<Attribute, WeightExprInterface>(expr)
      .Case([&](TransposeAttr e) { return transposed(sources[0], e.getPermutation()); })
      .Case([&](ReshapeAttr e) { return reshaped(sources[0], e.getShape()); })
      .Case([&](SliceAttr e) { return sliced(sources[0], e.getOffsets(), e.getSizes()); })
      .Case([&](StackAttr) { return stacked(sources); })
      .Case([&](ConcatAttr e) { return concatenated(e.getAxis(), sources); })
      .Case([&](CastAttr e) { return casted(sources[0], e.getElementType(), e.getFinite()); })
      .Case([&](PackAttr e) { return packed(sources[0], e.getColumns()); })
      .Default([&](Attribute) { return expr; });
}
