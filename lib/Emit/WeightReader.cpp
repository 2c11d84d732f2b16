//===- WeightReader.cpp - Evaluation of boxes of weight expressions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WeightReader.h"

#include "lib/Emit/FloatConversion.h"
#include "lib/Emit/ReshapeBoxes.h"
#include "moec/Emit.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

#include <sys/mman.h>

using namespace llvm;
using namespace moec;
using namespace moec::rt;

int64_t moec::getElementBytes(WeightExprInterface expr) {
  return expr.getExprType().getElementTypeBitWidth() / 8;
}

SmallVector<int64_t> moec::getDenseStrides(ArrayRef<int64_t> sizes, int64_t elementBytes) {
  SmallVector<int64_t> strides(sizes.size());
  for (size_t dim = sizes.size(); dim-- > 0; elementBytes *= sizes[dim])
    strides[dim] = elementBytes;
  return strides;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

/// Calls `visit(index)` for every index of a box, the last dimension fastest, until it fails.
static Error forEachIndex(ArrayRef<int64_t> sizes, function_ref<Error(ArrayRef<int64_t>)> visit) {
  if (product(sizes) == 0)
    return Error::success();
  SmallVector<int64_t> index(sizes.size(), 0);
  while (true) {
    if (Error error = visit(index))
      return error;
    size_t dim = sizes.size();
    while (dim > 0 && ++index[dim - 1] == sizes[dim - 1])
      index[--dim] = 0;
    if (dim == 0)
      return Error::success();
  }
}

static int64_t dot(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  int64_t sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += x * y;
  return sum;
}

//===----------------------------------------------------------------------===//
// Strided copies
//===----------------------------------------------------------------------===//

/// Copies a matrix of elements of a fixed size, in blocks that keep the lines of both sides in the
/// cache when one side is transposed.
template <typename T>
static void copyMatrix(const char *source, int64_t sourceRow, int64_t sourceColumn, char *target,
                       int64_t targetRow, int64_t targetColumn, int64_t rows, int64_t columns) {
  constexpr int64_t block = 32;
  for (int64_t row = 0; row < rows; row += block)
    for (int64_t column = 0; column < columns; column += block)
      for (int64_t r = row; r < std::min(row + block, rows); ++r)
        for (int64_t c = column; c < std::min(column + block, columns); ++c)
          std::memcpy(target + r * targetRow + c * targetColumn,
                      source + r * sourceRow + c * sourceColumn, sizeof(T));
}

/// Copies a box between two strided layouts.
static void copyStrided(const char *source, ArrayRef<int64_t> sourceStrides, char *target,
                        ArrayRef<int64_t> targetStrides, ArrayRef<int64_t> sizes,
                        int64_t elementBytes) {
  // Dimensions of size 1 do not matter; the others decide how much can be copied at once.
  SmallVector<int64_t> from, to, counts;
  for (auto [a, b, size] : llvm::zip_equal(sourceStrides, targetStrides, sizes)) {
    if (size == 0)
      return;
    if (size == 1)
      continue;
    if (!counts.empty() && from.back() == a * size && to.back() == b * size) {
      counts.back() *= size;
      from.back() = a;
      to.back() = b;
      continue;
    }
    from.push_back(a);
    to.push_back(b);
    counts.push_back(size);
  }
  if (counts.empty() || (from.back() == elementBytes && to.back() == elementBytes)) {
    int64_t bytes = elementBytes;
    if (!counts.empty()) {
      bytes *= counts.pop_back_val();
      from.pop_back();
      to.pop_back();
    }
    cantFail(forEachIndex(counts, [&](ArrayRef<int64_t> index) {
      std::memcpy(target + dot(index, to), source + dot(index, from), bytes);
      return Error::success();
    }));
    return;
  }
  // Matrices of the source's fastest dimension and the target's.
  size_t column = counts.size() - 1, row = counts.size();
  for (size_t dim = 0; dim < column; ++dim)
    if (row == counts.size() || to[dim] < to[row])
      row = dim;
  int64_t columns = counts[column], fromColumn = from[column], toColumn = to[column];
  int64_t rows = 1, fromRow = 0, toRow = 0;
  counts[column] = 1;
  if (row != counts.size()) {
    rows = counts[row];
    fromRow = from[row];
    toRow = to[row];
    counts[row] = 1;
  }
  auto copy = elementBytes == 1   ? copyMatrix<uint8_t>
              : elementBytes == 2 ? copyMatrix<uint16_t>
              : elementBytes == 4 ? copyMatrix<uint32_t>
                                  : copyMatrix<uint64_t>;
  cantFail(forEachIndex(counts, [&](ArrayRef<int64_t> index) {
    copy(source + dot(index, from), fromRow, fromColumn, target + dot(index, to), toRow, toColumn,
         rows, columns);
    return Error::success();
  }));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Expected<StringRef> WeightFiles::open(StringRef path) {
  std::lock_guard lock(mutex);
  std::unique_ptr<MappedFile> &file = files[path];
  if (!file) {
    SmallString<256> full(path);
    if (sys::path::is_relative(path) && !options.baseDirectory.empty()) {
      full = options.baseDirectory;
      sys::path::append(full, path);
    }
    auto mode = options.readIntoMemory ? MappedFile::Mode::Copy : MappedFile::Mode::Map;
    Expected<std::unique_ptr<MappedFile>> opened =
        MappedFile::open(full, mode, options.refuseLinks);
    if (!opened)
      return createStringError("weights " + toString(opened.takeError()));
    file = std::move(*opened);
  }
  return file->bytes();
}

void WeightReader::releasePages() {
  // mapped_file_region::dontNeed calls posix_madvise, which glibc ignores for this advice.
  const uintptr_t page = sys::Process::getPageSizeEstimate();
  for (auto [file, range] : touched) {
    uintptr_t begin = alignDown(reinterpret_cast<uintptr_t>(range.first), page);
    uintptr_t end = reinterpret_cast<uintptr_t>(range.second);
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
  }
  touched.clear();
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Error WeightReader::readReshape(ReshapeAttr expr, ArrayRef<int64_t> offsets,
                                ArrayRef<int64_t> sizes, char *target, ArrayRef<int64_t> strides) {
  ArrayRef<int64_t> shape = expr.getShape();
  if (auto boxes = ReshapeBoxes::get(expr.getSource().getExprType().getShape(), shape))
    return boxes->forEach(
        {llvm::to_vector(offsets), llvm::to_vector(sizes), llvm::to_vector(strides)},
        [&](const StridedBox &box) {
          return read(expr.getSource(), box.offsets, box.sizes, target + box.place, box.strides);
        });
  int64_t elementBytes = getElementBytes(expr);
  // Dimensions from `outer` on form runs that are consecutive in the source.
  size_t outer = shape.size();
  while (outer > 0) {
    --outer;
    if (sizes[outer] != shape[outer])
      break;
  }
  ArrayRef<int64_t> runSizes = sizes.drop_front(outer);
  int64_t run = product(runSizes);
  SmallVector<int64_t> denseRun = getDenseStrides(runSizes, elementBytes);
  bool isDense = ArrayRef(denseRun) == strides.drop_front(outer);
  SmallVector<char, 0> buffer;
  if (!isDense)
    buffer.resize_for_overwrite(run * elementBytes);
  SmallVector<int64_t> elements = getDenseStrides(shape, 1);
  int64_t first = dot(offsets, elements);
  return forEachIndex(sizes.take_front(outer), [&](ArrayRef<int64_t> index) -> Error {
    int64_t start = first + dot(index, ArrayRef(elements).take_front(outer));
    char *place = target + dot(index, strides.take_front(outer));
    if (isDense)
      return readLinear(expr.getSource(), start, run, place);
    if (Error error = readLinear(expr.getSource(), start, run, buffer.data()))
      return error;
    copyStrided(buffer.data(), denseRun, place, strides.drop_front(outer), runSizes, elementBytes);
    return Error::success();
  });
}

Error WeightReader::readStack(StackAttr expr, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                              char *target, ArrayRef<int64_t> strides) {
  for (int64_t index = 0; index < sizes[0]; ++index)
    if (Error error = read(expr.getElements()[offsets[0] + index], offsets.drop_front(),
                           sizes.drop_front(), target + index * strides[0], strides.drop_front()))
      return error;
  return Error::success();
}

Error WeightReader::readConcat(ConcatAttr expr, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                               char *target, ArrayRef<int64_t> strides) {
  int64_t axis = expr.getAxis(), begin = 0;
  int64_t wanted = offsets[axis], end = offsets[axis] + sizes[axis];
  for (WeightExprInterface element : expr.getElements()) {
    int64_t size = element.getExprType().getDimSize(axis);
    int64_t from = std::max(begin, wanted), to = std::min(begin + size, end);
    if (from < to) {
      SmallVector<int64_t> partOffsets(offsets), partSizes(sizes);
      partOffsets[axis] = from - begin;
      partSizes[axis] = to - from;
      if (Error error = read(element, partOffsets, partSizes,
                             target + (from - wanted) * strides[axis], strides))
        return error;
    }
    begin += size;
  }
  return Error::success();
}

/// An error if one of `count` finite numbers at `source` has become infinite; those at `target` are
/// `stride` bytes apart.
static Error checkRange(CastAttr expr, const char *source, FloatFormat from, const char *target,
                        int64_t stride, FloatFormat to, int64_t count) {
  int64_t at = findOverflow(source, from, target, stride, to, count);
  if (at == count)
    return Error::success();
  double value = toDouble(source + at * from.bits() / 8, from);
  std::string text;
  llvm::raw_string_ostream(text) << "the number " << format("%.6g", value) << " does not fit "
                                 << expr.getElementType() << ", whose largest is "
                                 << format("%.6g", getLargest(to));
  return make_error<WeightRangeError>(text, mlir::UnknownLoc::get(expr.getContext()));
}

static FloatFormat getFormat(mlir::Type type) {
  if (type.isF16())
    return kF16;
  if (type.isBF16())
    return kBF16;
  return type.isF32() ? kF32 : kF64;
}

Error WeightReader::readCast(CastAttr expr, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                             char *target, ArrayRef<int64_t> strides) {
  WeightExprInterface source = expr.getSource();
  int64_t sourceBytes = getElementBytes(source);
  SmallVector<char, 0> buffer;
  buffer.resize_for_overwrite(product(sizes) * sourceBytes);
  SmallVector<int64_t> dense = getDenseStrides(sizes, sourceBytes);
  if (Error error = read(source, offsets, sizes, buffer.data(), dense))
    return error;
  FloatFormat from = getFormat(source.getExprType().getElementType());
  FloatFormat to = getFormat(expr.getElementType());
  auto convert = [&](const char *row, char *into, int64_t stride, int64_t count) -> Error {
    convertFloats(row, from, into, stride, to, count);
    return expr.getFinite() ? checkRange(expr, row, from, into, stride, to, count)
                            : Error::success();
  };
  if (sizes.empty())
    return convert(buffer.data(), target, 0, 1);
  return forEachIndex(sizes.drop_back(), [&](ArrayRef<int64_t> index) {
    return convert(buffer.data() + dot(index, ArrayRef(dense).drop_back()),
                   target + dot(index, strides.drop_back()), strides.back(), sizes.back());
  });
}

Error WeightReader::read(WeightExprInterface expr, ArrayRef<int64_t> offsets,
                         ArrayRef<int64_t> sizes, char *target, ArrayRef<int64_t> strides) {
  if (product(sizes) == 0)
    return Error::success();
  int64_t elementBytes = getElementBytes(expr);
  ArrayRef<int64_t> shape = expr.getExprType().getShape();
  return TypeSwitch<mlir::Attribute, Error>(expr)
      .Case([&](FileAttr file) -> Error {
        Expected<StringRef> bytes = files.open(file.getPath());
        if (!bytes)
          return bytes.takeError();
        int64_t needed = product(shape) * elementBytes;
        int64_t available = bytes->size();
        if (file.getOffset() > available || needed > available - file.getOffset())
          return createStringError("weights '" + file.getPath() + "' have " + Twine(available) +
                                   " bytes, but the model places " + Twine(needed) +
                                   " bytes at offset " + Twine(file.getOffset()) +
                                   "; is the file complete?");
        SmallVector<int64_t> dense = getDenseStrides(shape, elementBytes);
        const char *begin = bytes->data() + file.getOffset() + dot(offsets, dense);
        const char *end = begin + elementBytes;
        for (auto [size, stride] : llvm::zip_equal(sizes, dense))
          end += (size - 1) * stride;
        if (files.areMapped()) {
          auto [place, isNew] = touched.try_emplace(bytes->data(), begin, end);
          place->second = {std::min(place->second.first, begin),
                           std::max(place->second.second, end)};
        }
        copyStrided(begin, dense, target, strides, sizes, elementBytes);
        return Error::success();
      })
      .Case([&](mlir::DenseIntOrFPElementsAttr constant) {
        ArrayRef<char> data = constant.getRawData();
        SmallVector<int64_t> source(shape.size(), 0); // a splat has one element for all
        if (!constant.isSplat())
          source = getDenseStrides(shape, elementBytes);
        copyStrided(data.data() + dot(offsets, source), source, target, strides, sizes,
                    elementBytes);
        return Error::success();
      })
      .Case([&](TransposeAttr transpose) {
        size_t rank = shape.size();
        SmallVector<int64_t> sourceOffsets(rank), sourceSizes(rank), sourceStrides(rank);
        for (auto [dim, source] : llvm::enumerate(transpose.getPermutation())) {
          sourceOffsets[source] = offsets[dim];
          sourceSizes[source] = sizes[dim];
          sourceStrides[source] = strides[dim];
        }
        return read(transpose.getSource(), sourceOffsets, sourceSizes, target, sourceStrides);
      })
      .Case([&](SliceAttr slice) {
        SmallVector<int64_t> shifted(offsets);
        for (auto [offset, shift] : llvm::zip_equal(shifted, slice.getOffsets()))
          offset += shift;
        return read(slice.getSource(), shifted, sizes, target, strides);
      })
      .Case([&](ReshapeAttr e) { return readReshape(e, offsets, sizes, target, strides); })
      .Case([&](StackAttr e) { return readStack(e, offsets, sizes, target, strides); })
      .Case([&](ConcatAttr e) { return readConcat(e, offsets, sizes, target, strides); })
      .Case([&](CastAttr e) { return readCast(e, offsets, sizes, target, strides); })
      .Default([](mlir::Attribute) {
        return createStringError("a packed expression can only be outermost");
      });
}

Error WeightReader::readLinear(WeightExprInterface expr, int64_t first, int64_t count,
                               char *target) {
  ArrayRef<int64_t> shape = expr.getExprType().getShape();
  int64_t elementBytes = getElementBytes(expr);
  SmallVector<int64_t> elements = getDenseStrides(shape, 1);
  while (count > 0) {
    // The largest box that starts at `first` and is consecutive: whole inner dimensions, part of
    // dimension `dim`, one index of the outer ones.
    SmallVector<int64_t> offsets(shape.size()), sizes(shape.size(), 1);
    int64_t rest = first;
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      offsets[dim] = rest / elements[dim];
      rest %= elements[dim];
    }
    int64_t read = 1;
    for (size_t dim = shape.size(); dim-- > 0;) {
      sizes[dim] = std::min(shape[dim] - offsets[dim], count / elements[dim]);
      read = sizes[dim] * elements[dim];
      bool isWhole = offsets[dim] == 0 && sizes[dim] == shape[dim];
      if (!isWhole || dim == 0 || count < elements[dim - 1])
        break;
    }
    if (Error error =
            this->read(expr, offsets, sizes, target, getDenseStrides(sizes, elementBytes)))
      return error;
    first += read;
    count -= read;
    target += read * elementBytes;
  }
  return Error::success();
}
