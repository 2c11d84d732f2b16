//===- WeightReader.h - Evaluation of boxes of weight expressions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WEIGHTREADER_H
#define MOEC_LIB_EMIT_WEIGHTREADER_H

#include "dialects/RT/IR/RT.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <memory>
#include <string>

namespace moec {

/// Reads boxes of weight expressions; nothing larger than a box is ever held. Files are mapped when
/// first needed and stay so. Used by one thread.
class WeightReader {
public:
  /// Relative paths are relative to `baseDirectory`, or to the current folder if that is empty.
  explicit WeightReader(llvm::StringRef baseDirectory) : baseDirectory(baseDirectory) {}

  /// Writes the elements of `expr` (no pack) at [offsets, offsets + sizes) to `target`, element
  /// `i` at byte `sum(i[d] * strides[d])`, little-endian. Fails if a file is missing or too short.
  llvm::Error read(rt::WeightExprInterface expr, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> sizes, char *target, llvm::ArrayRef<int64_t> strides);

  /// Writes the `count` elements from row-major position `first` to `target`, consecutively.
  llvm::Error readLinear(rt::WeightExprInterface expr, int64_t first, int64_t count, char *target);

  /// Lets the system take back the memory that holds files' pages.
  void releasePages();

private:
  llvm::Expected<llvm::StringRef> open(llvm::StringRef path);
  llvm::Error readReshape(rt::ReshapeAttr expr, llvm::ArrayRef<int64_t> offsets,
                          llvm::ArrayRef<int64_t> sizes, char *target,
                          llvm::ArrayRef<int64_t> strides);
  llvm::Error readStack(rt::StackAttr expr, llvm::ArrayRef<int64_t> offsets,
                        llvm::ArrayRef<int64_t> sizes, char *target,
                        llvm::ArrayRef<int64_t> strides);
  llvm::Error readConcat(rt::ConcatAttr expr, llvm::ArrayRef<int64_t> offsets,
                         llvm::ArrayRef<int64_t> sizes, char *target,
                         llvm::ArrayRef<int64_t> strides);
  llvm::Error readCast(rt::CastAttr expr, llvm::ArrayRef<int64_t> offsets,
                       llvm::ArrayRef<int64_t> sizes, char *target,
                       llvm::ArrayRef<int64_t> strides);

  std::string baseDirectory;
  llvm::StringMap<std::unique_ptr<llvm::sys::fs::mapped_file_region>> files;
};

/// Bytes of an element of `expr`.
int64_t getElementBytes(rt::WeightExprInterface expr);

/// Row-major strides in bytes of a box of `sizes`.
llvm::SmallVector<int64_t> getDenseStrides(llvm::ArrayRef<int64_t> sizes, int64_t elementBytes);

} // namespace moec

#endif // MOEC_LIB_EMIT_WEIGHTREADER_H
