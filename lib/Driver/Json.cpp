//===- Json.cpp - JSON on a terminal ----------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Json.h"

#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

void moec::printJson(raw_ostream &os, const json::Value &value) {
  printAsciiJson(os, formatv("{0:2}\n", value).str());
}

void moec::printAsciiJson(raw_ostream &os, StringRef text) {
  // Only strings have other characters than printable ones of ASCII, and valid UTF-8.
  for (StringRef rest = text; !rest.empty();) {
    size_t plain = rest.find_if([](char c) { return static_cast<unsigned char>(c) >= 0x7f; });
    os << rest.take_front(plain);
    rest = rest.drop_front(std::min(plain, rest.size()));
    if (rest.empty())
      return;
    const auto *source = reinterpret_cast<const UTF8 *>(rest.data());
    UTF32 codePoint = 0xfffd;
    unsigned length = std::min<size_t>(getNumBytesForUTF8(*source), rest.size());
    const UTF8 *next = source;
    if (convertUTF8Sequence(&next, source + length, &codePoint, strictConversion) != conversionOK)
      codePoint = 0xfffd;
    if (codePoint > 0xffff) {
      codePoint -= 0x10000;
      os << format("\\u%04x", 0xd800 + (codePoint >> 10));
      codePoint = 0xdc00 + (codePoint & 0x3ff);
    }
    os << format("\\u%04x", codePoint);
    rest = rest.drop_front(length);
  }
}
