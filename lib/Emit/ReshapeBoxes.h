//===- ReshapeBoxes.h - Boxes on both sides of a reshape --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reshape that splits dimensions, or merges consecutive ones, keeps boxes:
// what is a box in the result is a few boxes in the source. So what lies in an
// odd order in a file is read as it lies there, without passing through the
// order of the reshape.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_RESHAPEBOXES_H
#define MOEC_LIB_EMIT_RESHAPEBOXES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace moec {

/// Consecutive dimensions of the source and of the result that count the same elements.
struct ReshapeGroup {
  size_t sourceBegin, sourceEnd, begin, end;
};

/// The groups of a reshape of at least one element, as small as they can be, in order.
llvm::SmallVector<ReshapeGroup> getReshapeGroups(llvm::ArrayRef<int64_t> source,
                                                 llvm::ArrayRef<int64_t> shape);

/// The dimension of the result along which dimension `dim` of the source goes: the last one of its
/// group that is not 1, or the last of all.
size_t getReshapedDim(llvm::ArrayRef<int64_t> source, llvm::ArrayRef<int64_t> shape, size_t dim);

/// Where a box goes: element `i` to byte `place + sum(i[d] * strides[d])`.
struct StridedBox {
  llvm::SmallVector<int64_t> offsets, sizes, strides;
  int64_t place = 0;
};

/// The boxes of the source that make up `box` of the result.
class ReshapeBoxes {
public:
  /// None if a group has several dimensions other than 1 on both sides.
  static std::optional<ReshapeBoxes> get(llvm::ArrayRef<int64_t> source,
                                         llvm::ArrayRef<int64_t> shape);

  llvm::Error forEach(const StridedBox &box,
                      llvm::function_ref<llvm::Error(const StridedBox &)> visit) const;

private:
  using Visit = llvm::function_ref<llvm::Error(const StridedBox &)>;

  ReshapeBoxes(llvm::ArrayRef<int64_t> source, llvm::ArrayRef<int64_t> shape)
      : source(source), shape(shape), groups(getReshapeGroups(source, shape)) {}

  llvm::Error visitGroup(size_t index, const StridedBox &box, StridedBox &result,
                         Visit visit) const;
  llvm::Error visitRange(size_t index, int64_t first, int64_t count, int64_t stride,
                         const StridedBox &box, StridedBox &result, Visit visit) const;

  llvm::SmallVector<int64_t> source, shape;
  llvm::SmallVector<ReshapeGroup> groups;
};

} // namespace moec

#endif // MOEC_LIB_EMIT_RESHAPEBOXES_H
