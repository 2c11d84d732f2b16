//===- FunctionInliner.cpp - Local functions replaced by their bodies *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/FunctionInliner.h"
#include "lib/Import/AttributeType.h"
#include "lib/Import/ExpandedSize.h"
#include "lib/Import/FreshNames.h"
#include "lib/Import/FunctionTable.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace moec;

namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnxpb::NodeProto>;

/// New names of the values of one graph or function body, and of the bodies around it.
struct Scope {
  StringMap<std::string> names;
  const Scope *outer = nullptr;

  const std::string *find(StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer) {
      auto entry = scope->names.find(name);
      if (entry != scope->names.end())
        return &entry->second;
    }
    return nullptr;
  }
};

/// One call that is being expanded.
struct Call {
  const onnxpb::NodeProto &node;
  const Function &function;
  StringMap<const onnxpb::AttributeProto *> attributes = {};
};

class Inliner {
public:
  Inliner(onnxpb::ModelProto &model, ImportContext &context) : model(model), context(context) {}

  Error run(const OpsetMap &opsets);

private:
  Error expandNodes(Nodes &nodes, unsigned graphDepth);
  Error expandNode(onnxpb::NodeProto &&node, Nodes &out, unsigned graphDepth);
  Error expandCall(const onnxpb::NodeProto &node, Function &function, Nodes &out,
                   unsigned graphDepth);
  Error bindParameters(Call &call, Scope &scope);
  Error nameResults(const Call &call, Scope &scope);
  Error copyPassedThroughResults(const Call &call, const Scope &scope, Nodes &out);

  Error instantiate(const Call &call, const Scope &scope, onnxpb::NodeProto &node);
  Error substituteReferences(const Call &call, onnxpb::NodeProto &node);
  Error renameGraph(const Call &call, const Scope &outer, onnxpb::GraphProto &graph);
  Error renameUse(const Call &call, const Scope &scope, StringRef user, std::string &name);

  Error charge(uint64_t nodes, uint64_t bytes, StringRef node);

  onnxpb::ModelProto &model;
  ImportContext &context;
  FunctionTable functions;
  SmallVector<const Function *, 8> active; // The calls around the current one.
  FreshNames valueNames, nodeNames;
  int64_t identityOpset = 1;
  uint64_t createdNodes = 0, createdBytes = 0;
};

} // namespace

Error Inliner::run(const OpsetMap &opsets) {
  if (Error error = functions.collect(*model.mutable_functions(), context))
    return error;
  auto isCall = [&](const onnxpb::NodeProto &node) { return functions.find(node) != nullptr; };
  Nodes &nodes = *model.mutable_graph()->mutable_node();
  if (Error error = normaliseNodes(nodes, opsets, /*inFunction=*/false, isCall, context))
    return error;
  if (functions.empty())
    return Error::success();
  auto import = opsets.find("");
  if (import != opsets.end())
    identityOpset = import->second;
  collectNames(model.graph(), valueNames, nodeNames);
  if (Error error = checkExpandedSize(model.graph(), functions, context))
    return error;
  if (Error error = expandNodes(nodes, 0))
    return error;
  model.clear_functions();
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Expansion
//===----------------------------------------------------------------------===//

Error Inliner::charge(uint64_t nodes, uint64_t bytes, StringRef node) {
  createdNodes += nodes;
  createdBytes += bytes;
  if (createdNodes > context.limits().expandedNodes)
    return context.overLimit(node, "the number of nodes after inlining of local functions",
                             &ImportLimits::expandedNodes);
  if (createdBytes > context.limits().expandedBytes)
    return context.overLimit(node, "the size of the nodes made by inlining local functions",
                             &ImportLimits::expandedBytes);
  return Error::success();
}

/// Expands the calls among `nodes` and in graphs nested in them.
Error Inliner::expandNodes(Nodes &nodes, unsigned graphDepth) {
  Nodes old;
  old.Swap(&nodes);
  for (onnxpb::NodeProto &node : old)
    if (Error error = expandNode(std::move(node), nodes, graphDepth))
      return error;
  return Error::success();
}

Error Inliner::expandNode(onnxpb::NodeProto &&node, Nodes &out, unsigned graphDepth) {
  // Graphs that a call passes on are expanded here, where they belong.
  for (onnxpb::AttributeProto &attribute : *node.mutable_attribute()) {
    if (!attribute.has_g() && attribute.graphs_size() == 0)
      continue;
    if (graphDepth >= context.limits().graphDepth)
      return context.overLimit(node.name(), "the nesting of graphs", &ImportLimits::graphDepth);
    if (attribute.has_g())
      if (Error error = expandNodes(*attribute.mutable_g()->mutable_node(), graphDepth + 1))
        return error;
    for (onnxpb::GraphProto &graph : *attribute.mutable_graphs())
      if (Error error = expandNodes(*graph.mutable_node(), graphDepth + 1))
        return error;
  }
  if (Function *function = functions.find(node))
    return expandCall(node, *function, out, graphDepth);
  *out.Add() = std::move(node);
  return Error::success();
}

Error Inliner::expandCall(const onnxpb::NodeProto &node, Function &function, Nodes &out,
                          unsigned graphDepth) {
  if (is_contained(active, &function)) {
    std::string cycle;
    for (const Function *f : make_range(find(active, &function), active.end()))
      cycle += shownName(*f->proto) + " -> ";
    return context.bad(node.name(), "local functions call each other in a circle: " + cycle +
                                        shownName(*function.proto) + "; ONNX forbids recursion");
  }
  if (active.size() >= context.limits().callDepth)
    return context.overLimit(node.name(), "the nesting of calls of local functions",
                             &ImportLimits::callDepth);
  if (Error error = functions.prepare(function, node.name(), context))
    return error;
  // A call counts as a node and by its parameters, so that calls of empty functions end as well.
  uint64_t parameters = function.proto->input_size() + function.proto->output_size();
  if (Error error = charge(1, 16 * parameters, node.name()))
    return error;

  Call call{node, function};
  Scope scope;
  if (Error error = bindParameters(call, scope))
    return error;
  if (Error error = nameResults(call, scope))
    return error;
  active.push_back(&function);
  for (const onnxpb::NodeProto &inner : function.proto->node()) {
    if (Error error = charge(0, inner.ByteSizeLong(), node.name()))
      return error;
    onnxpb::NodeProto copy = inner;
    if (Error error = instantiate(call, scope, copy))
      return error;
    if (Error error = expandNode(std::move(copy), out, graphDepth))
      return error;
  }
  active.pop_back();
  return copyPassedThroughResults(call, scope, out);
}

/// Maps inputs to arguments (absent ones to "") and checks the call against the declaration.
Error Inliner::bindParameters(Call &call, Scope &scope) {
  const onnxpb::FunctionProto &function = *call.function.proto;
  auto tooMany = [&](StringRef what, int given, int declared) {
    return context.bad(call.node.name(), "the call of local function " + shownName(function) +
                                             " has " + Twine(given) + " " + what +
                                             ", the function declares " + Twine(declared) +
                                             "; export the model again");
  };
  if (call.node.input_size() > function.input_size())
    return tooMany("inputs", call.node.input_size(), function.input_size());
  if (call.node.output_size() > function.output_size())
    return tooMany("outputs", call.node.output_size(), function.output_size());
  for (auto [i, name] : enumerate(function.input()))
    scope.names[name] = int(i) < call.node.input_size() ? call.node.input(i) : "";
  for (const onnxpb::AttributeProto &attribute : call.node.attribute()) {
    call.attributes.try_emplace(attribute.name(), &attribute);
    if (!call.function.attributes.contains(attribute.name()))
      return context.bad(call.node.name(), "local function " + shownName(function) +
                                               " does not declare attribute " +
                                               quoteName(attribute.name()) + " of this call");
  }
  return Error::success();
}

/// Names what the body's nodes make: results after the call's outputs, all else freshly.
Error Inliner::nameResults(const Call &call, Scope &scope) {
  const onnxpb::FunctionProto &function = *call.function.proto;
  StringMap<std::string> results;
  for (auto [i, name] : enumerate(function.output()))
    if (int(i) < call.node.output_size() && !call.node.output(i).empty())
      results.try_emplace(name, call.node.output(i));
  for (const onnxpb::NodeProto &node : function.node()) {
    for (const std::string &name : node.output()) {
      if (name.empty())
        continue;
      auto [entry, isNew] = scope.names.try_emplace(name);
      if (!isNew)
        return context.bad(node.name(), "value " + quoteName(name) + " of local function " +
                                            shownName(function) +
                                            " is defined twice; export the model again");
      auto result = results.find(name);
      entry->second =
          result != results.end() ? result->second : valueNames.make(call.node.name(), name);
      if (Error error = charge(0, entry->second.size(), call.node.name()))
        return error;
    }
  }
  return Error::success();
}

/// An output that is an input of the function, or an earlier output again, is a copy.
Error Inliner::copyPassedThroughResults(const Call &call, const Scope &scope, Nodes &out) {
  const onnxpb::FunctionProto &function = *call.function.proto;
  for (int i = 0; i < call.node.output_size(); ++i) {
    const std::string &result = call.node.output(i);
    auto source = scope.names.find(function.output(i));
    if (source == scope.names.end())
      return context.bad(call.node.name(), "output " + quoteName(function.output(i)) +
                                               " of local function " + shownName(function) +
                                               " is not computed; export the model again");
    if (result.empty() || source->second == result)
      continue;
    if (source->second.empty())
      return context.bad(call.node.name(), "output " + quoteName(function.output(i)) +
                                               " of local function " + shownName(function) +
                                               " is an input that this call leaves out");
    std::string name = nodeNames.make(call.node.name(), "Identity");
    if (Error error = charge(1, name.size() + result.size() + source->second.size(), name))
      return error;
    onnxpb::NodeProto &copy = *out.Add();
    copy.set_name(std::move(name));
    copy.set_op_type("Identity");
    copy.set_resolved_opset(identityOpset);
    copy.add_input(source->second);
    copy.add_output(result);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Instances of a body's nodes
//===----------------------------------------------------------------------===//

Error Inliner::renameUse(const Call &call, const Scope &scope, StringRef user, std::string &name) {
  if (name.empty())
    return Error::success();
  const std::string *renamed = scope.find(name);
  if (!renamed)
    return context.bad(user, "value " + quoteName(name) + " is used in local function " +
                                 shownName(*call.function.proto) +
                                 ", but neither an input of it nor computed in it");
  name = *renamed;
  return charge(0, name.size(), call.node.name());
}

Error Inliner::instantiate(const Call &call, const Scope &scope, onnxpb::NodeProto &node) {
  node.set_name(nodeNames.make(call.node.name(), node.name()));
  if (Error error = charge(1, node.name().size(), call.node.name()))
    return error;
  for (std::string &name : *node.mutable_input())
    if (Error error = renameUse(call, scope, node.name(), name))
      return error;
  for (std::string &name : *node.mutable_output())
    if (Error error = renameUse(call, scope, node.name(), name))
      return error;
  // Before substitution: a graph that the caller passes in has the caller's names.
  for (onnxpb::AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g())
      if (Error error = renameGraph(call, scope, *attribute.mutable_g()))
        return error;
    for (onnxpb::GraphProto &graph : *attribute.mutable_graphs())
      if (Error error = renameGraph(call, scope, graph))
        return error;
  }
  return substituteReferences(call, node);
}

Error Inliner::substituteReferences(const Call &call, onnxpb::NodeProto &node) {
  auto &attributes = *node.mutable_attribute();
  int kept = 0;
  for (int i = 0; i < attributes.size(); ++i) {
    onnxpb::AttributeProto &attribute = attributes[i];
    if (!attribute.ref_attr_name().empty()) {
      StringRef wanted = attribute.ref_attr_name();
      const onnxpb::AttributeProto *value = call.attributes.lookup(wanted);
      if (!value)
        value = call.function.attributes.lookup(wanted);
      if (!value)
        continue; // Absent in the call, so absent here.
      if (attribute.type() != UndefinedAttribute && attribute.type() != value->type())
        return context.bad(node.name(), "attribute " + quoteName(attribute.name()) +
                                            " refers to attribute " + quoteName(wanted) +
                                            " of the call, which has another type");
      if (Error error = charge(0, value->ByteSizeLong(), call.node.name()))
        return error;
      std::string name = attribute.name();
      attribute = *value;
      attribute.set_name(std::move(name));
    }
    attributes.SwapElements(i, kept++);
  }
  attributes.DeleteSubrange(kept, attributes.size() - kept);
  return Error::success();
}

/// Renames what a nested graph defines and what it captures. Fresh names throughout: a name of its
/// own could equal the new name of a value that it captures.
Error Inliner::renameGraph(const Call &call, const Scope &outer, onnxpb::GraphProto &graph) {
  Scope scope;
  scope.outer = &outer;
  auto define = [&](StringRef name) -> Error {
    if (name.empty())
      return Error::success();
    auto [entry, isNew] = scope.names.try_emplace(name);
    if (isNew)
      entry->second = valueNames.make(call.node.name(), name);
    return charge(0, entry->second.size(), call.node.name());
  };
  for (const onnxpb::ValueInfoProto &input : graph.input())
    if (Error error = define(input.name()))
      return error;
  for (const onnxpb::TensorProto &tensor : graph.initializer())
    if (Error error = define(tensor.name()))
      return error;
  for (const onnxpb::SparseTensorProto &tensor : graph.sparse_initializer())
    if (Error error = define(tensor.values().name()))
      return error;
  for (const onnxpb::NodeProto &node : graph.node())
    for (const std::string &name : node.output())
      if (Error error = define(name))
        return error;

  auto rename = [&](std::string *name) { return renameUse(call, scope, graph.name(), *name); };
  for (onnxpb::ValueInfoProto &input : *graph.mutable_input())
    if (Error error = rename(input.mutable_name()))
      return error;
  for (onnxpb::ValueInfoProto &output : *graph.mutable_output())
    if (Error error = rename(output.mutable_name()))
      return error;
  for (onnxpb::TensorProto &tensor : *graph.mutable_initializer())
    if (Error error = rename(tensor.mutable_name()))
      return error;
  for (onnxpb::SparseTensorProto &tensor : *graph.mutable_sparse_initializer())
    if (Error error = rename(tensor.mutable_values()->mutable_name()))
      return error;
  graph.clear_value_info(); // Hints under names that are gone.
  for (onnxpb::NodeProto &node : *graph.mutable_node())
    if (Error error = instantiate(call, scope, node))
      return error;
  return Error::success();
}

Error moec::inlineFunctions(onnxpb::ModelProto &model, const OpsetMap &opsets,
                            ImportContext &context) {
  return Inliner(model, context).run(opsets);
}
