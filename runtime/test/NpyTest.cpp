// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Npy.h"
#include "Support.h"

#include <cstring>

using namespace moert::cli;
using moert::test::tensorOf;

namespace {

/// A version 1 file with the header's dictionary as given.
std::string npy(const std::string &dictionary, const std::string &data, char major = 1) {
  std::string file = "\x93NUMPY";
  file += {major, '\0', char(dictionary.size() & 0xff), char(dictionary.size() >> 8)};
  if (major > 1)
    file += std::string(2, '\0');
  return file + dictionary + data;
}

std::string bytesOf(const void *data, size_t bytes) {
  return {static_cast<const char *>(data), bytes};
}

moert_status parse(const std::string &file, Tensor &tensor) {
  // A copy of exactly the file's size, so that sanitizers see reads beyond it.
  std::vector<uint8_t> copy(file.begin(), file.end());
  return parseNpy(copy.data(), int64_t(copy.size()), "test", tensor);
}

moert_status parse(const std::string &file) {
  Tensor tensor;
  return parse(file, tensor);
}

const float kSix[] = {1, 2, 3, 4, 5, 6};

TEST(Npy, ReadsAllVersions) {
  for (char major : {1, 2, 3}) {
    Tensor tensor;
    ASSERT_OK(parse(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n",
                        bytesOf(kSix, 24), major),
                    tensor));
    EXPECT_EQ(tensor.dtype, MOERT_F32);
    EXPECT_EQ(tensor.sizes, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(memcmp(tensor.data.data(), kSix, 24), 0);
  }
}

TEST(Npy, ConvertsFortranOrder) {
  Tensor tensor;
  ASSERT_OK(parse(
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", bytesOf(kSix, 24)), tensor));
  const float expected[] = {1, 3, 5, 2, 4, 6};
  EXPECT_EQ(memcmp(tensor.data.data(), expected, 24), 0);
  uint8_t values[24], rowMajor[24];
  for (uint8_t i = 0; i < 2; ++i)
    for (uint8_t j = 0; j < 3; ++j)
      for (uint8_t k = 0; k < 4; ++k) {
        values[i + 2 * j + 6 * k] = uint8_t(100 * i + 10 * j + k);
        rowMajor[12 * i + 4 * j + k] = uint8_t(100 * i + 10 * j + k);
      }
  ASSERT_OK(
      parse(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", bytesOf(values, 24)),
            tensor));
  EXPECT_EQ(memcmp(tensor.data.data(), rowMajor, 24), 0);
}

TEST(Npy, ConvertsByteOrder) {
  Tensor tensor;
  ASSERT_OK(parse(npy("{'descr': '>i4', 'fortran_order': False, 'shape': (1,)}",
                      std::string("\x01\x02\x03\x04", 4)),
                  tensor));
  int32_t value;
  memcpy(&value, tensor.data.data(), 4);
  EXPECT_EQ(value, 0x01020304);
  ASSERT_OK(parse(npy("{'descr': '>c8', 'fortran_order': False, 'shape': ()}",
                      std::string("\x3f\x80\0\0\x40\0\0\0", 8)),
                  tensor));
  const float complex[] = {1, 2};
  EXPECT_EQ(memcmp(tensor.data.data(), complex, 8), 0);
}

TEST(Npy, ReadsScalarsAndEmptyArrays) {
  Tensor tensor;
  ASSERT_OK(parse(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", bytesOf(kSix, 4)),
                  tensor));
  EXPECT_TRUE(tensor.sizes.empty());
  ASSERT_OK(parse(npy("{'descr': '<f8', 'fortran_order': True, "
                      "'shape': (9223372036854775807, 0, 9223372036854775807)}",
                      ""),
                  tensor));
  EXPECT_EQ(tensor.data.size(), 0);
}

TEST(Npy, GivesRawElementsTheirType) {
  for (const char *descr : {"|V2", "<V2", "<u2"}) {
    Tensor tensor;
    ASSERT_OK(
        parse(npy(std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (2,)}",
                  std::string(4, 'x')),
              tensor));
    Tensor copy;
    copy.dtype = tensor.dtype;
    copy.elementBytes = tensor.elementBytes;
    adoptType(tensor, MOERT_BF16);
    EXPECT_EQ(tensor.dtype, MOERT_BF16);
    adoptType(copy, MOERT_F16);
    EXPECT_NE(copy.dtype, MOERT_F16);
    adoptType(copy, MOERT_F8E5M2);
    EXPECT_NE(copy.dtype, MOERT_F8E5M2);
  }
}

TEST(Npy, WritesWhatItReads) {
  for (int32_t dtype = 0; dtype <= MOERT_U2; ++dtype) {
    int32_t bits = moert_dtype_bits(dtype);
    if (bits == 0)
      continue;
    for (std::vector<int64_t> sizes : {std::vector<int64_t>{}, {4}, {2, 2}, {0, 7}, {1, 2, 3, 4}}) {
      std::vector<uint8_t> data(24 * 16, 1);
      moert_tensor tensor = tensorOf(dtype, sizes, data.data());
      std::string header;
      moert_status status = npyHeader(tensor, "y", header);
      if (bits < 8) {
        EXPECT_EQ(status.code, MOERT_UNSUPPORTED);
        continue;
      }
      ASSERT_OK(status);
      EXPECT_EQ(header.size() % 64, 0u);
      Tensor read;
      ASSERT_OK(parse(header + bytesOf(data.data(), size_t(tensor.bytes)), read));
      adoptType(read, dtype);
      EXPECT_EQ(read.dtype, dtype);
      EXPECT_EQ(read.sizes, sizes);
    }
  }
}

TEST(Npy, RefusesWhatItCannotRepresent) {
  for (const char *descr : {"|O", "|S5", "<U3", "<M8[ns]", "<f16", "<f3", "f4", "", "|V3", "<i16"})
    EXPECT_FAILS(
        parse(npy(std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (1,)}",
                  std::string(100, 'x'))),
        MOERT_UNSUPPORTED, "element type");
  EXPECT_FAILS(
      parse(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "xxxx")),
      MOERT_CORRUPT, "structures");
  EXPECT_FAILS(parse(npy("{}", "", 4)), MOERT_UNSUPPORTED, "version 4");
}

TEST(Npy, RefusesMalformedFiles) {
  EXPECT_FAILS(parse(""), MOERT_CORRUPT, "no .npy file");
  EXPECT_FAILS(parse("PK\3\4 this is a zip"), MOERT_CORRUPT, "no .npy file");
  const std::string data = bytesOf(kSix, 24);
  for (const char *dictionary :
       {"",
        "{",
        "}",
        "{}",
        "[]",
        "{'descr'}",
        "{'descr': }",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 'x'}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}"})
    EXPECT_EQ(parse(npy(dictionary, data)).code, MOERT_CORRUPT) << dictionary;
}

TEST(Npy, SurvivesEveryTruncationAndChangedByte) {
  const std::string good =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", bytesOf(kSix, 24));
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(parse(good.substr(0, length)).code, MOERT_OK) << length;
  for (size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = char(bad[at] ^ (1 << bit));
      int32_t code = parse(bad).code;
      EXPECT_TRUE(code == MOERT_OK || code == MOERT_CORRUPT || code == MOERT_UNSUPPORTED);
    }
}

} // namespace
