//===- TestCases.h - ONNX test-case folders ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_TESTCASES_H
#define MOEC_LIB_DRIVER_TESTCASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace moec {

/// A folder with `model.onnx` and at least one `test_data_set_K`.
struct TestCase {
  /// The folder relative to the one given on the command line, or its own name if it is that one.
  std::string name;
  std::string directory;
};

/// How far reals may be off: |got - expected| <= atol + rtol * |expected|. What is not set is
/// decided elsewhere.
struct Tolerance {
  std::optional<double> rtol, atol;
};

/// All cases at or below the folders, in the order of the folders and then of names. An error if a
/// folder cannot be read.
llvm::Expected<std::vector<TestCase>> findTestCases(llvm::ArrayRef<std::string> directories);

/// The data sets of a case, in the order of their numbers.
std::vector<std::string> findDataSets(const TestCase &testCase);

/// The files PREFIX_0.pb, PREFIX_1.pb and so on of a data set, up to the first that is missing.
std::vector<std::string> findTensors(llvm::StringRef dataSet, llvm::StringRef prefix);

/// Reads `rtol` and `atol` from `tolerance.json` in the case's folder; nothing is set where there
/// is no such file. An error if it is no JSON object, or these are no numbers of at least zero.
llvm::Expected<Tolerance> readTolerance(const TestCase &testCase);

} // namespace moec

#endif // MOEC_LIB_DRIVER_TESTCASES_H
