// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Printable.h"

#include <cstdint>
#include <cstdio>

namespace moert::cli {

namespace {

/// Bytes of the valid UTF-8 character at `at` and its code point; 0 if it is invalid.
size_t decode(const std::string &text, size_t at, uint32_t &codePoint) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(at);
  if (first < 0x80) {
    codePoint = first;
    return 1;
  }
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size())
    return 0;
  codePoint = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80)
      return 0;
    codePoint = codePoint << 6 | (byte(at + i) & 0x3f);
  }
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return codePoint < least[length] || codePoint > 0x10ffff || isSurrogate ? 0 : length;
}

struct Range {
  uint32_t first, last;
};

/// What steers a terminal, hides, or turns the direction of writing.
bool isHarmful(uint32_t codePoint) {
  static const Range ranges[] = {
      {0, 0x1f},          {0x7f, 0x9f},       {0xad, 0xad},         {0x61c, 0x61c},
      {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},     {0x200b, 0x200f},
      {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},     {0xe000, 0xf8ff},
      {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},     {0xfff0, 0xffff},
      {0xe0000, 0xe0fff}, {0xf0000, 0xfffff}, {0x100000, 0x10ffff},
  };
  for (const Range &range : ranges)
    if (codePoint >= range.first && codePoint <= range.last)
      return true;
  return false;
}

} // namespace

std::string printable(const std::string &text, size_t maxBytes) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    if (result.size() >= maxBytes)
      return result + "...";
    uint32_t codePoint = 0;
    char escape[16];
    size_t length = decode(text, at, codePoint);
    if (length == 0)
      snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(text[at]));
    else if (isHarmful(codePoint))
      snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(codePoint));
    else
      escape[0] = '\0';
    result += escape[0] ? escape : text.substr(at, length);
    at += length ? length : 1;
  }
  return result;
}

} // namespace moert::cli
