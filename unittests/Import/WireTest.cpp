//===- WireTest.cpp - Tests of malformed protobuf bytes ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

using namespace moec;
using namespace moec::test;

namespace {

std::string varint(uint64_t value) {
  std::string result;
  for (; value >= 0x80; value >>= 7)
    result.push_back(char(value | 0x80));
  result.push_back(char(value));
  return result;
}

std::string tag(unsigned number, unsigned wire) { return varint(uint64_t(number) << 3 | wire); }

std::string field(unsigned number, const std::string &bytes) {
  return tag(number, 2) + varint(bytes.size()) + bytes;
}

/// ir_version 10 and opset 21.
const std::string head = tag(1, 0) + varint(10) + field(8, tag(2, 0) + varint(21));

/// A model around the fields of its graph.
std::string model(const std::string &graph) { return head + field(7, graph); }

/// A model around the fields of the only initialiser.
std::string tensorModel(const std::string &tensor) { return model(field(5, tensor)); }

TEST(Wire, BrokenEncodings) {
  struct Case {
    std::string bytes, path, part;
  };
  const std::string elevenBytes(11, '\x80');
  const std::vector<Case> cases = {
      {head + elevenBytes, "", "more than 5 bytes"},
      {tag(1, 0) + elevenBytes, "ir_version", "more than 10 bytes"},
      {head + varint(0), "", "field number 0"},
      {head + std::string("\xff\xff\xff\xff\x7f", 5), "", "field number"},
      {head + tag(100, 6) + "x", "", "wire type 6"},
      {head + tag(100, 7) + "x", "", "wire type 7"},
      {head + tag(100, 4), "", "a group ends"},
      {head + tag(100, 3) + tag(101, 4), "", "a group ends"},
      {head + tag(100, 3), "", "truncated"},
      {head + tag(7, 0) + varint(1), "graph", "wire type 0 instead of 2"},
      {tag(1, 2) + varint(1) + "x", "ir_version", "wire type 2 instead of 0"},
      {head + tag(7, 2) + varint(1000) + "x", "graph", "truncated"},
      {head + tag(7, 2) + varint(UINT64_MAX), "graph", "truncated"},
      {head + tag(7, 2) + varint(uint64_t(1) << 63), "graph", "truncated"},
      {model(tag(1, 2) + varint(5) + "a") + field(9, "padding"), "graph.node[0]",
       "runs past the end of the message"},
      {model(field(1, tag(1, 2))), "graph.node[0].input[0]", "truncated"},
      {model(field(1, field(1, "\xc0\x80"))), "graph.node[0].input[0]", "not valid UTF-8"},
      {model(field(2, "\xff")), "graph.name", "not valid UTF-8"},
      {tensorModel(tag(1, 2) + varint(2) + "\x01\x80"), "graph.initializer[0].dims", "packed list"},
      {tensorModel(tag(1, 2) + varint(11) + elevenBytes), "graph.initializer[0].dims",
       "packed list"},
      {tensorModel(field(4, "abc")), "graph.initializer[0].float_data", "packed list"},
      {tensorModel(field(10, "abcd")), "graph.initializer[0].double_data", "packed list"},
      {tensorModel(field(9, "abcd") + field(9, "abcd")), "graph.initializer[0].raw_data",
       "occurs twice"},
      {tensorModel(tag(4, 5) + "abc"), "graph.initializer[0].float_data", "truncated"},
      {tensorModel(tag(4, 0) + varint(1)), "graph.initializer[0].float_data", "instead of 5"},
      {tensorModel(tag(10, 5) + "abcd"), "graph.initializer[0].double_data", "instead of 1"},
  };
  for (const Case &c : cases)
    EXPECT_TRUE(failsWith(parse(c.bytes), ImportError::BadInput, c.path, {"at byte", c.part}))
        << c.path << ": " << c.part;
}

TEST(Wire, UnknownFieldsAreSkipped) {
  std::string group = tag(900, 3) + tag(1, 0) + varint(7) + tag(901, 3) + field(3, "deep") +
                      tag(901, 4) + tag(900, 4);
  std::string unknown = tag(500, 0) + varint(1) + tag(501, 1) + "12345678" + tag(502, 5) + "1234" +
                        field(503, "text") + group;
  std::string bytes =
      unknown + head + unknown +
      field(7, unknown + field(1, unknown + field(1, "x") + field(2, "y") + field(4, "Relu")) +
                   field(11, field(1, "x")) + field(12, field(1, "y")) + unknown);
  auto result = parse(bytes);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(result->graph().node(0).name(), "Relu#0");
  EXPECT_EQ(result->proto().unknown_fields(), "");
}

TEST(Wire, FieldsOfTheReaderAreNotTakenFromFiles) {
  // file_offset and file_bytes of a tensor, resolved_opset of a node.
  std::string tensor = field(8, "w") + tag(1, 0) + varint(1) + tag(2, 0) + varint(1) +
                       tag(1000, 0) + varint(0) + tag(1001, 0) + varint(4);
  EXPECT_TRUE(failsWith(parse(tensorModel(tensor)), ImportError::BadInput, "w",
                        {"needs 4 bytes of data and has 0"}));
  ModelProto forged = reluModel();
  forged.mutable_graph()->mutable_node(0)->set_resolved_opset(3);
  auto result = parse(forged);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(OnnxModel::opsetVersion(result->graph().node(0)), 21);
}

TEST(Wire, PackedAndUnpackedListsAndRepeatedScalars) {
  std::string tensor = field(8, "w") + field(1, varint(1)) + tag(1, 0) + varint(3) + tag(2, 0) +
                       varint(7) + tag(2, 0) + varint(1) + // The last one counts.
                       tag(4, 5) + std::string("\0\0\x80\x3f", 4) +
                       field(4, std::string("\0\0\0\x40\0\0\x40\x40", 8));
  auto result = parse(tensorModel(tensor));
  ASSERT_TRUE(isRead(result));
  const OnnxTensor *w = result->initializer("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->dims, (llvm::SmallVector<int64_t, 4>{1, 3}));
  EXPECT_EQ(w->type->type, DataType::Float);
  auto bytes = result->materialise(*w);
  ASSERT_TRUE(bool(bytes));
  EXPECT_EQ(std::string(bytes->data(), bytes->size()), bytesOf<float>({1, 2, 3}));
}

TEST(Wire, SplitMessagesAreMerged) {
  std::string bytes = head + field(7, field(1, field(1, "x") + field(2, "y") + field(4, "Relu"))) +
                      field(7, field(11, field(1, "x")) + field(12, field(1, "y")));
  auto result = parse(bytes);
  ASSERT_TRUE(isRead(result));
  EXPECT_EQ(result->graph().input_size(), 1);
  EXPECT_EQ(result->graph().node_size(), 1);
}

/// `depth` types of sequences around each other.
std::string nestedType(unsigned depth) {
  std::string type = field(1, tag(1, 0) + varint(1));
  for (unsigned i = 0; i < depth; ++i)
    type = field(4, field(1, type));
  return type;
}

TEST(Wire, Nesting) {
  auto graph = [](const std::string &type) {
    return model(field(11, field(1, "x") + field(2, type)) + field(12, field(1, "x")));
  };
  auto shallow = parse(graph(nestedType(40)));
  EXPECT_TRUE(isRead(shallow));
  auto deep = parse(graph(nestedType(2000)));
  ASSERT_FALSE(bool(deep));
  llvm::handleAllErrors(deep.takeError(), [](ImportError &error) {
    EXPECT_EQ(error.kind, ImportError::Resource);
    EXPECT_NE(error.message.find("--limit message-depth=N"), std::string::npos);
  });
  std::string groups;
  for (int i = 0; i < 100000; ++i)
    groups += tag(900, 3);
  EXPECT_TRUE(
      failsWith(parse(head + groups), ImportError::Resource, "", {"--limit message-depth=N"}));
}

TEST(Wire, Limits) {
  ImportOptions options;
  options.limits.nodes = 2;
  ModelProto three = emptyModel();
  addNode(three, "Relu", {"x"}, {"a"});
  addNode(three, "Relu", {"a"}, {"b"});
  addNode(three, "Relu", {"b"}, {"y"});
  EXPECT_TRUE(failsWith(parse(three, options), ImportError::Resource, "graph.node[2]",
                        {"limit of 2", "--limit nodes=N"}));
  options = {};
  options.limits.tensors = 1;
  ModelProto tensors = reluModel();
  addInitializer(tensors, "a", DataType::Float, {0});
  addInitializer(tensors, "b", DataType::Float, {0});
  EXPECT_TRUE(failsWith(parse(tensors, options), ImportError::Resource, "graph.initializer[1]",
                        {"--limit tensors=N"}));
  ModelProto named = reluModel();
  named.mutable_graph()->mutable_node(0)->set_name(std::string(70000, 'n'));
  EXPECT_TRUE(failsWith(parse(named), ImportError::Resource, "graph.node[0].name",
                        {"70000 bytes", "--limit name-bytes=N"}));
  ModelProto ranked = emptyModel();
  for (int i = 0; i < 65; ++i)
    ranked.mutable_graph()
        ->mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->add_dim();
  EXPECT_TRUE(failsWith(parse(ranked), ImportError::Resource,
                        "graph.input[0].type.tensor_type.shape.dim[64]", {"--limit rank=N"}));
  options = {};
  options.limits.parsedBytes = 100000;
  // Two bytes each on the wire, a hundred times that in memory.
  std::string bomb;
  for (int i = 0; i < 10000; ++i)
    bomb += field(1, "");
  auto result = parse(model(bomb), options);
  ASSERT_FALSE(bool(result));
  llvm::handleAllErrors(result.takeError(), [](ImportError &error) {
    EXPECT_EQ(error.kind, ImportError::Resource);
    EXPECT_NE(error.message.find("--limit parsed-bytes=N"), std::string::npos);
  });
}

} // namespace
