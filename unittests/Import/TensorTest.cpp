//===- TensorTest.cpp - Tests of tensors stored in the model ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

/// Reads the initialiser `w` that `fill` completes as bytes.
template <typename Fill>
std::string readBytes(DataType type, std::vector<int64_t> dims, Fill fill) {
  ModelProto model = reluModel();
  fill(*addInitializer(model, "w", type, dims));
  auto result = parse(model);
  if (!result)
    return "error: " + llvm::toString(result.takeError());
  auto bytes = result->materialise(*result->initializer("w"));
  if (!bytes)
    return "error: " + llvm::toString(bytes.takeError());
  return {bytes->data(), bytes->size()};
}

TEST(Tensor, TypedFields) {
  auto ints = [](std::vector<int32_t> numbers) {
    return [=](TensorProto &t) { t.mutable_int32_data()->Add(numbers.begin(), numbers.end()); };
  };
  EXPECT_EQ(readBytes(DataType::Float, {2},
                      [](TensorProto &t) {
                        t.add_float_data(1);
                        t.add_float_data(-2);
                      }),
            bytesOf<float>({1, -2}));
  EXPECT_EQ(readBytes(DataType::Complex64, {1},
                      [](TensorProto &t) {
                        t.add_float_data(1);
                        t.add_float_data(-2);
                      }),
            bytesOf<float>({1, -2}));
  EXPECT_EQ(readBytes(DataType::Double, {}, [](TensorProto &t) { t.add_double_data(0.5); }),
            bytesOf<double>({0.5}));
  EXPECT_EQ(readBytes(DataType::Int64, {1}, [](TensorProto &t) { t.add_int64_data(-7); }),
            bytesOf<int64_t>({-7}));
  EXPECT_EQ(readBytes(DataType::UInt64, {1}, [](TensorProto &t) { t.add_uint64_data(1ull << 63); }),
            bytesOf<uint64_t>({1ull << 63}));
  EXPECT_EQ(readBytes(DataType::UInt32, {1}, [](TensorProto &t) { t.add_uint64_data(0xffffffff); }),
            bytesOf<uint32_t>({0xffffffff}));
  EXPECT_EQ(readBytes(DataType::Int32, {2}, ints({1, -1})), bytesOf<int32_t>({1, -1}));
  EXPECT_EQ(readBytes(DataType::Int8, {3}, ints({-128, 127, 255})), "\x80\x7f\xff");
  EXPECT_EQ(readBytes(DataType::UInt16, {1}, ints({0xfffe})), "\xfe\xff");
  EXPECT_EQ(readBytes(DataType::Float16, {2}, ints({0x3c00, -16384})),
            std::string("\0\x3c\0\xc0", 4));
  EXPECT_EQ(readBytes(DataType::Float8E5M2, {1}, ints({0x40})), "\x40");
  EXPECT_EQ(readBytes(DataType::Int4, {3}, ints({0x21, 0x03})), "\x21\x03");
  EXPECT_EQ(readBytes(DataType::UInt2, {5}, ints({0xe4, 0x01})), "\xe4\x01");
  EXPECT_EQ(readBytes(DataType::Bool, {3}, ints({0, 1, 7})), std::string("\0\1\1", 3));
}

TEST(Tensor, RawData) {
  auto raw = [](const std::string &bytes) {
    return [=](TensorProto &t) { t.set_raw_data(bytes); };
  };
  EXPECT_EQ(readBytes(DataType::Float, {2}, raw("12345678")), "12345678");
  EXPECT_EQ(readBytes(DataType::Bool, {3}, raw(std::string("\0\xff\1", 3))),
            std::string("\0\1\1", 3));
  EXPECT_EQ(readBytes(DataType::Float4E2M1, {3}, raw("ab")), "ab");
  EXPECT_EQ(readBytes(DataType::Float, {0, 5}, [](TensorProto &) {}), "");
}

TEST(Tensor, InlineBytesAreNotCopied) {
  ModelProto model = reluModel();
  addInitializer(model, "raw", DataType::Float16, {2}, "1234");
  addInitializer(model, "typed", DataType::Int64, {1})->add_int64_data(5);
  addInitializer(model, "narrow", DataType::Int8, {1})->add_int32_data(5);
  addInitializer(model, "truth", DataType::Bool, {1}, "\1");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  auto bytes = [&](const char *name) { return result->initializer(name)->inlineBytes(); };
  EXPECT_EQ(bytes("raw").data(), result->graph().initializer(0).raw_data().data());
  EXPECT_EQ(bytes("raw").size(), 4u);
  EXPECT_EQ(bytes("typed").size(), 8u);
  EXPECT_TRUE(bytes("narrow").empty());
  EXPECT_TRUE(bytes("truth").empty());
  EXPECT_EQ(result->initializers().size(), 4u);
}

TEST(Tensor, Strings) {
  ModelProto model = reluModel();
  TensorProto *tensor = addInitializer(model, "s", DataType::String, {2});
  tensor->add_string_data("one");
  tensor->add_string_data(std::string("t\0o", 3));
  addInitializer(model, "f", DataType::Float, {1}, "1234");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  auto strings = result->strings(*result->initializer("s"));
  ASSERT_TRUE(bool(strings));
  EXPECT_EQ(*strings, (std::vector<llvm::StringRef>{"one", llvm::StringRef("t\0o", 3)}));
  EXPECT_TRUE(failsWith(result->materialise(*result->initializer("s")).takeError(),
                        ImportError::BadInput, "s", {"holds strings"}));
  EXPECT_TRUE(failsWith(result->strings(*result->initializer("f")).takeError(),
                        ImportError::BadInput, "f", {"where strings are needed"}));
}

TEST(Tensor, MaterialiseIsBounded) {
  ModelProto model = reluModel();
  addInitializer(model, "w", DataType::Float, {2}, "12345678");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_TRUE(failsWith(result->materialise(*result->initializer("w"), 7).takeError(),
                        ImportError::Resource, "w", {"8 bytes"}));
}

TEST(Tensor, WeightsStayInTheFile) {
  TempFolder folder;
  ModelProto model = reluModel();
  std::string weights(4000, '\0');
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = char(i * 7);
  addInitializer(model, "small", DataType::Float, {1}, "1234");
  addInitializer(model, "big", DataType::Float, {10, 100}, weights);
  NodeProto *constant = addNode(model, "Constant", {}, {"c"}, "constant");
  TensorProto *value = addAttribute(constant, "value", TensorAttribute)->mutable_t();
  value->set_data_type(int32_t(DataType::UInt8));
  value->add_dims(4000);
  value->set_raw_data(weights);
  std::string path = folder.write("m.onnx", model);
  auto result = OnnxModel::load(path);
  ASSERT_TRUE(isRead(result));
  EXPECT_FALSE(result->initializer("small")->range.has_value());
  const OnnxTensor *big = result->initializer("big");
  ASSERT_TRUE(big->range.has_value());
  EXPECT_EQ(big->range->bytes, 4000u);
  EXPECT_TRUE(big->inlineBytes().empty());
  EXPECT_EQ(model.SerializeAsString().substr(big->range->offset, 4000), weights);
  EXPECT_TRUE(big->proto->raw_data().empty());
  auto bytes = result->materialise(*big);
  ASSERT_TRUE(bool(bytes));
  EXPECT_EQ(std::string(bytes->data(), bytes->size()), weights);
  auto inNode = result->tensor(result->graph().node(1).attribute(0).t(), "constant");
  ASSERT_TRUE(bool(inNode));
  ASSERT_TRUE(inNode->range.has_value());
  EXPECT_GT(inNode->range->bytes, 0u);

  // The file is not mapped: cutting it gives an error.
  ASSERT_EQ(truncate(path.c_str(), 100), 0);
  EXPECT_TRUE(failsWith(result->materialise(*big).takeError(), ImportError::BadInput, "big",
                        {"cannot read 4000 bytes"}));
}

TEST(Tensor, FilesBeyondProtobufsLimit) {
  // 3 GiB of weights in one file, as a hole: protobuf itself stops at 2 GiB.
  TempFolder folder;
  constexpr uint64_t bytes = uint64_t(3) << 30;
  ModelProto model = reluModel();
  std::string before = model.SerializeAsString();
  ModelProto named;
  TensorProto *tensor = addInitializer(named, "w", DataType::UInt8, {int64_t(bytes)});
  std::string tensorBytes = tensor->SerializeAsString();
  auto varint = [](uint64_t value) {
    std::string result;
    for (; value >= 0x80; value >>= 7)
      result.push_back(char(value | 0x80));
    return result + char(value);
  };
  std::string rawHead = "\x4a" + varint(bytes);
  std::string tensorHead = "\x2a" + varint(tensorBytes.size() + rawHead.size() + bytes);
  std::string graphHead =
      "\x3a" + varint(tensorHead.size() + tensorBytes.size() + rawHead.size() + bytes);
  std::string path =
      folder.write("m.onnx", before + graphHead + tensorHead + tensorBytes + rawHead);
  uint64_t offset =
      before.size() + graphHead.size() + tensorHead.size() + tensorBytes.size() + rawHead.size();
  ASSERT_EQ(truncate(path.c_str(), offset + bytes), 0);
  auto result = OnnxModel::load(path);
  ASSERT_TRUE(isRead(result));
  ASSERT_TRUE(result->initializer("w")->range.has_value());
  EXPECT_EQ(result->initializer("w")->range->offset, offset);
  EXPECT_EQ(result->initializer("w")->range->bytes, bytes);
  EXPECT_TRUE(failsWith(result->materialise(*result->initializer("w")).takeError(),
                        ImportError::Resource, "w", {"use it as a weight"}));
}

TEST(Tensor, Errors) {
  struct Case {
    const char *what;
    DataType type;
    std::vector<int64_t> dims;
    void (*change)(TensorProto &);
    ImportError::Kind kind;
    std::string part;
  };
  constexpr auto bad = ImportError::BadInput;
  auto none = [](TensorProto &) {};
  auto raw4 = [](TensorProto &t) { t.set_raw_data("1234"); };
  const Case cases[] = {
      {"no type", DataType::Undefined, {1}, raw4, bad, "no element type"},
      {"unknown type", DataType(27), {1}, raw4, ImportError::Unsupported, "element type 27"},
      {"negative type", DataType(-5), {1}, raw4, ImportError::Unsupported, "element type -5"},
      {"negative dimension", DataType::Float, {-1}, raw4, bad, "shape [-1]"},
      {"smallest dimension", DataType::Float, {INT64_MIN}, raw4, bad, "negative or larger"},
      {"largest dimension", DataType::Float, {INT64_MAX}, raw4, bad, "negative or larger"},
      {"product wraps to zero",
       DataType::Float,
       {1ll << 32, 1ll << 32},
       raw4,
       bad,
       "negative or larger"},
      {"product wraps to one",
       DataType::Float,
       {(1ll << 32) + 1, 0xffffffff, 1ll << 32},
       raw4,
       bad,
       "negative or larger"},
      {"zero hides overflow",
       DataType::Float,
       {0, INT64_MAX, INT64_MAX},
       none,
       bad,
       "negative or larger"},
      {"bits overflow", DataType::Complex128, {1ll << 57}, none, bad, "negative or larger"},
      {"no data", DataType::Float, {2}, none, bad, "needs 8 bytes of data and has 0"},
      {"large without data", DataType::Int8, {1ll << 40}, none, bad, "and has 0"},
      {"beyond the limit",
       DataType::Int8,
       {1ll << 59},
       none,
       ImportError::Resource,
       "--limit tensor-bytes=N"},
      {"too little raw data", DataType::Float, {2}, raw4, bad, "needs 8 bytes of data and has 4"},
      {"too much raw data", DataType::Int16, {1}, raw4, bad, "needs 2 bytes of data and has 4"},
      {"raw data of an empty tensor", DataType::Float, {0}, raw4, bad, "needs 0 bytes"},
      {"too few entries",
       DataType::Float,
       {2},
       [](TensorProto &t) { t.add_float_data(1); },
       bad,
       "needs 2 entries in float_data and has 1"},
      {"half a complex number",
       DataType::Complex64,
       {1},
       [](TensorProto &t) { t.add_float_data(1); },
       bad,
       "needs 2 entries"},
      {"unpacked int4",
       DataType::Int4,
       {3},
       [](TensorProto &t) { t.mutable_int32_data()->Resize(3, 1); },
       bad,
       "needs 2 entries"},
      {"wrong field",
       DataType::Float,
       {1},
       [](TensorProto &t) { t.add_int32_data(1); },
       bad,
       "data in int32_data, but elements of type float belong into float_data"},
      {"two places",
       DataType::Float,
       {1},
       [](TensorProto &t) {
         t.set_raw_data("1234");
         t.add_float_data(1);
       },
       bad,
       "more than one place"},
      {"raw strings", DataType::String, {1}, raw4, bad, "outside of string_data"},
      {"missing strings", DataType::String, {1}, none, bad, "needs 1 entries in string_data"},
      {"huge number of strings",
       DataType::String,
       {INT64_MAX},
       none,
       bad,
       "entries in string_data and has 0"},
      {"segments",
       DataType::Float,
       {1},
       [](TensorProto &t) { t.mutable_segment()->set_begin(0); },
       ImportError::Unsupported,
       "segments"},
      {"unknown location",
       DataType::Float,
       {1},
       [](TensorProto &t) { t.set_data_location(2); },
       ImportError::Unsupported,
       "data_location 2"},
      {"external strings",
       DataType::String,
       {1},
       [](TensorProto &t) { setExternal(&t, "f"); },
       bad,
       "outside of string_data"},
      {"external and raw",
       DataType::Float,
       {1},
       [](TensorProto &t) {
         setExternal(&t, "f");
         t.set_raw_data("1234");
       },
       bad,
       "more than one place"},
  };
  for (const Case &c : cases) {
    ModelProto model = reluModel();
    c.change(*addInitializer(model, "w", c.type, c.dims));
    EXPECT_TRUE(failsWith(parse(model), c.kind, "w", {"'w'", c.part})) << c.what;
  }
  ModelProto ranked = reluModel();
  addInitializer(ranked, "w", DataType::Float, std::vector<int64_t>(65000, 1));
  EXPECT_TRUE(failsWith(parse(ranked), ImportError::Resource, "w", {"rank 65000"}));
}

TEST(Tensor, EntriesThatDoNotFit) {
  auto read = [](DataType type, int32_t number) {
    return readBytes(type, {1}, [=](TensorProto &t) { t.add_int32_data(number); });
  };
  EXPECT_NE(read(DataType::Int8, 256).find("does not fit int8"), std::string::npos);
  EXPECT_NE(read(DataType::UInt8, -129).find("does not fit uint8"), std::string::npos);
  EXPECT_NE(read(DataType::BFloat16, 65536).find("does not fit bfloat16"), std::string::npos);
  std::string wide =
      readBytes(DataType::UInt32, {1}, [](TensorProto &t) { t.add_uint64_data(1ull << 32); });
  EXPECT_NE(wide.find("does not fit uint32"), std::string::npos);
}

TEST(Tensor, ErrorsInAttributesNameTheNode) {
  ModelProto model = reluModel();
  NodeProto *node = addNode(model, "Constant", {}, {"c"}, "constant");
  TensorProto *tensor = addAttribute(node, "value", TensorAttribute)->mutable_t();
  tensor->set_data_type(1);
  tensor->add_dims(3);
  tensor->set_raw_data("1234");
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "constant", {"needs 12 bytes"}));
}

} // namespace
