//===- OnnxModel.h - A checked ONNX model in memory -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way from a file to something that can be trusted: the wire format is checked against the
// schema and the limits, local functions are inlined, attribute references substituted, sparse
// initialisers made dense, nodes sorted, names and tensors checked. What is left to the user of
// this class is the meaning of operators and types.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_ONNXMODEL_H
#define MOEC_IMPORT_ONNXMODEL_H

#include "lib/Import/DataType.h"
#include "lib/Import/ImportError.h"
#include "lib/Import/ImportOptions.h"
#include "lib/Import/onnx.pb.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moec {

/// Bytes of a tensor in a file: the raw little-endian elements, nothing else.
struct FileRange {
  std::string path; ///< Canonical path of a regular file.
  uint64_t offset;  ///< In bytes; any alignment.
  uint64_t bytes;   ///< offset + bytes is within the file as it was at load time.
};

/// A tensor whose shape, element type and amount of data have been checked against each other.
/// Refers to the model's message and lives as long as the model.
struct OnnxTensor {
  llvm::StringRef name;               ///< May be empty for tensors in attributes.
  llvm::SmallVector<int64_t, 4> dims; ///< No negative values; empty for a scalar.
  const DataTypeInfo *type = nullptr;
  uint64_t elements = 0; ///< Product of dims.
  uint64_t bytes = 0;    ///< Of the packed elements; 0 for strings.
  /// Where the elements lie on disk: external data, or large raw_data of the model file itself.
  std::optional<FileRange> range;
  const onnxpb::TensorProto *proto = nullptr;

  /// The elements where they are in memory in host order already; empty where they are on disk or
  /// in a typed field (then OnnxModel::materialise converts).
  llvm::ArrayRef<char> inlineBytes() const;
};

/// Reads, checks and owns one model. Immutable after loading: all members may be called from
/// several threads at once.
class OnnxModel {
public:
  /// The newest IR version that is read without ImportOptions::allowNewerIR.
  static constexpr int64_t maxIRVersion = 14;
  /// The oldest IR version that is read.
  static constexpr int64_t minIRVersion = 3;

  /// Reads the file `path`. Every error is an ImportError.
  static llvm::Expected<OnnxModel> load(llvm::StringRef path, const ImportOptions &options = {});
  /// Reads a model from memory; `name` stands for the file in messages. External data is refused
  /// unless options.externalDataDir is set. The bytes need not outlive the call.
  static llvm::Expected<OnnxModel> parse(llvm::ArrayRef<char> bytes, llvm::StringRef name,
                                         const ImportOptions &options = {});

  OnnxModel(OnnxModel &&);
  OnnxModel &operator=(OnnxModel &&);
  ~OnnxModel();

  /// The model, with these promises, nested graphs included: no local functions and no attribute
  /// references are left; sparse initialisers and sparse Constants are dense; nodes are sorted;
  /// names are valid UTF-8; a value is defined once per graph, before its uses; value, node and
  /// initialiser names that are referred to are not empty; every node has a name (`Op#index` where
  /// the file has none), a `resolved_opset`, "" for the domain "ai.onnx" and unique attribute
  /// names; every attribute has the `type` that matches its only value; every tensor passes
  /// `tensor`.
  const onnxpb::ModelProto &proto() const;
  const onnxpb::GraphProto &graph() const { return proto().graph(); }
  /// The path or name given to load or parse.
  llvm::StringRef fileName() const;
  /// What the model was read with.
  const ImportLimits &limits() const;

  /// The operator set version that a node's operator is to be read with.
  static int64_t opsetVersion(const onnxpb::NodeProto &node) { return node.resolved_opset(); }
  /// The model's import of a domain ("" is ai.onnx); 0 where it is not imported.
  int64_t opsetVersion(llvm::StringRef domain) const;

  /// The initialiser of the top-level graph with this name, or null.
  const OnnxTensor *initializer(llvm::StringRef name) const;
  /// All initialisers of the top-level graph in file order, sparse ones last.
  llvm::ArrayRef<OnnxTensor> initializers() const;
  /// Whether callers may replace this initialiser: it is also a graph input, and the IR version is
  /// at least 4. (Before, initialisers had to be listed as inputs and are constants.)
  bool isOverridable(llvm::StringRef initializer) const;

  /// Checked view of any tensor of this model (a nested graph's initialiser, an attribute); `owner`
  /// is the node named in errors, usually nodeName(node).
  llvm::Expected<OnnxTensor> tensor(const onnxpb::TensorProto &proto, llvm::StringRef owner) const;
  /// The elements as packed host (little-endian) bytes from wherever they are, tensor.bytes many.
  /// Booleans are 0 or 1. Strings are an error. Tensors above `maxBytes` are ImportError::Resource.
  llvm::Expected<std::vector<char>> materialise(const OnnxTensor &tensor,
                                                uint64_t maxBytes = uint64_t(1) << 31) const;
  /// The elements of a string tensor.
  llvm::Expected<std::vector<llvm::StringRef>> strings(const OnnxTensor &tensor) const;

  /// Canonical paths of the files that tensors checked so far, all initialisers among them, are in.
  std::vector<std::string> externalFiles() const;

  /// Things that were accepted and ignored or changed, one sentence each, for a warning or remark.
  llvm::ArrayRef<std::string> notes() const;

  /// An error about this file; `node` is a raw name, `message` must have names escaped (quoteName).
  llvm::Error makeError(ImportError::Kind kind, llvm::StringRef node,
                        const llvm::Twine &message) const;

private:
  struct Impl;
  explicit OnnxModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace moec

#endif // MOEC_IMPORT_ONNXMODEL_H
