//===- ExternalDataTest.cpp - Tests of data beside the model ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "llvm/Support/FileSystem.h"

#include <sys/stat.h>

using namespace moec;
using namespace moec::test;

namespace {

/// A model whose float initialiser w [2] lies at `location`.
ModelProto externalModel(const std::string &location, const std::string &offset = "",
                         const std::string &length = "") {
  ModelProto model = emptyModel();
  addNode(model, "Add", {"x", "w"}, {"y"});
  setExternal(addInitializer(model, "w", DataType::Float, {2}), location, offset, length);
  return model;
}

class ExternalData : public testing::Test {
protected:
  void SetUp() override {
    folder.makeFolder("model");
    folder.write("model/w.bin", "0123456789abcdef");
    folder.write("outside.bin", "0123456789abcdef");
  }
  llvm::Expected<OnnxModel> load(const ModelProto &model, const ImportOptions &options = {}) {
    return OnnxModel::load(folder.write("model/m.onnx", model), options);
  }
  /// The bytes of w, or the error.
  std::string bytes(const ModelProto &model, const ImportOptions &options = {}) {
    return bytes(load(model, options));
  }
  static std::string bytes(llvm::Expected<OnnxModel> model) {
    if (!model)
      return llvm::toString(model.takeError());
    auto result = model->materialise(*model->initializer("w"));
    return result ? std::string(result->data(), result->size())
                  : llvm::toString(result.takeError());
  }
  TempFolder folder;
};

TEST_F(ExternalData, Ranges) {
  EXPECT_EQ(bytes(externalModel("w.bin")), "01234567");
  EXPECT_EQ(bytes(externalModel("w.bin", "3")), "3456789a");
  EXPECT_EQ(bytes(externalModel("w.bin", "8", "8")), "89abcdef");
  EXPECT_EQ(bytes(externalModel("./w.bin")), "01234567");
  EXPECT_EQ(bytes(externalModel("a/..//w.bin")), "01234567");
  auto model = load(externalModel("w.bin", "3"));
  ASSERT_TRUE(isRead(model));
  const OnnxTensor *w = model->initializer("w");
  ASSERT_TRUE(w->range.has_value());
  EXPECT_TRUE(llvm::StringRef(w->range->path).ends_with("/model/w.bin"));
  EXPECT_EQ(w->range->offset, 3u);
  EXPECT_EQ(w->range->bytes, 8u);
}

TEST_F(ExternalData, OtherFolder) {
  folder.write("weights/deep/w.bin", "ABCDEFGH");
  ImportOptions options;
  options.externalDataDir = folder.path("weights");
  EXPECT_EQ(bytes(externalModel("deep/w.bin"), options), "ABCDEFGH");
  std::string model = externalModel("deep/w.bin").SerializeAsString();
  EXPECT_EQ(bytes(parse(model, options)), "ABCDEFGH");
  EXPECT_TRUE(failsWith(parse(model), ImportError::BadInput, "w",
                        {"read from memory", "--external-data-dir"}));
}

TEST_F(ExternalData, AttributesMayBeExternal) {
  ModelProto model = reluModel();
  NodeProto *node = addNode(model, "Constant", {}, {"c"}, "constant");
  TensorProto *tensor = addAttribute(node, "value", TensorAttribute)->mutable_t();
  tensor->set_data_type(int32_t(DataType::Float));
  tensor->add_dims(2);
  setExternal(tensor, "w.bin");
  auto result = load(model);
  ASSERT_TRUE(isRead(result));
  setExternal(tensor, "../outside.bin");
  EXPECT_TRUE(failsWith(load(model), ImportError::BadInput, "constant", {"leads out"}));
}

TEST_F(ExternalData, Entries) {
  auto fails = [&](ModelProto model, const std::string &part) {
    EXPECT_TRUE(failsWith(load(model), ImportError::BadInput, "w", {part})) << part;
  };
  auto entry = [](ModelProto model, const std::string &key, const std::string &value) {
    auto *added = model.mutable_graph()->mutable_initializer(0)->add_external_data();
    added->set_key(key);
    added->set_value(value);
    return model;
  };
  fails(externalModel(""), "without a location");
  for (const char *number : {"-1", "+1", "0x10", " 1", "1 ", "1e3", "18446744073709551616",
                             "9223372036854775808", "99999999999999999999999"}) {
    fails(externalModel("w.bin", number), "which is not a number");
    fails(externalModel("w.bin", "", number), "which is not a number");
  }
  fails(entry(externalModel("w.bin"), "location", "other.bin"), "'location' twice");
  fails(entry(externalModel("w.bin", "0"), "offset", "8"), "'offset' twice");
  fails(entry(externalModel("w.bin"), "checksum", "abc"), "not a SHA-1");
  ModelProto many = externalModel("w.bin");
  for (int i = 0; i < 100; ++i)
    many = entry(many, "k" + std::to_string(i), "");
  fails(many, "more than 64 entries");

  auto noted = load(entry(externalModel("w.bin"), "__class__", "x"));
  ASSERT_TRUE(isRead(noted));
  ASSERT_EQ(noted->notes().size(), 1u);
  EXPECT_NE(noted->notes()[0].find("'__class__'"), std::string::npos);
}

TEST_F(ExternalData, Sizes) {
  auto fails = [&](const char *offset, const char *length, const std::string &part) {
    EXPECT_TRUE(
        failsWith(load(externalModel("w.bin", offset, length)), ImportError::BadInput, "w", {part}))
        << offset << " " << length;
  };
  fails("9", "", "which has 16");
  fails("16", "8", "which has 16");
  fails("17", "", "which has 16");
  fails("9223372036854775807", "", "which has 16");
  fails("0", "4", "has the length 4");
  fails("0", "16", "has the length 16");
  fails("0", "9223372036854775807", "has the length");
}

TEST_F(ExternalData, PathsThatLeaveTheFolder) {
  const std::string nul("w.bin\0.txt", 10);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"../outside.bin", "leads out"},
      {"a/../../outside.bin", "leads out"},
      {"./../outside.bin", "leads out"},
      {"..", "leads out"},
      {"a/b/../../../model/w.bin", "leads out"},
      {folder.path("model/w.bin"), "absolute path"},
      {"//etc/passwd", "absolute path"},
      {"/dev/zero", "absolute path"},
      {".", "names a folder"},
      {"./", "names a folder"},
      {"a/..", "names a folder"},
      {nul, "not a path"},
      {std::string(5000, 'p'), "not a path"},
      {"none.bin", "No such file"},
      {"W.BIN", "No such file"},
      {"w.bin/x", "Not a directory"},
      {"sub\\w.bin", "backslashes"},
      {"C:\\w.bin", "backslashes"},
      {"*/_ORT_MEM_ADDR_/*", "No such file"},
  };
  for (const auto &[location, part] : cases)
    EXPECT_TRUE(failsWith(load(externalModel(location)), ImportError::BadInput, "w", {part}))
        << location;
}

TEST_F(ExternalData, NotRegularFiles) {
  folder.makeFolder("model/dir");
  ASSERT_EQ(mkfifo(folder.path("model/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(
      failsWith(load(externalModel("dir")), ImportError::BadInput, "w", {"is a directory"}));
  EXPECT_TRUE(
      failsWith(load(externalModel("pipe")), ImportError::BadInput, "w", {"not a regular file"}));
}

TEST_F(ExternalData, Links) {
  folder.link("w.bin", "model/inside");
  EXPECT_EQ(bytes(externalModel("inside")), "01234567");
  folder.link(folder.path("model/w.bin"), "model/absolute");
  EXPECT_EQ(bytes(externalModel("absolute")), "01234567");
  folder.write("model/sub/v.bin", "ABCDEFGH");
  folder.link("sub", "model/folder");
  EXPECT_EQ(bytes(externalModel("folder/v.bin")), "ABCDEFGH");

  folder.link("../outside.bin", "model/escape");
  EXPECT_TRUE(failsWith(load(externalModel("escape")), ImportError::BadInput, "w",
                        {"link to a file outside"}));
  folder.link("..", "model/up");
  EXPECT_TRUE(failsWith(load(externalModel("up/outside.bin")), ImportError::BadInput, "w",
                        {"link out of the model's folder"}));
  folder.link("/dev/zero", "model/zero");
  EXPECT_TRUE(failsWith(load(externalModel("zero")), ImportError::BadInput, "w",
                        {"link to a file outside"}));
  folder.link("loop", "model/loop");
  EXPECT_TRUE(
      failsWith(load(externalModel("loop")), ImportError::BadInput, "w", {"cannot be opened"}));
  // A folder whose name begins like the model's is not below it.
  folder.write("model2/w.bin", "ABCDEFGH");
  folder.link("../model2/w.bin", "model/sibling");
  EXPECT_TRUE(failsWith(load(externalModel("sibling")), ImportError::BadInput, "w",
                        {"link to a file outside"}));
}

TEST_F(ExternalData, CachesOfLinksIntoABlobStore) {
  folder.write("hub/blobs/1111", externalModel("m.onnx_data"));
  folder.write("hub/blobs/2222", "ABCDEFGH");
  folder.link("../../blobs/1111", "hub/snapshots/rev/m.onnx");
  folder.link("../../blobs/2222", "hub/snapshots/rev/m.onnx_data");
  EXPECT_EQ(bytes(OnnxModel::load(folder.path("hub/snapshots/rev/m.onnx"))), "ABCDEFGH");
  // Not through a folder, and not to elsewhere.
  folder.write("hub/blobs/3333", externalModel("blobs/2222"));
  folder.link("../../blobs/3333", "hub/snapshots/rev/n.onnx");
  folder.link("../../blobs", "hub/snapshots/rev/blobs");
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.path("hub/snapshots/rev/n.onnx")),
                        ImportError::BadInput, "w", {"link out of the model's folder"}));
  folder.write("hub/secret", "ABCDEFGH");
  folder.write("hub/blobs/4444", externalModel("s.bin"));
  folder.link("../../blobs/4444", "hub/snapshots/rev/s.onnx");
  folder.link("../../secret", "hub/snapshots/rev/s.bin");
  EXPECT_TRUE(failsWith(OnnxModel::load(folder.path("hub/snapshots/rev/s.onnx")),
                        ImportError::BadInput, "w", {"link to a file outside"}));
}

TEST_F(ExternalData, FilesThatChange) {
  auto model = load(externalModel("w.bin"));
  ASSERT_TRUE(isRead(model));
  std::string path = folder.path("model/w.bin");
  ASSERT_EQ(truncate(path.c_str(), 4), 0);
  EXPECT_TRUE(failsWith(model->materialise(*model->initializer("w")).takeError(),
                        ImportError::BadInput, "", {"replaced or cut"}));
  ASSERT_EQ(unlink(path.c_str()), 0);
  folder.link("../outside.bin", "model/w.bin");
  EXPECT_TRUE(failsWith(model->materialise(*model->initializer("w")).takeError(),
                        ImportError::BadInput, "", {"replaced or cut"}));
}

TEST_F(ExternalData, Checksums) {
  ModelProto model = externalModel("w.bin");
  auto *entry = model.mutable_graph()->mutable_initializer(0)->add_external_data();
  entry->set_key("checksum");
  // sha1sum of "0123456789abcdef".
  entry->set_value("FE5567E8D769550852182CDF69D74BB16DFF8E29");
  ImportOptions options;
  options.verifyChecksums = true;
  EXPECT_EQ(bytes(model, options), "01234567");
  entry->set_value(std::string(40, '0'));
  EXPECT_EQ(bytes(model), "01234567");
  EXPECT_TRUE(failsWith(load(model, options), ImportError::BadInput, "w",
                        {"fe5567e8d769550852182cdf69d74bb16dff8e29", "000"}));
}

} // namespace
