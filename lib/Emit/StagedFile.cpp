//===- StagedFile.cpp - Files that appear when they are whole ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/StagedFile.h"

#include "lib/Import/ImportError.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace moec;

/// What the runtime's writer of weights adds to the name it is given until it is done.
static std::string besides(const std::string &path) { return path + ".tmp"; }

static Error failure(const Twine &what, StringRef path, std::error_code code) {
  return createStringError(what + " " + quoteName(path) + ": " + code.message());
}

void StagedFile::watch() {
  sys::RemoveFileOnSignal(staged);
  sys::RemoveFileOnSignal(besides(staged));
}

Error StagedFile::create(StringRef path) {
  if (sys::fs::file_status status;
      !sys::fs::status(path, status) && status.type() != sys::fs::file_type::regular_file)
    return createStringError(
        "cannot write " + quoteName(path) + ": it is " +
        (status.type() == sys::fs::file_type::directory_file ? "a folder" : "no regular file"));
  SmallString<128> name;
  int descriptor;
  if (std::error_code code =
          sys::fs::createUniqueFile(path + ".%%%%%%", descriptor, name, sys::fs::OF_None,
                                    sys::fs::all_read | sys::fs::all_write))
    return failure("cannot create", path, code);
  sys::Process::SafelyCloseFileDescriptor(descriptor);
  target = path.str();
  staged = name.str().str();
  watch();
  return Error::success();
}

Error StagedFile::createTemporary(StringRef suffix) {
  SmallString<128> name;
  if (std::error_code code = sys::fs::createTemporaryFile("moec", suffix, name)) {
    SmallString<128> folder;
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
    return createStringError("cannot create a temporary file in " + quoteName(folder) + ": " +
                             code.message() + "; set TMPDIR to a folder for such files");
  }
  staged = name.str().str();
  watch();
  return Error::success();
}

Error StagedFile::commit() {
  if (std::error_code code = sys::fs::rename(staged, target))
    return failure("cannot write", target, code);
  sys::DontRemoveFileOnSignal(staged);
  sys::DontRemoveFileOnSignal(besides(staged));
  staged.clear();
  return Error::success();
}

StagedFile::~StagedFile() {
  if (staged.empty())
    return;
  sys::fs::remove(staged);
  sys::DontRemoveFileOnSignal(staged);
  sys::DontRemoveFileOnSignal(besides(staged));
}
