//===- WireSchema.h - Fields of ONNX messages on the wire -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_WIRESCHEMA_H
#define MOEC_IMPORT_WIRESCHEMA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace moec {

/// How the extent of a field is told.
enum WireType : unsigned {
  WireVarint,
  WireFixed64,
  WireBytes,
  WireGroup,
  WireEndGroup,
  WireFixed32
};

/// What a field holds, as far as the scanner of the wire format must know.
enum class FieldKind : uint8_t {
  Varint,
  Fixed32,
  Varints,  ///< Repeated, packed or not.
  Fixed32s, ///< Repeated, packed or not.
  Fixed64s, ///< Repeated, packed or not.
  Bytes,    ///< Anything.
  Name,     ///< A name: valid UTF-8 of limited length.
  Message,
  RankedMessage, ///< A message whose number of occurrences is a rank.
  RawData,       ///< Bytes that may stay in the file.
  Ignored,       ///< Known and without influence on inference: dropped with a note.
};

/// What a message counts towards in ImportLimits.
enum class MessageCount : uint8_t { None, Node, Attribute, Tensor };

struct MessageSchema;

struct FieldSchema {
  uint32_t number;
  FieldKind kind;
  llvm::StringLiteral name;
  const MessageSchema *message = nullptr;
  bool repeated = false;
};

struct MessageSchema {
  /// Upper bound of the number of fields of any message.
  static constexpr unsigned maxFields = 20;
  llvm::ArrayRef<FieldSchema> fields;
  /// Bytes of the parsed object without its strings and arrays.
  uint32_t objectBytes;
  MessageCount count = MessageCount::None;
};

/// The schema of ModelProto, from which all others are reached.
extern const MessageSchema modelSchema;

} // namespace moec

#endif // MOEC_IMPORT_WIRESCHEMA_H
