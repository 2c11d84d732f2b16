// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Parser.h"

#include <algorithm>

namespace moert::vgpu::ptx {

namespace {
constexpr size_t kMostText = size_t(64) << 20;
} // namespace

std::unique_ptr<Module> parse(std::string_view text, ParseError &error) {
  if (text.size() > kMostText) {
    error = {0, "more than 64 MiB of PTX"};
    return nullptr;
  }
  auto module = std::make_unique<Module>();
  module->text = text;
  if (!Parser(*module, error).run())
    return nullptr;
  return module;
}

Parser::Parser(Module &module, ParseError &error)
    : module_(module), error_(error), lexer_(module.text) {
  scopes_.emplace_back();
  advance();
}

bool Parser::run() {
  if (!parseVersion() || !parseTarget())
    return false;
  for (;;) {
    if (token_.kind == Token::Kind::End)
      return true;
    bool isExternal = false;
    while (token_.is(".visible") || token_.is(".extern") || token_.is(".weak") ||
           token_.is(".common")) {
      isExternal |= token_.is(".extern");
      advance();
    }
    bool isGood = false;
    if (acceptWord(".entry"))
      isGood = parseFunction(true, isExternal);
    else if (acceptWord(".func"))
      isGood = parseFunction(false, isExternal);
    else if (acceptWord(".global"))
      isGood = parseVariables(Space::Global, isExternal, module_.variables, kModuleVariable);
    else if (acceptWord(".const"))
      isGood = parseVariables(Space::Const, isExternal, module_.variables, kModuleVariable);
    else if (acceptWord(".shared"))
      isGood = parseVariables(Space::Shared, isExternal, module_.variables, kModuleVariable);
    else if (acceptWord(".section"))
      isGood = parseSection();
    else if (acceptWord(".pragma"))
      isGood = parsePragma();
    else if (token_.is(".file")) {
      lexer_.skipLine();
      advance();
      isGood = true;
    } else
      return fail("expected a function or a variable");
    if (!isGood)
      return false;
  }
}

std::string Parser::describeToken() const {
  if (token_.kind == Token::Kind::End)
    return "the end of the text";
  if (token_.kind == Token::Kind::Invalid)
    return std::string(token_.text);
  return "'" + std::string(token_.text.substr(0, 60)) + "'";
}

bool Parser::fail(const std::string &message) {
  return failAt(token_.line, message + ", found " + describeToken());
}

bool Parser::failAt(uint32_t line, const std::string &message) {
  if (error_.message.empty())
    error_ = {line, message};
  return false;
}

bool Parser::accept(char punctuation) {
  if (!token_.is(punctuation))
    return false;
  advance();
  return true;
}

bool Parser::acceptWord(std::string_view word) {
  if (!token_.is(word))
    return false;
  advance();
  return true;
}

bool Parser::expect(char punctuation) {
  return accept(punctuation) || fail(std::string("expected '") + punctuation + "'");
}

bool Parser::expectWord(std::string_view &word, const char *what) {
  if (token_.kind != Token::Kind::Word)
    return fail(std::string("expected ") + what);
  word = token_.text;
  advance();
  return true;
}

bool Parser::expectInteger(uint64_t most, uint64_t &value, const char *what) {
  if (token_.kind != Token::Kind::Integer || token_.bits > most)
    return fail(std::string("expected ") + what);
  value = token_.bits;
  advance();
  return true;
}

bool Parser::declare(std::string_view name, Name meaning) {
  if (!scopes_.back().names.emplace(name, meaning).second)
    return failAt(token_.line, "'" + std::string(name) + "' is declared twice");
  return true;
}

bool Parser::find(std::string_view name, Name &meaning) const {
  // The number at the end of a register of a range, without zeros in front.
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  const std::string_view prefix = name.substr(0, digits), number = name.substr(digits);
  const bool isNumbered =
      !number.empty() && number.size() < 7 && (number.size() == 1 || number[0] != '0');
  uint32_t value = 0;
  for (char c : isNumbered ? number : std::string_view())
    value = value * 10 + uint32_t(c - '0');
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (isNumbered)
      for (const RegisterRange &range : scope->ranges)
        if (range.prefix == prefix && value < range.count) {
          meaning = {Operand::Kind::Register, range.first + value};
          return true;
        }
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) {
      meaning = found->second;
      return true;
    }
  }
  return false;
}

uint32_t Parser::labelNamed(std::string_view name) {
  const auto [place, isNew] = scopes_.back().labels.emplace(name, labelUses_.size());
  if (isNew) {
    labelUses_.push_back({name, token_.line});
    function_->labels.emplace_back();
  }
  return place->second;
}

/// Labels that the scope mentions and does not have are those of the scope around it.
bool Parser::closeScope() {
  const Scope closed = std::move(scopes_.back());
  scopes_.pop_back();
  uint32_t undeclared = kNone;
  for (const auto &[name, label] : closed.labels) {
    const Label &meaning = function_->labels[label];
    if (meaning.instruction != kNone || !meaning.targets.empty())
      continue;
    if (scopes_.size() == 1) {
      undeclared = std::min(undeclared, label);
      continue;
    }
    const auto [outer, isNew] = scopes_.back().labels.emplace(name, label);
    if (!isNew)
      labelUses_[label].outer = outer->second;
  }
  if (undeclared != kNone)
    return failAt(labelUses_[undeclared].line,
                  "'" + std::string(labelUses_[undeclared].name) + "' is not declared");
  return true;
}

/// Makes labels that stand for one of an outer scope equal to it.
void Parser::resolveLabels() {
  for (size_t label = 0; label < labelUses_.size(); ++label) {
    // Each step leaves a scope, of which there are few.
    uint32_t target = uint32_t(label);
    while (labelUses_[target].outer != kNone)
      target = labelUses_[target].outer;
    if (target != label)
      function_->labels[label] = function_->labels[target];
  }
  labelUses_.clear();
}

} // namespace moert::vgpu::ptx
