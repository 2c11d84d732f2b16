//===- NodeNormaliser.cpp - One spelling for nodes and attributes *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeNormaliser.h"
#include "lib/Import/AttributeType.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <array>

using namespace llvm;
using namespace moec;

Error moec::readOpsets(
    const google::protobuf::RepeatedPtrField<onnxpb::OperatorSetIdProto> &imports, StringRef owner,
    const ImportContext &context, OpsetMap &opsets) {
  for (const onnxpb::OperatorSetIdProto &import : imports) {
    StringRef domain = import.domain();
    if (domain == "ai.onnx")
      domain = "";
    std::string shown = domain.empty() ? "ai.onnx" : quoteName(domain);
    if (import.version() < 1)
      return context.bad(owner, "opset_import gives domain " + shown + " the version " +
                                    Twine(import.version()) + "; versions start at 1");
    auto [entry, isNew] = opsets.try_emplace(domain, import.version());
    if (!isNew && entry->second != import.version())
      return context.bad(owner, "opset_import gives domain " + shown + " the versions " +
                                    Twine(entry->second) + " and " + Twine(import.version()) +
                                    "; keep one of them");
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

namespace {

/// A kind of attribute and whether its field is filled.
struct FilledField {
  AttributeType type;
  StringLiteral name;
  bool isFilled;
};

} // namespace

static std::array<FilledField, 14> filledFields(const onnxpb::AttributeProto &a) {
  return {{{FloatAttribute, "FLOAT", a.has_f()},
           {IntAttribute, "INT", a.has_i()},
           {StringAttribute, "STRING", a.has_s()},
           {TensorAttribute, "TENSOR", a.has_t()},
           {GraphAttribute, "GRAPH", a.has_g()},
           {FloatsAttribute, "FLOATS", a.floats_size() != 0},
           {IntsAttribute, "INTS", a.ints_size() != 0},
           {StringsAttribute, "STRINGS", a.strings_size() != 0},
           {TensorsAttribute, "TENSORS", a.tensors_size() != 0},
           {GraphsAttribute, "GRAPHS", a.graphs_size() != 0},
           {SparseTensorAttribute, "SPARSE_TENSOR", a.has_sparse_tensor()},
           {SparseTensorsAttribute, "SPARSE_TENSORS", a.sparse_tensors_size() != 0},
           {TypeProtoAttribute, "TYPE_PROTO", a.has_tp()},
           {TypeProtosAttribute, "TYPE_PROTOS", a.type_protos_size() != 0}}};
}

/// Whether a value of this type exists without its field: empty lists, and numbers and strings
/// whose default proto3 writers leave out.
static bool mayBeUnfilled(AttributeType type) {
  switch (type) {
  case TensorAttribute:
  case GraphAttribute:
  case SparseTensorAttribute:
  case TypeProtoAttribute:
    return false;
  default:
    return true;
  }
}

Error moec::normaliseAttribute(onnxpb::AttributeProto &attribute, StringRef node, bool inFunction,
                               const ImportContext &context) {
  std::string subject = "attribute " + quoteName(attribute.name());
  auto fields = filledFields(attribute);
  const FilledField *only = nullptr, *second = nullptr, *declared = nullptr;
  for (const FilledField &field : fields) {
    if (field.isFilled)
      (only ? second : only) = &field;
    if (field.type == attribute.type())
      declared = &field;
  }
  if (attribute.type() != UndefinedAttribute && !declared)
    return context.unsupported(node, subject + " has the type " + Twine(attribute.type()) +
                                         ", which is newer than this reader");
  if (second)
    return context.bad(node, subject + " has a value of type " + only->name + " and one of type " +
                                 second->name + "; export the model again");
  if (!attribute.ref_attr_name().empty()) {
    if (!inFunction)
      return context.bad(node, subject + " refers to attribute " +
                                   quoteName(attribute.ref_attr_name()) +
                                   " of a function, but is not in one; give it a value");
    if (only)
      return context.bad(node, subject + " has a value and refers to attribute " +
                                   quoteName(attribute.ref_attr_name()) + "; keep one of them");
    return Error::success();
  }
  if (!only && (!declared || !mayBeUnfilled(declared->type)))
    return context.bad(node, subject + " has no value; export the model again");
  if (only && declared && only != declared)
    return context.bad(node, subject + " is declared as " + declared->name +
                                 " and has a value of type " + only->name +
                                 "; export the model again");
  if (!declared) // Before IR version 2 the filled field told the type.
    attribute.set_type(only->type);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static Error resolveOpset(onnxpb::NodeProto &node, const OpsetMap &opsets, ImportContext &context) {
  auto import = opsets.find(node.domain());
  if (import != opsets.end()) {
    node.set_resolved_opset(import->second);
    return Error::success();
  }
  // The contrib operators have had one version only, so nothing is guessed here.
  if (node.domain() == "com.microsoft") {
    node.set_resolved_opset(1);
    context.note("domain com.microsoft is used without an opset_import and is read as version 1");
    return Error::success();
  }
  std::string domain = node.domain().empty() ? "ai.onnx" : quoteName(node.domain());
  return context.bad(node.name(),
                     "operator " + quoteName(node.op_type()) + " is of domain " + domain +
                         ", which opset_import does not list; add the version that the "
                         "model was made for, or the local function that defines it");
}

Error moec::normaliseNodes(google::protobuf::RepeatedPtrField<onnxpb::NodeProto> &nodes,
                           const OpsetMap &opsets, bool inFunction, IsCall isCall,
                           ImportContext &context) {
  for (auto [index, node] : enumerate(nodes)) {
    if (node.name().empty())
      node.set_name(node.op_type() + "#" + std::to_string(index));
    if (node.op_type().empty())
      return context.bad(node.name(), "the node has no op_type; export the model again");
    if (node.domain() == "ai.onnx")
      node.clear_domain();
    if (!isCall(node))
      if (Error error = resolveOpset(node, opsets, context))
        return error;

    StringSet<> names;
    for (onnxpb::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.name().empty())
        return context.bad(node.name(), "an attribute has no name; export the model again");
      if (!names.insert(attribute.name()).second)
        return context.bad(node.name(), "attribute " + quoteName(attribute.name()) +
                                            " occurs twice; keep one of them");
      if (Error error = normaliseAttribute(attribute, node.name(), inFunction, context))
        return error;
      if (attribute.has_g())
        if (Error error = normaliseNodes(*attribute.mutable_g()->mutable_node(), opsets, inFunction,
                                         isCall, context))
          return error;
      for (onnxpb::GraphProto &graph : *attribute.mutable_graphs())
        if (Error error =
                normaliseNodes(*graph.mutable_node(), opsets, inFunction, isCall, context))
          return error;
    }
  }
  return Error::success();
}
