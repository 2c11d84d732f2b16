//===- DataType.cpp - Element types of ONNX ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/DataType.h"

#include "llvm/Support/MathExtras.h"

#include <iterator>
#include <limits>
#include <string>

using namespace moec;

// Sorted by number, without gaps.
static constexpr DataTypeInfo table[] = {
    {DataType::Float, "float", 32, TypedField::FloatData, 1, true},
    {DataType::UInt8, "uint8", 8, TypedField::Int32Data, 1, false},
    {DataType::Int8, "int8", 8, TypedField::Int32Data, 1, false},
    {DataType::UInt16, "uint16", 16, TypedField::Int32Data, 1, false},
    {DataType::Int16, "int16", 16, TypedField::Int32Data, 1, false},
    {DataType::Int32, "int32", 32, TypedField::Int32Data, 1, false},
    {DataType::Int64, "int64", 64, TypedField::Int64Data, 1, false},
    {DataType::String, "string", 0, TypedField::StringData, 1, false},
    {DataType::Bool, "bool", 8, TypedField::Int32Data, 1, false},
    {DataType::Float16, "float16", 16, TypedField::Int32Data, 1, true},
    {DataType::Double, "double", 64, TypedField::DoubleData, 1, true},
    {DataType::UInt32, "uint32", 32, TypedField::UInt64Data, 1, false},
    {DataType::UInt64, "uint64", 64, TypedField::UInt64Data, 1, false},
    {DataType::Complex64, "complex64", 64, TypedField::FloatData, 2, false},
    {DataType::Complex128, "complex128", 128, TypedField::DoubleData, 2, false},
    {DataType::BFloat16, "bfloat16", 16, TypedField::Int32Data, 1, true},
    {DataType::Float8E4M3FN, "float8e4m3fn", 8, TypedField::Int32Data, 1, true},
    {DataType::Float8E4M3FNUZ, "float8e4m3fnuz", 8, TypedField::Int32Data, 1, true},
    {DataType::Float8E5M2, "float8e5m2", 8, TypedField::Int32Data, 1, true},
    {DataType::Float8E5M2FNUZ, "float8e5m2fnuz", 8, TypedField::Int32Data, 1, true},
    {DataType::UInt4, "uint4", 4, TypedField::Int32Data, 1, false},
    {DataType::Int4, "int4", 4, TypedField::Int32Data, 1, false},
    {DataType::Float4E2M1, "float4e2m1", 4, TypedField::Int32Data, 1, true},
    {DataType::Float8E8M0, "float8e8m0", 8, TypedField::Int32Data, 1, true},
    {DataType::UInt2, "uint2", 2, TypedField::Int32Data, 1, false},
    {DataType::Int2, "int2", 2, TypedField::Int32Data, 1, false},
};

const DataTypeInfo *moec::lookupDataType(int32_t number) {
  if (number < 1 || number > int32_t(std::size(table)))
    return nullptr;
  return &table[number - 1];
}

const DataTypeInfo &moec::dataTypeInfo(DataType type) { return table[int32_t(type) - 1]; }

std::string moec::dataTypeName(int32_t number) {
  if (const DataTypeInfo *info = lookupDataType(number))
    return info->name.str();
  return "element type " + std::to_string(number);
}

std::optional<uint64_t> moec::packedBytes(const DataTypeInfo &type, uint64_t elements) {
  if (type.bits == 0)
    return std::nullopt;
  if (elements > uint64_t(std::numeric_limits<int64_t>::max()) / type.bits)
    return std::nullopt;
  return llvm::divideCeil(elements * type.bits, 8);
}
