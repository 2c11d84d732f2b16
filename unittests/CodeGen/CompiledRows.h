//===- CompiledRows.h - Compiling host functions for tests ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_CODEGEN_COMPILEDROWS_H
#define MOEC_UNITTESTS_CODEGEN_COMPILEDROWS_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moec {

/// A memref of rank N as compiled code sees it, over memory of the caller.
template <typename T, size_t N>
struct Memref {
  T *allocated, *aligned;
  int64_t offset = 0;
  std::array<int64_t, N> sizes, strides;

  Memref(T *data, std::array<int64_t, N> sizes) : allocated(data), aligned(data), sizes(sizes) {
    int64_t stride = 1;
    for (size_t d = N; d-- > 0; stride *= sizes[d])
      strides[d] = stride;
  }
};

/// The function @host of a module on tensors or memrefs, with memref arguments
/// and no results, compiled through fuse-rows, bufferization, form-kernels,
/// clone-isa-levels, emit-linalg-rows and expand-math for every level that this
/// processor has.
class CompiledRows {
public:
  explicit CompiledRows(const std::string &text);
  ~CompiledRows();

  /// Levels compiled, lowest first; empty if compilation failed.
  const std::vector<std::string> &getLevels() const { return levels; }

  /// Runs @host. With `split`, every unit of a launch is a call of its own.
  template <typename... Memrefs>
  void run(const std::string &level, bool split, Memrefs... memrefs) {
    reinterpret_cast<void (*)(Memrefs *...)>(lookup(level, split))(&memrefs...);
  }

private:
  void *lookup(const std::string &level, bool split);

  struct Impl;
  std::unique_ptr<Impl> impl;
  std::vector<std::string> levels;
};

} // namespace moec

#endif // MOEC_UNITTESTS_CODEGEN_COMPILEDROWS_H
