//===- SchemaTest.cpp - The scanner's schema against onnx.proto -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/WireSchema.h"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>

using namespace moec;

namespace {

struct ProtoField {
  bool repeated;
  std::string type, name;
};
/// Fields by number of every message of onnx.proto, by name without what it is nested in.
using ProtoMessages = std::map<std::string, std::map<uint32_t, ProtoField>>;

ProtoMessages readProto() {
  std::ifstream file(MOEC_SOURCE_DIR "/lib/Import/onnx.proto");
  const std::regex message("^ *message (\\w+) \\{"), closing("^ *\\}"), oneof("^ *oneof \\w+ \\{"),
      field("^ *(?:(repeated|optional) )?([\\w.]+) (\\w+) = (\\d+)( \\[.*\\])?;");
  ProtoMessages result;
  std::vector<std::string> open;
  std::string line;
  std::smatch match;
  while (std::getline(file, line)) {
    if (std::regex_search(line, match, message))
      open.push_back(match[1]);
    else if (std::regex_search(line, oneof))
      open.push_back(open.back());
    else if (std::regex_search(line, closing))
      open.pop_back();
    else if (!open.empty() && std::regex_search(line, match, field))
      result[open.back()][std::stoul(match[4])] = {match[1] == "repeated", match[2], match[3]};
  }
  return result;
}

bool kindMatches(FieldKind kind, const ProtoField &field) {
  const std::string &type = field.type;
  bool isVarint = type == "int32" || type == "int64" || type == "uint64";
  switch (kind) {
  case FieldKind::Varint:
    return isVarint && !field.repeated;
  case FieldKind::Varints:
    return isVarint && field.repeated;
  case FieldKind::Fixed32:
    return type == "float" && !field.repeated;
  case FieldKind::Fixed32s:
    return type == "float" && field.repeated;
  case FieldKind::Fixed64s:
    return type == "double" && field.repeated;
  case FieldKind::Bytes:
  case FieldKind::RawData:
    return type == "string" || type == "bytes";
  case FieldKind::Name:
    return type == "string";
  case FieldKind::Message:
  case FieldKind::RankedMessage:
  case FieldKind::Ignored:
    return std::isupper(type[0]);
  }
  return false;
}

void compare(const std::string &name, const MessageSchema &schema, const ProtoMessages &messages,
             std::set<std::string> &seen) {
  if (!seen.insert(name).second)
    return;
  SCOPED_TRACE(name);
  auto fields = messages.at(name);
  EXPECT_LE(schema.fields.size(), size_t(MessageSchema::maxFields));
  for (const FieldSchema &field : schema.fields) {
    SCOPED_TRACE(field.name.str());
    ASSERT_TRUE(fields.count(field.number));
    const ProtoField &expected = fields[field.number];
    EXPECT_EQ(field.name, expected.name);
    EXPECT_TRUE(kindMatches(field.kind, expected)) << expected.type;
    bool isList = field.kind == FieldKind::Message || field.kind == FieldKind::RankedMessage ||
                  field.kind == FieldKind::Bytes || field.kind == FieldKind::Name;
    if (isList)
      EXPECT_EQ(field.repeated, expected.repeated);
    EXPECT_EQ(field.message != nullptr,
              std::isupper(expected.type[0]) && field.kind != FieldKind::Ignored);
    if (field.message)
      compare(expected.type, *field.message, messages, seen);
    fields.erase(field.number);
  }
  for (const auto &[number, field] : fields)
    EXPECT_GE(number, 1000u) << "the scanner would drop " << field.name;
}

TEST(Schema, ScannerAndProtoAgree) {
  ProtoMessages messages = readProto();
  ASSERT_GT(messages.size(), 20u);
  std::set<std::string> seen;
  compare("ModelProto", modelSchema, messages, seen);
  EXPECT_GE(seen.size(), 18u);
}

} // namespace
