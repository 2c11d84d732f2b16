//===- WeightReader.h - Evaluation of boxes of weight expressions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WEIGHTREADER_H
#define MOEC_LIB_EMIT_WEIGHTREADER_H

#include "dialects/RT/IR/RT.h"
#include "lib/Emit/MappedFile.h"
#include "moec/Emit.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <mutex>
#include <string>

namespace moec {

/// The files of weights, mapped (or copied, see PackOptions) when first needed and kept from then
/// on. Used by any thread.
class WeightFiles {
public:
  explicit WeightFiles(PackOptions options) : options(std::move(options)) {}

  llvm::Expected<llvm::StringRef> open(llvm::StringRef path);

  /// Whether pages of a file can be given back: they are not if they are a copy.
  bool areMapped() const { return !options.readIntoMemory; }

private:
  const PackOptions options;
  std::mutex mutex; // of what follows
  llvm::StringMap<std::unique_ptr<MappedFile>> files;
};

/// Reads boxes of weight expressions; nothing larger than a box is ever held. Used by one thread.
class WeightReader {
public:
  explicit WeightReader(WeightFiles &files) : files(files) {}

  /// Writes the elements of `expr` (no pack) at [offsets, offsets + sizes) to `target`, element
  /// `i` at byte `sum(i[d] * strides[d])`, little-endian. Fails if a file is missing or too short.
  llvm::Error read(rt::WeightExprInterface expr, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> sizes, char *target, llvm::ArrayRef<int64_t> strides);

  /// Writes the `count` elements from row-major position `first` to `target`, consecutively.
  llvm::Error readLinear(rt::WeightExprInterface expr, int64_t first, int64_t count, char *target);

  /// Lets the system take back the memory of what was read of files since the last call.
  void releasePages();

private:
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

  WeightFiles &files;
  /// Of each file, by its address: the least range that holds what was read since the last release.
  llvm::DenseMap<const char *, std::pair<const char *, const char *>> touched;
};

/// Bytes of an element of `expr`.
int64_t getElementBytes(rt::WeightExprInterface expr);

/// Row-major strides in bytes of a box of `sizes`.
llvm::SmallVector<int64_t> getDenseStrides(llvm::ArrayRef<int64_t> sizes, int64_t elementBytes);

} // namespace moec

#endif // MOEC_LIB_EMIT_WEIGHTREADER_H
