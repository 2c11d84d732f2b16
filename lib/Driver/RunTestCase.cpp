//===- RunTestCase.cpp - One test case in this process ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RunTestCase.h"

#include "lib/Driver/CompareTensors.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/InMemory.h"
#include "lib/Driver/LoadedModel.h"
#include "lib/Import/ImportError.h"

#include "lib/Cli/TensorProto.h"
#include "lib/Core/Status.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace moec;

namespace {

/// One model, loaded, with a request that all data sets use.
class Runner {
public:
  /// With one thread: more would only take turns with those of other cases.
  moert_status load(const InMemoryModel &model, const std::string &device);
  int runDataSet(StringRef dataSet, const Tolerance &tolerance);

private:
  moert_status setInputs(ArrayRef<std::string> files);
  moert_status compareOutputs(ArrayRef<std::string> files, const Tolerance &tolerance,
                              bool &isAsExpected);

  LoadedModel loaded;
  const moert_api &api = loaded.api;
  const moert_entry_info *entry = nullptr;
  Handle<moert_request> request;
  std::vector<moert::cli::Tensor> inputs;
};

moert_status Runner::load(const InMemoryModel &model, const std::string &device) {
  entry = &model.getArtifact()->entries[0];
  MOERT_RETURN_IF_FAILED(loaded.load(model, device));
  return request.create(
      [&](auto made) { return api.request_create(loaded.session.get(), nullptr, made); });
}

moert_status readTensor(const std::string &path, moert::cli::Tensor &tensor) {
  moert::cli::Buffer file;
  MOERT_RETURN_IF_FAILED(moert::cli::readFile(path, file));
  return moert::cli::parseTensorProto(file.data(), file.size(), path, tensor);
}

moert_status Runner::setInputs(ArrayRef<std::string> files) {
  if (files.size() != entry->num_inputs)
    return moert::failure(MOERT_INVALID_ARGUMENT, "the model has %u inputs, the data set %zu",
                          entry->num_inputs, files.size());
  inputs.clear();
  inputs.resize(files.size());
  for (auto [index, path] : llvm::enumerate(files)) {
    moert::cli::Tensor &tensor = inputs[index];
    MOERT_RETURN_IF_FAILED(readTensor(path, tensor));
    moert_tensor given = {};
    given.size = sizeof(given);
    given.data = tensor.data.data();
    given.bytes = tensor.data.size();
    given.dtype = tensor.dtype;
    given.rank = static_cast<int32_t>(tensor.sizes.size());
    given.sizes = tensor.sizes.data();
    MOERT_RETURN_IF_FAILED(api.request_set_input(request.get(), entry->inputs[index].name, &given));
  }
  return moert::success();
}

moert_status Runner::compareOutputs(ArrayRef<std::string> files, const Tolerance &tolerance,
                                    bool &isAsExpected) {
  if (files.size() != entry->num_outputs)
    return moert::failure(MOERT_INVALID_ARGUMENT, "the model has %u outputs, the data set %zu",
                          entry->num_outputs, files.size());
  for (auto [index, path] : llvm::enumerate(files)) {
    moert::cli::Tensor expected;
    MOERT_RETURN_IF_FAILED(readTensor(path, expected));
    moert_tensor got = {};
    got.size = sizeof(got);
    const char *name = entry->outputs[index].name;
    MOERT_RETURN_IF_FAILED(api.request_output(request.get(), name, &got));
    if (std::optional<std::string> problem = compareTensors(got, expected, tolerance)) {
      llvm::errs() << "output " << quoteName(name) << " " << *problem << "\n";
      isAsExpected = false;
    }
  }
  return moert::success();
}

/// The exit code of a status, after its message.
int report(const moert_status &status) {
  if (status.code == MOERT_OK)
    return exitSuccess;
  llvm::errs() << escapeMessage(status.message) << "\n";
  switch (status.code) {
  case MOERT_UNSUPPORTED:
    return exitUnsupported;
  case MOERT_OUT_OF_MEMORY:
  case MOERT_RESOURCE_EXHAUSTED:
    return exitResource;
  case MOERT_INTERNAL:
    return exitInternal;
  default:
    return exitBadInput;
  }
}

int Runner::runDataSet(StringRef dataSet, const Tolerance &tolerance) {
  if (int code = report(setInputs(findTensors(dataSet, "input"))))
    return code;
  if (int code = report(api.request_run(request.get())))
    return code;
  bool isAsExpected = true;
  if (int code = report(compareOutputs(findTensors(dataSet, "output"), tolerance, isAsExpected)))
    return code;
  return isAsExpected ? exitSuccess : exitWrongResult;
}

} // namespace

int moec::runTestCase(const TestCase &testCase, Compilation &compilation, const Target &target,
                      const std::string &device, const RecogniseOptions &recognise,
                      const Tolerance &flags) {
  llvm::Expected<Tolerance> tolerance = readTolerance(testCase);
  if (!tolerance) {
    llvm::errs() << escapeMessage(toString(tolerance.takeError())) << "\n";
    return exitBadInput;
  }
  if (flags.rtol)
    tolerance->rtol = flags.rtol;
  if (flags.atol)
    tolerance->atol = flags.atol;

  SmallString<128> path(testCase.directory);
  llvm::sys::path::append(path, "model.onnx");
  if (int code = compilation.read(path))
    return code;
  InMemoryModel model;
  if (int code = model.load(compilation, target, recognise))
    return code;
  Runner runner;
  if (int code = report(runner.load(model, device)))
    return code;
  for (const std::string &dataSet : findDataSets(testCase))
    if (int code = runner.runDataSet(dataSet, *tolerance))
      return code;
  return exitSuccess;
}
