//===- Tensor.h - Values of the reference interpreter -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_TENSOR_H
#define MOEC_LIB_INTERPRET_TENSOR_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moec {

/// Element types that the interpreter stores.
enum class DType { F16, BF16, F32, F64, I1, I8, I32, I64, Index };

/// The element type of `type` (a scalar or a ranked tensor), or nullopt if the
/// interpreter has no values of that type.
std::optional<DType> dtypeOf(mlir::Type type);

bool isReal(DType dtype);
/// Bytes of one element; i1 takes one, index eight.
int64_t bytesOf(DType dtype);
/// `value` rounded to nearest even in the real type `dtype`, and back.
double roundTo(DType dtype, double value);
/// The type's spelling in MLIR.
llvm::StringRef nameOf(DType dtype);

/// A dense row-major tensor; rank 0 is a scalar. Copies share their elements,
/// which is safe because only whoever creates a tensor writes to it, before the
/// first copy. Indices are linear and must be below numElements().
class Tensor {
public:
  /// A tensor of zeros, or nullopt if a size is negative, the number of bytes
  /// overflows, or memory is not to be had.
  static std::optional<Tensor> create(DType dtype, llvm::ArrayRef<int64_t> shape);

  DType dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return sizes; }
  int64_t rank() const { return sizes.size(); }
  int64_t dim(unsigned index) const { return sizes[index]; }
  int64_t numElements() const { return elements; }

  /// The element as a real or an integer; each exact for the types of its kind
  /// and converted otherwise.
  double real(int64_t index) const;
  int64_t integer(int64_t index) const;

  /// Stores an element: reals are rounded to nearest even, integers wrap.
  void setReal(int64_t index, double value);
  void setInteger(int64_t index, int64_t value);

  /// All elements converted to `Real` (float or double).
  template <typename Real>
  std::vector<Real> reals() const {
    std::vector<Real> result(elements);
    for (int64_t i = 0; i < elements; ++i)
      result[i] = static_cast<Real>(real(i));
    return result;
  }

  /// The same elements under another shape of equal size.
  Tensor reshaped(llvm::ArrayRef<int64_t> shape) const;

  /// Elements as stored: native byte order, i1 as one byte of 0 or 1.
  uint8_t *bytes() { return data.get(); }
  const uint8_t *bytes() const { return data.get(); }

private:
  DType type = DType::F32;
  llvm::SmallVector<int64_t, 4> sizes;
  int64_t elements = 0;
  std::shared_ptr<uint8_t> data;
};

/// `tensor<2x2xf32> [[1.5, 2], [3, 4]]`. Reals have six significant digits, or
/// exactly `decimals` digits behind the point if that is given.
std::string toString(const Tensor &tensor, std::optional<int> decimals = std::nullopt);
/// `2x3xf32`, the inside of the type's spelling.
std::string shapeToString(DType dtype, llvm::ArrayRef<int64_t> shape);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_TENSOR_H
