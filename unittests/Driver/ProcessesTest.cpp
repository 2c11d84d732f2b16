//===- ProcessesTest.cpp - Work in forks ------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Processes.h"

#include "lib/Emit/MappedFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace moec;

namespace {

/// Runs one piece of work.
ProcessResult runOne(llvm::function_ref<int(size_t)> work) {
  ProcessResult result;
  int calls = 0;
  EXPECT_EQ(runInProcesses(1, ProcessLimits(), work,
                           [&](size_t, ProcessResult ended) {
                             result = std::move(ended);
                             ++calls;
                           }),
            0);
  EXPECT_EQ(calls, 1);
  return result;
}

/// As the program `moec` does; this one gets its handler back.
struct Truncations {
  Truncations() {
    sigaction(SIGBUS, nullptr, &before);
    exitOnTruncation("tool", 3);
  }
  ~Truncations() { sigaction(SIGBUS, &before, nullptr); }

  struct sigaction before;
};

} // namespace

TEST(Processes, WorkEndsInItsOwnWay) {
  EXPECT_EQ(runOne([](size_t) { return 5; }).code, 5);
  ProcessResult crash = runOne([](size_t) -> int { abort(); });
  EXPECT_EQ(crash.code, std::nullopt);
  EXPECT_EQ(crash.signal, SIGABRT);
}

TEST(Processes, AFileThatBecomesShorterIsNamed) {
  Truncations handler;
  llvm::SmallString<128> path;
  int fd;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("moec", "bin", fd, path));
  constexpr size_t bytes = 1 << 16;
  ASSERT_EQ(ftruncate(fd, bytes), 0);
  ProcessResult result = runOne([&](size_t) {
    auto file = MappedFile::open(path, MappedFile::Mode::Map, /*refuseLinks=*/false);
    if (!file || ftruncate(fd, 0) != 0)
      return 70;
    volatile char byte = (*file)->bytes()[bytes / 2];
    return byte == 0 ? 0 : 1;
  });
  close(fd);
  llvm::sys::fs::remove(path);
  EXPECT_EQ(result.code, 3) << "signal " << result.signal;
  EXPECT_EQ(llvm::StringRef(result.output).count("the file became shorter while it was read"), 1u)
      << result.output;
  // Of any other cause, which then comes again, it stays a signal.
  EXPECT_EQ(runOne([](size_t) { return raise(SIGBUS) + raise(SIGBUS); }).signal, SIGBUS);
}
