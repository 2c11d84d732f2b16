//===- Ptxas.cpp - Cubins by NVIDIA's assembler -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/EmitPtx.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

/// Lines of ptxas that an error repeats.
static constexpr size_t mostLines = 5;

std::string moec::findPtxas(StringRef given) {
  if (!given.empty())
    return sys::fs::can_execute(given) ? given.str() : "";
  if (std::optional<std::string> home = sys::Process::GetEnv("CUDA_HOME"))
    return findPtxas(*home + "/bin/ptxas");
  if (ErrorOr<std::string> found = sys::findProgramByName("ptxas"))
    return *found;
  std::string usual = "/usr/local/cuda/bin/ptxas";
  return sys::fs::can_execute(usual) ? usual : "";
}

/// A file that is removed at the end.
static Expected<FileRemover> createTemporary(StringRef suffix, SmallString<128> &path) {
  if (std::error_code code = sys::fs::createTemporaryFile("moec", suffix, path))
    return createStringError("cannot create a temporary file: " + code.message());
  return FileRemover(path);
}

static std::string readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// The first lines of what ptxas said.
static std::string excerpt(StringRef text) {
  SmallVector<StringRef> lines;
  text.trim().split(lines, '\n');
  bool isCut = lines.size() > mostLines;
  lines.resize(std::min(lines.size(), mostLines));
  return join(lines, "\n") + (isCut ? "\n..." : "");
}

Expected<moec::Cubin> moec::assemblePtx(StringRef ptx, StringRef chip, const std::string &ptxas) {
  SmallString<128> input, output, log;
  Expected<FileRemover> removeInput = createTemporary("ptx", input);
  if (!removeInput)
    return removeInput.takeError();
  Expected<FileRemover> removeOutput = createTemporary("cubin", output);
  if (!removeOutput)
    return removeOutput.takeError();
  Expected<FileRemover> removeLog = createTemporary("log", log);
  if (!removeLog)
    return removeLog.takeError();
  {
    std::error_code code;
    raw_fd_ostream file(input, code);
    file << ptx;
    file.close();
    if (code || file.has_error()) {
      file.clear_error();
      return createStringError("cannot write '" + input.str() + "'");
    }
  }
  std::string target = ("-arch=" + chip).str();
  StringRef arguments[] = {ptxas, target, "-v", "-O3", input, "-o", output};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log), StringRef(log)};
  std::string problem;
  int status = sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects,
                                   /*SecondsToWait=*/600, /*MemoryLimit=*/0, &problem);
  std::string report = readText(log);
  if (status != 0)
    return createStringError(
        "'" + ptxas + "' failed: " + excerpt(problem.empty() ? report : problem + "\n" + report));
  auto bytes = MemoryBuffer::getFile(output, /*IsText=*/false, /*RequiresNullTerminator=*/false,
                                     /*IsVolatile=*/true); // read, not mapped: the file goes
  if (!bytes)
    return createStringError("'" + ptxas + "' left no cubin: " + bytes.getError().message());
  return Cubin{std::move(*bytes), std::move(report)};
}
