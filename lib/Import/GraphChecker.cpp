//===- GraphChecker.cpp - Names and order of graphs -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GraphChecker.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <queue>

using namespace llvm;
using namespace moec;

namespace {

/// A use of a name that the graph itself does not define. The name lives in the message.
struct FreeUse {
  StringRef name;
  std::string user;
};

/// One graph on the way through the check.
class Checker {
public:
  Checker(onnxpb::GraphProto &graph, ImportContext &context) : graph(graph), context(context) {}

  Error run(std::vector<FreeUse> &freeUses);

private:
  static constexpr int outside = -1; // Definition by an input or initialiser.

  Error define();
  Error collectUses(std::vector<FreeUse> &freeUses);
  void use(StringRef name, int user, std::vector<FreeUse> &freeUses);
  Error sort();
  Error reportCycle(ArrayRef<int> waitingFor);

  Error doubled(StringRef node, const Twine &what, StringRef name) {
    return context.bad(node, what + " " + quoteName(name) +
                                 " is defined twice; give one of them another name");
  }

  onnxpb::GraphProto &graph;
  ImportContext &context;
  StringMap<int> definitions; // Node that defines a value, or `outside`.
  StringSet<> freeNames;
  std::vector<std::pair<int, int>> edges; // Definition before use.
};

} // namespace

Error Checker::define() {
  StringSet<> names;
  for (const onnxpb::ValueInfoProto &input : graph.input()) {
    if (input.name().empty())
      return context.bad("", "graph " + quoteName(graph.name()) +
                                 " has an input without a name; export the model again");
    if (!definitions.try_emplace(input.name(), outside).second)
      return doubled(input.name(), "graph input", input.name());
  }
  for (const onnxpb::TensorProto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return context.bad("", "graph " + quoteName(graph.name()) +
                                 " has an initializer without a name; export the model again");
    if (!names.insert(tensor.name()).second)
      return doubled(tensor.name(), "initializer", tensor.name());
    definitions.try_emplace(tensor.name(), outside);
  }
  for (auto [i, node] : enumerate(graph.node()))
    for (const std::string &name : node.output())
      if (!name.empty() && !definitions.try_emplace(name, int(i)).second)
        return doubled(node.name(), "value", name);
  names.clear();
  for (const onnxpb::ValueInfoProto &output : graph.output()) {
    if (output.name().empty())
      return context.bad("", "graph " + quoteName(graph.name()) +
                                 " has an output without a name; export the model again");
    if (!names.insert(output.name()).second)
      return context.bad(output.name(), "graph output " + quoteName(output.name()) +
                                            " is listed twice; keep one of them");
  }
  return Error::success();
}

void Checker::use(StringRef name, int user, std::vector<FreeUse> &freeUses) {
  if (name.empty())
    return;
  auto definition = definitions.find(name);
  if (definition == definitions.end()) {
    if (freeNames.insert(name).second)
      freeUses.push_back({name, user < graph.node_size() ? graph.node(user).name() : ""});
  } else if (definition->second != outside && user < graph.node_size()) {
    edges.push_back({definition->second, user});
  }
}

Error Checker::collectUses(std::vector<FreeUse> &freeUses) {
  std::vector<FreeUse> captured;
  for (int i = 0; i < graph.node_size(); ++i) {
    onnxpb::NodeProto &node = *graph.mutable_node(i);
    for (const std::string &name : node.input())
      use(name, i, freeUses);
    for (onnxpb::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        if (Error error = Checker(*attribute.mutable_g(), context).run(captured))
          return error;
      for (onnxpb::GraphProto &nested : *attribute.mutable_graphs())
        if (Error error = Checker(nested, context).run(captured))
          return error;
    }
    // What nested graphs capture is used by this node; where it is free here as well, the inner
    // node is named in messages.
    for (FreeUse &inner : captured) {
      size_t before = freeUses.size();
      use(inner.name, i, freeUses);
      if (freeUses.size() > before && !inner.user.empty())
        freeUses.back().user = std::move(inner.user);
    }
    captured.clear();
  }
  for (const onnxpb::ValueInfoProto &output : graph.output())
    use(output.name(), graph.node_size(), freeUses);
  return Error::success();
}

Error Checker::reportCycle(ArrayRef<int> waitingFor) {
  // Every node that could not be placed waits for another such node: following that relation
  // must come back to a node.
  std::vector<int> next(graph.node_size(), -1);
  for (auto [from, to] : edges)
    if (waitingFor[from] > 0 && waitingFor[to] > 0)
      next[to] = from;
  int node = 0;
  while (next[node] < 0)
    ++node;
  std::vector<bool> seen(graph.node_size());
  for (; !seen[node]; node = next[node])
    seen[node] = true;
  std::string cycle;
  int shown = 0, start = node;
  do {
    cycle += quoteName(graph.node(node).name()) + " needs ";
    node = next[node];
  } while (node != start && ++shown < 8);
  cycle += node == start ? quoteName(graph.node(start).name()) : "...";
  return context.bad(graph.node(start).name(), "nodes depend on each other in a circle: " + cycle +
                                                   "; export the model again");
}

Error Checker::sort() {
  int count = graph.node_size();
  if (all_of(edges, [](auto edge) { return edge.first < edge.second; }))
    return Error::success();

  // Kahn's algorithm; among the nodes that are ready, the first of the file goes first.
  std::vector<int> waitingFor(count), firstEdge(count + 1), targets(edges.size());
  for (auto [from, to] : edges) {
    ++waitingFor[to];
    ++firstEdge[from + 1];
  }
  for (int i = 0; i < count; ++i)
    firstEdge[i + 1] += firstEdge[i];
  std::vector<int> cursor(firstEdge.begin(), firstEdge.end() - 1);
  for (auto [from, to] : edges)
    targets[cursor[from]++] = to;
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < count; ++i)
    if (waitingFor[i] == 0)
      ready.push(i);
  std::vector<int> order;
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (int e = firstEdge[node]; e < firstEdge[node + 1]; ++e)
      if (--waitingFor[targets[e]] == 0)
        ready.push(targets[e]);
  }
  if (int(order.size()) < count)
    return reportCycle(waitingFor);

  std::vector<onnxpb::NodeProto *> nodes(count);
  graph.mutable_node()->ExtractSubrange(0, count, nodes.data());
  for (int node : order)
    graph.mutable_node()->AddAllocated(nodes[node]);
  context.note("the nodes of graph " + quoteName(graph.name()) +
               " are not sorted in the file and have been sorted");
  return Error::success();
}

Error Checker::run(std::vector<FreeUse> &freeUses) {
  if (Error error = define())
    return error;
  if (Error error = collectUses(freeUses))
    return error;
  return sort();
}

Error moec::checkGraph(onnxpb::GraphProto &graph, ImportContext &context) {
  std::vector<FreeUse> freeUses;
  if (Error error = Checker(graph, context).run(freeUses))
    return error;
  if (freeUses.empty())
    return Error::success();
  const FreeUse &use = freeUses.front();
  if (use.user.empty())
    return context.bad(use.name, "graph output " + quoteName(use.name) +
                                     " is not computed by any node; export the model again");
  return context.bad(use.user, "value " + quoteName(use.name) +
                                   " is used, but is neither a graph input, an initializer nor the "
                                   "output of a node; export the model again");
}
