//===- OnnxModel.cpp - A checked ONNX model in memory -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/OnnxModel.h"
#include "lib/Import/Container.h"
#include "lib/Import/FunctionInliner.h"
#include "lib/Import/GraphChecker.h"
#include "lib/Import/SparseTensor.h"
#include "lib/Import/TensorData.h"
#include "lib/Import/WireScanner.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>

using namespace llvm;
using namespace moec;

struct OnnxModel::Impl {
  ImportContext context;
  std::unique_ptr<FileSource> file; // Null for models from memory.
  onnxpb::ModelProto proto;
  OpsetMap opsets;
  std::optional<TensorReader> reader;
  std::vector<OnnxTensor> initializers;
  StringMap<size_t> initializerIndex;
  StringSet<> inputs;

  Error read(const ByteSource &source);
  Error parse(const ByteSource &source);
  Error checkVersion();
  Error checkTensors(const onnxpb::GraphProto &graph, bool isTop);
  Error checkTensor(const onnxpb::TensorProto &tensor, StringRef owner, OnnxTensor *result);
};

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

Expected<OnnxModel> OnnxModel::load(StringRef path, const ImportOptions &options) {
  auto impl = std::make_unique<Impl>();
  impl->context.fileName = path.str();
  impl->context.options = options;
  Expected<std::unique_ptr<FileSource>> file = FileSource::open(path);
  if (!file)
    return file.takeError();
  impl->file = std::move(*file);
  StringRef folder = options.externalDataDir;
  if (folder.empty())
    folder = sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  impl->reader.emplace(impl->context, impl->file.get(), folder);
  if (Error error = impl->read(*impl->file))
    return std::move(error);
  return OnnxModel(std::move(impl));
}

Expected<OnnxModel> OnnxModel::parse(ArrayRef<char> bytes, StringRef name,
                                     const ImportOptions &options) {
  auto impl = std::make_unique<Impl>();
  impl->context.fileName = name.str();
  impl->context.options = options;
  // There is no file that weights could stay in.
  impl->context.options.mappedBytes = UINT64_MAX;
  impl->reader.emplace(impl->context, nullptr, options.externalDataDir);
  if (Error error = impl->read(MemorySource(bytes)))
    return std::move(error);
  return OnnxModel(std::move(impl));
}

Error OnnxModel::Impl::read(const ByteSource &source) {
  if (Error error = parse(source))
    return error;
  if (Error error = checkVersion())
    return error;
  if (Error error = readOpsets(proto.opset_import(), "", context, opsets))
    return error;
  if (Error error = inlineFunctions(proto, opsets, context))
    return error;
  uint64_t sparseBudget = context.limits().sparseDenseBytes;
  if (Error error = densifyGraph(*proto.mutable_graph(), sparseBudget, *reader, context))
    return error;
  if (Error error = checkGraph(*proto.mutable_graph(), context))
    return error;
  for (const onnxpb::ValueInfoProto &input : proto.graph().input())
    inputs.insert(input.name());
  return checkTensors(proto.graph(), /*isTop=*/true);
}

Error OnnxModel::Impl::parse(const ByteSource &source) {
  if (source.size() > context.limits().fileBytes)
    return context.overLimit("", "the size of the file", &ImportLimits::fileBytes);
  std::string foreign = describeForeignFile(source);
  if (!foreign.empty())
    return context.bad("", foreign);
  Expected<ScannedModel> scanned = scanModel(source, context.fileName, context.options);
  if (!scanned && looksLikeText(source)) {
    consumeError(scanned.takeError());
    return context.bad("", "the file is text, not a serialized ONNX model; convert ONNX text with "
                           "onnx.save, and name MLIR files .mlir");
  }
  if (!scanned)
    return scanned.takeError();
  for (const std::string &field : scanned->ignoredFields)
    context.note(field + " of the model has no influence on inference and is ignored");

  // The scanner has bounded the nesting; protobuf's own limit must only not be smaller.
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(scanned->message.data()), scanned->message.size());
  stream.SetRecursionLimit(context.limits().messageDepth + 8);
  if (!proto.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return context.bad("", "the file is damaged or not an ONNX model; copy or export it again");
  return Error::success();
}

Error OnnxModel::Impl::checkVersion() {
  if (!proto.has_ir_version() && !proto.has_graph())
    return context.bad("", "the file holds no ONNX model (neither ir_version nor graph); export or "
                           "copy it again");
  if (!proto.has_ir_version())
    return context.bad("", "the model has no ir_version; export it again");
  if (proto.ir_version() < 1)
    return context.bad("", "the model has the IR version " + Twine(proto.ir_version()) +
                               ", and versions start at 1; export it again");
  if (proto.ir_version() < minIRVersion)
    return context.unsupported("", "the model has the IR version " + Twine(proto.ir_version()) +
                                       " of 2017, before operator sets; convert it with the onnx "
                                       "package to IR version " +
                                       Twine(minIRVersion) + " or later");
  if (proto.ir_version() > maxIRVersion) {
    if (!context.options.allowNewerIR)
      return context.unsupported("", "the model has the IR version " + Twine(proto.ir_version()) +
                                         ", and this reader knows versions up to " +
                                         Twine(maxIRVersion) +
                                         "; export it for an older version, or allow newer ones "
                                         "with --allow-newer-ir");
    context.note("the model has the IR version " + Twine(proto.ir_version()) +
                 ", newer than the newest known one; what is new in it is ignored");
  }
  if (!proto.has_graph())
    return context.bad("", "the model has no graph; a library of functions cannot be compiled");
  return Error::success();
}

Error OnnxModel::Impl::checkTensor(const onnxpb::TensorProto &tensor, StringRef owner,
                                   OnnxTensor *result) {
  std::vector<std::string> unknownKeys;
  Expected<OnnxTensor> checked = reader->check(tensor, owner, &unknownKeys);
  if (!checked)
    return checked.takeError();
  for (const std::string &key : unknownKeys)
    context.note("the key " + quoteName(key) + " of external data is unknown and ignored");
  if (result)
    *result = std::move(*checked);
  return Error::success();
}

Error OnnxModel::Impl::checkTensors(const onnxpb::GraphProto &graph, bool isTop) {
  if (isTop)
    initializers.reserve(graph.initializer_size());
  for (const onnxpb::TensorProto &tensor : graph.initializer()) {
    OnnxTensor *result = nullptr;
    if (isTop) {
      initializerIndex.try_emplace(tensor.name(), initializers.size());
      result = &initializers.emplace_back();
    }
    if (Error error = checkTensor(tensor, "", result))
      return error;
  }
  for (const onnxpb::NodeProto &node : graph.node()) {
    for (const onnxpb::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_t())
        if (Error error = checkTensor(attribute.t(), node.name(), nullptr))
          return error;
      for (const onnxpb::TensorProto &tensor : attribute.tensors())
        if (Error error = checkTensor(tensor, node.name(), nullptr))
          return error;
      if (attribute.has_g())
        if (Error error = checkTensors(attribute.g(), /*isTop=*/false))
          return error;
      for (const onnxpb::GraphProto &nested : attribute.graphs())
        if (Error error = checkTensors(nested, /*isTop=*/false))
          return error;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

OnnxModel::OnnxModel(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
OnnxModel::OnnxModel(OnnxModel &&) = default;
OnnxModel &OnnxModel::operator=(OnnxModel &&) = default;
OnnxModel::~OnnxModel() = default;

const onnxpb::ModelProto &OnnxModel::proto() const { return impl->proto; }
StringRef OnnxModel::fileName() const { return impl->context.fileName; }
const ImportLimits &OnnxModel::limits() const { return impl->context.limits(); }
ArrayRef<std::string> OnnxModel::notes() const { return impl->context.notes; }
ArrayRef<OnnxTensor> OnnxModel::initializers() const { return impl->initializers; }

int64_t OnnxModel::opsetVersion(StringRef domain) const {
  return impl->opsets.lookup(domain == "ai.onnx" ? "" : domain);
}

const OnnxTensor *OnnxModel::initializer(StringRef name) const {
  auto entry = impl->initializerIndex.find(name);
  return entry == impl->initializerIndex.end() ? nullptr : &impl->initializers[entry->second];
}

bool OnnxModel::isOverridable(StringRef initializer) const {
  return impl->proto.ir_version() >= 4 && impl->initializerIndex.contains(initializer) &&
         impl->inputs.contains(initializer);
}

Expected<OnnxTensor> OnnxModel::tensor(const onnxpb::TensorProto &proto, StringRef owner) const {
  return impl->reader->check(proto, owner);
}

Expected<std::vector<char>> OnnxModel::materialise(const OnnxTensor &tensor,
                                                   uint64_t maxBytes) const {
  return impl->reader->materialise(tensor, maxBytes);
}

Expected<std::vector<StringRef>> OnnxModel::strings(const OnnxTensor &tensor) const {
  return impl->reader->strings(tensor);
}

std::vector<std::string> OnnxModel::externalFiles() const { return impl->reader->externalFiles(); }

Error OnnxModel::makeError(ImportError::Kind kind, StringRef node, const Twine &message) const {
  return make_error<ImportError>(kind, impl->context.fileName, node, message);
}
