//===- AttributeType.h - Kinds of node attributes in ONNX -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_ATTRIBUTETYPE_H
#define MOEC_IMPORT_ATTRIBUTETYPE_H

#include <cstdint>

namespace moec {

/// Numbers of AttributeProto.type. Not an enum class: the field is a plain int32 that may hold
/// others.
enum AttributeType : int32_t {
  UndefinedAttribute = 0,
  FloatAttribute = 1,
  IntAttribute = 2,
  StringAttribute = 3,
  TensorAttribute = 4,
  GraphAttribute = 5,
  FloatsAttribute = 6,
  IntsAttribute = 7,
  StringsAttribute = 8,
  TensorsAttribute = 9,
  GraphsAttribute = 10,
  SparseTensorAttribute = 11,
  SparseTensorsAttribute = 12,
  TypeProtoAttribute = 13,
  TypeProtosAttribute = 14,
};

} // namespace moec

#endif // MOEC_IMPORT_ATTRIBUTETYPE_H
