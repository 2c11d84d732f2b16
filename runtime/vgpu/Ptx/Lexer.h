// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words, numbers and punctuation of PTX text.
#ifndef MOERT_VGPU_PTX_LEXER_H
#define MOERT_VGPU_PTX_LEXER_H

#include <cstdint>
#include <string_view>

namespace moert::vgpu::ptx {

struct Token {
  enum class Kind : uint8_t {
    End,
    /// A name, a directive (`.reg`), an opcode with its modifiers (`ld.global.v4.b32`), a register.
    Word,
    /// Bits of a whole number, its sign not included.
    Integer,
    /// Bits of a float: `0f3F800000`.
    Real32,
    /// Bits of a double: `0d3FF0000000000000`, `1.5`.
    Real64,
    /// Without its quotes, escapes as written.
    String,
    /// One character.
    Punctuation,
    /// What no PTX contains; `text` says what.
    Invalid,
  };
  Kind kind = Kind::End;
  uint32_t line = 1;
  /// Part of the text that is read.
  std::string_view text;
  uint64_t bits = 0;

  bool is(char punctuation) const { return kind == Kind::Punctuation && text[0] == punctuation; }
  bool is(std::string_view word) const { return kind == Kind::Word && text == word; }
};

class Lexer {
public:
  /// `text` outlives the lexer and all tokens.
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next();
  /// Goes on at the next line: `.loc` and `.file` end with theirs.
  void skipLine();

private:
  char peek(size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  /// False at a comment without an end.
  bool skipBlanks();
  Token number();
  Token hexadecimalReal(Token::Kind kind, size_t digits);
  Token word();
  Token quoted();
  Token finish(Token::Kind kind, size_t begin, uint64_t bits = 0) const {
    return {kind, line_, text_.substr(begin, position_ - begin), bits};
  }

  std::string_view text_;
  size_t position_ = 0;
  uint32_t line_ = 1;
};

} // namespace moert::vgpu::ptx

#endif // MOERT_VGPU_PTX_LEXER_H
