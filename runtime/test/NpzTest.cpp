// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Npz.h"
#include "Support.h"

#include <cstring>
#include <zlib.h>

using namespace moert::cli;
using moert::test::Folder;
using moert::test::tensorOf;

namespace {

moert_status parse(const std::vector<uint8_t> &file, std::vector<Tensor> &tensors) {
  std::vector<uint8_t> copy = file;
  copy.shrink_to_fit();
  tensors.clear();
  return parseNpz(copy.data(), int64_t(copy.size()), "test.npz", tensors);
}

moert_status parse(const std::vector<uint8_t> &file) {
  std::vector<Tensor> tensors;
  return parse(file, tensors);
}

template <typename T>
void put(std::vector<uint8_t> &out, T value) {
  auto *bytes = reinterpret_cast<const uint8_t *>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

std::vector<uint8_t> sampleNpy(uint8_t fill, size_t count) {
  std::string header =
      "{'descr': '|u1', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",)}";
  std::string file = "\x93NUMPY";
  file += {char(1), char(0), char(header.size()), char(0)};
  file += header + std::string(count, char(fill));
  return {file.begin(), file.end()};
}

struct ZipOptions {
  bool deflate = false;
  bool zip64 = false; // sizes and offsets in extra fields, and a zip64 end record
  uint16_t flags = 0;
  int32_t method = -1;
  int64_t claimedSize = -1;
  std::string comment;
};

/// An archive with one array "a".
std::vector<uint8_t> zip(const std::vector<uint8_t> &contents, const ZipOptions &options) {
  std::vector<uint8_t> packed = contents;
  if (options.deflate) {
    z_stream stream = {};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    packed.resize(deflateBound(&stream, contents.size()));
    stream.next_in = const_cast<uint8_t *>(contents.data());
    stream.avail_in = uInt(contents.size());
    stream.next_out = packed.data();
    stream.avail_out = uInt(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
  }
  uint64_t size = options.claimedSize >= 0 ? uint64_t(options.claimedSize) : contents.size();
  auto method = uint16_t(options.method >= 0 ? options.method : options.deflate ? 8 : 0);
  auto record = [&](std::vector<uint8_t> &out, bool central) {
    put<uint32_t>(out, central ? 0x02014b50 : 0x04034b50);
    if (central)
      put<uint16_t>(out, 45);
    put<uint16_t>(out, 45);
    put<uint16_t>(out, options.flags);
    put<uint16_t>(out, method);
    put<uint32_t>(out, 0);
    put<uint32_t>(out, uint32_t(crc32(0, contents.data(), uInt(contents.size()))));
    put<uint32_t>(out, options.zip64 ? UINT32_MAX : uint32_t(packed.size()));
    put<uint32_t>(out, options.zip64 ? UINT32_MAX : uint32_t(size));
    put<uint16_t>(out, 5);
    put<uint16_t>(out, options.zip64 ? uint16_t(central ? 28 : 20) : 0);
    if (central) {
      for (int i = 0; i < 5; ++i)
        put<uint16_t>(out, 0);
      put<uint32_t>(out, options.zip64 ? UINT32_MAX : 0);
    }
    for (char c : std::string("a.npy"))
      out.push_back(uint8_t(c));
    if (options.zip64) {
      put<uint16_t>(out, 1);
      put<uint16_t>(out, central ? 24 : 16);
      put<uint64_t>(out, size);
      put<uint64_t>(out, packed.size());
      if (central)
        put<uint64_t>(out, 0);
    }
  };
  std::vector<uint8_t> file;
  record(file, false);
  file.insert(file.end(), packed.begin(), packed.end());
  uint64_t directory = file.size();
  record(file, true);
  uint64_t directoryBytes = file.size() - directory;
  if (options.zip64) {
    uint64_t end64 = file.size();
    put<uint32_t>(file, 0x06064b50);
    put<uint64_t>(file, 44);
    put<uint32_t>(file, 0);
    put<uint64_t>(file, 0);
    put<uint64_t>(file, 1);
    put<uint64_t>(file, 1);
    put<uint64_t>(file, directoryBytes);
    put<uint64_t>(file, directory);
    put<uint32_t>(file, 0x07064b50);
    put<uint32_t>(file, 0);
    put<uint64_t>(file, end64);
    put<uint32_t>(file, 1);
  }
  put<uint32_t>(file, 0x06054b50);
  put<uint32_t>(file, 0);
  put<uint16_t>(file, options.zip64 ? 0xffff : 1);
  put<uint16_t>(file, options.zip64 ? 0xffff : 1);
  put<uint32_t>(file, options.zip64 ? UINT32_MAX : uint32_t(directoryBytes));
  put<uint32_t>(file, options.zip64 ? UINT32_MAX : uint32_t(directory));
  put<uint16_t>(file, uint16_t(options.comment.size()));
  file.insert(file.end(), options.comment.begin(), options.comment.end());
  return file;
}

TEST(Npz, ReadsStoredDeflatedAndZip64) {
  for (bool deflate : {false, true})
    for (bool zip64 : {false, true})
      for (size_t count : {size_t(0), size_t(1), size_t(100000)}) {
        ZipOptions options;
        options.deflate = deflate;
        options.zip64 = zip64;
        options.comment = zip64 ? "" : "a comment";
        std::vector<Tensor> tensors;
        ASSERT_OK(parse(zip(sampleNpy(7, count), options), tensors));
        ASSERT_EQ(tensors.size(), 1u);
        EXPECT_EQ(tensors[0].name, "a");
        EXPECT_EQ(tensors[0].data.size(), int64_t(count));
        for (size_t i = 0; i < count; ++i)
          ASSERT_EQ(tensors[0].data.data()[i], 7);
      }
}

TEST(Npz, WritesWhatItReads) {
  Folder folder;
  float x[] = {1, 2, 3};
  int64_t y = 42;
  std::vector<int64_t> xSizes = {3}, none, empty = {0, 5};
  std::vector<NamedTensor> written = {{"x", tensorOf(MOERT_F32, xSizes, x)},
                                      {"layer/y:0", tensorOf(MOERT_I64, none, &y)},
                                      {"z", tensorOf(MOERT_F64, empty, nullptr)}};
  ASSERT_OK(writeNpz(folder / "out.npz", written));
  std::vector<uint8_t> first = moert::test::readFile(folder / "out.npz");
  std::vector<Tensor> tensors;
  ASSERT_OK(parse(first, tensors));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "x");
  EXPECT_EQ(memcmp(tensors[0].data.data(), x, sizeof(x)), 0);
  EXPECT_EQ(tensors[1].name, "layer/y:0");
  EXPECT_EQ(memcmp(tensors[1].data.data(), &y, sizeof(y)), 0);
  EXPECT_EQ(tensors[2].sizes, empty);
  ASSERT_OK(writeNpz(folder / "out.npz", written));
  EXPECT_EQ(moert::test::readFile(folder / "out.npz"), first);
  EXPECT_FAILS(writeNpz(folder / "no/such/folder.npz", written), MOERT_IO, "cannot write");
}

TEST(Npz, RefusesWhatItCannotRead) {
  ZipOptions options;
  options.flags = 1;
  EXPECT_FAILS(parse(zip(sampleNpy(1, 10), options)), MOERT_UNSUPPORTED, "encrypted");
  options.flags = 0;
  options.method = 14;
  EXPECT_FAILS(parse(zip(sampleNpy(1, 10), options)), MOERT_UNSUPPORTED, "method 14");
  EXPECT_FAILS(parse({}), MOERT_CORRUPT, "no .npz file");
  EXPECT_FAILS(parse(std::vector<uint8_t>(70000, 'x')), MOERT_CORRUPT, "no .npz file");
  EXPECT_FAILS(parse(zip({'h', 'i'}, {})), MOERT_CORRUPT, "'test.npz', array 'a'");
}

TEST(Npz, DoesNotBelieveSizes) {
  ZipOptions options;
  options.deflate = true;
  std::vector<uint8_t> contents = sampleNpy(1, 100000);
  for (int64_t claimed : {int64_t(0), int64_t(1), int64_t(contents.size()) - 1,
                          int64_t(contents.size()) + 1, int64_t(UINT32_MAX) - 1})
    for (bool deflate : {false, true}) {
      options.deflate = deflate;
      options.claimedSize = claimed;
      EXPECT_EQ(parse(zip(contents, options)).code, MOERT_CORRUPT);
    }
  options.zip64 = true;
  for (int64_t claimed : {INT64_MAX, int64_t(1) << 40}) {
    options.claimedSize = claimed;
    EXPECT_FAILS(parse(zip(contents, options)), MOERT_CORRUPT, "impossible");
  }
}

TEST(Npz, SurvivesEveryTruncationAndChangedByte) {
  for (bool deflate : {false, true})
    for (bool zip64 : {false, true}) {
      ZipOptions options;
      options.deflate = deflate;
      options.zip64 = zip64;
      const std::vector<uint8_t> good = zip(sampleNpy(3, 40), options);
      for (size_t length = 0; length < good.size(); ++length)
        EXPECT_NE(parse({good.begin(), good.begin() + ptrdiff_t(length)}).code, MOERT_OK);
      for (size_t at = 0; at < good.size(); ++at)
        for (uint8_t change : {0x01, 0x10, 0x80, 0xff}) {
          std::vector<uint8_t> bad = good;
          bad[at] ^= change;
          int32_t code = parse(bad).code;
          EXPECT_TRUE(code == MOERT_OK || code == MOERT_CORRUPT || code == MOERT_UNSUPPORTED)
              << "byte " << at;
        }
    }
}

} // namespace
