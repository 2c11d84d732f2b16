// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Parser.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu::ptx {

namespace {
constexpr uint64_t kMostVariableBytes = uint64_t(1) << 31;
constexpr uint64_t kMostRegisters = 1 << 16;
constexpr uint64_t kMostThreadsPerDimension = 1024;
constexpr uint64_t kMostAlignment = 1 << 12;
} // namespace

bool Parser::parseVersion() {
  if (!acceptWord(".version"))
    return fail("expected '.version'");
  const std::string_view text = token_.text;
  const size_t point = text.find('.');
  if (token_.kind != Token::Kind::Real64 || point == std::string_view::npos || text.size() > 8)
    return fail("expected a version, as in 8.0");
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point)
      continue;
    if (text[i] < '0' || text[i] > '9')
      return fail("expected a version, as in 8.0");
    uint32_t &part = i < point ? module_.versionMajor : module_.versionMinor;
    part = part * 10 + uint32_t(text[i] - '0');
  }
  advance();
  return true;
}

bool Parser::parseTarget() {
  if (!acceptWord(".target"))
    return fail("expected '.target'");
  if (!expectWord(module_.target, "a target, as in sm_80"))
    return false;
  while (accept(',')) {
    std::string_view option;
    if (!expectWord(option, "an option of the target"))
      return false;
  }
  uint64_t bits = 0;
  if (!acceptWord(".address_size"))
    return fail("expected '.address_size 64'");
  const uint32_t line = token_.line;
  if (!expectInteger(UINT64_MAX, bits, "a size of addresses"))
    return false;
  return bits == 64 || failAt(line, "addresses of " + std::to_string(bits) +
                                        " bits are not supported, only those of 64");
}

/// Debug information, which is skipped.
bool Parser::parseSection() {
  while (!token_.is('{')) {
    if (token_.kind != Token::Kind::Word)
      return fail("expected '{'");
    advance();
  }
  for (size_t depth = 0;;) {
    if (token_.kind == Token::Kind::End || token_.kind == Token::Kind::Invalid)
      return fail("expected '}'");
    depth += token_.is('{');
    depth -= token_.is('}');
    advance();
    if (depth == 0)
      return true;
  }
}

bool Parser::parsePragma() {
  do {
    if (token_.kind != Token::Kind::String)
      return fail("expected a string");
    advance();
  } while (accept(','));
  return expect(';');
}

/// `.align 16 .b8 name[4][8] = {...}, ...;` after the space.
bool Parser::parseVariables(Space space, bool isExternal, std::vector<Variable> &variables,
                            uint32_t indexOffset) {
  Variable model;
  model.space = space;
  model.isExternal = isExternal;
  if (!parseVariableType(model))
    return false;
  do {
    Variable variable = model;
    variable.line = token_.line;
    if (!expectWord(variable.name, "the name of a variable") || !parseDimensions(variable))
      return false;
    if (accept('=') && !parseInitialValue(variable))
      return false;
    if (!declare(variable.name,
                 {Operand::Kind::Variable, indexOffset + uint32_t(variables.size())}))
      return false;
    variables.push_back(std::move(variable));
  } while (accept(','));
  return expect(';');
}

/// Leaves the bytes of one element in `bytes`. Parameters say more about pointers, which is
/// skipped.
bool Parser::parseVariableType(Variable &variable) {
  uint64_t alignment = 0, lanes = 1;
  for (;;) {
    std::string_view word;
    if (!expectWord(word, "a type"))
      return false;
    if (word == ".align") {
      if (!expectInteger(kMostAlignment, alignment, "an alignment of at most 4096"))
        return false;
      if (alignment == 0 || (alignment & (alignment - 1)))
        return fail("expected an alignment that is a power of two before this");
    } else if (word == ".v2" || word == ".v4" || word == ".v8") {
      lanes = uint64_t(word[2] - '0');
    } else {
      variable.type = typeNamed(word.substr(1));
      if (sizeOf(variable.type) == 0)
        return fail("'" + std::string(word.substr(0, 40)) + "' is no type of variables");
      break;
    }
  }
  while (token_.is(".ptr") || token_.is(".global") || token_.is(".shared") || token_.is(".const") ||
         token_.is(".local") || token_.is(".align")) {
    const bool isAlignment = token_.is(".align");
    advance();
    uint64_t ignored;
    if (isAlignment && !expectInteger(UINT32_MAX, ignored, "an alignment"))
      return false;
  }
  variable.bytes = sizeOf(variable.type) * lanes;
  variable.alignment = uint32_t(alignment ? alignment : variable.bytes);
  return true;
}

bool Parser::parseDimensions(Variable &variable) {
  while (accept('[')) {
    uint64_t count = 0;
    if (!token_.is(']') && !expectInteger(kMostVariableBytes, count, "a number of elements"))
      return false;
    variable.bytes *= count; // both below 2^32
    if (variable.bytes > kMostVariableBytes)
      return fail("expected less than 2 GiB before this");
    if (!expect(']'))
      return false;
  }
  variableBytes_ += variable.bytes;
  return variableBytes_ <= kMostVariableBytes ||
         failAt(token_.line, "variables have more than 2 GiB");
}

bool Parser::parseInitialValue(Variable &variable) {
  uint64_t offset = 0;
  if (!token_.is('{'))
    return parseInitialElement(variable, offset);
  // Rows of matrices may have braces of their own; what they leave out is not supported.
  size_t depth = 0;
  do {
    while (accept('{'))
      ++depth;
    if (!token_.is('}') && !parseInitialElement(variable, offset))
      return false;
    while (depth > 0 && accept('}'))
      --depth;
  } while (depth > 0 && accept(','));
  return depth == 0 || fail("expected ',' or '}'");
}

bool Parser::parseInitialElement(Variable &variable, uint64_t &offset) {
  const uint32_t bytes = sizeOf(variable.type);
  if (offset + bytes > variable.bytes)
    return fail("expected no more values than the variable has elements");
  uint64_t bits = 0;
  bool isGeneric = false;
  if (token_.is("generic")) {
    isGeneric = true;
    advance();
    if (!expect('('))
      return false;
  }
  if (token_.kind == Token::Kind::Word) {
    Name meaning;
    if (!find(token_.text, meaning) || meaning.kind != Operand::Kind::Variable || bytes != 8)
      return fail("expected a value, or the address of a variable of the module in 64 bits");
    advance();
    if (isGeneric && !expect(')'))
      return false;
    if (!parseOffset(bits))
      return false;
    variable.addresses.push_back({offset, bits, meaning.index - kModuleVariable, isGeneric});
    bits = 0;
  } else {
    Operand number;
    if (!parseNumber(number))
      return false;
    bits = number.value;
    const bool isReal = number.kind != Operand::Kind::Integer;
    if (isReal && variable.type == Type::F32 && number.kind == Operand::Kind::Real64) {
      double value;
      std::memcpy(&value, &bits, sizeof(value));
      const float rounded = float(value);
      uint32_t narrow;
      std::memcpy(&narrow, &rounded, sizeof(narrow));
      bits = narrow;
    }
  }
  if (variable.initial.size() < offset + bytes)
    variable.initial.resize(offset + bytes);
  std::memcpy(variable.initial.data() + offset, &bits, std::min<size_t>(bytes, sizeof(bits)));
  offset += bytes;
  return true;
}

bool Parser::parseParameters(uint32_t &count) {
  count = 0;
  if (!expect('('))
    return false;
  while (!token_.is(')')) {
    if (count > 0 && !expect(','))
      return false;
    Variable parameter;
    parameter.space = Space::Param;
    if (!acceptWord(".param"))
      return fail("expected '.param'");
    if (!parseVariableType(parameter))
      return false;
    parameter.line = token_.line;
    // A declaration's parameters may go without names but `_`.
    if (!accept('_')) {
      if (!expectWord(parameter.name, "the name of a parameter") || !parseDimensions(parameter) ||
          !declare(parameter.name,
                   {Operand::Kind::Variable, uint32_t(function_->variables.size())}))
        return false;
    } else if (!parseDimensions(parameter)) {
      return false;
    }
    function_->variables.push_back(std::move(parameter));
    ++count;
  }
  advance();
  return true;
}

bool Parser::parseThreads(std::array<uint32_t, 3> &threads) {
  threads = {1, 1, 1};
  for (uint32_t &part : threads) {
    uint64_t value;
    if (!expectInteger(kMostThreadsPerDimension, value, "a number of threads up to 1024"))
      return false;
    part = uint32_t(value);
    if (!accept(','))
      break;
  }
  return true;
}

bool Parser::parseFunctionAttributes() {
  for (uint64_t ignored; token_.kind == Token::Kind::Word;) {
    if (acceptWord(".reqntid")) {
      if (!parseThreads(function_->requiredThreads))
        return false;
    } else if (acceptWord(".maxntid")) {
      if (!parseThreads(function_->mostThreads))
        return false;
    } else if (acceptWord(".minnctapersm") || acceptWord(".maxnreg") ||
               acceptWord(".maxnctapersm")) {
      if (!expectInteger(UINT32_MAX, ignored, "a number"))
        return false;
    } else if (acceptWord(".pragma")) {
      if (!parsePragma())
        return false;
    } else if (!acceptWord(".noreturn")) {
      return fail("expected '{' or ';', or an attribute that is supported");
    }
  }
  return true;
}

bool Parser::parseFunction(bool isEntry, bool isExternal) {
  Function function;
  function.isEntry = isEntry;
  function.line = token_.line;
  function_ = &function;
  scopes_.emplace_back();
  if (!isEntry && token_.is('(') && !parseParameters(function.numResults))
    return false;
  uint32_t parameters = 0;
  if (!expectWord(function.name, "the name of a function"))
    return false;
  if (token_.is('(') && !parseParameters(parameters))
    return false;
  function.numParameters = function.numResults + parameters;
  if (!parseFunctionAttributes())
    return false;
  function.hasBody = !token_.is(';');
  if (function.hasBody && isExternal)
    return fail("expected ';' after an external function");
  uint32_t index;
  if (!declareFunction(function, index))
    return false;
  if (function.hasBody ? !parseBody() : !expect(';'))
    return false;
  if (!closeScope())
    return false;
  resolveLabels();
  function_ = nullptr;
  if (function.hasBody || !module_.functions[index].hasBody)
    module_.functions[index] = std::move(function);
  return true;
}

/// Before the body, which may name its function. A declaration may come before the definition, and
/// again.
bool Parser::declareFunction(const Function &function, uint32_t &index) {
  index = uint32_t(module_.functions.size());
  const auto [place, isNew] =
      scopes_.front().names.emplace(function.name, Name{Operand::Kind::Function, index});
  if (isNew) {
    Function &known = module_.functions.emplace_back();
    known.name = function.name;
    return true;
  }
  if (place->second.kind != Operand::Kind::Function)
    return failAt(function.line, "'" + std::string(function.name) + "' is declared twice");
  index = place->second.index;
  if (module_.functions[index].hasBody && function.hasBody)
    return failAt(function.line, "'" + std::string(function.name) + "' is defined twice");
  return true;
}

/// `.reg .b32 %r<100>, %x;` after `.reg`.
bool Parser::parseRegisters() {
  std::string_view word;
  if (!expectWord(word, "a type"))
    return false;
  const Type type = typeNamed(word.substr(1));
  if (type == Type::None)
    return fail("'" + std::string(word.substr(0, 40)) + "' is no type of registers");
  do {
    std::string_view name;
    if (!expectWord(name, "the name of a register"))
      return false;
    uint64_t count = 1;
    const bool isRange = accept('<');
    if (isRange && (!expectInteger(kMostRegisters, count, "a number of registers up to 65536") ||
                    !expect('>')))
      return false;
    const auto first = uint32_t(function_->registers.size());
    if (first + count > kMostRegisters)
      return failAt(token_.line, "a function has more than 65536 registers");
    if (isRange)
      scopes_.back().ranges.push_back({name, first, uint32_t(count)});
    else if (!declare(name, {Operand::Kind::Register, first}))
      return false;
    function_->registers.insert(function_->registers.end(), count, type);
  } while (accept(','));
  return expect(';');
}

} // namespace moert::vgpu::ptx
