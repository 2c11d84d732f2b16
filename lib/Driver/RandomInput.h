//===- RandomInput.h - Made-up arguments ------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RANDOMINPUT_H
#define MOEC_LIB_DRIVER_RANDOMINPUT_H

#include "lib/Interpret/Tensor.h"

#include <cstdint>
#include <optional>

namespace moec {

/// Fills tensors with numbers that depend on the seed alone, on any machine.
class RandomInput {
public:
  explicit RandomInput(uint64_t seed) : state(seed) {}

  /// A tensor of `type`: reals uniform in [-1, 1), integers 0 or 1. Nullopt if a
  /// size is dynamic, the type is none of the interpreter's, or memory is short.
  std::optional<Tensor> fill(mlir::Type type);

private:
  uint64_t next();
  uint64_t state;
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_RANDOMINPUT_H
