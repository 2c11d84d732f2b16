// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/WeightsFile.h"
#include "Support.h"
#include "lib/Core/Status.h"
#include "lib/Core/WindowedFile.h"
#include "lib/Cpu/ThreadPool.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace moert;
using namespace moert::test;

namespace {

const uint8_t kBuild[16] = {9, 8, 7};

struct WeightsFileTest : testing::Test {
  WeightsFileTest() {
    infos = {{"experts.up", MOERT_BF16, 0, 4, 5000, 8192},
             {"empty", MOERT_F32, 0, 2, 0, 0},
             {"dense", MOERT_F32, 0, 1, 4096, 4096},
             {"none", MOERT_F32, 0, 1, 0, 4096}};
  }

  /// What slab `slab` of weight `weight` holds.
  std::vector<uint8_t> slabData(uint32_t weight, int64_t slab) const {
    std::vector<uint8_t> data(size_t(infos[weight].slab_bytes));
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = uint8_t(31 * weight + 7 * uint32_t(slab) + i * i / 3 + 1);
    return data;
  }

  void write(int64_t piece = INT64_MAX) {
    WeightsWriter writer;
    ASSERT_OK(writer.begin(path.c_str(), kBuild, infos.data(), uint32_t(infos.size())));
    for (uint32_t weight = 0; weight < infos.size(); ++weight)
      for (int64_t slab = 0; slab < infos[weight].num_slabs; ++slab) {
        std::vector<uint8_t> data = slabData(weight, slab);
        for (int64_t at = 0; at < int64_t(data.size());) {
          int64_t bytes = std::min(piece, int64_t(data.size()) - at);
          ASSERT_OK(writer.append(weight, slab, data.data() + at, bytes));
          at += bytes;
        }
      }
    EXPECT_FALSE(fileExists(path));
    ASSERT_OK(writer.finish());
    EXPECT_FALSE(fileExists(path + ".tmp"));
  }

  moert_status open(int32_t mode = MOERT_LOAD_MMAP, const uint8_t *build = kBuild) {
    WeightsReader reader(host);
    return reader.open(path.c_str(), build, infos.data(), uint32_t(infos.size()), mode);
  }

  moert_status openAndVerify() {
    WeightsReader reader(host);
    MOERT_RETURN_IF_FAILED(
        reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), MOERT_LOAD_MMAP));
    ThreadPool pool(host);
    MOERT_RETURN_IF_FAILED(pool.start(2));
    return reader.verify(pool);
  }

  Folder folder;
  std::string path = folder / "m.weights";
  std::vector<moert_weight_info> infos;
  CountingHost counting;
  Host host{counting.hooks};
};

TEST_F(WeightsFileTest, RoundTripsInPiecesOfAnySize) {
  std::vector<uint8_t> first;
  for (int64_t piece : {INT64_MAX, int64_t(1), int64_t(999), int64_t(4096)}) {
    write(piece);
    if (first.empty())
      first = readFile(path);
    EXPECT_EQ(readFile(path), first);
    for (int32_t mode : {MOERT_LOAD_MMAP, MOERT_LOAD_READ}) {
      WeightsReader reader(host);
      ASSERT_OK(reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), mode));
      for (uint32_t weight = 0; weight < infos.size(); ++weight)
        for (int64_t slab = 0; slab < infos[weight].num_slabs; ++slab) {
          auto *data =
              static_cast<const uint8_t *>(reader.data(weight)) + slab * infos[weight].slab_stride;
          EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % MOERT_SLAB_ALIGNMENT, 0u);
          std::vector<uint8_t> expected = slabData(weight, slab);
          EXPECT_EQ(std::vector<uint8_t>(data, data + expected.size()), expected);
        }
    }
    EXPECT_OK(openAndVerify());
    unlink(path.c_str());
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(WeightsFileTest, HoldsLargeSlabs) {
  infos = {{"large", MOERT_U8, 0, 2, (3 << 20) + 17, (3 << 20) + 4096}};
  write(1 << 21);
  EXPECT_OK(openAndVerify());
}

/// Pages of memory from `data` on that this process has.
size_t countResident(const void *data, size_t bytes) {
  const auto page = size_t(sysconf(_SC_PAGESIZE));
  const size_t first = reinterpret_cast<uintptr_t>(data) / page;
  std::vector<uint64_t> entries(bytes / page);
  const int file = ::open("/proc/self/pagemap", O_RDONLY);
  const ssize_t count = pread(file, entries.data(), entries.size() * sizeof(uint64_t),
                              off_t(first * sizeof(uint64_t)));
  ::close(file);
  EXPECT_EQ(count, ssize_t(entries.size() * sizeof(uint64_t)));
  return size_t(
      std::count_if(entries.begin(), entries.end(), [](uint64_t entry) { return entry >> 63; }));
}

TEST_F(WeightsFileTest, WhatNobodyReadsDoesNotComeIntoMemory) {
  constexpr int64_t stride = (3 << 20) + 4096;
  infos = {{"experts", MOERT_U8, 0, 5, stride - 17, stride}, {"last", MOERT_U8, 0, 1, 1, 4096}};
  write();
  for (int32_t mode : {MOERT_LOAD_MMAP, MOERT_LOAD_READ}) {
    WeightsReader reader(host);
    ASSERT_OK(reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), mode));
    const auto *data = static_cast<const uint8_t *>(reader.data(0));
    auto readAll = [&](int64_t slab) {
      const std::vector<uint8_t> expected = slabData(0, slab);
      EXPECT_EQ(memcmp(data + slab * stride, expected.data(), expected.size()), 0);
    };
    readAll(2);
    reader.expect(0, 0, 1, false);
    reader.expect(0, 1, 2, true);
    reader.expect(0, 3, 2, false);
    readAll(1);
    readAll(2);
    const size_t page = size_t(sysconf(_SC_PAGESIZE));
    if (mode == MOERT_LOAD_MMAP) {
      EXPECT_EQ(countResident(data, size_t(stride)), 0u);
      EXPECT_EQ(countResident(data + stride, size_t(2 * stride)), size_t(2 * stride) / page);
      EXPECT_EQ(countResident(data + 3 * stride, size_t(2 * stride)), 0u);
    }
    // Who reads them nevertheless gets what is there.
    for (int64_t slab = 0; slab < 5; ++slab)
      readAll(slab);
    reader.expect(1, 0, 1, false);
    EXPECT_EQ(*static_cast<const uint8_t *>(reader.data(1)), slabData(1, 0)[0]);
  }
}

/// Slabs and gaps that end before, at and behind the multiples of 2 MiB at which the writer writes.
TEST_F(WeightsFileTest, EveryByteIsASlabsOrZero) {
  constexpr int64_t mib = 1 << 20, page = 4096;
  infos = {{"to the end", MOERT_U8, 0, 1, 2 * mib - page, 2 * mib - page},
           {"whole", MOERT_U8, 0, 2, 2 * mib, 2 * mib},
           {"gap", MOERT_U8, 0, 3, 100, 3 * mib},
           {"wide gap", MOERT_U8, 0, 2, 5 * mib + 1, 12 * mib},
           {"small", MOERT_U8, 0, 150, 5000, 8192},
           {"last", MOERT_U8, 0, 1, 1, page}};
  for (int64_t piece : {INT64_MAX, int64_t(3 * mib), int64_t(65537)}) {
    write(piece);
    std::vector<uint8_t> file = readFile(path);
    for (int32_t mode : {MOERT_LOAD_MMAP, MOERT_LOAD_READ}) {
      WeightsReader reader(host);
      ASSERT_OK(reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), mode));
      EXPECT_EQ(reader.fileBytes(), int64_t(file.size()));
      auto *begin = static_cast<const uint8_t *>(reader.data(0)) - page; // of the file
      EXPECT_EQ(memcmp(begin, file.data(), file.size()), 0);
      for (uint32_t weight = 0; weight < infos.size(); ++weight)
        for (int64_t slab = 0; slab < infos[weight].num_slabs; ++slab) {
          std::vector<uint8_t> expected = slabData(weight, slab);
          expected.resize(size_t(infos[weight].slab_stride)); // zeros up to the next one
          EXPECT_EQ(memcmp(static_cast<const uint8_t *>(reader.data(weight)) +
                               slab * infos[weight].slab_stride,
                           expected.data(), expected.size()),
                    0)
              << infos[weight].name << " " << slab;
        }
    }
    EXPECT_OK(openAndVerify());
    unlink(path.c_str());
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(WeightsFileTest, LargeFilesBeginAtHugePages) {
  infos = {{"large", MOERT_U8, 0, 1, 5 << 20, 5 << 20}};
  write();
  for (int32_t mode : {MOERT_LOAD_MMAP, MOERT_LOAD_READ}) {
    WeightsReader reader(host);
    ASSERT_OK(reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), mode));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(reader.data(0)) % (2 << 20), 4096u);
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(WeightsFileTest, MayHoldNoWeights) {
  infos.clear();
  write();
  EXPECT_OK(openAndVerify());
}

TEST_F(WeightsFileTest, EveryChangedByteBeforeTheSlabsIsFound) {
  write();
  const std::vector<uint8_t> good = readFile(path);
  int64_t dataOffset;
  memcpy(&dataOffset, good.data() + offsetof(WeightsHeader, data_offset), sizeof(dataOffset));
  ASSERT_EQ(dataOffset, 4096);
  int file = ::open(path.c_str(), O_WRONLY);
  ASSERT_GE(file, 0);
  for (int64_t at = 0; at < dataOffset; ++at) {
    uint8_t bad = good[size_t(at)] ^ uint8_t(1u << (at % 8));
    ASSERT_EQ(pwrite(file, &bad, 1, at), 1);
    moert_status status = open(at % 2 ? MOERT_LOAD_MMAP : MOERT_LOAD_READ);
    bool isVersion = at >= 8 && at < 12;
    EXPECT_EQ(status.code, isVersion ? MOERT_INCOMPATIBLE : MOERT_CORRUPT)
        << "byte " << at << ": " << status.message;
    ASSERT_EQ(pwrite(file, &good[size_t(at)], 1, at), 1);
  }
  close(file);
  EXPECT_OK(open());
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(WeightsFileTest, EveryTruncationIsFound) {
  write();
  const std::vector<uint8_t> good = readFile(path);
  for (size_t length = 0; length < good.size(); length += length < 300 ? 1 : 509) {
    writeFile(path, {good.begin(), good.begin() + ptrdiff_t(length)});
    EXPECT_FAILS(open(), MOERT_CORRUPT, "truncated");
    EXPECT_FAILS(open(MOERT_LOAD_READ), MOERT_CORRUPT, "truncated");
  }
  std::vector<uint8_t> longer = good;
  longer.push_back(0);
  writeFile(path, longer);
  EXPECT_FAILS(open(), MOERT_CORRUPT, "1 bytes after its end");
}

TEST_F(WeightsFileTest, FullVerificationFindsChangedSlabs) {
  write();
  const std::vector<uint8_t> good = readFile(path);
  auto flip = [&](size_t offset) {
    std::vector<uint8_t> bad = good;
    bad[offset] ^= 0x10;
    writeFile(path, bad);
  };
  flip(4096 + 2 * 8192 + 4999);
  EXPECT_OK(open());
  EXPECT_FAILS(openAndVerify(), MOERT_CORRUPT, "slab 2 of weight 'experts.up'");
  flip(4096 + 4 * 8192);
  EXPECT_FAILS(openAndVerify(), MOERT_CORRUPT, "slab 0 of weight 'dense'");
}

TEST_F(WeightsFileTest, OtherKindsOfFilesHaveTheirOwnStatus) {
  EXPECT_FAILS(open(), MOERT_NOT_FOUND, "cannot open");
  writeFile(path, std::vector<uint8_t>(5000, 'x'));
  EXPECT_FAILS(open(), MOERT_CORRUPT, "not a weights file");
  unlink(path.c_str());
  write();
  std::vector<uint8_t> file = readFile(path);
  file[8] = 2;
  writeFile(path, file);
  EXPECT_FAILS(open(), MOERT_INCOMPATIBLE, "format version 2");
  unlink(path.c_str());
  write();
  const uint8_t other[16] = {1};
  EXPECT_FAILS(open(MOERT_LOAD_MMAP, other), MOERT_INCOMPATIBLE, "another build");
  infos[2].name = "other";
  EXPECT_FAILS(open(), MOERT_INCOMPATIBLE, "another weight in place 2");
  infos.pop_back();
  EXPECT_FAILS(open(), MOERT_INCOMPATIBLE, "the code expects 3");
  unlink(path.c_str());
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  EXPECT_FAILS(open(), MOERT_IO, "not a regular file");
  rmdir(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FAILS(open(), MOERT_IO, "not a regular file");
}

TEST_F(WeightsFileTest, ReadModeDoesNotNeedTheFileAfterwards) {
  write();
  WeightsReader reader(host);
  ASSERT_OK(
      reader.open(path.c_str(), kBuild, infos.data(), uint32_t(infos.size()), MOERT_LOAD_READ));
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  std::vector<uint8_t> expected = slabData(2, 0);
  EXPECT_EQ(memcmp(reader.data(2), expected.data(), expected.size()), 0);
}

TEST_F(WeightsFileTest, OutOfMemoryIsAStatus) {
  write();
  for (int64_t fail = 0; fail < 2; ++fail) {
    counting.failAt = counting.allocations + fail;
    EXPECT_FAILS(open(MOERT_LOAD_READ), MOERT_OUT_OF_MEMORY, "no memory");
    EXPECT_EQ(counting.liveBlocks, 0);
  }
}

/// The address space may grow by no more than `bytes` while this lives.
struct AddressSpaceLimit {
  explicit AddressSpaceLimit(int64_t bytes) {
    long long pages = 0;
    if (FILE *file = fopen("/proc/self/statm", "r")) {
      EXPECT_EQ(fscanf(file, "%lld", &pages), 1);
      fclose(file);
    }
    getrlimit(RLIMIT_AS, &before);
    rlimit limit = {rlim_t(pages * sysconf(_SC_PAGESIZE) + bytes), before.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before); }

  rlimit before;
};

/// Room for the file, but not for an address that is aligned to huge pages; then not even that.
TEST_F(WeightsFileTest, MapsWhereThereIsNoRoomToAlign) {
  constexpr int64_t mib = 1 << 20;
  infos = {{"large", MOERT_U8, 0, 1, 32 * mib, 32 * mib}};
  write();
  {
    WeightsReader reader(host);
    {
      AddressSpaceLimit limit(33 * mib);
      ASSERT_OK(reader.open(path.c_str(), kBuild, infos.data(), 1, MOERT_LOAD_MMAP));
    }
    EXPECT_EQ(memcmp(reader.data(0), slabData(0, 0).data(), size_t(32 * mib)), 0);
    EXPECT_OK(reader.checkUnchanged());
  }
  AddressSpaceLimit limit(30 * mib);
  EXPECT_FAILS(open(), MOERT_IO, "cannot map weights file");
}

/// A regular file of some length that its file system cannot map.
TEST_F(WeightsFileTest, FilesThatCannotBeMapped) {
  // Only a file system of the kernel has such files; a sandbox may not show any of it.
  path = "/sys/kernel/uevent_seqnum";
  if (!fileExists(path))
    GTEST_SKIP() << "there is no " << path;
  EXPECT_FAILS(open(), MOERT_IO, "cannot map weights file");
}

TEST_F(WeightsFileTest, WriterRefusesWrongOrder) {
  uint8_t data[6000] = {};
  WeightsWriter writer;
  EXPECT_FAILS(writer.append(0, 0, data, 1), MOERT_FAILED_PRECONDITION, "not been begun");
  EXPECT_FAILS(writer.finish(), MOERT_FAILED_PRECONDITION, "not been begun");
  ASSERT_OK(writer.begin(path.c_str(), kBuild, infos.data(), uint32_t(infos.size())));
  EXPECT_FAILS(writer.begin(path.c_str(), kBuild, infos.data(), 1), MOERT_FAILED_PRECONDITION,
               "already");
  EXPECT_FAILS(writer.append(1, 0, data, 1), MOERT_FAILED_PRECONDITION, "is not next");
  EXPECT_FAILS(writer.append(0, 1, data, 1), MOERT_FAILED_PRECONDITION, "is not next");
  EXPECT_FAILS(writer.append(0, 0, data, 5001), MOERT_FAILED_PRECONDITION, "too many");
  EXPECT_FAILS(writer.append(0, 0, data, -1), MOERT_INVALID_ARGUMENT, "missing");
  EXPECT_FAILS(writer.append(0, 0, nullptr, 1), MOERT_INVALID_ARGUMENT, "missing");
  WeightsWriter aimless;
  EXPECT_FAILS(aimless.begin("", kBuild, infos.data(), 1), MOERT_INVALID_ARGUMENT, "needs a path");
  EXPECT_FAILS(aimless.begin(path.c_str(), nullptr, infos.data(), 1), MOERT_INVALID_ARGUMENT,
               "a build id");
  EXPECT_FAILS(aimless.begin(path.c_str(), kBuild, nullptr, 1), MOERT_INVALID_ARGUMENT,
               "and a table");
  EXPECT_OK(writer.append(0, 0, data, 4999));
  EXPECT_FAILS(writer.append(0, 1, data, 1), MOERT_FAILED_PRECONDITION, "is not next");
  EXPECT_FAILS(writer.finish(), MOERT_FAILED_PRECONDITION, "4999 of 5000 bytes");
  EXPECT_FALSE(fileExists(path));
}

TEST_F(WeightsFileTest, WriterRefusesMoreThanTheTableHolds) {
  uint8_t data[16] = {};
  moert_weight_info info = {"w", MOERT_F32, 0, 1, 16, 4096};
  WeightsWriter writer;
  ASSERT_OK(writer.begin(path.c_str(), kBuild, &info, 1));
  EXPECT_OK(writer.append(0, 0, data, 16));
  EXPECT_FAILS(writer.append(1, 0, data, 1), MOERT_FAILED_PRECONDITION, "is full already");
  EXPECT_OK(writer.finish());
}

/// Staging beyond the memory for windows writes by itself.
TEST_F(WeightsFileTest, StagesMoreThanItHasMemoryFor) {
  constexpr int64_t bytes = 9 * WindowedFile::kWindowBytes + 5;
  infos = {{"large", MOERT_U8, 0, 2, bytes, bytes + 4096 - 5}};
  write();
  std::vector<uint8_t> expected = readFile(path);
  unlink(path.c_str());
  WeightsWriter writer;
  EXPECT_FAILS(writer.writeStaged(), MOERT_FAILED_PRECONDITION, "not been begun");
  ASSERT_OK(writer.begin(path.c_str(), kBuild, infos.data(), 1));
  EXPECT_OK(writer.writeStaged());
  for (int64_t slab = 0; slab < 2; ++slab)
    EXPECT_OK(writer.stage(0, slab, slabData(0, slab).data(), bytes));
  EXPECT_OK(writer.finish());
  EXPECT_EQ(readFile(path), expected);
}

/// One thread stages, several write.
TEST_F(WeightsFileTest, WritesWhileItStages) {
  constexpr int64_t bytes = 30 * WindowedFile::kWindowBytes;
  infos = {{"large", MOERT_U8, 0, 1, bytes, bytes}};
  const std::vector<uint8_t> data = slabData(0, 0);
  WeightsWriter writer;
  ASSERT_OK(writer.begin(path.c_str(), kBuild, infos.data(), 1));
  std::atomic<bool> staged{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!staged)
        EXPECT_OK(writer.writeStaged());
    });
  for (int64_t at = 0; at < bytes; at += 100000)
    EXPECT_OK(writer.stage(0, 0, data.data() + at, std::min<int64_t>(100000, bytes - at)));
  staged = true;
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_OK(writer.finish());
  EXPECT_OK(openAndVerify());
  std::vector<uint8_t> file = readFile(path);
  EXPECT_EQ(memcmp(file.data() + file.size() - data.size(), data.data(), data.size()), 0);
}

TEST_F(WeightsFileTest, WriterLeavesNothingWhenAbandoned) {
  {
    WeightsWriter writer;
    ASSERT_OK(writer.begin(path.c_str(), kBuild, infos.data(), uint32_t(infos.size())));
    EXPECT_TRUE(fileExists(path + ".tmp"));
  }
  EXPECT_FALSE(fileExists(path + ".tmp"));
  EXPECT_FALSE(fileExists(path));
  WeightsWriter writer;
  EXPECT_FAILS(writer.begin((folder / "no/such/folder").c_str(), kBuild, infos.data(), 1), MOERT_IO,
               "cannot create");
}

TEST_F(WeightsFileTest, WriterRefusesSenselessTables) {
  auto refuses = [&](moert_weight_info info, const char *part) {
    WeightsWriter writer;
    EXPECT_FAILS(writer.begin(path.c_str(), kBuild, &info, 1), MOERT_INVALID_ARGUMENT, part);
  };
  refuses({nullptr, MOERT_F32, 0, 1, 1, 4096}, "no name");
  refuses({"", MOERT_F32, 0, 1, 1, 4096}, "no name");
  refuses({"w", MOERT_F32, 0, 0, 1, 4096}, "0 slabs");
  refuses({"w", MOERT_F32, 0, -1, 1, 4096}, "-1 slabs");
  refuses({"w", MOERT_F32, 0, 1, -1, 4096}, "-1 bytes");
  refuses({"w", MOERT_F32, 0, 1, 5000, 4096}, "5000 bytes");
  refuses({"w", MOERT_F32, 0, 1, 10, 64}, "64 apart");
  refuses({"w", MOERT_F32, 0, 2, INT64_MAX - 5000, INT64_MAX - 4095}, "larger than");
  refuses({"w", MOERT_F32, 0, INT64_MAX, 4096, 4096}, "larger than");
}

} // namespace
