// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Lexer.h"

#include <charconv>
#include <cstring>

namespace moert::vgpu::ptx {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isNameCharacter(char c) { return isLetter(c) || isDigit(c) || c == '_' || c == '$'; }

/// The value of a digit in bases up to 16, or 16.
uint32_t digitValue(char c) {
  if (isDigit(c))
    return uint32_t(c - '0');
  if (c >= 'a' && c <= 'f')
    return uint32_t(c - 'a') + 10;
  if (c >= 'A' && c <= 'F')
    return uint32_t(c - 'A') + 10;
  return 16;
}

} // namespace

bool Lexer::skipBlanks() {
  for (;;) {
    const char c = peek();
    if (c == '\n') {
      ++line_;
      ++position_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++position_;
    } else if (c == '/' && peek(1) == '/') {
      while (position_ < text_.size() && peek() != '\n')
        ++position_;
    } else if (c == '/' && peek(1) == '*') {
      position_ += 2;
      while (!(peek() == '*' && peek(1) == '/')) {
        if (position_ >= text_.size())
          return false;
        line_ += peek() == '\n';
        ++position_;
      }
      position_ += 2;
    } else {
      return true;
    }
  }
}

void Lexer::skipLine() {
  while (position_ < text_.size() && peek() != '\n')
    ++position_;
}

Token Lexer::hexadecimalReal(Token::Kind kind, size_t digits) {
  const size_t begin = position_;
  position_ += 2;
  uint64_t bits = 0;
  for (size_t i = 0; i < digits; ++i) {
    const uint32_t digit = digitValue(peek());
    if (digit == 16)
      return {Token::Kind::Invalid, line_, "a float with too few digits", 0};
    bits = bits << 4 | digit;
    ++position_;
  }
  return finish(kind, begin, bits);
}

Token Lexer::number() {
  const size_t begin = position_;
  if (peek() == '0' && (peek(1) == 'f' || peek(1) == 'F'))
    return hexadecimalReal(Token::Kind::Real32, 8);
  if (peek() == '0' && (peek(1) == 'd' || peek(1) == 'D'))
    return hexadecimalReal(Token::Kind::Real64, 16);
  // A decimal point or an exponent after decimal digits makes a double.
  size_t ahead = 0;
  while (isDigit(peek(ahead)))
    ++ahead;
  const bool hasPoint = peek(ahead) == '.' && isDigit(peek(ahead + 1));
  const char letter = peek(ahead);
  if (hasPoint || ((letter == 'e' || letter == 'E') && ahead > 0)) {
    double value = 0;
    const char *first = text_.data() + position_;
    const auto parsed = std::from_chars(first, text_.data() + text_.size(), value);
    if (parsed.ec != std::errc())
      return {Token::Kind::Invalid, line_, "a number out of range", 0};
    position_ += size_t(parsed.ptr - first);
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return finish(Token::Kind::Real64, begin, bits);
  }
  uint32_t base = 10;
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X'))
    base = 16;
  else if (peek() == '0' && (peek(1) == 'b' || peek(1) == 'B'))
    base = 2;
  else if (peek() == '0')
    base = 8;
  if (base == 16 || base == 2)
    position_ += 2;
  uint64_t value = 0;
  size_t digits = 0;
  for (uint32_t digit; (digit = digitValue(peek())) < base; ++digits, ++position_) {
    if (value > (UINT64_MAX - digit) / base)
      return {Token::Kind::Invalid, line_, "a number of more than 64 bits", 0};
    value = value * base + digit;
  }
  if (peek() == 'U' || peek() == 'u')
    ++position_;
  if (digits == 0 || isNameCharacter(peek()))
    return {Token::Kind::Invalid, line_, "a malformed number", 0};
  return finish(Token::Kind::Integer, begin, value);
}

Token Lexer::word() {
  const size_t begin = position_;
  ++position_; // a letter, or one of . % $ _
  for (;;) {
    if (isNameCharacter(peek()) || (peek() == '.' && isNameCharacter(peek(1))))
      ++position_;
    else if (peek() == ':' && peek(1) == ':')
      position_ += 2;
    else
      return finish(Token::Kind::Word, begin);
  }
}

Token Lexer::quoted() {
  ++position_;
  const size_t begin = position_;
  while (peek() != '"') {
    if (position_ >= text_.size() || peek() == '\n')
      return {Token::Kind::Invalid, line_, "a string without its end", 0};
    position_ += peek() == '\\' ? 2 : 1;
  }
  const Token token = finish(Token::Kind::String, begin);
  ++position_;
  return token;
}

Token Lexer::next() {
  if (!skipBlanks())
    return {Token::Kind::Invalid, line_, "a comment without its end", 0};
  if (position_ >= text_.size())
    return {Token::Kind::End, line_, "the end of the text", 0};
  const char c = peek();
  if (isDigit(c))
    return number();
  const bool startsName = isLetter(c) || c == '_' || c == '$' || c == '%';
  if (c == '_' && !isNameCharacter(peek(1)))
    ++position_; // the operand that is thrown away
  else if (startsName || (c == '.' && (isLetter(peek(1)) || isDigit(peek(1)) || peek(1) == '_')))
    return word();
  else if (c == '"')
    return quoted();
  else if (c > ' ' && c < 127)
    ++position_;
  else
    return {Token::Kind::Invalid, line_, "a character that PTX does not have", 0};
  return finish(Token::Kind::Punctuation, position_ - 1);
}

} // namespace moert::vgpu::ptx
