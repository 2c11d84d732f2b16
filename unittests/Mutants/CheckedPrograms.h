//===- CheckedPrograms.h - Programs that mutants are made of ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_MUTANTS_CHECKEDPROGRAMS_H
#define MOEC_UNITTESTS_MUTANTS_CHECKEDPROGRAMS_H

#include "lib/Interpret/Tensor.h"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace moec {

/// Computes results from arguments, in double where it computes.
using Formula = std::function<std::vector<Tensor>(const std::vector<Tensor> &)>;

/// A program with arguments, whose results are compared with those of a formula.
struct CheckedProgram {
  std::string text;
  /// Of each run that a check consists of.
  std::vector<std::vector<Tensor>> runs;
  /// Null: the reference interpreter.
  Formula formula;
  /// What a result may be off: this times its magnitude, and the second number times the largest
  /// magnitude of its tensor. Integers must agree.
  double relative, absolute;
};

struct NamedProgram {
  std::string name;
  std::function<CheckedProgram()> make;
};

/// Every kind of kernel, each with tails and with more than one tile where it has any.
const std::vector<NamedProgram> &getCheckedPrograms();

/// For GoogleTest, which prints parameters.
inline void PrintTo(const NamedProgram &program, std::ostream *stream) { *stream << program.name; }

} // namespace moec

#endif // MOEC_UNITTESTS_MUTANTS_CHECKEDPROGRAMS_H
