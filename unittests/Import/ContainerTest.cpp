//===- ContainerTest.cpp - Tests of what is and is not a model file *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include <sys/stat.h>

using namespace moec;
using namespace moec::test;

TEST(Container, Minimal) {
  auto model = parse(reluModel());
  ASSERT_TRUE(isRead(model));
  EXPECT_EQ(model->fileName(), "test.onnx");
  ASSERT_EQ(model->graph().node_size(), 1);
  EXPECT_EQ(OnnxModel::opsetVersion(model->graph().node(0)), 21);
  EXPECT_EQ(model->opsetVersion("ai.onnx"), 21);
  EXPECT_EQ(model->opsetVersion("other"), 0);
  EXPECT_TRUE(model->notes().empty());
}

TEST(Container, ForeignFiles) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"", "is empty"},
      {std::string("\x1f\x8b\x08\x00", 4), "gunzip"},
      {"PK\x03\x04 and so on", "zip archive"},
      {std::string("\x18\0\0\0ORTM\0\0", 10), ".ort format"},
      {std::string("\x1c\0\0\0TFL3\0\0", 10), "TensorFlow Lite"},
      {"GGUF\x03", "GGUF"},
      {"\x89HDF\r\n", "HDF5"},
      {"\x93NUMPY\x01", "NumPy"},
      {std::string("\x40\0\0\0\0\0\0\0{\"w\":", 13), "safetensors"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"},
      {"ML\xefR\x0dMLIR", "MLIR"},
      {"\x28\xb5\x2f\xfd and so on", "unzstd"},
      {"<\n  ir_version: 10,\n  opset_import: [\"\" : 21]\n>\ng (float[2] x) => (float[2] y) {}\n",
       "is text"},
      {"ir_version: 10\ngraph {\n}\n", "is text"},
      {"func.func @main() { return }", "is text"},
  };
  for (const auto &[bytes, part] : files)
    EXPECT_TRUE(failsWith(parse(bytes), ImportError::BadInput, "", {part})) << part;
}

TEST(Container, TruncatedAnywhere) {
  ModelProto model = reluModel();
  addInitializer(model, "w", DataType::Float, {2}, bytesOf<float>({1, 2}));
  std::string bytes = model.SerializeAsString();
  ASSERT_TRUE([&] {
    auto whole = parse(bytes);
    return isRead(whole);
  }());
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto cut = parse(bytes.substr(0, length));
    EXPECT_FALSE(bool(cut)) << length;
    llvm::consumeError(cut.takeError());
  }
  auto cut = parse(bytes.substr(0, bytes.size() - 1));
  EXPECT_TRUE(
      failsWith(std::move(cut), ImportError::BadInput, "opset_import[0].version", {"truncated"}) ||
      failsWith(parse(bytes.substr(0, bytes.size() - 1)), ImportError::BadInput, "opset_import[0]",
                {"truncated"}));
}

TEST(Container, Versions) {
  ModelProto model = reluModel();
  for (int64_t version : {3, 4, 8, 14}) {
    model.set_ir_version(version);
    auto result = parse(model);
    EXPECT_TRUE(isRead(result)) << version;
  }
  for (int64_t version : {1, 2}) {
    model.set_ir_version(version);
    EXPECT_TRUE(failsWith(parse(model), ImportError::Unsupported, "", {"IR version", "2017"}));
  }
  for (int64_t version : {int64_t(0), int64_t(-1), INT64_MIN}) {
    model.set_ir_version(version);
    EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "", {"versions start at 1"}));
  }
  model.set_ir_version(15);
  EXPECT_TRUE(failsWith(parse(model), ImportError::Unsupported, "",
                        {"IR version 15", "up to 14", "--allow-newer-ir"}));
  ImportOptions options;
  options.allowNewerIR = true;
  auto newer = parse(model, options);
  ASSERT_TRUE(isRead(newer));
  ASSERT_EQ(newer->notes().size(), 1u);
  EXPECT_NE(newer->notes()[0].find("IR version 15"), std::string::npos);
}

TEST(Container, MissingParts) {
  ModelProto model = reluModel();
  model.clear_graph();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "", {"no graph"}));
  model = reluModel();
  model.clear_ir_version();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "", {"no ir_version"}));
  // A message of unknown fields only.
  EXPECT_TRUE(failsWith(parse(std::string("\xf8\x07\x01", 3)), ImportError::BadInput, "",
                        {"no ONNX model"}));
}

TEST(Container, Opsets) {
  ModelProto model = reluModel();
  model.clear_opset_import();
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "relu", {"ai.onnx", "opset_import"}));
  model = reluModel();
  model.mutable_opset_import(0)->set_version(0);
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "", {"version 0"}));
  model = reluModel();
  auto *again = model.add_opset_import();
  again->set_domain("ai.onnx");
  again->set_version(20);
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "", {"21 and 20"}));
  again->set_version(21);
  auto same = parse(model);
  EXPECT_TRUE(isRead(same));
  model = reluModel();
  model.mutable_graph()->mutable_node(0)->set_domain("com.example");
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "relu", {"'com.example'"}));
  model.mutable_graph()->mutable_node(0)->set_domain("com.microsoft");
  auto contrib = parse(model);
  ASSERT_TRUE(isRead(contrib));
  EXPECT_EQ(OnnxModel::opsetVersion(contrib->graph().node(0)), 1);
  ASSERT_EQ(contrib->notes().size(), 1u);
  model.mutable_graph()->mutable_node(0)->set_domain("ai.onnx");
  auto spelled = parse(model);
  ASSERT_TRUE(isRead(spelled));
  EXPECT_EQ(spelled->graph().node(0).domain(), "");
}

TEST(Container, FilesThatCannotBeRead) {
  TempFolder folder;
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.path("none.onnx")), ImportError::BadInput, "",
                        {"cannot open: No such file"}));
  folder.makeFolder("folder.onnx");
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.path("folder.onnx")), ImportError::BadInput, "",
                        {"is a directory"}));
  ASSERT_EQ(mkfifo(folder.path("pipe.onnx").c_str(), 0600), 0);
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.path("pipe.onnx")), ImportError::BadInput, "",
                        {"not a regular file"}));
  EXPECT_TRUE(
      failsWith(OnnxModel::load("/dev/zero"), ImportError::BadInput, "", {"not a regular file"}));
  EXPECT_TRUE(failsWith(OnnxModel::load(llvm::StringRef("a\0b", 3)), ImportError::BadInput, "",
                        {"cannot open"}));
  ImportOptions options;
  options.limits.fileBytes = 10;
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.write("m.onnx", reluModel()), options),
                        ImportError::Resource, "", {"size of the file", "--limit file-bytes=N"}));
}

TEST(Container, FieldsWithoutInfluenceAreNoted) {
  ModelProto model = reluModel();
  model.add_training_info()->mutable_algorithm()->set_name("a");
  model.mutable_graph()->add_quantization_annotation()->set_tensor_name("x");
  auto result = parse(model);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(result->notes().size(), 2u);
  EXPECT_EQ(result->proto().training_info_size(), 0);
}

TEST(Container, EscapedNames) {
  EXPECT_EQ(escapeName("plain/name_1"), "plain/name_1");
  EXPECT_EQ(escapeName("a\x1b[31m\n'\\"), "a\\u{1b}[31m\\u{a}\\'\\\\");
  EXPECT_EQ(escapeName("Gr\xc3\xb6\xc3\x9f"
                       "e"),
            "Gr\xc3\xb6\xc3\x9f"
            "e");
  EXPECT_EQ(escapeName("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(escapeName("\xe2\x80\xae"), "\\u{202e}"); // Right-to-left override.
  // Messages keep the escapes and lines they have.
  EXPECT_EQ(escapeMessage("'a\\u{1b}'\n\tb\x1b"), "'a\\u{1b}'\n\tb\\u{1b}");
  EXPECT_EQ(escapeName(std::string(1000, 'x')), std::string(200, 'x') + "...");
  ImportError error(ImportError::Unsupported, "m\n.onnx", "a'b", "why");
  EXPECT_EQ(static_cast<llvm::ErrorInfoBase &>(error).message(), "m\\u{a}.onnx: 'a\\'b': why");
  EXPECT_EQ(error.exitCode(), 4);
}
