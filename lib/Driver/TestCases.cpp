//===- TestCases.cpp - ONNX test-case folders -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/TestCases.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace moec;

static std::string childOf(StringRef directory, const Twine &name) {
  SmallString<128> path(directory);
  sys::path::append(path, name);
  return path.str().str();
}

/// The number of a folder `test_data_set_K`.
static std::optional<unsigned> dataSetNumber(StringRef path) {
  StringRef name = sys::path::filename(path);
  unsigned number;
  if (!name.consume_front("test_data_set_") || name.getAsInteger(10, number))
    return std::nullopt;
  return number;
}

/// The folders in a folder, sorted by name.
static Expected<std::vector<std::string>> subfolders(StringRef directory) {
  std::vector<std::string> folders;
  std::error_code code;
  for (sys::fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code))
    if (sys::fs::is_directory(it->path()))
      folders.push_back(it->path());
  if (code)
    return createStringError(code, directory + ": " + code.message());
  llvm::sort(folders);
  return folders;
}

/// Collects the cases at or below `directory`, which is `name` to people.
static Error collect(StringRef directory, StringRef name, std::vector<TestCase> &cases) {
  Expected<std::vector<std::string>> folders = subfolders(directory);
  if (!folders)
    return folders.takeError();
  if (sys::fs::exists(childOf(directory, "model.onnx")) &&
      any_of(*folders, [](StringRef folder) { return dataSetNumber(folder).has_value(); })) {
    StringRef own = sys::path::filename(directory);
    cases.push_back({(name.empty() ? own : name).str(), directory.str()});
    return Error::success();
  }
  for (StringRef folder : *folders) {
    // A link may lead back up.
    if (sys::fs::is_symlink_file(folder))
      continue;
    StringRef last = sys::path::filename(folder);
    if (Error error = collect(folder, name.empty() ? last.str() : childOf(name, last), cases))
      return error;
  }
  return Error::success();
}

Expected<std::vector<TestCase>> moec::findTestCases(ArrayRef<std::string> directories) {
  std::vector<TestCase> cases;
  for (StringRef directory : directories) {
    // "cases/" and "." have no last name.
    SmallString<128> path(directory);
    sys::fs::make_absolute(path);
    sys::path::remove_dots(path, /*remove_dot_dot=*/true);
    StringRef absolute = path;
    while (absolute.size() > 1 && absolute.ends_with("/"))
      absolute = absolute.drop_back();
    if (Error error = collect(absolute, "", cases))
      return error;
  }
  return cases;
}

std::vector<std::string> moec::findDataSets(const TestCase &testCase) {
  std::vector<std::string> folders;
  if (auto found = subfolders(testCase.directory))
    folders = std::move(*found);
  else
    consumeError(found.takeError());
  erase_if(folders, [](StringRef folder) { return !dataSetNumber(folder); });
  llvm::sort(folders, [](StringRef a, StringRef b) { return dataSetNumber(a) < dataSetNumber(b); });
  return folders;
}

std::vector<std::string> moec::findTensors(StringRef dataSet, StringRef prefix) {
  std::vector<std::string> files;
  while (true) {
    std::string path = childOf(dataSet, prefix + "_" + Twine(files.size()) + ".pb");
    if (!sys::fs::exists(path))
      return files;
    files.push_back(path);
  }
}

Expected<Tolerance> moec::readTolerance(const TestCase &testCase) {
  Tolerance tolerance;
  std::string path = childOf(testCase.directory, "tolerance.json");
  auto file = MemoryBuffer::getFile(path);
  if (file.getError() == std::errc::no_such_file_or_directory)
    return tolerance;
  if (std::error_code code = file.getError())
    return createStringError(code, path + ": " + code.message());
  Expected<json::Value> value = json::parse((*file)->getBuffer());
  if (!value)
    return createStringError(path + ": " + toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError(path + ": expects a JSON object");
  for (auto [name, target] :
       {std::pair("rtol", &tolerance.rtol), std::pair("atol", &tolerance.atol)}) {
    json::Value *found = object->get(name);
    if (!found)
      continue;
    *target = found->getAsNumber();
    if (!*target || !(**target >= 0))
      return createStringError(path + ": '" + name + "' is no number of at least zero");
  }
  return tolerance;
}
