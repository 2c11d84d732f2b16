// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A kernel that is ready to run: decoded instructions and what they refer to.
#ifndef MOERT_VGPU_EXEC_PROGRAM_H
#define MOERT_VGPU_EXEC_PROGRAM_H

#include "vgpu/Exec/Record.h"
#include "vgpu/Lanes/Matrix.h"
#include "vgpu/Ptx/Module.h"

#include <array>
#include <string>
#include <vector>

namespace moert::vgpu {

/// What other threads may take from an access: nothing, or as the ISA's memory model has it.
enum class Order : uint8_t { Weak, Relaxed, Acquire, Release, AcquireRelease };
/// Threads for which an order holds.
enum class Scope : uint8_t { Block, Cluster, Device, System };

/// An access to memory by `ld`, `st` and their like, of one or several registers.
struct Access {
  ptx::Space space = ptx::Space::Generic;
  /// Bytes of one element in memory, and of its register: more where it is extended.
  uint8_t elementBytes = 0, registerBytes = 0;
  uint8_t count = 1;
  bool isSigned = false;
  Order order = Order::Weak;
  Scope scope = Scope::Device;
  /// The register of the address has 64 bits, else 32; or there is none.
  bool isWideAddress = true, hasRegister = false;
  uint16_t address = 0;
  uint64_t offset = 0;
  /// Slots of the elements; kNoSlot for those that are thrown away.
  std::array<uint16_t, 8> slots{};

  uint32_t bytes() const { return uint32_t(elementBytes) * count; }
};
constexpr uint16_t kNoSlot = 0xffff;

/// What an atomic access does with the value in memory and its operand.
enum class Atomic : uint8_t {
  Exchange,
  CompareAndSwap,
  And,
  Or,
  Xor,
  Add,
  Increment,
  Decrement,
  Min,
  Max
};

/// `atom` and `red`, of one or several elements. Of the access, slots are those of the results:
/// kNoSlot where the old value is not wanted.
struct AtomicAccess {
  Access access;
  Atomic operation = Atomic::Exchange;
  ptx::Type type = ptx::Type::None;
  /// Slots of the operands, and of what replaces a value that is equal to the first one.
  std::array<uint16_t, 8> values{};
  uint16_t swap = 0;
};

/// A copy of `bytes` from global to shared memory, or, where there is a slot or a predicate, of
/// fewer or none, the rest of it zeros.
struct AsyncCopy {
  Access from, to;
  uint8_t bytes = 0;
  bool hasIgnore = false;
  uint16_t size = kNoSlot, ignore = 0;
};

/// `mma`, with slots of the registers of each matrix.
struct MatrixProduct {
  MatrixForm form{};
  Multiply multiply = nullptr;
  std::array<uint16_t, kMostMatrixRegisters> a{}, b{}, c{}, d{};
};

struct Program {
  std::string name;
  std::vector<Record> records;
  std::vector<Access> accesses;
  std::vector<AtomicAccess> atomics;
  std::vector<AsyncCopy> copies;
  std::vector<MatrixProduct> products;
  /// Lists of records for branches by index.
  std::vector<std::vector<uint32_t>> branchTables;
  /// Rows of constants, kSlotBytes each.
  std::vector<std::byte> constants;
  uint32_t numSlots = 0;
  uint32_t numPredicates = 1;
  /// Bytes of parameters, of static shared memory and of each thread's local memory.
  uint32_t parameterBytes = 0;
  uint32_t sharedBytes = 0;
  uint32_t localBytes = 0;
  /// Where the shared memory begins whose size a launch tells.
  uint32_t dynamicSharedOffset = 0;
  struct Parameter {
    uint32_t offset, bytes;
  };
  std::vector<Parameter> parameters;
  std::array<uint32_t, 3> requiredThreads{};
  uint32_t mostThreads = 1024;
  /// Whether any instruction orders accesses of threads by way of memory: a fence, an acquire, a
  /// release.
  bool hasFences = false;
};

/// The address of each variable of the module. Shared ones are placed by each program.
using VariableAddresses = std::vector<uint64_t>;

/// Makes a program of a function with a body, for the CPU's level. False with what is wrong.
bool decode(const ptx::Module &module, const ptx::Function &function,
            const VariableAddresses &addresses, Level level, Program &program,
            ptx::ParseError &error);

/// Slots in which the row of thread indices x, y and z lie.
constexpr uint16_t kThreadIndexSlot = 0;
constexpr uint16_t kFirstFreeSlot = 3;

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_PROGRAM_H
