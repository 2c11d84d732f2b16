//===- TensorAttribute.cpp - ONNX types and tensors as MLIR's ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/TensorAttribute.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moec;

Type moec::getElementType(MLIRContext *context, DataType type) {
  auto integer = [&](unsigned width) -> Type { return IntegerType::get(context, width); };
  auto natural = [&](unsigned width) -> Type {
    return IntegerType::get(context, width, IntegerType::Unsigned);
  };
  switch (type) {
  case DataType::Float:
    return Float32Type::get(context);
  case DataType::Double:
    return Float64Type::get(context);
  case DataType::Float16:
    return Float16Type::get(context);
  case DataType::BFloat16:
    return BFloat16Type::get(context);
  case DataType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case DataType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case DataType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case DataType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case DataType::Float8E8M0:
    return Float8E8M0FNUType::get(context);
  case DataType::Float4E2M1:
    return Float4E2M1FNType::get(context);
  case DataType::Bool:
    return integer(1);
  case DataType::Int2:
    return integer(2);
  case DataType::Int4:
    return integer(4);
  case DataType::Int8:
    return integer(8);
  case DataType::Int16:
    return integer(16);
  case DataType::Int32:
    return integer(32);
  case DataType::Int64:
    return integer(64);
  case DataType::UInt2:
    return natural(2);
  case DataType::UInt4:
    return natural(4);
  case DataType::UInt8:
    return natural(8);
  case DataType::UInt16:
    return natural(16);
  case DataType::UInt32:
    return natural(32);
  case DataType::UInt64:
    return natural(64);
  case DataType::Undefined:
  case DataType::String:
  case DataType::Complex64:
  case DataType::Complex128:
    return {};
  }
  return {};
}

llvm::Expected<DenseElementsAttr> moec::getConstant(MLIRContext *context, const OnnxModel &model,
                                                    const OnnxTensor &tensor) {
  Type elementType = getElementType(context, tensor.type->type);
  if (!elementType)
    return model.makeError(ImportError::Unsupported, tensor.name,
                           "tensors of element type " + tensor.type->name);
  auto type = RankedTensorType::get(tensor.dims, elementType);
  llvm::Expected<std::vector<char>> bytes = model.materialise(tensor);
  if (!bytes)
    return bytes.takeError();
  if (elementType.isInteger(1)) {
    SmallVector<bool> values(bytes->begin(), bytes->end());
    return DenseElementsAttr::get(type, values);
  }
  if (tensor.elements == 0)
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  unsigned bits = tensor.type->bits;
  if (bits % 8 == 0)
    return DenseElementsAttr::getFromRawBuffer(type, *bytes);
  // Packed, first element in the low bits; MLIR keeps one element per byte.
  std::vector<char> values(tensor.elements);
  unsigned perByte = 8 / bits;
  for (uint64_t i = 0; i < tensor.elements; ++i) {
    unsigned byte = static_cast<unsigned char>((*bytes)[i / perByte]);
    values[i] = static_cast<char>(byte >> (i % perByte * bits) & ((1u << bits) - 1));
  }
  return DenseElementsAttr::getFromRawBuffer(type, values);
}
