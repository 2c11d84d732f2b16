//===- TestModel.cpp - Models for tests, built in memory --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace llvm;
using namespace moec;
using namespace moec::test;

static void setType(onnxpb::ValueInfoProto *info, const std::string &name,
                    const std::vector<int64_t> &dims) {
  info->set_name(name);
  auto *type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(int32_t(DataType::Float));
  for (int64_t dim : dims)
    type->mutable_shape()->add_dim()->set_dim_value(dim);
}

ModelProto test::emptyModel() {
  ModelProto model;
  model.set_ir_version(10);
  model.add_opset_import()->set_version(21);
  model.mutable_graph()->set_name("g");
  addInput(model.mutable_graph(), "x", {2, 3});
  addOutput(model.mutable_graph(), "y", {2, 3});
  return model;
}

ModelProto test::reluModel() {
  ModelProto model = emptyModel();
  addNode(model, "Relu", {"x"}, {"y"}, "relu");
  return model;
}

NodeProto *test::addNode(google::protobuf::RepeatedPtrField<NodeProto> &nodes,
                         const std::string &op, const Names &inputs, const Names &outputs,
                         const std::string &name) {
  NodeProto *node = nodes.Add();
  node->set_op_type(op);
  if (!name.empty())
    node->set_name(name);
  for (const std::string &input : inputs)
    node->add_input(input);
  for (const std::string &output : outputs)
    node->add_output(output);
  return node;
}

AttributeProto *test::addAttribute(NodeProto *node, const std::string &name, AttributeType type) {
  AttributeProto *attribute = node->add_attribute();
  attribute->set_name(name);
  if (type != UndefinedAttribute)
    attribute->set_type(type);
  return attribute;
}

void test::addInput(GraphProto *graph, const std::string &name, std::vector<int64_t> dims) {
  setType(graph->add_input(), name, dims);
}

void test::addOutput(GraphProto *graph, const std::string &name, std::vector<int64_t> dims) {
  setType(graph->add_output(), name, dims);
}

TensorProto *test::addInitializer(ModelProto &model, const std::string &name, DataType type,
                                  std::vector<int64_t> dims, const std::string &bytes) {
  TensorProto *tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(int32_t(type));
  for (int64_t dim : dims)
    tensor->add_dims(dim);
  if (!bytes.empty())
    tensor->set_raw_data(bytes);
  return tensor;
}

void test::setExternal(TensorProto *tensor, const std::string &location, const std::string &offset,
                       const std::string &length) {
  tensor->set_data_location(1);
  tensor->clear_external_data();
  auto add = [&](const char *key, const std::string &value) {
    if (value.empty())
      return;
    auto *entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
}

FunctionProto *test::addFunction(ModelProto &model, const std::string &name, const Names &inputs,
                                 const Names &outputs) {
  if (model.opset_import_size() < 2) {
    auto *import = model.add_opset_import();
    import->set_domain("local");
    import->set_version(1);
  }
  FunctionProto *function = model.add_functions();
  function->set_domain("local");
  function->set_name(name);
  for (const std::string &input : inputs)
    function->add_input(input);
  for (const std::string &output : outputs)
    function->add_output(output);
  function->add_opset_import()->set_version(21);
  auto *local = function->add_opset_import();
  local->set_domain("local");
  local->set_version(1);
  return function;
}

Expected<OnnxModel> test::parse(const std::string &bytes, const ImportOptions &options) {
  return OnnxModel::parse(ArrayRef<char>(bytes.data(), bytes.size()), "test.onnx", options);
}

Expected<OnnxModel> test::parse(const ModelProto &model, const ImportOptions &options) {
  return parse(model.SerializeAsString(), options);
}

testing::AssertionResult test::failsWith(Error error, ImportError::Kind kind,
                                         const std::string &node, const Names &messageParts) {
  if (!error)
    return testing::AssertionFailure() << "succeeded";
  testing::AssertionResult result = testing::AssertionSuccess();
  handleAllErrors(
      std::move(error),
      [&](ImportError &actual) {
        bool matches = actual.kind == kind && actual.node == node && !actual.file.empty();
        for (const std::string &part : messageParts)
          matches &= StringRef(actual.message).contains(part);
        if (!matches)
          result = testing::AssertionFailure() << "kind " << actual.kind << ", node '"
                                               << actual.node << "', message: " << actual.message;
      },
      [&](ErrorInfoBase &other) {
        result = testing::AssertionFailure() << "not an ImportError: " << other.message();
      });
  return result;
}

testing::AssertionResult test::failsWith(Expected<OnnxModel> model, ImportError::Kind kind,
                                         const std::string &node, const Names &messageParts) {
  return failsWith(model.takeError(), kind, node, messageParts);
}

testing::AssertionResult test::isRead(Expected<OnnxModel> &model) {
  if (model)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << toString(model.takeError());
}

TempFolder::TempFolder() {
  SmallString<128> path;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  sys::path::append(path, "moec-import-XXXXXX");
  std::string pattern = path.str().str();
  root = mkdtemp(pattern.data()) ? pattern : "";
  EXPECT_FALSE(root.empty());
}

TempFolder::~TempFolder() {
  if (!root.empty())
    (void)sys::fs::remove_directories(root);
}

std::string TempFolder::write(const std::string &name, const std::string &bytes) const {
  std::string file = path(name);
  (void)sys::fs::create_directories(sys::path::parent_path(file));
  std::ofstream stream(file, std::ios::binary);
  stream << bytes;
  EXPECT_TRUE(stream.good());
  return file;
}

std::string TempFolder::write(const std::string &name, const ModelProto &model) const {
  return write(name, model.SerializeAsString());
}

void TempFolder::makeFolder(const std::string &name) const {
  EXPECT_FALSE(sys::fs::create_directories(path(name)));
}

void TempFolder::link(const std::string &target, const std::string &name) const {
  std::string file = path(name);
  (void)sys::fs::create_directories(sys::path::parent_path(file));
  EXPECT_EQ(symlink(target.c_str(), file.c_str()), 0);
}
