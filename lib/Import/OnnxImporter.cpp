//===- OnnxImporter.cpp - From a loaded ONNX model to MLIR ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/OnnxImporter.h"

#include "dialects/ONNX/Transforms/Passes.h"
#include "dialects/RT/IR/RT.h"
#include "lib/Import/GraphImporter.h"
#include "lib/Import/TensorAttribute.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace moec;

GraphImporter::GraphImporter(const OnnxModel &model, MLIRContext *context,
                             const OnnxImporterOptions &options)
    : model(model), context(context), options(options), builder(context),
      shapes({/*readConstants=*/true, /*quiet=*/false}) {}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

llvm::Error GraphImporter::overLimit(StringRef node, const Twine &what,
                                     uint64_t ImportLimits::*limit) const {
  return model.makeError(ImportError::Resource, node,
                         describeExcess(model.limits(), limit, what.str()));
}

llvm::Error GraphImporter::checkType(StringRef node, const Twine &what, Type type) const {
  auto tensor = dyn_cast_or_null<RankedTensorType>(type);
  if (!tensor)
    return llvm::Error::success();
  const ImportLimits &limits = model.limits();
  if (static_cast<uint64_t>(tensor.getRank()) > limits.rank)
    return overLimit(node, "the rank " + Twine(tensor.getRank()) + " of " + what,
                     &ImportLimits::rank);
  // Sizes of zero count as one: strides of what is empty must fit as well.
  unsigned bits = tensor.getElementType().isIntOrFloat() ? tensor.getElementTypeBitWidth() : 64;
  uint64_t bytes = std::max(1u, bits / 8);
  for (int64_t size : tensor.getShape())
    if (size > 0)
      bytes = llvm::SaturatingMultiply<uint64_t>(bytes, size);
  if (bytes <= limits.tensorBytes)
    return llvm::Error::success();
  std::string text;
  llvm::raw_string_ostream(text) << "the size of " << what.str() << " " << Type(type);
  return overLimit(node, text, &ImportLimits::tensorBytes);
}

llvm::Expected<DenseElementsAttr> GraphImporter::constant(const OnnxTensor &tensor) {
  // MLIR holds an element of less than a byte in one.
  uint64_t each = std::max<uint64_t>(1, tensor.type->bits / 8);
  uint64_t bytes = llvm::SaturatingMultiply<uint64_t>(tensor.elements, each);
  constantBytes = llvm::SaturatingAdd(constantBytes, bytes);
  if (constantBytes > model.limits().constantBytes)
    return overLimit(tensor.name,
                     "the size of all constants, of which this one takes " + Twine(bytes) +
                         " bytes,",
                     &ImportLimits::constantBytes);
  return getConstant(context, model, tensor);
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

/// The tensor type of an input or output and the names of its sizes. Digits are static sizes.
llvm::Expected<TensorType> GraphImporter::readType(const onnxpb::ValueInfoProto &info,
                                                   SmallVectorImpl<std::string> &dimNames) {
  if (!info.type().has_tensor_type())
    return model.makeError(ImportError::Unsupported, info.name(),
                           "inputs and outputs that are no dense tensors");
  const onnxpb::TypeProto::Tensor &tensor = info.type().tensor_type();
  const DataTypeInfo *dataType = lookupDataType(tensor.elem_type());
  if (!dataType)
    return model.makeError(ImportError::BadInput, info.name(),
                           "element type " + Twine(tensor.elem_type()) + " is unknown");
  Type elementType = getElementType(context, dataType->type);
  if (!elementType)
    return model.makeError(ImportError::Unsupported, info.name(),
                           "inputs and outputs of element type " + dataType->name);
  if (!tensor.has_shape())
    return UnrankedTensorType::get(elementType);
  SmallVector<int64_t> sizes;
  for (const auto &dim : tensor.shape().dim()) {
    int64_t size = ShapedType::kDynamic;
    std::string name;
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      size = dim.dim_value();
    else if (dim.has_dim_param() &&
             (StringRef(dim.dim_param()).getAsInteger(10, size) || size < 0)) {
      size = ShapedType::kDynamic;
      name = dim.dim_param();
    }
    sizes.push_back(size);
    dimNames.push_back(std::move(name));
  }
  auto type = RankedTensorType::get(sizes, elementType);
  if (llvm::Error error = checkType(info.name(), "the declared type", type))
    return std::move(error);
  return type;
}

static NamedAttrList describe(Builder &builder, StringRef name, ArrayRef<std::string> dimNames) {
  NamedAttrList attributes;
  attributes.set(onnx::valueNameAttrName, builder.getStringAttr(name));
  if (llvm::any_of(dimNames, [](const std::string &dim) { return !dim.empty(); }))
    attributes.set(onnx::dimNamesAttrName, builder.getStrArrayAttr(SmallVector<StringRef>(
                                               dimNames.begin(), dimNames.end())));
  return attributes;
}

llvm::Error GraphImporter::addInputs() {
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  for (const onnxpb::ValueInfoProto &input : model.graph().input()) {
    if (model.initializer(input.name()))
      continue;
    SmallVector<std::string> dimNames;
    llvm::Expected<TensorType> type = readType(input, dimNames);
    if (!type)
      return type.takeError();
    types.push_back(*type);
    attributes.push_back(describe(builder, input.name(), dimNames).getDictionary(context));
    Location loc = NameLoc::get(builder.getStringAttr(input.name()), function.getLoc());
    define(input.name(), function.getBody().front().addArgument(*type, loc));
  }
  function.setType(builder.getFunctionType(types, {}));
  function.setAllArgAttrs(attributes);
  onnx::nameArgumentSizes(function, shapes);
  return llvm::Error::success();
}

llvm::Error GraphImporter::addOutputs() {
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  for (const onnxpb::ValueInfoProto &output : model.graph().output()) {
    llvm::Expected<Value> result = value(output.name());
    if (!result)
      return result.takeError();
    SmallVector<std::string> dimNames;
    if (output.has_type()) {
      llvm::Expected<TensorType> declared = readType(output, dimNames);
      if (!declared)
        return declared.takeError();
      auto type = cast<TensorType>(result->getType());
      if (declared->getElementType() != type.getElementType() ||
          failed(verifyCompatibleShape(*declared, type))) {
        std::string text;
        llvm::raw_string_ostream(text)
            << "is declared as " << Type(*declared) << ", but the graph computes " << Type(type);
        return model.makeError(ImportError::BadInput, output.name(), text);
      }
      // Names of sizes belong to a rank.
      if (!type.hasRank())
        dimNames.clear();
    }
    results.push_back(*result);
    types.push_back(result->getType());
    attributes.push_back(describe(builder, output.name(), dimNames).getDictionary(context));
  }
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setType(FunctionType::get(context, function.getArgumentTypes(), types));
  function.setAllResultAttrs(attributes);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

llvm::Expected<Value> GraphImporter::addWeight(const OnnxTensor &tensor) {
  if (Value known = weights.lookup(tensor.name))
    return known;
  Type elementType = getElementType(context, tensor.type->type);
  if (!elementType)
    return model.makeError(ImportError::Unsupported, tensor.name,
                           "tensors of element type " + tensor.type->name);
  auto type = RankedTensorType::get(tensor.dims, elementType);
  rt::WeightExprInterface expression;
  if (tensor.range && tensor.type->bits % 8 == 0) {
    expression = cast<rt::WeightExprInterface>(
        Attribute(rt::FileAttr::get(context, tensor.range->path, tensor.range->offset, type)));
  } else {
    llvm::Expected<DenseElementsAttr> constant = this->constant(tensor);
    if (!constant)
      return constant.takeError();
    expression = cast<rt::WeightExprInterface>(Attribute(*constant));
  }
  Location loc = NameLoc::get(builder.getStringAttr(tensor.name), function.getLoc());
  OpBuilder outside(context);
  auto weight =
      rt::WeightOp::create(outside, loc, tensor.name, type, expression, FlatSymbolRefAttr());
  StringAttr symbol = symbols->insert(weight, Block::iterator(function));
  Value result = rt::GetWeightOp::create(builder, loc, type, FlatSymbolRefAttr::get(symbol));
  weights[tensor.name] = result;
  return result;
}

llvm::Expected<Value> GraphImporter::weight(StringRef name) {
  const OnnxTensor *tensor = model.initializer(name);
  if (!tensor || !tensor->type->isFloating)
    return value(name);
  return addWeight(*tensor);
}

llvm::Expected<Value> GraphImporter::value(StringRef name) {
  if (auto it = values.find(name); it != values.end())
    return it->second;
  const OnnxTensor *tensor = model.initializer(name);
  if (!tensor)
    return model.makeError(ImportError::BadInput, "",
                           "value " + quoteName(name) + " is not defined");
  llvm::Expected<Value> result = Value();
  if (tensor->type->isFloating &&
      tensor->elements > static_cast<uint64_t>(std::max<int64_t>(options.maxConstantElements, 0))) {
    result = addWeight(*tensor);
  } else {
    llvm::Expected<DenseElementsAttr> constant = this->constant(*tensor);
    if (!constant)
      return constant.takeError();
    Location loc = NameLoc::get(builder.getStringAttr(name), function.getLoc());
    result = onnx::ConstantOp::create(builder, loc, *constant).getResult();
  }
  if (result)
    define(name, *result);
  return result;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static std::string operatorName(const onnxpb::NodeProto &node) {
  std::string name = node.domain().empty() ? "" : escapeName(node.domain()) + "::";
  return name + escapeName(node.op_type());
}

llvm::Error GraphImporter::addNode(const onnxpb::NodeProto &node) {
  bool known = false;
  const OperatorRow *row =
      findOperator(node.domain(), node.op_type(), OnnxModel::opsetVersion(node), known);
  auto skip = [&](const Twine &reason) {
    unsupported[(operatorName(node) + reason).str()].push_back(node.name());
    for (const std::string &output : node.output())
      define(output, Value());
    return llvm::Error::success();
  };
  if (!row)
    return skip(known ? " of operator set " + Twine(OnnxModel::opsetVersion(node)) : Twine(""));
  // After a node that is not supported nothing is known of its results; go on for the report only.
  for (const std::string &input : node.input())
    if (auto it = values.find(input); !input.empty() && it != values.end() && !it->second) {
      for (const std::string &output : node.output())
        define(output, Value());
      return llvm::Error::success();
    }
  Location loc = NameLoc::get(builder.getStringAttr(node.name()), function.getLoc());
  NodeImporter importer(*this, node, loc);
  row->import(importer);
  std::optional<NodeFailure> failure = importer.takeFailure();
  if (!failure)
    return llvm::Error::success();
  if (failure->kind == ImportError::Unsupported)
    return skip(": " + failure->message);
  return model.makeError(failure->kind, node.name(), operatorName(node) + ": " + failure->message);
}

llvm::Error GraphImporter::reportUnsupported() {
  constexpr size_t maxNames = 16;
  std::string message = "not supported: ";
  llvm::raw_string_ostream os(message);
  llvm::interleave(
      unsupported, os,
      [&](const auto &entry) {
        os << entry.first << " (";
        ArrayRef<std::string> nodes = entry.second;
        llvm::interleaveComma(nodes.take_front(maxNames), os,
                              [&](const std::string &name) { os << quoteName(name); });
        if (nodes.size() > maxNames)
          os << " and " << nodes.size() - maxNames << " more";
        os << ")";
      },
      "; ");
  return model.makeError(ImportError::Unsupported, "", message);
}

llvm::Error GraphImporter::addNodes() {
  for (const onnxpb::NodeProto &node : model.graph().node())
    if (llvm::Error error = addNode(node))
      return error;
  return unsupported.empty() ? llvm::Error::success() : reportUnsupported();
}

llvm::Expected<OwningOpRef<ModuleOp>> GraphImporter::run() {
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &found) {
    if (diagnostic.empty())
      diagnostic = found.str();
    return success();
  });
  Location file = FileLineColLoc::get(context, model.fileName(), 0, 0);
  module = ModuleOp::create(file);
  builder.setInsertionPointToStart(module->getBody());
  function =
      func::FuncOp::create(builder, file, options.functionName, builder.getFunctionType({}, {}));
  symbols.emplace(*module);
  builder.setInsertionPointToStart(function.addEntryBlock());
  if (llvm::Error error = addInputs())
    return error;
  if (llvm::Error error = addNodes())
    return error;
  if (llvm::Error error = addOutputs())
    return error;
  diagnostic.clear();
  if (failed(mlir::verify(*module)))
    return model.makeError(ImportError::BadInput, "", diagnostic);
  return std::move(module);
}

llvm::Expected<OwningOpRef<ModuleOp>> moec::importOnnx(const OnnxModel &model, MLIRContext *context,
                                                       const OnnxImporterOptions &options) {
  context->loadDialect<func::FuncDialect, onnx::ONNXDialect, rt::RTDialect>();
  return GraphImporter(model, context, options).run();
}
