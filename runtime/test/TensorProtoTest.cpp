// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/TensorProto.h"
#include "Support.h"

#include <cstring>

using namespace moert::cli;

namespace {

/// Writes protobuf's wire format.
struct Proto {
  Proto &varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes.push_back(uint8_t(value | 0x80));
    bytes.push_back(uint8_t(value));
    return *this;
  }
  Proto &tag(uint32_t field, uint32_t wire) { return varint(field << 3 | wire); }
  Proto &number(uint32_t field, uint64_t value) { return tag(field, 0).varint(value); }
  Proto &raw(const void *data, size_t count) {
    auto *from = static_cast<const uint8_t *>(data);
    bytes.insert(bytes.end(), from, from + count);
    return *this;
  }
  Proto &block(uint32_t field, const void *data, size_t count) {
    return tag(field, 2).varint(count).raw(data, count);
  }
  Proto &block(uint32_t field, const Proto &inner) {
    return block(field, inner.bytes.data(), inner.bytes.size());
  }
  Proto &head(int32_t dtype, const std::vector<int64_t> &dims) {
    for (int64_t dim : dims)
      number(1, uint64_t(dim));
    return number(2, uint64_t(dtype));
  }
  std::vector<uint8_t> bytes;
};

moert_status parse(const std::vector<uint8_t> &file, Tensor &tensor) {
  std::vector<uint8_t> copy = file;
  copy.shrink_to_fit();
  return parseTensorProto(copy.data(), int64_t(copy.size()), "x.pb", tensor);
}

moert_status parse(const std::vector<uint8_t> &file) {
  Tensor tensor;
  return parse(file, tensor);
}

template <typename T>
std::vector<T> valuesOf(const Tensor &tensor) {
  std::vector<T> values(size_t(tensor.data.size()) / sizeof(T));
  if (!values.empty())
    memcpy(values.data(), tensor.data.data(), size_t(tensor.data.size()));
  return values;
}

const float kFloats[] = {1.5f, -2, 3, 4, 5, 6};

TEST(TensorProto, ReadsRawData) {
  Proto file;
  file.head(MOERT_F32, {2, 3}).block(8, "weights", 7).block(9, kFloats, 24);
  file.block(12, "a doc string", 12).block(99, "of the future", 13).number(98, 7);
  Tensor tensor;
  ASSERT_OK(parse(file.bytes, tensor));
  EXPECT_EQ(tensor.name, "weights");
  EXPECT_EQ(tensor.dtype, MOERT_F32);
  EXPECT_EQ(tensor.sizes, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(valuesOf<float>(tensor), std::vector<float>(kFloats, kFloats + 6));
}

TEST(TensorProto, ReadsTypedDataPackedOrNot) {
  Tensor tensor;
  Proto packed;
  packed.head(MOERT_F32, {6}).block(4, kFloats, 24);
  ASSERT_OK(parse(packed.bytes, tensor));
  EXPECT_EQ(valuesOf<float>(tensor), std::vector<float>(kFloats, kFloats + 6));
  Proto mixed;
  mixed.head(MOERT_F32, {6}).tag(4, 5).raw(&kFloats[0], 4).block(4, &kFloats[1], 16);
  mixed.tag(4, 5).raw(&kFloats[5], 4);
  ASSERT_OK(parse(mixed.bytes, tensor));
  EXPECT_EQ(valuesOf<float>(tensor), std::vector<float>(kFloats, kFloats + 6));

  Proto dims, sixes;
  dims.varint(1).varint(2);
  sixes.varint(uint64_t(-5)).varint(INT64_MAX);
  Proto integers;
  integers.block(1, dims).number(2, MOERT_I64).block(7, sixes);
  ASSERT_OK(parse(integers.bytes, tensor));
  EXPECT_EQ(tensor.sizes, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(valuesOf<int64_t>(tensor), (std::vector<int64_t>{-5, INT64_MAX}));
}

TEST(TensorProto, ReadsNarrowTypes) {
  Tensor tensor;
  auto int32Data = [](int32_t dtype, std::vector<int64_t> values, int64_t elements) {
    Proto data, file;
    for (int64_t value : values)
      data.varint(uint64_t(value));
    file.head(dtype, {elements}).block(5, data);
    return file.bytes;
  };
  ASSERT_OK(parse(int32Data(MOERT_I32, {-1, 7}, 2), tensor));
  EXPECT_EQ(valuesOf<int32_t>(tensor), (std::vector<int32_t>{-1, 7}));
  ASSERT_OK(parse(int32Data(MOERT_I8, {-1, 7, -128}, 3), tensor));
  EXPECT_EQ(valuesOf<int8_t>(tensor), (std::vector<int8_t>{-1, 7, -128}));
  ASSERT_OK(parse(int32Data(MOERT_BOOL, {1, 0, 1}, 3), tensor));
  EXPECT_EQ(valuesOf<uint8_t>(tensor), (std::vector<uint8_t>{1, 0, 1}));
  ASSERT_OK(parse(int32Data(MOERT_BF16, {0x3f80, 0xc000}, 2), tensor));
  EXPECT_EQ(valuesOf<uint16_t>(tensor), (std::vector<uint16_t>{0x3f80, 0xc000}));
  ASSERT_OK(parse(int32Data(MOERT_I4, {0x21, 0x43, 0x05}, 5), tensor));
  EXPECT_EQ(valuesOf<uint8_t>(tensor), (std::vector<uint8_t>{0x21, 0x43, 0x05}));
  Proto data, file;
  data.varint(UINT32_MAX);
  file.head(MOERT_U32, {1}).block(11, data);
  ASSERT_OK(parse(file.bytes, tensor));
  EXPECT_EQ(valuesOf<uint32_t>(tensor), (std::vector<uint32_t>{UINT32_MAX}));
  const double doubles[] = {1, 2};
  Proto complex;
  complex.head(MOERT_C128, {1}).block(10, doubles, 16);
  ASSERT_OK(parse(complex.bytes, tensor));
  EXPECT_EQ(valuesOf<double>(tensor), (std::vector<double>{1, 2}));
}

TEST(TensorProto, ReadsScalarsAndEmptyTensors) {
  Tensor tensor;
  Proto scalar, empty;
  scalar.head(MOERT_F32, {}).block(9, kFloats, 4);
  ASSERT_OK(parse(scalar.bytes, tensor));
  EXPECT_TRUE(tensor.sizes.empty());
  empty.head(MOERT_F32, {3, 0});
  ASSERT_OK(parse(empty.bytes, tensor));
  EXPECT_EQ(tensor.data.size(), 0);
}

TEST(TensorProto, RefusesWhatItCannotRead) {
  auto refuses = [](const Proto &file, int32_t code, const char *part) {
    EXPECT_FAILS(parse(file.bytes), code, part);
  };
  refuses(Proto(), MOERT_CORRUPT, "data type is missing");
  refuses(Proto().head(MOERT_STRING, {1}), MOERT_UNSUPPORTED, "strings");
  refuses(Proto().head(MOERT_F32, {1}).block(6, "text", 4), MOERT_UNSUPPORTED, "strings");
  refuses(Proto().head(MOERT_F32, {1}).block(3, "", 0), MOERT_UNSUPPORTED, "segment");
  refuses(Proto().head(MOERT_F32, {1}).block(13, "", 0), MOERT_UNSUPPORTED, "another file");
  refuses(Proto().head(MOERT_F32, {1}).number(14, 1), MOERT_UNSUPPORTED, "another file");
  refuses(Proto().head(99, {1}), MOERT_CORRUPT, "unknown");
  refuses(Proto().head(-1, {1}), MOERT_CORRUPT, "unknown");
  refuses(Proto().head(MOERT_F32, {-1}), MOERT_CORRUPT, "negative");
  refuses(Proto().head(MOERT_F32, {INT64_MAX, INT64_MAX}), MOERT_CORRUPT, "too large");
  refuses(Proto().head(MOERT_F32, {1, 1, 1, 1, 1, 1, 1, 1, 1}), MOERT_CORRUPT, "eight");
  refuses(Proto().head(MOERT_F32, {int64_t(1) << 40}), MOERT_CORRUPT, "fewer");
  refuses(Proto().head(MOERT_F32, {7}).block(9, kFloats, 24), MOERT_CORRUPT, "another size");
  refuses(Proto().head(MOERT_F32, {5}).block(9, kFloats, 24), MOERT_CORRUPT, "another size");
  refuses(Proto().head(MOERT_F32, {7}).block(4, kFloats, 24), MOERT_CORRUPT, "fewer");
  refuses(Proto().head(MOERT_F32, {5}).block(4, kFloats, 24), MOERT_CORRUPT, "more");
  refuses(Proto().head(MOERT_F32, {6}).block(4, kFloats, 23), MOERT_CORRUPT, "malformed");
  refuses(Proto().head(MOERT_F64, {3}).block(4, kFloats, 24), MOERT_CORRUPT, "another type");
  refuses(Proto().head(MOERT_F32, {6}).block(4, kFloats, 24).block(9, kFloats, 24), MOERT_CORRUPT,
          "both");
  refuses(Proto().head(MOERT_F32, {1}).tag(9, 2).varint(UINT64_MAX), MOERT_CORRUPT, "truncated");
  refuses(Proto().head(MOERT_F32, {1}).tag(20, 3), MOERT_CORRUPT, "no TensorProto");
  refuses(Proto().varint(0), MOERT_CORRUPT, "no TensorProto");
  refuses(Proto().raw("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11), MOERT_CORRUPT,
          "no TensorProto");
}

TEST(TensorProto, SurvivesEveryTruncationAndChangedByte) {
  Proto integers, file;
  integers.varint(1).varint(uint64_t(-1)).varint(300);
  file.head(MOERT_I64, {3}).block(7, integers).block(8, "name", 4);
  for (size_t length = 0; length < file.bytes.size(); ++length) {
    int32_t code = parse({file.bytes.begin(), file.bytes.begin() + ptrdiff_t(length)}).code;
    EXPECT_TRUE(code == MOERT_OK || code == MOERT_CORRUPT);
  }
  for (size_t at = 0; at < file.bytes.size(); ++at)
    for (int change = 1; change < 256; ++change) {
      std::vector<uint8_t> bad = file.bytes;
      bad[at] ^= uint8_t(change);
      int32_t code = parse(bad).code;
      EXPECT_TRUE(code == MOERT_OK || code == MOERT_CORRUPT || code == MOERT_UNSUPPORTED);
    }
}

} // namespace
