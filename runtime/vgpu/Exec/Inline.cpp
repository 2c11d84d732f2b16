// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Inline.h"

#include <algorithm>
#include <map>

namespace moert::vgpu {

using ptx::Function;
using ptx::Instruction;
using ptx::kNone;
using ptx::Operand;
using ptx::Space;
using ptx::Type;
using ptx::Variable;

namespace {

/// Calls within calls grow without bounds by a few lines of text. Of instructions, operands,
/// registers, labels and variables together; code that a compiler made has far fewer.
constexpr uint64_t kMostParts = uint64_t(1) << 20;
constexpr size_t kMostDepth = 64;

std::string_view nameOf(const Instruction &instruction) {
  return instruction.opcode.substr(0, instruction.opcode.find('.'));
}

/// What a value of a call moves through when it is no variable.
std::string_view opcodeFor(const Variable &parameter, bool isStore) {
  switch (parameter.bytes) {
  case 1:
    return isStore ? "st.param.b8" : "ld.param.b8";
  case 2:
    return isStore ? "st.param.b16" : "ld.param.b16";
  case 4:
    return parameter.type == Type::F32 ? (isStore ? "st.param.f32" : "ld.param.f32")
                                       : (isStore ? "st.param.b32" : "ld.param.b32");
  case 8:
    return parameter.type == Type::F64 ? (isStore ? "st.param.f64" : "ld.param.f64")
                                       : (isStore ? "st.param.b64" : "ld.param.b64");
  default:
    return {};
  }
}

class Inliner {
public:
  Inliner(const ptx::Module &module, const Function &root, Function &result, ptx::ParseError &error)
      : module_(module), root_(root), result_(result), error_(error) {}

  bool run() {
    result_ = root_;
    result_.instructions.clear();
    Instance instance{&root_, nullptr, 0, 0, kNone, {}, {}};
    for (uint32_t i = 0; i < root_.registers.size(); ++i)
      instance.registers.push_back(i);
    for (uint32_t i = 0; i < root_.variables.size(); ++i)
      instance.variables.push_back(i);
    return expand(instance);
  }

private:
  /// A function in place of a call, and what its names have become.
  struct Instance {
    const Function *function;
    const Instance *caller;
    size_t depth;
    uint32_t firstLabel;
    /// A label behind the body, or none for the function that all begins with.
    uint32_t end;
    std::vector<uint32_t> registers, variables;
  };

  /// What all instances of a function share, since no thread is in two of them at once: memory, and
  /// predicates, of which programs have few.
  struct Frame {
    uint32_t firstVariable = 0;
    std::vector<uint32_t> predicates; // of each register that is one
  };

  bool fail(const Instruction &instruction, const std::string &message) {
    if (error_.message.empty())
      error_ = {instruction.line,
                "'" + std::string(instruction.opcode.substr(0, 80)) + "' " + message};
    return false;
  }

  bool grow(const Instruction &call, uint64_t parts) {
    parts_ += parts;
    return parts_ <= kMostParts ||
           fail(call, "makes a function of more than " + std::to_string(kMostParts) +
                          " instructions, operands and registers, with all that it calls");
  }

  bool expand(const Instance &instance) {
    const Function &function = *instance.function;
    // Labels before an instruction, to be placed when it is.
    std::multimap<uint32_t, uint32_t> labels;
    for (uint32_t i = 0; i < function.labels.size(); ++i)
      if (function.labels[i].instruction != kNone)
        labels.emplace(function.labels[i].instruction, instance.firstLabel + i);
    auto next = labels.begin();
    auto placeLabels = [&](uint32_t upTo) {
      for (; next != labels.end() && next->first <= upTo; ++next)
        result_.labels[next->second].instruction = uint32_t(result_.instructions.size());
    };
    for (uint32_t i = 0; i < function.instructions.size(); ++i) {
      placeLabels(i);
      const Instruction &instruction = function.instructions[i];
      if (nameOf(instruction) == "call" ? !expandCall(instance, instruction)
                                        : !copy(instance, instruction))
        return false;
    }
    placeLabels(uint32_t(function.instructions.size()));
    if (instance.end != kNone)
      result_.labels[instance.end].instruction = uint32_t(result_.instructions.size());
    return true;
  }

  bool copy(const Instance &instance, const Instruction &instruction) {
    // Addresses of a function's parameters that registers hold are those of local memory (PTX ISA,
    // "mov"). In .param space they would be of the kernel's.
    if (instance.caller && instruction.opcode.find(".param") != std::string_view::npos)
      for (const Operand &operand : instruction.operands)
        if (operand.kind == Operand::Kind::Memory && operand.base != Operand::Kind::Variable)
          return fail(instruction, "has an address that is no variable, in a function");
    Instruction renamed = instruction;
    uint64_t parts = 1;
    rename(instance, renamed, parts);
    if (instance.end != kNone && nameOf(instruction) == "ret") {
      renamed.opcode = "bra";
      renamed.operands = {labelOperand(instance.end)};
    }
    result_.instructions.push_back(std::move(renamed));
    return grow(instruction, parts);
  }

  void rename(const Instance &instance, Instruction &instruction, uint64_t &parts) {
    if (instruction.guard != kNone)
      instruction.guard = instance.registers[instruction.guard];
    for (Operand &operand : instruction.operands)
      rename(instance, operand, parts);
  }

  void rename(const Instance &instance, Operand &operand, uint64_t &parts) {
    ++parts;
    const Operand::Kind kind = operand.kind == Operand::Kind::Memory ? operand.base : operand.kind;
    if (kind == Operand::Kind::Register)
      operand.index = instance.registers[operand.index];
    else if (kind == Operand::Kind::Variable && operand.index < ptx::kModuleVariable)
      operand.index = instance.variables[operand.index];
    else if (kind == Operand::Kind::Label)
      operand.index += instance.firstLabel;
    if (operand.second != kNone)
      operand.second = instance.registers[operand.second];
    for (Operand &element : operand.elements)
      rename(instance, element, parts); // elements have none
  }

  static Operand labelOperand(uint32_t label) {
    Operand operand;
    operand.kind = Operand::Kind::Label;
    operand.index = label;
    return operand;
  }

  uint32_t addLabel() {
    result_.labels.emplace_back();
    return uint32_t(result_.labels.size() - 1);
  }

  /// `call (result), f, (parameters)`: the function, and what stands for its parameters, results
  /// first, as they are in the caller.
  bool resolve(const Instance &caller, const Instruction &call, const Function *&callee,
               std::vector<Operand> &values) {
    if (call.opcode != "call" && call.opcode != "call.uni")
      return fail(call, "is not an instruction that is supported");
    auto operand = call.operands.begin();
    auto takeList = [&](bool isThere) {
      if (!isThere || operand == call.operands.end() || operand->kind != Operand::Kind::Vector)
        return size_t(0);
      values.insert(values.end(), operand->elements.begin(), operand->elements.end());
      return (operand++)->elements.size();
    };
    const size_t results = takeList(true);
    if (operand == call.operands.end() || operand->kind != Operand::Kind::Function)
      return fail(call, "does not name a function: calls through addresses are not supported");
    callee = &module_.functions[(operand++)->index];
    const std::string name = "'" + std::string(callee->name.substr(0, 80)) + "'";
    const size_t parameters = takeList(true);
    if (operand != call.operands.end())
      return fail(call, "has operands after the parameters of " + name);
    if (callee->isEntry)
      return fail(call, "calls the kernel " + name);
    for (const Instance *active = &caller; active; active = active->caller)
      if (active->function == callee)
        return fail(call, "calls " + name + ", which it is called by: recursion is not supported");
    if (!callee->hasBody)
      return fail(call, "calls " + name + ", which has no body in this module");
    if (caller.depth >= kMostDepth)
      return fail(call, "is nested deeper than " + std::to_string(kMostDepth) + " calls");
    const size_t expected = callee->numParameters - callee->numResults;
    if (results != callee->numResults || parameters != expected)
      return fail(call, "has " + std::to_string(parameters) + " parameters and " +
                            std::to_string(results) + " results in place of " +
                            std::to_string(expected) + " and " +
                            std::to_string(callee->numResults) + " of " + name);
    return true;
  }

  bool expandCall(const Instance &caller, const Instruction &call) {
    const Function *callee = nullptr;
    std::vector<Operand> values;
    if (!resolve(caller, call, callee, values))
      return false;
    Instance instance{callee, &caller, caller.depth + 1, uint32_t(result_.labels.size()), 0,
                      {},     {}};
    if (!grow(call, 1 + callee->registers.size() + callee->labels.size() +
                        callee->variables.size() + values.size()))
      return false;
    nameParts(instance);
    if (call.guard != kNone) {
      Instruction skip;
      skip.line = call.line;
      skip.guard = caller.registers[call.guard];
      skip.isGuardNegated = !call.isGuardNegated;
      skip.opcode = "bra";
      skip.operands = {labelOperand(instance.end)};
      result_.instructions.push_back(std::move(skip));
    }
    std::vector<Instruction> results;
    for (uint32_t i = 0; i < values.size(); ++i)
      for (uint32_t j = i + 1; j < values.size(); ++j)
        if (values[i].kind == Operand::Kind::Variable &&
            values[j].kind == Operand::Kind::Variable && values[i].index == values[j].index)
          return fail(call, "names a variable twice");
    for (uint32_t i = 0; i < values.size(); ++i)
      if (!pass(caller, instance, call, i, values[i], results))
        return false;
    // Lanes whose guard is false leave results as they are: what moves them is before the end.
    const uint32_t end = instance.end;
    instance.end = results.empty() ? end : addLabel();
    if (!expand(instance))
      return false;
    for (Instruction &result : results)
      result_.instructions.push_back(std::move(result));
    result_.labels[end].instruction = uint32_t(result_.instructions.size());
    return true;
  }

  /// Gives registers, labels and variables of a function a place in the result.
  void nameParts(Instance &instance) {
    const Function &function = *instance.function;
    const auto [place, isNew] = frames_.try_emplace(&function);
    Frame &frame = place->second;
    if (isNew) {
      frame.firstVariable = uint32_t(result_.variables.size());
      result_.variables.insert(result_.variables.end(), function.variables.begin(),
                               function.variables.end());
    }
    size_t predicates = 0;
    for (Type type : function.registers) {
      const auto fresh = uint32_t(result_.registers.size());
      if (type == Type::Pred && !isNew) {
        instance.registers.push_back(frame.predicates[predicates++]);
        continue;
      }
      if (type == Type::Pred)
        frame.predicates.push_back(fresh);
      instance.registers.push_back(fresh);
      result_.registers.push_back(type);
    }
    for (uint32_t i = 0; i < function.variables.size(); ++i)
      instance.variables.push_back(frame.firstVariable + i);
    for (const ptx::Label &label : function.labels) {
      ptx::Label &renamed = result_.labels.emplace_back();
      for (uint32_t target : label.targets)
        renamed.targets.push_back(instance.firstLabel + target);
    }
    instance.end = addLabel();
  }

  /// A variable of the caller stands for the parameter itself; a register or a number is stored to
  /// it before, or loaded from it afterwards.
  bool pass(const Instance &caller, Instance &instance, const Instruction &call, uint32_t index,
            Operand value, std::vector<Instruction> &results) {
    const Function &callee = *instance.function;
    const bool isResult = index < callee.numResults;
    const Variable &parameter = callee.variables[index];
    // Counted as in the names that compilers give them.
    const std::string name = (isResult ? "result " : "parameter ") +
                             std::to_string(isResult ? index : index - callee.numResults) +
                             " of '" + std::string(callee.name.substr(0, 80)) + "'";
    uint64_t ignored = 0;
    rename(caller, value, ignored);
    if (value.kind == Operand::Kind::Variable) {
      const bool isOfCall = value.index < ptx::kModuleVariable && value.value == 0 &&
                            value.index >= result_.numParameters &&
                            result_.variables[value.index].space == Space::Param;
      if (!isOfCall)
        return fail(call, "has something else in place of a variable in .param space for " + name);
      Variable &variable = result_.variables[value.index];
      if (variable.bytes != parameter.bytes)
        return fail(call, "has " + std::to_string(variable.bytes) + " bytes in place of " +
                              std::to_string(parameter.bytes) + " for " + name);
      variable.alignment = std::max(variable.alignment, parameter.alignment);
      instance.variables[index] = value.index;
      return true;
    }
    const std::string_view opcode = opcodeFor(parameter, !isResult);
    const bool isRegister = value.kind == Operand::Kind::Register && value.second == kNone;
    const bool isNumber =
        !isResult && (value.kind == Operand::Kind::Integer || value.kind == Operand::Kind::Real32 ||
                      value.kind == Operand::Kind::Real64);
    if (opcode.empty() || (!isRegister && !isNumber) ||
        (isRegister && sizeOf(result_.registers[value.index]) != parameter.bytes))
      return fail(call, "has something that does not fit " + name);
    Operand memory;
    memory.kind = Operand::Kind::Memory;
    memory.base = Operand::Kind::Variable;
    memory.index = instance.variables[index];
    Instruction move;
    move.line = call.line;
    move.opcode = opcode;
    if (isResult)
      move.operands = {value, memory};
    else
      move.operands = {memory, value};
    (isResult ? results : result_.instructions).push_back(std::move(move));
    return true;
  }

  const ptx::Module &module_;
  const Function &root_;
  Function &result_;
  ptx::ParseError &error_;
  std::map<const Function *, Frame> frames_;
  uint64_t parts_ = 0;
};

} // namespace

bool hasCalls(const Function &function) {
  return std::any_of(function.instructions.begin(), function.instructions.end(),
                     [](const Instruction &one) { return nameOf(one) == "call"; });
}

bool inlineCalls(const ptx::Module &module, const Function &function, Function &result,
                 ptx::ParseError &error) {
  return Inliner(module, function, result, error).run();
}

} // namespace moert::vgpu
