//===- MutantTests.cpp - Kernels with one thing wrong -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks of kernels are worth what they notice. Here kernels that the compiler
// makes get one mistake each. A mutant is killed by a wrong result, a report of
// the virtual GPU or its refusal of the text, under one of several seeds. Those
// that survive are listed in survivors.txt, with the reason why they do the same
// as the kernel.
//
// Of the places where a mistake can be made, those are taken whose description
// has the smallest hash: a change of the code elsewhere leaves them as they are.
//
//===----------------------------------------------------------------------===//

#include "runtime/vgpu/Exec/Block.h"
#include "unittests/Device/DeviceProgram.h"
#include "unittests/Mutants/CheckedPrograms.h"
#include "unittests/Mutants/Operators.h"
#include "unittests/Mutants/Survivors.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Compiler.h"
#include "llvm/Support/xxhash.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

#include <cmath>
#include <set>

namespace moec {
namespace {

constexpr uint32_t seeds[] = {0, 1, 2};
/// Where an operator is applied to a kernel.
constexpr size_t sitesPerKernel = 2;

/// What is wrong with results; nothing if they are what they should be.
std::string compare(const CheckedProgram &checked, const std::vector<Tensor> &expected,
                    const std::vector<Tensor> &got) {
  for (size_t number = 0; number < expected.size(); ++number) {
    const Tensor &right = expected[number], &result = got[number];
    if (right.shape() != result.shape())
      return "another shape";
    double largest = 0;
    for (int64_t i = 0; i < right.numElements(); ++i)
      if (std::isfinite(right.real(i)))
        largest = std::max(largest, std::fabs(right.real(i)));
    for (int64_t i = 0; i < right.numElements(); ++i) {
      double tolerance = checked.relative * std::fabs(right.real(i)) + checked.absolute * largest;
      bool isEqual = right.real(i) == result.real(i) ||
                     (std::isnan(right.real(i)) && std::isnan(result.real(i)));
      if (std::isfinite(right.real(i)))
        isEqual |= std::fabs(result.real(i) - right.real(i)) <= tolerance;
      if (isReal(right.dtype()) ? !isEqual : result.integer(i) != right.integer(i))
        return "element " + std::to_string(i) + " of result " + std::to_string(number);
    }
  }
  return "";
}

struct Mutant {
  size_t index;    // of the instruction
  std::string key; // how survivors.txt calls it
  std::string ptx;
};

/// A compiled program and its mutants.
class Subject {
public:
  explicit Subject(const NamedProgram &named)
      : name(named.name), checked(named.make()), program(checked.text), module(program.getPtx()) {}

  /// Runs once and notes what is executed, and how much. False with a failed expectation.
  bool measure() {
    if (!program.isCompiled())
      return false;
    uint64_t most = 0;
    program.setObserver([&](const moert::vgpu::Launch &launch) {
      uint64_t instructions = 0;
      for (auto [record, counted] : llvm::zip_equal(launch.program->records, launch.counters)) {
        instructions += counted.warps;
        if (counted.warps > 0)
          executed.insert(record.line);
      }
      most = std::max(most, instructions);
    });
    for (const std::vector<Tensor> &arguments : checked.runs)
      if (!program.run(arguments))
        return false;
    program.setObserver(nullptr);
    program.setMostInstructions(2 * most + 100000);
    return true;
  }

  /// Expects right results and no report under each seed.
  bool expectRight() {
    for (const std::vector<Tensor> &arguments : checked.runs) {
      auto computed = checked.formula ? std::optional(checked.formula(arguments))
                                      : program.interpret(arguments);
      if (!computed)
        return false;
      expected.push_back(*computed);
    }
    for (uint32_t seed : seeds)
      EXPECT_EQ(check(seed), "");
    return !testing::Test::HasFailure();
  }

  /// Of instructions that a check executes, some of each kernel.
  std::vector<Mutant> makeMutants(const MutationOperator &mutation) const {
    std::map<uint64_t, Mutant> byHash;
    for (size_t index = 0; index < module.instructions.size(); ++index) {
      const PtxInstruction &instruction = module.instructions[index];
      auto line = executed.lower_bound(instruction.line);
      if (line == executed.end() || *line > instruction.lastLine)
        continue;
      std::optional<std::string> changed = mutation.apply(module, index);
      if (!changed)
        continue;
      std::string key = name + " " + mutation.name + ": " + module.describe(index);
      uint64_t hash = llvm::xxh3_64bits(key);
      byHash.try_emplace(hash, Mutant{index, std::move(key), std::move(*changed)});
    }
    std::vector<Mutant> mutants;
    std::map<std::string, size_t> taken;
    for (auto &[hash, mutant] : byHash)
      if (taken[module.instructions[mutant.index].kernel]++ < sitesPerKernel)
        mutants.push_back(std::move(mutant));
    return mutants;
  }

  /// How a check of a mutant goes wrong, under the first seed where it does; nothing if it does
  /// not.
  std::string findMistake(const Mutant &mutant) {
    testing::TestPartResultArray failures;
    std::string why;
    program.setPtx(mutant.ptx);
    {
      testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
      for (uint32_t seed : seeds)
        if (why.empty())
          why = check(seed);
    }
    program.setPtx(module.text);
    if (failures.size() == 0)
      return why;
    // The module's text follows what was reported.
    return llvm::StringRef(failures.GetTestPartResult(0).message()).split("\n//").first.str();
  }

  /// An instruction and the lines around it.
  std::string showPlace(size_t index) const {
    const PtxInstruction &instruction = module.instructions[index];
    size_t begin = instruction.begin, end = instruction.end;
    for (int i = 0; i < 8 && begin != std::string::npos; ++i)
      begin = module.text.rfind('\n', begin - 1);
    for (int i = 0; i < 8 && end != std::string::npos; ++i)
      end = module.text.find('\n', end + 1);
    return instruction.kernel + ", line " + std::to_string(instruction.line) + ":" +
           module.text.substr(begin, end - begin);
  }

private:
  /// What is wrong with the results of a run of all arguments; nothing if they are right.
  std::string check(uint32_t seed) const {
    for (auto [arguments, right] : llvm::zip_equal(checked.runs, expected)) {
      auto results = program.run(arguments, seed);
      std::string why = results ? compare(checked, right, *results) : "no results";
      if (!why.empty())
        return why;
    }
    return "";
  }

  std::string name;
  CheckedProgram checked;
  DeviceProgram program;
  PtxModule module;
  std::vector<std::vector<Tensor>> expected; // of each run
  std::set<size_t> executed;                 // lines
};

/// What survivors.txt lists of one program.
std::map<std::string, std::string> readSurvivorsOf(const std::string &program) {
  std::string error;
  std::map<std::string, std::string> all =
      readSurvivors(MOEC_SOURCE_DIR "/unittests/Mutants/survivors.txt", error);
  EXPECT_EQ(error, "");
  std::map<std::string, std::string> some;
  for (const auto &[key, reason] : all)
    if (key.rfind(program + " ", 0) == 0)
      some.emplace(key, reason);
  return some;
}

class Mutants : public testing::TestWithParam<NamedProgram> {
protected:
  void SetUp() override {
#if LLVM_ADDRESS_SANITIZER_BUILD || LLVM_THREAD_SANITIZER_BUILD
    GTEST_SKIP() << "hundreds of runs, which a sanitizer makes slow";
#endif
  }
};

TEST_P(Mutants, AreKilled) {
  Subject subject(GetParam());
  ASSERT_TRUE(subject.measure() && subject.expectRight());
  std::map<std::string, std::string> listed = readSurvivorsOf(GetParam().name);
  size_t count = 0, survivors = listed.size();
  for (const MutationOperator &mutation : getMutationOperators())
    for (const Mutant &mutant : subject.makeMutants(mutation)) {
      std::string why = subject.findMistake(mutant);
      bool isListed = listed.erase(mutant.key) > 0;
      ++count;
      if (why.empty() && !isListed)
        ADD_FAILURE() << "nothing is wrong with the mutant\n"
                      << mutant.key << "\n"
                      << subject.showPlace(mutant.index);
      if (!why.empty() && isListed)
        ADD_FAILURE() << "survivors.txt lists a mutant that is killed: " << why << "\n"
                      << mutant.key;
    }
  for (const auto &[key, reason] : listed)
    ADD_FAILURE() << "survivors.txt lists a mutant that is not made any more:\n" << key;
  std::printf("%zu mutants, %zu listed as survivors\n", count, survivors);
}

/// Few mutants would say little of the checks.
TEST(MutationOperators, MakeEnoughMutants) {
  std::map<std::string, size_t> counts;
  size_t total = 0;
  for (const NamedProgram &named : getCheckedPrograms()) {
    Subject subject(named);
    ASSERT_TRUE(subject.measure());
    for (const MutationOperator &mutation : getMutationOperators())
      counts[mutation.name] += subject.makeMutants(mutation).size();
  }
  for (const MutationOperator &mutation : getMutationOperators()) {
    std::printf("%-14s %zu\n", mutation.name, counts[mutation.name]);
    EXPECT_GE(counts[mutation.name], mutation.least) << mutation.name;
    total += counts[mutation.name];
  }
  std::printf("%-14s %zu\n", "all", total);
}

INSTANTIATE_TEST_SUITE_P(Programs, Mutants, testing::ValuesIn(getCheckedPrograms()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace moec
