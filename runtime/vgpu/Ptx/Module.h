// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX as parsed: declarations and instructions by name, before anything is known about opcodes.
#ifndef MOERT_VGPU_PTX_MODULE_H
#define MOERT_VGPU_PTX_MODULE_H

#include "vgpu/Ptx/Type.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moert::vgpu::ptx {

/// Bytes of a value in memory and in registers; 0 for predicates and none.
uint32_t sizeOf(Type type);
/// The type that ".b32" without its dot names, or None.
Type typeNamed(std::string_view name);
std::string_view nameOf(Type type);

enum class Space : uint8_t { Generic, Param, Const, Global, Shared, Local };

constexpr uint32_t kNone = UINT32_MAX;

struct Operand {
  enum class Kind : uint8_t {
    Register, // index: of Function::registers
    Integer,  // value: 64 bits, negative numbers in two's complement
    Real32,   // value: the bits
    Real64,   // value: the bits
    Variable, // index: of Function::variables or, from kModuleVariable on, of Module::variables
    Function, // index: of Module::functions
    Special,  // index: of specialRegisters()
    Label,    // index: of Function::labels
    Vector,   // elements: of {a, b} and of (a, b)
    Memory,   // base and value: [a + 16]; elements: coordinates of [a, {x, y}]
    Discard,  // _
  };
  Kind kind = Kind::Discard;
  /// Of a Memory: what kind of thing `index` is, Integer for an absolute address.
  Kind base = Kind::Discard;
  /// `!p`, for predicates.
  bool isNegated = false;
  uint32_t index = kNone;
  /// The register q of `p|q`, or none.
  uint32_t second = kNone;
  uint64_t value = 0;
  std::vector<Operand> elements;
};

/// Operand::index of variables of the module.
constexpr uint32_t kModuleVariable = 0x80000000u;

struct Instruction {
  uint32_t line = 0;
  /// The predicate register of `@p`, or none.
  uint32_t guard = kNone;
  bool isGuardNegated = false;
  /// As written: `ld.global.v4.b32`. Part of Module::text.
  std::string_view opcode;
  std::vector<Operand> operands;
};

/// A place in a variable's initial value that holds the address of another one.
struct AddressSlot {
  uint64_t offset;
  uint64_t addend;
  uint32_t variable; // of Module::variables
  bool isGeneric;
};

struct Variable {
  std::string_view name;
  uint32_t line = 0;
  Space space = Space::Generic;
  Type type = Type::None;
  uint32_t alignment = 1;
  /// 0 for an array whose size a launch tells (`.extern .shared .b8 memory[]`).
  uint64_t bytes = 0;
  bool isExternal = false;
  /// The first bytes of the initial value; the others are zero.
  std::vector<uint8_t> initial;
  std::vector<AddressSlot> addresses;
};

struct Label {
  /// The instruction that follows, possibly the number of all.
  uint32_t instruction = kNone;
  /// Of `.branchtargets`: other labels, among which an index chooses.
  std::vector<uint32_t> targets;
};

struct Function {
  std::string_view name;
  uint32_t line = 0;
  bool isEntry = false;
  bool hasBody = false;
  std::vector<Type> registers;
  /// Parameters first, then what the body declares: .local, .shared and .param.
  std::vector<Variable> variables;
  uint32_t numParameters = 0;
  uint32_t numResults = 0; // of the parameters, the first ones: results of a .func
  std::vector<Instruction> instructions;
  std::vector<Label> labels;
  /// Threads of a block: as required, as most; 0 where nothing was said.
  std::array<uint32_t, 3> requiredThreads{};
  std::array<uint32_t, 3> mostThreads{};
};

struct Module {
  /// What was parsed; names point into it.
  std::string text;
  uint32_t versionMajor = 0, versionMinor = 0;
  /// `sm_80`, `sm_90a`.
  std::string_view target;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

struct ParseError {
  uint32_t line = 0;
  std::string message;
};

/// A module, or null with what is wrong in `error`. Untrusted text is fine: sizes are limited and
/// nothing recurses.
std::unique_ptr<Module> parse(std::string_view text, ParseError &error);

/// Names of special registers, `%tid.x`; Operand::index counts them.
enum class Special : uint32_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NwarpId,
  SmId,
  NsmId,
  GridId,
  Clock,
  ClockHi,
  Clock64,
  GlobalTimer,
  GlobalTimerLo,
  GlobalTimerHi,
  LanemaskEq,
  LanemaskLe,
  LanemaskLt,
  LanemaskGe,
  LanemaskGt,
  DynamicSmemSize,
  TotalSmemSize,
  Count
};
std::string_view nameOf(Special special);

} // namespace moert::vgpu::ptx

#endif // MOERT_VGPU_PTX_MODULE_H
