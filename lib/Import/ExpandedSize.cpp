//===- ExpandedSize.cpp - What inlining of functions would make -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ExpandedSize.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace moec;

namespace {

/// What one call of a function makes. Its names begin with the name of the call, so that bytes grow
/// with the length of that: `bytes + names * length`.
struct ExpandedSize {
  uint64_t nodes = 0, bytes = 0, names = 0;

  /// Adds a call by a node of a name that is longer by `length` than the names around it.
  void addCall(const ExpandedSize &call, uint64_t length) {
    nodes = SaturatingAdd(nodes, call.nodes);
    bytes = SaturatingAdd(bytes, call.bytes, SaturatingMultiply(call.names, length));
    names = SaturatingAdd(names, call.names);
  }
  void addName(StringRef name) {
    ++names;
    bytes = SaturatingAdd<uint64_t>(bytes, 1 + name.size());
  }
};

class SizeCounter {
public:
  SizeCounter(FunctionTable &functions, ImportContext &context)
      : functions(functions), context(context) {}

  /// Adds what the calls in the main graph and in its nested graphs make.
  Error addGraph(const onnxpb::GraphProto &graph);

private:
  Error check(StringRef node);
  Error addNestedCalls(const onnxpb::NodeProto &node, StringRef name, unsigned depth,
                       ExpandedSize &size, bool isInstance);
  Expected<ExpandedSize> countCall(Function &function, const std::string &call, unsigned depth);

  FunctionTable &functions;
  ImportContext &context;
  ExpandedSize total;
  /// Of functions that were called; those being counted have no size yet.
  DenseMap<const Function *, ExpandedSize> known;
};

} // namespace

Error SizeCounter::check(StringRef node) {
  const ImportLimits &limits = context.limits();
  if (total.nodes > limits.expandedNodes)
    return context.overLimit(node,
                             "the number of nodes that inlining of local functions would make, " +
                                 Twine(total.nodes) + " or more,",
                             &ImportLimits::expandedNodes);
  if (total.bytes > limits.expandedBytes)
    return context.overLimit(node,
                             "the size of the nodes that inlining of local functions would make, " +
                                 Twine(total.bytes) + " bytes or more,",
                             &ImportLimits::expandedBytes);
  return Error::success();
}

Error SizeCounter::addGraph(const onnxpb::GraphProto &graph) {
  for (const onnxpb::NodeProto &node : graph.node()) {
    if (Error error = addNestedCalls(node, node.name(), 0, total, /*isInstance=*/false))
      return error;
    if (Error error = check(node.name()))
      return error;
  }
  return Error::success();
}

/// Adds what a node makes if it is a call, and what calls in graphs nested in it make; an instance
/// of a function's node is made with the nodes of these graphs.
Error SizeCounter::addNestedCalls(const onnxpb::NodeProto &node, StringRef name, unsigned depth,
                                  ExpandedSize &size, bool isInstance) {
  auto addNested = [&](const onnxpb::GraphProto &graph) -> Error {
    for (const onnxpb::NodeProto &nested : graph.node()) {
      size.nodes = SaturatingAdd<uint64_t>(size.nodes, isInstance);
      if (Error error = addNestedCalls(nested, name, depth, size, isInstance))
        return error;
    }
    return Error::success();
  };
  for (const onnxpb::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      if (Error error = addNested(attribute.g()))
        return error;
    for (const onnxpb::GraphProto &graph : attribute.graphs())
      if (Error error = addNested(graph))
        return error;
  }
  Function *function = functions.find(node);
  if (!function)
    return Error::success();
  Expected<ExpandedSize> call = countCall(*function, name.str(), depth);
  if (!call)
    return call.takeError();
  size.addCall(*call, isInstance ? 1 + node.name().size() : node.name().size());
  return Error::success();
}

Expected<ExpandedSize> SizeCounter::countCall(Function &function, const std::string &call,
                                              unsigned depth) {
  auto [entry, isNew] = known.try_emplace(&function);
  if (!isNew)
    return entry->second;
  if (depth >= context.limits().callDepth)
    return context.overLimit(call, "the nesting of calls of local functions",
                             &ImportLimits::callDepth);
  if (Error error = functions.prepare(function, call, context))
    return std::move(error);
  const onnxpb::FunctionProto &proto = *function.proto;
  StringSet<> given; // Names that the caller's values have.
  for (const std::string &name : proto.input())
    given.insert(name);
  for (const std::string &name : proto.output())
    given.insert(name);
  ExpandedSize size;
  size.nodes = 1;
  for (const onnxpb::NodeProto &node : proto.node()) {
    ++size.nodes;
    size.bytes = SaturatingAdd<uint64_t>(size.bytes, node.ByteSizeLong());
    size.addName(node.name());
    for (const std::string &name : node.output())
      if (!name.empty() && !given.contains(name)) {
        // Where it is defined, and on the node.
        size.addName(name);
        size.addName(name);
      }
    for (const std::string &name : node.input())
      if (!name.empty() && !given.contains(name))
        size.addName(name);
    if (Error error =
            addNestedCalls(node, call + "/" + node.name(), depth + 1, size, /*isInstance=*/true))
      return std::move(error);
  }
  known[&function] = size;
  return size;
}

Error moec::checkExpandedSize(const onnxpb::GraphProto &graph, FunctionTable &functions,
                              ImportContext &context) {
  return SizeCounter(functions, context).addGraph(graph);
}
