//===- ImportError.cpp - What the model reader reports ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ImportError.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moec;

char ImportError::ID = 0;

void ImportError::log(raw_ostream &os) const {
  os << escapeName(file) << ": ";
  if (!node.empty())
    os << quoteName(node) << ": ";
  os << message;
}

std::error_code ImportError::convertToErrorCode() const {
  switch (kind) {
  case BadInput:
    return std::make_error_code(std::errc::invalid_argument);
  case Unsupported:
    return std::make_error_code(std::errc::not_supported);
  case Resource:
    return std::make_error_code(std::errc::not_enough_memory);
  }
  return inconvertibleErrorCode();
}

/// Bytes of the valid UTF-8 character at the start of `text` and its code point; 0 if it is
/// invalid.
static unsigned decodeCharacter(StringRef text, UTF32 &codePoint) {
  const auto *begin = reinterpret_cast<const UTF8 *>(text.data());
  const UTF8 *source = begin;
  if (convertUTF8Sequence(&source, begin + text.size(), &codePoint, strictConversion) !=
      conversionOK)
    return 0;
  return source - begin;
}

/// Escapes what is not printable and the ASCII characters for which `isSpecial` holds.
static std::string escape(StringRef text, size_t maxBytes, function_ref<bool(char)> isSpecial,
                          StringRef kept) {
  std::string result;
  raw_string_ostream os(result);
  while (!text.empty()) {
    if (result.size() >= maxBytes) {
      os << "...";
      break;
    }
    UTF32 codePoint = 0;
    unsigned length = decodeCharacter(text, codePoint);
    if (length == 0) {
      os << "\\x" << format_hex_no_prefix(static_cast<uint8_t>(text[0]), 2);
      text = text.drop_front();
      continue;
    }
    if (length == 1 && isSpecial(text[0]))
      os << '\\' << text[0];
    else if (sys::unicode::isPrintable(codePoint) || (length == 1 && kept.contains(text[0])))
      os << text.take_front(length);
    else
      os << "\\u{" << format_hex_no_prefix(codePoint, 1) << '}';
    text = text.drop_front(length);
  }
  return result;
}

std::string moec::escapeName(StringRef text) {
  return escape(text, 200, [](char c) { return c == '\'' || c == '\\'; }, "");
}

std::string moec::escapeMessage(StringRef text) {
  return escape(text, 16384, [](char) { return false; }, "\n\t");
}

std::string moec::quoteName(StringRef text) { return "'" + escapeName(text) + "'"; }
