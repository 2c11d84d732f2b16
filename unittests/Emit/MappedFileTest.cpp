//===- MappedFileTest.cpp - Files of weights that change --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/MappedFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace moec;

namespace {

constexpr size_t fileBytes = 1 << 16;

class MappedFiles : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("moec-mapped", folder));
    // Paths with refuseLinks are canonical.
    SmallString<128> real;
    ASSERT_FALSE(sys::fs::real_path(folder, real));
    folder = real;
    std::error_code code;
    raw_fd_ostream(path("w\x1b.bin"), code) << std::string(fileBytes, 'w');
    ASSERT_FALSE(code);
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  std::string path(StringRef name) const { return (folder + "/" + name).str(); }

  std::string failure(StringRef name, bool refuseLinks) const {
    auto file = MappedFile::open(path(name), MappedFile::Mode::Map, refuseLinks);
    return file ? "" : toString(file.takeError());
  }

  SmallString<128> folder;
};

TEST_F(MappedFiles, HoldTheBytes) {
  for (auto mode : {MappedFile::Mode::Map, MappedFile::Mode::Copy}) {
    auto file = MappedFile::open(path("w\x1b.bin"), mode, /*refuseLinks=*/true);
    ASSERT_TRUE(bool(file)) << toString(file.takeError());
    EXPECT_EQ((*file)->bytes(), std::string(fileBytes, 'w'));
  }
}

TEST_F(MappedFiles, CopiesOutliveTheFile) {
  auto file = MappedFile::open(path("w\x1b.bin"), MappedFile::Mode::Copy, /*refuseLinks=*/false);
  ASSERT_TRUE(bool(file)) << toString(file.takeError());
  ASSERT_EQ(truncate(path("w\x1b.bin").c_str(), 0), 0);
  EXPECT_EQ((*file)->bytes(), std::string(fileBytes, 'w'));
}

TEST_F(MappedFiles, AreNothingButRegularFiles) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  for (bool refuseLinks : {false, true}) {
    EXPECT_NE(failure("pipe", refuseLinks).find("not a regular file"), std::string::npos);
    EXPECT_NE(failure("none", refuseLinks).find("cannot open"), std::string::npos);
    EXPECT_NE(failure("", refuseLinks).find("is a directory"), std::string::npos);
  }
}

TEST_F(MappedFiles, AreNoLinksWhereTheyWereNone) {
  ASSERT_EQ(symlink("w\x1b.bin", path("link").c_str()), 0);
  ASSERT_EQ(symlink(".", path("up").c_str()), 0);
  EXPECT_EQ(failure("link", /*refuseLinks=*/false), "");
  EXPECT_NE(failure("link", /*refuseLinks=*/true).find("replaced by a link"), std::string::npos);
  EXPECT_NE(failure("up/w\x1b.bin", /*refuseLinks=*/true).find("replaced by a link"),
            std::string::npos);
}

using MappedFilesDeathTest = MappedFiles;

TEST_F(MappedFilesDeathTest, ThatAreCutEndTheProgramWithAMessage) {
  auto read = [&] {
    exitOnTruncation("tool", 3);
    auto file = MappedFile::open(path("w\x1b.bin"), MappedFile::Mode::Map, /*refuseLinks=*/false);
    if (!file || truncate(path("w\x1b.bin").c_str(), 0) != 0)
      _exit(70);
    volatile char byte = (*file)->bytes()[fileBytes / 2];
    (void)byte;
    _exit(0);
  };
  EXPECT_EXIT(read(), testing::ExitedWithCode(3),
              "tool: .*w.u.1b..bin: the file became shorter while it was read; .*--read-weights");
}

TEST_F(MappedFilesDeathTest, OtherBusErrorsStaySignals) {
  auto read = [&] {
    exitOnTruncation("tool", 3);
    int fd = open(path("w\x1b.bin").c_str(), O_RDWR);
    void *memory = mmap(nullptr, fileBytes, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED || ftruncate(fd, 0) != 0)
      _exit(70);
    volatile char byte = *static_cast<char *>(memory);
    (void)byte;
    _exit(0);
  };
  EXPECT_EXIT(read(), testing::KilledBySignal(SIGBUS), "");
}

} // namespace
