// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parser's state: tokens, scopes of names, and the first error.
#ifndef MOERT_VGPU_PTX_PARSER_H
#define MOERT_VGPU_PTX_PARSER_H

#include "vgpu/Ptx/Lexer.h"
#include "vgpu/Ptx/Module.h"

#include <unordered_map>

namespace moert::vgpu::ptx {

/// All parts return false at the first error, which `error` then has.
class Parser {
public:
  Parser(Module &module, ParseError &error);
  bool run();

private:
  /// What a name stands for: an operand without the rest of one.
  struct Name {
    Operand::Kind kind;
    uint32_t index;
  };
  /// `.reg .b32 %r<100>`: a prefix and numbers.
  struct RegisterRange {
    std::string_view prefix;
    uint32_t first, count;
  };
  struct Scope {
    std::unordered_map<std::string_view, Name> names;
    std::vector<RegisterRange> ranges;
    std::unordered_map<std::string_view, uint32_t> labels;
  };

  // Tokens.
  void advance() { token_ = lexer_.next(); }
  bool fail(const std::string &message);
  bool failAt(uint32_t line, const std::string &message);
  bool expect(char punctuation);
  bool accept(char punctuation);
  bool acceptWord(std::string_view word);
  bool expectWord(std::string_view &word, const char *what);
  bool expectInteger(uint64_t most, uint64_t &value, const char *what);
  std::string describeToken() const;

  // Declarations (ParseDeclarations.cpp).
  bool parseVersion();
  bool parseTarget();
  bool parseSection();
  bool parsePragma();
  bool parseVariables(Space space, bool isExternal, std::vector<Variable> &variables,
                      uint32_t indexOffset);
  bool parseVariableType(Variable &variable);
  bool parseDimensions(Variable &variable);
  bool parseInitialValue(Variable &variable);
  bool parseInitialElement(Variable &variable, uint64_t &offset);
  bool parseParameters(uint32_t &count);
  bool parseThreads(std::array<uint32_t, 3> &threads);
  bool parseRegisters();
  bool parseFunction(bool isEntry, bool isExternal);
  bool declareFunction(const Function &function, uint32_t &index);
  bool parseFunctionAttributes();

  // Bodies (ParseBody.cpp).
  bool parseBody();
  bool parseDirective();
  bool parseStatement();
  bool parseLabel(std::string_view name, uint32_t line);
  bool parseBranchTargets(uint32_t label);
  bool parseInstruction(Instruction instruction);
  bool parseOperand(Operand &operand);
  bool parseSimpleOperand(Operand &operand);
  bool parseSecond(Operand &operand);
  bool parseNumber(Operand &operand);
  bool parseName(Operand &operand);
  bool parseList(char end, Operand &operand);
  bool parseMemory(Operand &operand);
  bool parseOffset(uint64_t &offset);

  // Names.
  bool declare(std::string_view name, Name meaning);
  bool find(std::string_view name, Name &meaning) const;
  uint32_t labelNamed(std::string_view name);
  bool closeScope();
  void resolveLabels();

  Module &module_;
  ParseError &error_;
  Lexer lexer_;
  Token token_;
  /// The module's scope, then those of the function that is parsed.
  std::vector<Scope> scopes_;
  Function *function_ = nullptr;
  /// For each label of the function: the line of its first mention, and, where an outer scope has
  /// the label, its number there.
  struct LabelUse {
    std::string_view name;
    uint32_t line;
    uint32_t outer = kNone;
  };
  std::vector<LabelUse> labelUses_;
  uint64_t variableBytes_ = 0;
};

} // namespace moert::vgpu::ptx

#endif // MOERT_VGPU_PTX_PARSER_H
