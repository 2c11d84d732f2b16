//===- Survivors.cpp - Mutants that do what the kernel does -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/Survivors.h"

#include <fstream>

namespace moec {

std::map<std::string, std::string> readSurvivors(const std::string &path, std::string &error) {
  std::map<std::string, std::string> reasons;
  std::ifstream file(path);
  if (!file)
    error = "cannot read " + path;
  std::string *reason = nullptr;
  size_t number = 0;
  auto complain = [&](const std::string &what) {
    error = path + ":" + std::to_string(number) + ": " + what;
  };
  for (std::string line; std::getline(file, line) && error.empty();) {
    ++number;
    size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line[begin] == '#')
      continue;
    if (begin > 0) {
      if (!reason)
        complain("a reason without a mutant");
      else
        *reason += (reason->empty() ? "" : " ") + line.substr(begin);
      continue;
    }
    if (reason && reason->empty())
      complain("the mutant before has no reason");
    auto [entry, isNew] = reasons.try_emplace(line);
    if (!isNew)
      complain("listed twice");
    reason = &entry->second;
  }
  if (error.empty() && reason && reason->empty())
    error = path + ": the last mutant has no reason";
  return reasons;
}

} // namespace moec
