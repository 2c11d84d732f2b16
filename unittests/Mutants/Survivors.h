//===- Survivors.h - Mutants that do what the kernel does -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_MUTANTS_SURVIVORS_H
#define MOEC_UNITTESTS_MUTANTS_SURVIVORS_H

#include <map>
#include <string>

namespace moec {

/// What survivors.txt lists: why a mutant does the same as the kernel, by the mutant's key. A line
/// that begins in its first column is a key, those below it, indented, the reason; `#` begins a
/// comment. What is wrong with the file goes to `error`.
std::map<std::string, std::string> readSurvivors(const std::string &path, std::string &error);

} // namespace moec

#endif // MOEC_UNITTESTS_MUTANTS_SURVIVORS_H
