//===- TestModel.h - Models for tests, built in memory ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_IMPORT_TESTMODEL_H
#define MOEC_UNITTESTS_IMPORT_TESTMODEL_H

#include "lib/Import/AttributeType.h"
#include "lib/Import/OnnxModel.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace moec::test {

using Names = std::vector<std::string>;
using onnxpb::AttributeProto;
using onnxpb::FunctionProto;
using onnxpb::GraphProto;
using onnxpb::ModelProto;
using onnxpb::NodeProto;
using onnxpb::TensorProto;

/// A model with IR version 10, ai.onnx 21, the float input x [2, 3] and the float output y [2, 3],
/// and no nodes.
ModelProto emptyModel();
/// emptyModel with the node `relu`: y = Relu(x).
ModelProto reluModel();

NodeProto *addNode(google::protobuf::RepeatedPtrField<NodeProto> &nodes, const std::string &op,
                   const Names &inputs, const Names &outputs, const std::string &name = "");
inline NodeProto *addNode(ModelProto &model, const std::string &op, const Names &inputs,
                          const Names &outputs, const std::string &name = "") {
  return addNode(*model.mutable_graph()->mutable_node(), op, inputs, outputs, name);
}
AttributeProto *addAttribute(NodeProto *node, const std::string &name, AttributeType type);
void addInput(GraphProto *graph, const std::string &name, std::vector<int64_t> dims);
void addOutput(GraphProto *graph, const std::string &name, std::vector<int64_t> dims);
/// An initialiser of reluModel-like models with `bytes` in raw_data.
TensorProto *addInitializer(ModelProto &model, const std::string &name, DataType type,
                            std::vector<int64_t> dims, const std::string &bytes = "");
/// Points `tensor` to external data; empty values leave their key out.
void setExternal(TensorProto *tensor, const std::string &location, const std::string &offset = "",
                 const std::string &length = "");
/// A function of domain "local", which the model then imports in version 1, with ai.onnx 21 itself.
FunctionProto *addFunction(ModelProto &model, const std::string &name, const Names &inputs,
                           const Names &outputs);

llvm::Expected<OnnxModel> parse(const std::string &bytes, const ImportOptions &options = {});
llvm::Expected<OnnxModel> parse(const ModelProto &model, const ImportOptions &options = {});

/// The bytes of numbers in memory.
template <typename T>
std::string bytesOf(std::vector<T> numbers) {
  return {reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(T)};
}

/// Passes if `model` failed with this kind, an empty or given node, and all these parts of the
/// message.
testing::AssertionResult failsWith(llvm::Expected<OnnxModel> model, ImportError::Kind kind,
                                   const std::string &node, const Names &messageParts);
/// The same for any error.
testing::AssertionResult failsWith(llvm::Error error, ImportError::Kind kind,
                                   const std::string &node, const Names &messageParts);
/// Passes if `model` was read; prints the error otherwise.
testing::AssertionResult isRead(llvm::Expected<OnnxModel> &model);

/// A fresh folder below the system's temporary one, removed with all it contains at the end.
class TempFolder {
public:
  TempFolder();
  ~TempFolder();
  /// Path of an entry.
  std::string path(const std::string &name) const { return root + "/" + name; }
  /// Writes a file, making its folders, and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const;
  std::string write(const std::string &name, const ModelProto &model) const;
  /// Makes a folder / a symbolic link with this text.
  void makeFolder(const std::string &name) const;
  void link(const std::string &target, const std::string &name) const;

private:
  std::string root;
};

} // namespace moec::test

#endif // MOEC_UNITTESTS_IMPORT_TESTMODEL_H
