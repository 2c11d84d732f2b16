//===- NodeImporter.cpp - One node while it is being imported ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

#include "lib/Import/AttributeType.h"
#include "lib/Import/GraphImporter.h"
#include "lib/Import/TensorAttribute.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace moec;

NodeImporter::NodeImporter(GraphImporter &graph, const onnxpb::NodeProto &node, Location loc)
    : node(node), opset(OnnxModel::opsetVersion(node)), builder(graph.builder), loc(loc),
      open(UnrankedTensorType::get(builder.getIndexType())), graph(graph) {}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void NodeImporter::bad(const Twine &message) {
  if (!failure)
    failure = {ImportError::BadInput, message.str()};
}

void NodeImporter::unsupported(const Twine &message) {
  if (!failure)
    failure = {ImportError::Unsupported, message.str()};
}

void NodeImporter::fail(llvm::Error error) {
  llvm::handleAllErrors(std::move(error), [&](const ImportError &info) {
    if (!failure)
      failure = {info.kind, info.message};
  });
}

std::optional<NodeFailure> NodeImporter::takeFailure() {
  if (!failure) {
    for (unsigned i = readInputs; i < numInputs(); ++i)
      if (!node.input(i).empty())
        bad("expects at most " + Twine(readInputs) + " inputs, got " + Twine(numInputs()));
    for (const onnxpb::AttributeProto &attribute : node.attribute())
      if (!readAttributes.contains(attribute.name()))
        unsupported("attribute " + quoteName(attribute.name()));
  }
  return std::move(failure);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Value NodeImporter::optional(unsigned index) {
  readInputs = std::max(readInputs, index + 1);
  if (index >= numInputs() || node.input(index).empty())
    return {};
  llvm::Expected<Value> value = graph.value(node.input(index));
  if (value)
    return *value;
  fail(value.takeError());
  return {};
}

Value NodeImporter::input(unsigned index) {
  Value value = optional(index);
  if (!value)
    bad("input " + Twine(index) + " is missing");
  return value;
}

Value NodeImporter::weight(unsigned index) {
  readInputs = std::max(readInputs, index + 1);
  if (index >= numInputs() || node.input(index).empty())
    return {};
  llvm::Expected<Value> value = graph.weight(node.input(index));
  if (value)
    return *value;
  fail(value.takeError());
  return {};
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

static StringRef typeName(int32_t type) {
  switch (type) {
  case FloatAttribute:
    return "a float";
  case IntAttribute:
    return "an integer";
  case StringAttribute:
    return "a string";
  case TensorAttribute:
    return "a tensor";
  case FloatsAttribute:
    return "a list of floats";
  case IntsAttribute:
    return "a list of integers";
  default:
    return "of another kind";
  }
}

const onnxpb::AttributeProto *NodeImporter::attribute(StringRef name, int32_t type) {
  for (const onnxpb::AttributeProto &attribute : node.attribute()) {
    if (StringRef(attribute.name()) != name)
      continue;
    readAttributes.insert(name);
    // An empty list has no kind of its own in some files.
    if (attribute.type() == type)
      return &attribute;
    bad("expects attribute '" + name + "' to be " + typeName(type) + ", got one that is " +
        typeName(attribute.type()));
    return nullptr;
  }
  return nullptr;
}

bool NodeImporter::has(StringRef name) {
  return llvm::any_of(node.attribute(), [&](const onnxpb::AttributeProto &attribute) {
    return StringRef(attribute.name()) == name;
  });
}

int64_t NodeImporter::integer(StringRef name, int64_t fallback) {
  const onnxpb::AttributeProto *found = attribute(name, IntAttribute);
  return found ? found->i() : fallback;
}

int64_t NodeImporter::integer(StringRef name) {
  if (!has(name))
    bad("attribute '" + name + "' is missing");
  return integer(name, 0);
}

float NodeImporter::number(StringRef name, float fallback) {
  const onnxpb::AttributeProto *found = attribute(name, FloatAttribute);
  return found ? found->f() : fallback;
}

StringRef NodeImporter::text(StringRef name, StringRef fallback) {
  const onnxpb::AttributeProto *found = attribute(name, StringAttribute);
  return found ? StringRef(found->s()) : fallback;
}

std::optional<SmallVector<int64_t>> NodeImporter::integers(StringRef name) {
  const onnxpb::AttributeProto *found = attribute(name, IntsAttribute);
  if (!found)
    return std::nullopt;
  return SmallVector<int64_t>(found->ints().begin(), found->ints().end());
}

std::optional<SmallVector<float>> NodeImporter::numbers(StringRef name) {
  const onnxpb::AttributeProto *found = attribute(name, FloatsAttribute);
  if (!found)
    return std::nullopt;
  return SmallVector<float>(found->floats().begin(), found->floats().end());
}

DenseElementsAttr NodeImporter::tensor(StringRef name) {
  const onnxpb::AttributeProto *found = attribute(name, TensorAttribute);
  if (!found)
    return {};
  llvm::Expected<OnnxTensor> tensor = graph.model.tensor(found->t(), node.name());
  if (!tensor) {
    fail(tensor.takeError());
    return {};
  }
  llvm::Expected<DenseElementsAttr> value = graph.constant(*tensor);
  if (value)
    return *value;
  fail(value.takeError());
  return {};
}

bool NodeImporter::flag(StringRef name, bool fallback) {
  int64_t value = integer(name, fallback);
  if (value != 0 && value != 1)
    bad("expects attribute '" + name + "' to be 0 or 1, got " + Twine(value));
  return value == 1;
}

Type NodeImporter::elementType(int64_t number) {
  const DataTypeInfo *info = llvm::isInt<32>(number) ? lookupDataType(number) : nullptr;
  if (!info) {
    bad("element type " + Twine(number) + " is unknown");
    return {};
  }
  Type type = getElementType(graph.context, info->type);
  if (!type)
    unsupported("element type " + info->name);
  return type;
}

//===----------------------------------------------------------------------===//
// Knowledge
//===----------------------------------------------------------------------===//

Type NodeImporter::elementTypeOf(Value value) {
  return value ? getElementTypeOrSelf(value.getType()) : Type(builder.getF32Type());
}

const onnx::ValueFacts &NodeImporter::facts(Value value) {
  static const onnx::ValueFacts nothing;
  return value ? graph.shapes.get(value) : nothing;
}

int64_t NodeImporter::rank(Value value) {
  if (!value)
    return 0;
  const onnx::ValueFacts &known = facts(value);
  if (!known.shape) {
    unsupported("an operand of unknown rank");
    return 0;
  }
  return known.shape->size();
}

std::optional<SmallVector<int64_t>> NodeImporter::constants(Value value) {
  return facts(value).getConstants();
}

int64_t NodeImporter::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  bad("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  return 0;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void NodeImporter::complete(Operation *op) {
  graph.diagnostic.clear();
  if (succeeded(cast<onnx::ShapeInference>(op).inferShapes(graph.shapes))) {
    for (OpResult result : op->getResults()) {
      Type type = onnx::getTensorType(graph.shapes.get(result));
      if (llvm::Error error = graph.checkType(node.name(), "a result", type))
        return fail(std::move(error));
      result.setType(type);
    }
    if (graph.shapes.getNumElements() > graph.model.limits().foldedElements)
      return fail(graph.overLimit(node.name(), "the number of elements computed from shapes",
                                  &ImportLimits::foldedElements));
    if (succeeded(mlir::verify(op, /*verifyRecursively=*/false)))
      return;
  }
  StringRef message = graph.diagnostic;
  message.consume_front(("'" + op->getName().getStringRef() + "' op ").str());
  bad(message);
}

Value NodeImporter::constant(ElementsAttr value) {
  return ok() ? finish(onnx::ConstantOp::create(builder, loc, value))->getResult(0) : Value();
}

Value NodeImporter::constant(ArrayRef<int64_t> values) {
  return constant(builder.getI64TensorAttr(values));
}

Value NodeImporter::scalar(Type elementType, double value) {
  auto type = RankedTensorType::get({}, elementType);
  if (isa<FloatType>(elementType))
    return constant(DenseElementsAttr::get(type, builder.getFloatAttr(elementType, value)));
  return constant(DenseElementsAttr::get(
      type, builder.getIntegerAttr(elementType, static_cast<int64_t>(value))));
}

void NodeImporter::results(ArrayRef<Value> values) {
  if (!ok())
    return;
  if (node.output_size() > static_cast<int>(values.size()))
    for (int i = values.size(); i < node.output_size(); ++i)
      if (hasOutput(i))
        return bad("expects at most " + Twine(values.size()) + " outputs, got " +
                   Twine(node.output_size()));
  for (auto [index, value] : llvm::enumerate(values)) {
    if (!hasOutput(index))
      continue;
    if (!value)
      return unsupported("output " + Twine(index));
    graph.define(node.output(index), value);
  }
}
