//===- DataTypeTest.cpp - Tests of the element type table -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/DataType.h"

#include <gtest/gtest.h>

using namespace moec;

TEST(DataType, TableIsIndexedByNumber) {
  for (int32_t number = 1; number <= int32_t(DataType::Int2); ++number) {
    const DataTypeInfo *info = lookupDataType(number);
    ASSERT_NE(info, nullptr) << number;
    EXPECT_EQ(int32_t(info->type), number);
    EXPECT_EQ(&dataTypeInfo(DataType(number)), info);
  }
  EXPECT_EQ(lookupDataType(0), nullptr);
  EXPECT_EQ(lookupDataType(-1), nullptr);
  EXPECT_EQ(lookupDataType(27), nullptr);
  EXPECT_EQ(lookupDataType(INT32_MAX), nullptr);
}

TEST(DataType, Names) {
  EXPECT_EQ(dataTypeName(10), "float16");
  EXPECT_EQ(dataTypeName(24), "float8e8m0");
  EXPECT_EQ(dataTypeName(99), "element type 99");
}

TEST(DataType, PackedBytes) {
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Float), 3), 12u);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Complex128), 2), 32u);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Int4), 0), 0u);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Int4), 3), 2u);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::UInt2), 5), 2u);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::String), 3), std::nullopt);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Double), uint64_t(1) << 58), std::nullopt);
  EXPECT_EQ(packedBytes(dataTypeInfo(DataType::Float), UINT64_MAX), std::nullopt);
}
