// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Parser.h"

namespace moert::vgpu::ptx {

namespace {
constexpr size_t kMostInstructions = size_t(1) << 21;
constexpr size_t kMostScopes = 64;
constexpr size_t kMostElements = 256;
} // namespace

bool Parser::parseBody() {
  const size_t outermost = scopes_.size();
  if (!expect('{'))
    return false;
  for (;;) {
    if (token_.is('{')) {
      if (scopes_.size() >= kMostScopes)
        return fail("blocks within blocks are too deep");
      scopes_.emplace_back();
      advance();
    } else if (token_.is('}')) {
      advance();
      if (scopes_.size() == outermost)
        return true;
      if (!closeScope())
        return false;
    } else if (!parseStatement()) {
      return false;
    }
  }
}

bool Parser::parseDirective() {
  if (acceptWord(".reg"))
    return parseRegisters();
  if (acceptWord(".local"))
    return parseVariables(Space::Local, false, function_->variables, 0);
  if (acceptWord(".shared"))
    return parseVariables(Space::Shared, false, function_->variables, 0);
  if (acceptWord(".param"))
    return parseVariables(Space::Param, false, function_->variables, 0);
  if (acceptWord(".pragma"))
    return parsePragma();
  if (token_.is(".loc") || token_.is(".file")) {
    lexer_.skipLine();
    advance();
    return true;
  }
  return fail("expected an instruction or a declaration");
}

bool Parser::parseStatement() {
  if (accept(';'))
    return true;
  Instruction instruction;
  instruction.line = token_.line;
  if (accept('@')) {
    instruction.isGuardNegated = accept('!');
    Name meaning;
    if (token_.kind != Token::Kind::Word || !find(token_.text, meaning) ||
        meaning.kind != Operand::Kind::Register ||
        function_->registers[meaning.index] != Type::Pred)
      return fail("expected a predicate");
    instruction.guard = meaning.index;
    advance();
    instruction.line = token_.line;
  } else if (token_.kind == Token::Kind::Word && token_.text[0] == '.') {
    return parseDirective();
  }
  std::string_view word;
  if (!expectWord(word, "an instruction"))
    return false;
  if (instruction.guard == kNone && accept(':'))
    return parseLabel(word, instruction.line);
  instruction.opcode = word;
  return parseInstruction(std::move(instruction));
}

bool Parser::parseLabel(std::string_view name, uint32_t line) {
  const uint32_t label = labelNamed(name);
  if (function_->labels[label].instruction != kNone || !function_->labels[label].targets.empty())
    return failAt(line, "'" + std::string(name) + "' is declared twice");
  if (acceptWord(".branchtargets"))
    return parseBranchTargets(label);
  if (token_.is(".callprototype") || token_.is(".calltargets"))
    return fail("calls through addresses are not supported");
  function_->labels[label].instruction = uint32_t(function_->instructions.size());
  return true;
}

bool Parser::parseBranchTargets(uint32_t label) {
  std::vector<uint32_t> targets;
  do {
    std::string_view target;
    if (!expectWord(target, "a label"))
      return false;
    targets.push_back(labelNamed(target));
  } while (accept(','));
  function_->labels[label].targets = std::move(targets);
  return expect(';');
}

bool Parser::parseInstruction(Instruction instruction) {
  while (!token_.is(';')) {
    if (!instruction.operands.empty() && !expect(','))
      return false;
    if (instruction.operands.size() >= kMostElements)
      return fail("expected fewer operands");
    if (!parseOperand(instruction.operands.emplace_back()))
      return false;
  }
  advance();
  if (function_->instructions.size() >= kMostInstructions)
    return failAt(instruction.line, "a function has more than 2097152 instructions");
  function_->instructions.push_back(std::move(instruction));
  return true;
}

bool Parser::parseOperand(Operand &operand) {
  if (accept('{'))
    return parseList('}', operand);
  if (accept('('))
    return parseList(')', operand);
  if (accept('['))
    return parseMemory(operand);
  return parseSimpleOperand(operand);
}

bool Parser::parseList(char end, Operand &operand) {
  operand.kind = Operand::Kind::Vector;
  while (!token_.is(end)) {
    if (!operand.elements.empty() && !expect(','))
      return false;
    if (operand.elements.size() >= kMostElements)
      return fail("expected fewer elements");
    if (!parseSimpleOperand(operand.elements.emplace_back()))
      return false;
  }
  advance();
  return true;
}

/// `[name+16]`, `[%rd1+-4]`, `[16]`, `[%rd1, {%r1, %r2}]`, after the bracket.
bool Parser::parseMemory(Operand &operand) {
  Operand base;
  if (token_.kind == Token::Kind::Word ? !parseName(base) : !parseNumber(base))
    return false;
  if (base.kind != Operand::Kind::Register && base.kind != Operand::Kind::Variable &&
      base.kind != Operand::Kind::Integer)
    return fail("expected a register, a variable or a number as address before this");
  operand.kind = Operand::Kind::Memory;
  operand.base = base.kind;
  operand.index = base.index;
  operand.value = base.value;
  if (!parseOffset(operand.value))
    return false;
  if (accept(',')) {
    Operand coordinates;
    if (!expect('{') || !parseList('}', coordinates))
      return false;
    operand.elements = std::move(coordinates.elements);
  }
  return expect(']');
}

/// Adds `+16`, `-16` or `+-16`, if there is one.
bool Parser::parseOffset(uint64_t &offset) {
  const bool hasSign = accept('+');
  const bool isNegative = accept('-');
  if (!hasSign && !isNegative)
    return true;
  uint64_t value;
  if (!expectInteger(UINT64_MAX, value, "an offset"))
    return false;
  offset += isNegative ? 0 - value : value;
  return true;
}

bool Parser::parseSimpleOperand(Operand &operand) {
  if (accept('_'))
    return !accept('|') || parseSecond(operand);
  const bool isNegated = accept('!');
  const bool isName = token_.kind == Token::Kind::Word;
  if (isName ? !parseName(operand) : !parseNumber(operand))
    return false;
  const bool isRegister = operand.kind == Operand::Kind::Register;
  if (isNegated && !(isRegister && function_->registers[operand.index] == Type::Pred))
    return fail("expected a predicate before this");
  operand.isNegated = isNegated;
  if (operand.kind == Operand::Kind::Variable && !parseOffset(operand.value))
    return false;
  return !isRegister || !accept('|') || accept('_') || parseSecond(operand);
}

/// The register after `|`.
bool Parser::parseSecond(Operand &operand) {
  Operand second;
  if (token_.kind != Token::Kind::Word || !parseName(second))
    return fail("expected a register");
  if (second.kind != Operand::Kind::Register)
    return fail("expected a register before this");
  operand.second = second.index;
  return true;
}

bool Parser::parseNumber(Operand &operand) {
  const bool isNegative = accept('-');
  switch (token_.kind) {
  case Token::Kind::Integer:
    operand.kind = Operand::Kind::Integer;
    operand.value = isNegative ? 0 - token_.bits : token_.bits;
    break;
  case Token::Kind::Real32:
    operand.kind = Operand::Kind::Real32;
    operand.value = token_.bits ^ (isNegative ? uint64_t(1) << 31 : 0);
    break;
  case Token::Kind::Real64:
    operand.kind = Operand::Kind::Real64;
    operand.value = token_.bits ^ (isNegative ? uint64_t(1) << 63 : 0);
    break;
  default:
    return fail("expected an operand");
  }
  advance();
  return true;
}

bool Parser::parseName(Operand &operand) {
  const std::string_view name = token_.text;
  Name meaning;
  if (find(name, meaning)) {
    operand.kind = meaning.kind;
    operand.index = meaning.index;
  } else if (name[0] == '%') {
    operand.kind = Operand::Kind::Special;
    for (operand.index = 0; operand.index < uint32_t(Special::Count); ++operand.index)
      if (nameOf(Special(operand.index)) == name)
        break;
    if (operand.index == uint32_t(Special::Count))
      return failAt(token_.line, "'" + std::string(name.substr(0, 60)) +
                                     "' is neither declared nor a special register that is known");
  } else {
    operand.kind = Operand::Kind::Label;
    operand.index = labelNamed(name);
  }
  advance();
  return true;
}

} // namespace moert::vgpu::ptx
