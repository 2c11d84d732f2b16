//===- PtxText.cpp - Instructions of PTX, as text ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As the NVPTX back end writes it: one instruction, label or directive begins in
// a line, an instruction may take several.
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/PtxText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

using llvm::StringRef;

namespace moec {

static std::vector<std::string> splitOperands(StringRef text) {
  std::vector<std::string> operands;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && StringRef("{[(").contains(text[i]))
      ++depth;
    else if (i < text.size() && StringRef("}])").contains(text[i]))
      --depth;
    else if (i == text.size() || (text[i] == ',' && depth == 0)) {
      StringRef operand = text.slice(start, i).trim();
      if (!operand.empty())
        operands.push_back(operand.str());
      start = i + 1;
    }
  }
  return operands;
}

std::string PtxInstruction::text() const {
  std::string text = guard.empty() ? opcode : guard + " " + opcode;
  for (auto [i, operand] : llvm::enumerate(operands))
    text += (i == 0 ? " " : ", ") + operand;
  return text + ";";
}

PtxModule::PtxModule(std::string ptx) : text(std::move(ptx)) {
  std::string kernel;
  bool isBody = false;
  std::vector<std::string> pending;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    StringRef line = StringRef(text).slice(at, end).trim();
    size_t begin = at;
    ++number;
    at = end + 1;
    StringRef rest = line;
    if (rest.consume_front(".visible .entry ")) {
      kernel = rest.take_until([](char c) { return c == '('; }).str();
    } else if (line == "{" || line == "}") {
      isBody = line == "{";
    } else if (isBody && line.ends_with(":")) {
      pending.push_back(line.drop_back().str());
    } else if (isBody && !line.empty() && !line.starts_with(".") && !line.starts_with("//")) {
      PtxInstruction instruction;
      instruction.kernel = kernel;
      instruction.begin = text.find_first_not_of(" \t", begin);
      instruction.end = text.find(';', begin) + 1;
      instruction.line = number;
      StringRef all = StringRef(text).slice(instruction.begin, instruction.end).drop_back();
      number += all.count('\n');
      instruction.lastLine = number;
      at = std::max(at, std::min(text.find('\n', instruction.end), text.size() - 1) + 1);
      if (all.starts_with("@")) {
        auto [guard, others] = all.split(' ');
        instruction.guard = guard.str();
        all = others;
      }
      StringRef opcode = all.take_until([](char c) { return llvm::isSpace(c); });
      instruction.opcode = opcode.str();
      instruction.operands = splitOperands(all.drop_front(opcode.size()));
      instructions.push_back(std::move(instruction));
      labels.push_back(std::move(pending));
      pending.clear();
    }
  }
}

std::string PtxModule::replace(size_t first, size_t last, const std::string &by) const {
  std::string changed = text;
  size_t begin = instructions[first].begin;
  changed.replace(begin, instructions[last].end - begin, by);
  return changed;
}

std::optional<size_t> PtxModule::findLabel(const std::string &kernel,
                                           const std::string &label) const {
  for (size_t i = 0; i < instructions.size(); ++i)
    if (instructions[i].kernel == kernel && llvm::is_contained(labels[i], label))
      return i;
  return std::nullopt;
}

bool PtxModule::isRead(const std::string &kernel, const std::string &name) const {
  auto names = [&](StringRef operand) {
    size_t at = operand.find(name);
    StringRef rest = operand.substr(at).drop_front(at == StringRef::npos ? 0 : name.size());
    return at != StringRef::npos && (rest.empty() || !llvm::isDigit(rest.front()));
  };
  for (const PtxInstruction &instruction : instructions) {
    if (instruction.kernel != kernel)
      continue;
    size_t first = instruction.is("st.") || instruction.is("cp.async") ? 0 : 1;
    for (size_t i = first; i < instruction.operands.size(); ++i)
      if (names(instruction.operands[i]))
        return true;
  }
  return false;
}

static std::string normalise(const PtxInstruction &instruction) {
  std::string text = instruction.text(), plain;
  for (size_t i = 0; i < text.size(); ++i) {
    plain += text[i];
    StringRef rest = StringRef(text).drop_front(i);
    if (text[i] == '%') // %r12, and special registers as they are
      while (i + 1 < text.size() && llvm::isAlpha(text[i + 1]))
        plain += text[++i];
    else if (rest.consume_front("$L__BB")) {
      plain += "L";
      i += 5;
    } else {
      continue;
    }
    while (i + 1 < text.size() && (llvm::isDigit(text[i + 1]) || text[i + 1] == '_'))
      ++i;
  }
  return plain;
}

std::string PtxModule::describe(size_t index) const {
  std::string text;
  for (size_t i = index == 0 ? 0 : index - 1; i < std::min(index + 2, instructions.size()); ++i)
    if (instructions[i].kernel == instructions[index].kernel)
      text += (text.empty() ? "" : " ") + normalise(instructions[i]);
  return text;
}

std::vector<std::string> splitList(const std::string &operand) {
  if (operand.size() < 2 || operand.front() != '{')
    return {operand};
  return splitOperands(StringRef(operand).drop_front().drop_back());
}

std::string joinList(const std::vector<std::string> &entries) {
  return "{" + llvm::join(entries, ", ") + "}";
}

std::optional<long long> parseImmediate(const std::string &operand) {
  long long value = 0;
  if (StringRef(operand).getAsInteger(10, value))
    return std::nullopt;
  return value;
}

} // namespace moec
