//===- PtxText.h - Instructions of PTX, as text -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_MUTANTS_PTXTEXT_H
#define MOEC_UNITTESTS_MUTANTS_PTXTEXT_H

#include <optional>
#include <string>
#include <vector>

namespace moec {

/// `@guard opcode operands;`, and where it stands.
struct PtxInstruction {
  std::string kernel;
  size_t begin, end;     // of the module's text, with the semicolon
  size_t line, lastLine; // of the text, from 1
  std::string guard;     // `@%p1`, `@!%p1` or nothing
  std::string opcode;
  std::vector<std::string> operands; // braces and brackets are part of them

  bool is(const std::string &prefix) const { return opcode.rfind(prefix, 0) == 0; }
  std::string text() const;
};

/// The instructions of a module's kernels.
struct PtxModule {
  std::string text;
  std::vector<PtxInstruction> instructions;
  /// For each instruction the labels that stand right before it.
  std::vector<std::vector<std::string>> labels;

  explicit PtxModule(std::string ptx);

  /// The text with what stands from one instruction to another replaced.
  std::string replace(size_t first, size_t last, const std::string &by) const;

  /// The instruction a label stands before, if there is one.
  std::optional<size_t> findLabel(const std::string &kernel, const std::string &label) const;

  /// Whether an instruction reads a register, or names it where it may.
  bool isRead(const std::string &kernel, const std::string &name) const;

  /// The instruction with what is before and behind it, registers and labels without their
  /// numbers: the same after a change of the code elsewhere.
  std::string describe(size_t index) const;
};

/// The entries of `{a, b}`, or the operand itself.
std::vector<std::string> splitList(const std::string &operand);
/// `{a, b}`.
std::string joinList(const std::vector<std::string> &entries);

/// The value of an integer that is written in decimal.
std::optional<long long> parseImmediate(const std::string &operand);

} // namespace moec

#endif // MOEC_UNITTESTS_MUTANTS_PTXTEXT_H
