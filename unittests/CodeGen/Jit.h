//===- Jit.h - Compiled tile ops for tests ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles host functions with tile ops on memrefs for one instruction-set
// level and runs them in this process, without the runtime: a launch becomes a
// loop of plain calls over ranges of units.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_CODEGEN_JIT_H
#define MOEC_UNITTESTS_CODEGEN_JIT_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moec::test {

/// What compiled code takes for a memref of rank R: a pointer to this.
template <int R>
struct MemRef {
  void *allocated, *aligned;
  int64_t offset = 0;
  std::array<int64_t, R> sizes, strides;

  MemRef(void *data, std::array<int64_t, R> sizes) : allocated(data), aligned(data), sizes(sizes) {
    int64_t stride = 1;
    for (int d = R - 1; d >= 0; --d) {
      strides[d] = stride;
      stride *= sizes[d];
    }
  }
};

/// Levels that this processor runs, lowest first.
std::vector<std::string> getLevelsOfThisCpu();

/// Whether products of a level are fused multiply-adds.
inline bool hasFma(const std::string &level) { return level != "v2"; }

/// A module compiled for one level.
class CompiledModule {
public:
  /// Compiles `source`, whose host functions take the number of ranges that a
  /// launch is cut into as first argument (index) and carry
  /// llvm.emit_c_interface. Products use blocks of `blockDepth` summands. Fails
  /// the current test and returns null on errors.
  static std::unique_ptr<CompiledModule> create(const std::string &source, const std::string &level,
                                                int64_t blockDepth = 512);
  ~CompiledModule();

  /// Calls host function `name` with memrefs by pointer to MemRef and packed
  /// values by pointer to their elements.
  template <typename... Args>
  void run(const char *name, int64_t parts, Args *...args) {
    auto function =
        reinterpret_cast<void (*)(int64_t, Args *...)>(lookup(std::string("_mlir_ciface_") + name));
    function(parts, args...);
  }

private:
  struct Impl;
  explicit CompiledModule(std::unique_ptr<Impl> impl);
  void *lookup(const std::string &name);
  std::unique_ptr<Impl> impl;
};

/// The assembly of `source` for one level; empty, with a failure of the current
/// test, on errors.
std::string getAssembly(const std::string &source, const std::string &level);

} // namespace moec::test

#endif // MOEC_UNITTESTS_CODEGEN_JIT_H
