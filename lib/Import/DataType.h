//===- DataType.h - Element types of ONNX -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_DATATYPE_H
#define MOEC_IMPORT_DATATYPE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace moec {

/// Numbers of element types in ONNX files (TensorProto.data_type, TypeProto.Tensor.elem_type).
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
};

/// Which typed field of a TensorProto holds elements that are not in raw_data.
enum class TypedField : uint8_t {
  FloatData,
  Int32Data,
  Int64Data,
  DoubleData,
  UInt64Data,
  StringData
};

/// A row of the element type table.
struct DataTypeInfo {
  DataType type;
  /// ONNX's own name in lower case, such as "float8e4m3fn".
  llvm::StringLiteral name;
  /// Bits of one element; 0 for strings. Types below 8 bits are packed, first element in the low
  /// bits, the last byte filled up with zeros.
  uint8_t bits;
  TypedField field;
  /// Numbers in `field` per element: 2 for complex types, else 1. Packed types put one *byte* into
  /// a number instead, that is 8 / bits elements.
  uint8_t perElement;
  bool isFloating;

  bool isPacked() const { return bits != 0 && bits < 8; }
};

/// The row of an element type number as found in a file, or null where the number is unknown.
const DataTypeInfo *lookupDataType(int32_t number);

/// The row of a known type; `type` must be a member of DataType other than Undefined.
const DataTypeInfo &dataTypeInfo(DataType type);

/// "float16", or "element type 99" for numbers without a name.
std::string dataTypeName(int32_t number);

/// Bytes of `elements` packed elements; nullopt on overflow of 63 bits and for strings.
std::optional<uint64_t> packedBytes(const DataTypeInfo &type, uint64_t elements);

} // namespace moec

#endif // MOEC_IMPORT_DATATYPE_H
