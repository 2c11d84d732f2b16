//===- Operators.cpp - What mutants have wrong ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/Operators.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cstdlib>

using llvm::StringRef;

namespace moec {
namespace {

using Changed = std::optional<std::string>;

/// The module without an instruction. Labels before it stay.
Changed drop(const PtxModule &module, size_t index) { return module.replace(index, index, ""); }

Changed put(const PtxModule &module, size_t index, const PtxInstruction &instruction) {
  return module.replace(index, index, instruction.text());
}

bool isBarrier(const PtxInstruction &instruction) {
  return instruction.is("bar.") || instruction.is("barrier.");
}

Changed dropBarrier(const PtxModule &module, size_t index) {
  if (!isBarrier(module.instructions[index]))
    return std::nullopt;
  return drop(module, index);
}

bool isWait(const PtxInstruction &instruction) { return instruction.is("cp.async.wait"); }

Changed dropWait(const PtxModule &module, size_t index) {
  if (!isWait(module.instructions[index]))
    return std::nullopt;
  return drop(module, index);
}

/// Each thread waits for its copies behind the barrier that tells others of them.
Changed moveWait(const PtxModule &module, size_t index) {
  const auto &all = module.instructions;
  if (!isWait(all[index]) || index + 1 == all.size() || !isBarrier(all[index + 1]) ||
      !module.labels[index + 1].empty())
    return std::nullopt;
  return module.replace(index, index + 1, all[index + 1].text() + "\n" + all[index].text());
}

/// One group more may be on its way.
Changed weakenWait(const PtxModule &module, size_t index) {
  PtxInstruction wait = module.instructions[index];
  if (!wait.is("cp.async.wait_group"))
    return std::nullopt;
  wait.operands[0] = std::to_string(*parseImmediate(wait.operands[0]) + 1);
  return put(module, index, wait);
}

Changed dropCommit(const PtxModule &module, size_t index) {
  if (!module.instructions[index].is("cp.async.commit_group"))
    return std::nullopt;
  return drop(module, index);
}

bool isCopy(const PtxInstruction &instruction) {
  return instruction.is("cp.async.ca.") || instruction.is("cp.async.cg.");
}

Changed dropCopy(const PtxModule &module, size_t index) {
  if (!isCopy(module.instructions[index]))
    return std::nullopt;
  return drop(module, index);
}

/// Bytes of what an opcode ends in, `.b32` or `.f32`; 0 if that is no number of bits.
int64_t bytesOfType(StringRef opcode) {
  int64_t bits = 0;
  opcode.rsplit('.').second.substr(1).getAsInteger(10, bits);
  return bits / 8;
}

/// `[base+n]` with n greater by some bytes.
std::string moveAddress(StringRef operand, int64_t bytes) {
  StringRef inner = operand.drop_front().drop_back();
  auto [base, offset] = inner.split('+');
  int64_t number = 0;
  offset.getAsInteger(10, number);
  return "[" + base.str() + "+" + std::to_string(number + bytes) + "]";
}

/// A load or store of the neighbour of what it should be: vectors by the size of a vector, so that
/// they stay aligned.
Changed shiftAddress(const PtxModule &module, size_t index) {
  PtxInstruction access = module.instructions[index];
  int64_t bytes = bytesOfType(access.opcode);
  if (access.is("ldmatrix.") || isCopy(access))
    bytes = 16;
  else if (!access.is("ld.global") && !access.is("ld.shared") && !access.is("st.global") &&
           !access.is("st.shared"))
    return std::nullopt;
  for (std::string &operand : access.operands) {
    if (operand.front() != '[')
      continue;
    size_t elements = 1;
    for (const std::string &other : access.operands)
      elements = std::max(elements, splitList(other).size());
    operand = moveAddress(operand,
                          access.is("ldmatrix.") ? bytes : bytes * static_cast<int64_t>(elements));
    return put(module, index, access);
  }
  return std::nullopt;
}

/// Of integers, as bounds are.
bool isIntegerComparison(const PtxInstruction &instruction) {
  return instruction.is("setp.") && (StringRef(instruction.opcode).contains(".s") ||
                                     StringRef(instruction.opcode).contains(".u"));
}

/// A permutation of granules that is another one for whoever takes this address.
Changed flipSwizzle(const PtxModule &module, size_t index) {
  const PtxInstruction &permute = module.instructions[index];
  if (!permute.is("xor.b64") || permute.operands[2].front() != '%')
    return std::nullopt;
  PtxInstruction flip = permute;
  flip.operands = {permute.operands[0], permute.operands[0], "4"};
  return module.replace(index, index, permute.text() + "\n" + flip.text());
}

/// Exchanges two registers of a list.
Changed swapEntries(const PtxModule &module, size_t index, size_t operand) {
  PtxInstruction changed = module.instructions[index];
  std::vector<std::string> entries = splitList(changed.operands[operand]);
  if (entries.size() < 2 || entries[0] == entries[1])
    return std::nullopt;
  std::swap(entries[0], entries[1]);
  changed.operands[operand] = joinList(entries);
  return put(module, index, changed);
}

/// Registers of the first operand of a matrix instruction lie eight rows from each other.
Changed swapRows(const PtxModule &module, size_t index) {
  if (!module.instructions[index].is("mma."))
    return std::nullopt;
  return swapEntries(module, index, 1);
}

/// Those of the second one, eight summands.
Changed swapSummands(const PtxModule &module, size_t index) {
  if (!module.instructions[index].is("mma."))
    return std::nullopt;
  return swapEntries(module, index, 2);
}

/// Those of the sums, a column.
Changed swapSums(const PtxModule &module, size_t index) {
  if (!module.instructions[index].is("mma."))
    return std::nullopt;
  return swapEntries(module, index, 3);
}

Changed swapMatrices(const PtxModule &module, size_t index) {
  if (!module.instructions[index].is("ldmatrix."))
    return std::nullopt;
  return swapEntries(module, index, 0);
}

Changed swapVector(const PtxModule &module, size_t index) {
  const PtxInstruction &access = module.instructions[index];
  if (!StringRef(access.opcode).contains(".v2.") && !StringRef(access.opcode).contains(".v4."))
    return std::nullopt;
  return swapEntries(module, index, access.is("ld.") ? 0 : 1);
}

/// Whether an instruction reads or writes what others may, too.
bool touchesMemory(const PtxInstruction &instruction) {
  return instruction.is("st.") || instruction.is("ld.global") || isCopy(instruction);
}

/// A jump around what only some threads may touch. Not those that choose one of two ways, nor those
/// around sums that are not needed.
Changed loseGuard(const PtxModule &module, size_t index) {
  const PtxInstruction &jump = module.instructions[index];
  if (jump.guard.empty() || jump.opcode != "bra")
    return std::nullopt;
  std::optional<size_t> target = module.findLabel(jump.kernel, jump.operands[0]);
  auto begin = module.instructions.begin() + index + 1;
  if (!target || *target <= index || begin->opcode == "bra.uni" ||
      module.instructions[*target - 1].opcode == "bra.uni" ||
      std::none_of(begin, module.instructions.begin() + *target, touchesMemory))
    return std::nullopt;
  return drop(module, index);
}

/// A condition that chooses between something and nothing, as the sizes and addresses of copies are
/// chosen, and holds everywhere now.
Changed loseMask(const PtxModule &module, size_t index) {
  PtxInstruction compare = module.instructions[index];
  if (!isIntegerComparison(compare))
    return std::nullopt;
  for (size_t use = index + 1; use < module.instructions.size(); ++use) {
    const PtxInstruction &choice = module.instructions[use];
    if (choice.kernel != compare.kernel)
      break;
    if (!choice.is("selp.") || choice.operands[3] != compare.operands[0] ||
        choice.operands[2] != "0")
      continue;
    compare.opcode = "setp.eq.b32";
    compare.operands = {compare.operands[0], "0", "0"};
    return put(module, index, compare);
  }
  return std::nullopt;
}

/// Whether a shuffle has a result that something reads.
bool isShuffle(const PtxModule &module, size_t index) {
  const PtxInstruction &shuffle = module.instructions[index];
  return shuffle.is("shfl.sync.") && module.isRead(shuffle.kernel, shuffle.operands[0]);
}

Changed dropShuffle(const PtxModule &module, size_t index) {
  PtxInstruction move = module.instructions[index];
  if (!isShuffle(module, index))
    return std::nullopt;
  move.opcode = "mov.b32";
  move.operands.resize(2);
  return put(module, index, move);
}

/// The value of the lane behind the one that is meant. Not so in a butterfly, where distances that
/// are greater by one reach all lanes, too.
Changed shiftShuffle(const PtxModule &module, size_t index) {
  PtxInstruction shuffle = module.instructions[index];
  if (!isShuffle(module, index) || shuffle.is("shfl.sync.bfly."))
    return std::nullopt;
  std::optional<long long> lane = parseImmediate(shuffle.operands[2]);
  if (!lane)
    return std::nullopt;
  shuffle.operands[2] = std::to_string(*lane == 31 ? 30 : *lane + 1);
  return put(module, index, shuffle);
}

/// The last lane is not in the mask that all of the warp name.
Changed narrowMask(const PtxModule &module, size_t index) {
  PtxInstruction collective = module.instructions[index];
  if (!collective.is("shfl.sync.") && !collective.is("vote.") && !collective.is("redux.") &&
      !collective.is("bar.warp."))
    return std::nullopt;
  if (collective.operands.empty() || collective.operands.back() != "-1")
    return std::nullopt;
  collective.operands.back() = "2147483647";
  return put(module, index, collective);
}

} // namespace

const std::vector<MutationOperator> &getMutationOperators() {
  // The numbers are about three quarters of what there are.
  static const std::vector<MutationOperator> operators = {
      {"drop-barrier", dropBarrier, 20},   {"drop-wait", dropWait, 10},
      {"move-wait", moveWait, 10},         {"weaken-wait", weakenWait, 10},
      {"drop-commit", dropCommit, 12},     {"drop-copy", dropCopy, 12},
      {"shift-address", shiftAddress, 30}, {"flip-swizzle", flipSwizzle, 10},
      {"swap-rows", swapRows, 8},          {"swap-summands", swapSummands, 8},
      {"swap-sums", swapSums, 8},          {"swap-matrices", swapMatrices, 8},
      {"swap-vector", swapVector, 20},     {"lose-guard", loseGuard, 30},
      {"lose-mask", loseMask, 15},         {"drop-shuffle", dropShuffle, 20},
      {"shift-shuffle", shiftShuffle, 10}, {"narrow-mask", narrowMask, 20},
  };
  return operators;
}

} // namespace moec
