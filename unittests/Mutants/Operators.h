//===- Operators.h - What mutants have wrong --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mutant is a kernel with one thing wrong: a mistake that whoever writes an
// emitter may make. Operators say which; each looks at an instruction and what
// stands behind it, and knows nothing of kernels.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_MUTANTS_OPERATORS_H
#define MOEC_UNITTESTS_MUTANTS_OPERATORS_H

#include "unittests/Mutants/PtxText.h"

namespace moec {

struct MutationOperator {
  const char *name;
  /// The module's text with the mistake at an instruction; nothing where it cannot be made.
  std::optional<std::string> (*apply)(const PtxModule &module, size_t index);
  /// Mutants of it that there must be at least, of all programs together.
  size_t least;
};

const std::vector<MutationOperator> &getMutationOperators();

} // namespace moec

#endif // MOEC_UNITTESTS_MUTANTS_OPERATORS_H
