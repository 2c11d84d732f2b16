//===- Tensor.cpp - Values of the reference interpreter ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Tensor.h"

#include "lib/Interpret/Rounding.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace moec;

std::optional<DType> moec::dtypeOf(mlir::Type type) {
  if (auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type))
    type = tensor.getElementType();
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  if (type.isSignlessInteger(1))
    return DType::I1;
  if (type.isSignlessInteger(8))
    return DType::I8;
  if (type.isSignlessInteger(32))
    return DType::I32;
  if (type.isSignlessInteger(64))
    return DType::I64;
  if (type.isIndex())
    return DType::Index;
  return std::nullopt;
}

namespace {
struct DTypeInfo {
  llvm::StringLiteral name;
  int64_t bytes;
  bool real;
};
} // namespace

static const DTypeInfo &info(DType dtype) {
  // In the order of the enumeration.
  static constexpr DTypeInfo table[] = {{"f16", 2, true},  {"bf16", 2, true}, {"f32", 4, true},
                                        {"f64", 8, true},  {"i1", 1, false},  {"i8", 1, false},
                                        {"i32", 4, false}, {"i64", 8, false}, {"index", 8, false}};
  return table[static_cast<int>(dtype)];
}

bool moec::isReal(DType dtype) { return info(dtype).real; }
int64_t moec::bytesOf(DType dtype) { return info(dtype).bytes; }
llvm::StringRef moec::nameOf(DType dtype) { return info(dtype).name; }

double moec::roundTo(DType dtype, double value) {
  switch (dtype) {
  case DType::F16:
    return f16ToDouble(roundToF16(value));
  case DType::BF16:
    return bf16ToDouble(roundToBF16(value));
  case DType::F32:
    return static_cast<float>(value);
  default:
    return value;
  }
}

std::optional<Tensor> Tensor::create(DType dtype, llvm::ArrayRef<int64_t> shape) {
  int64_t elements = 1, bytes = 0;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(elements, size, elements))
      return std::nullopt;
  if (llvm::MulOverflow(elements, bytesOf(dtype), bytes))
    return std::nullopt;
  auto *memory = static_cast<uint8_t *>(std::calloc(bytes ? bytes : 1, 1));
  if (!memory)
    return std::nullopt;
  Tensor result;
  result.type = dtype;
  result.sizes.assign(shape.begin(), shape.end());
  result.elements = elements;
  result.data = std::shared_ptr<uint8_t>(memory, [](uint8_t *pointer) { std::free(pointer); });
  return result;
}

template <typename T>
static T load(const uint8_t *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
static void store(uint8_t *data, int64_t index, T value) {
  std::memcpy(data + index * sizeof(T), &value, sizeof(T));
}

double Tensor::real(int64_t index) const {
  switch (type) {
  case DType::F16:
    return f16ToDouble(load<uint16_t>(data.get(), index));
  case DType::BF16:
    return bf16ToDouble(load<uint16_t>(data.get(), index));
  case DType::F32:
    return load<float>(data.get(), index);
  case DType::F64:
    return load<double>(data.get(), index);
  default:
    return static_cast<double>(integer(index));
  }
}

int64_t Tensor::integer(int64_t index) const {
  switch (type) {
  case DType::I1:
    return data.get()[index] != 0;
  case DType::I8:
    return load<int8_t>(data.get(), index);
  case DType::I32:
    return load<int32_t>(data.get(), index);
  case DType::I64:
  case DType::Index:
    return load<int64_t>(data.get(), index);
  default:
    break;
  }
  double value = real(index);
  // Conversion of what no i64 holds is undefined in C++.
  return std::fabs(value) < 0x1p63 ? static_cast<int64_t>(value) : 0;
}

void Tensor::setReal(int64_t index, double value) {
  switch (type) {
  case DType::F16:
    return store(data.get(), index, roundToF16(value));
  case DType::BF16:
    return store(data.get(), index, roundToBF16(value));
  case DType::F32:
    return store(data.get(), index, static_cast<float>(value));
  case DType::F64:
    return store(data.get(), index, value);
  default:
    return setInteger(index, std::fabs(value) < 0x1p63 ? static_cast<int64_t>(value) : 0);
  }
}

void Tensor::setInteger(int64_t index, int64_t value) {
  switch (type) {
  case DType::I1:
    return store(data.get(), index, static_cast<uint8_t>(value & 1));
  case DType::I8:
    return store(data.get(), index, static_cast<int8_t>(value));
  case DType::I32:
    return store(data.get(), index, static_cast<int32_t>(value));
  case DType::I64:
  case DType::Index:
    return store(data.get(), index, value);
  default:
    return setReal(index, static_cast<double>(value));
  }
}

Tensor Tensor::reshaped(llvm::ArrayRef<int64_t> shape) const {
  Tensor result = *this;
  result.sizes.assign(shape.begin(), shape.end());
  return result;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string moec::shapeToString(DType dtype, llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + nameOf(dtype).str();
}

static void appendElement(std::string &text, const Tensor &tensor, int64_t index,
                          std::optional<int> decimals) {
  if (!isReal(tensor.dtype())) {
    text += std::to_string(tensor.integer(index));
    return;
  }
  double value = tensor.real(index);
  if (std::isnan(value)) { // the sign of a NaN means nothing and differs between machines
    text += "nan";
    return;
  }
  char buffer[400]; // the largest f64 has 309 digits before the point
  if (decimals)
    std::snprintf(buffer, sizeof(buffer), "%.*f", *decimals, value);
  else
    std::snprintf(buffer, sizeof(buffer), "%.6g", value);
  text += buffer;
}

/// Appends the sub-tensor that starts at `index` and spans dimensions from
/// `dim` on; advances `index` past it.
static void appendNested(std::string &text, const Tensor &tensor, unsigned dim, int64_t &index,
                         std::optional<int> decimals) {
  if (dim == tensor.rank())
    return appendElement(text, tensor, index++, decimals);
  text += '[';
  for (int64_t i = 0; i < tensor.dim(dim); ++i) {
    if (i)
      text += ", ";
    appendNested(text, tensor, dim + 1, index, decimals);
  }
  text += ']';
}

std::string moec::toString(const Tensor &tensor, std::optional<int> decimals) {
  std::string text = "tensor<" + shapeToString(tensor.dtype(), tensor.shape()) + "> ";
  int64_t index = 0;
  appendNested(text, tensor, 0, index, decimals);
  return text;
}
