//===- WeightsWritingTest.cpp - Weights files by several threads -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "moec/Emit.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <csignal>
#include <optional>
#include <sys/resource.h>

using namespace mlir;
using namespace moec;

namespace {

struct WeightsWriting : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("moec-weights", directory));
    std::error_code code;
    llvm::raw_fd_ostream stream(path("w"), code);
    ASSERT_FALSE(code);
    for (int index = 0; index < 400000; ++index)
      stream << static_cast<char>(index * 31 + index / 251);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  std::string path(StringRef name) const {
    SmallString<128> result(directory);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  /// Writes the weights of a module with `threads` threads: the file, or an empty string and what
  /// the error says.
  std::string write(StringRef weights, unsigned threads, int64_t pieceBytes) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    context.loadDialect<rt::RTDialect, tile::TileDialect>();
    std::string text =
        "module attributes {rt.build_id = array<i8: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16>} {" +
        weights.str() + "}";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "not a module";
      return "";
    }
    std::vector<int64_t> progress = {0};
    PackOptions options;
    options.baseDirectory = directory.str().str();
    options.pieceBytes = pieceBytes;
    options.threads = threads;
    options.progress = [&](int64_t written, int64_t) {
      EXPECT_LT(progress.back(), written);
      progress.push_back(written);
      if (onProgress)
        onProgress();
    };
    std::string output = path("out");
    error.clear();
    if (llvm::Error failure = writeWeights(*module, output, options))
      error = llvm::toString(std::move(failure));
    EXPECT_FALSE(context.isMultithreadingEnabled());
    EXPECT_FALSE(llvm::sys::fs::exists(output + ".tmp"));
    EXPECT_EQ(llvm::sys::fs::exists(output), error.empty());
    if (!error.empty())
      return "";
    auto file = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
    llvm::sys::fs::remove(output);
    return file ? (*file)->getBuffer().str() : "";
  }

  SmallString<128> directory;
  std::string error;
  std::function<void()> onProgress;
};

/// No file may become longer than `bytes` while this lives: writing fails as on a disk that is
/// full.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) : handler(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = {bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }

  rlimit before;
  void (*handler)(int);
};

} // namespace

TEST_F(WeightsWriting, TheFileDoesNotDependOnTheThreads) {
  const char *weights = R"mlir(
    rt.weight @a : !tile.packed<3x70x96xf32> = #rt.pack<#rt.file<"w", 4, tensor<3x70x96xf32>>, 1>
    rt.weight @b : tensor<5x6xf32> = #rt.file<"w", 8, tensor<5x6xf32>>
    rt.weight @c : !tile.packed<2x64x97xbf16, columns = 2> = #rt.pack<#rt.transpose<#rt.file<"w", 2, tensor<2x97x64xbf16>>, [0, 2, 1]>, 2>
    rt.weight @d : tensor<0x6xf32> = #rt.file<"w", 8, tensor<0x6xf32>>
    rt.weight @e : tensor<90000xf32> = #rt.file<"w", 1, tensor<90000xf32>>)mlir";
  std::string expected = write(weights, 1, 1 << 20);
  ASSERT_GT(expected.size(), 400000u);
  for (unsigned threads : {1, 2, 5})
    for (int64_t pieceBytes : {500, 10000, 1 << 20})
      EXPECT_EQ(write(weights, threads, pieceBytes), expected)
          << threads << " threads, " << pieceBytes << " bytes: " << error;
}

TEST_F(WeightsWriting, TheFirstErrorIsToldOnce) {
  const char *weights = R"mlir(
    rt.weight @whole : tensor<90000xf32> = #rt.file<"w", 1, tensor<90000xf32>>
    rt.weight @short : !tile.packed<3x700x96xf32> = #rt.pack<#rt.file<"w", 4, tensor<3x700x96xf32>>, 1>
    rt.weight @missing : tensor<90000xf32> = #rt.file<"nowhere", 0, tensor<90000xf32>>)mlir";
  for (unsigned threads : {1, 5}) {
    EXPECT_EQ(write(weights, threads, 10000), "");
    EXPECT_EQ(error, "weight @short\nweights 'w' have 400000 bytes, but the model places 806400 "
                     "bytes at offset 4; is the file complete?");
  }
}

TEST_F(WeightsWriting, ADiskThatFillsUpEndsAllThreads) {
  std::string weights;
  for (int index = 0; index < 100; ++index)
    weights += "rt.weight @w" + std::to_string(index) +
               " : tensor<90000xf32> = #rt.file<\"w\", 1, tensor<90000xf32>>\n";
  ASSERT_GT(write(weights, 1, 10000).size(), size_t(100 * 360000));
  for (unsigned threads : {1, 5}) {
    // From the first piece on, when the file has its size already.
    std::optional<FileSizeLimit> limit;
    onProgress = [&] {
      if (!limit)
        limit.emplace(rlim_t(5) << 20);
    };
    EXPECT_EQ(write(weights, threads, 10000), "");
    limit.reset();
    EXPECT_EQ(error, "weights file: cannot write '" + path("out.tmp") + "': File too large");
  }
}
