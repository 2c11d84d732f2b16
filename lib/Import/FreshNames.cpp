//===- FreshNames.cpp - Names that nothing else has -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/FreshNames.h"

using namespace llvm;
using namespace moec;

std::string FreshNames::make(StringRef prefix, StringRef name) {
  std::string base = (prefix + "/" + name).str();
  if (used.insert(base).second)
    return base;
  // The counter keeps this linear where one base is taken very often.
  uint64_t &suffix = nextSuffix[base];
  std::string candidate;
  do
    candidate = base + "_" + std::to_string(++suffix);
  while (!used.insert(candidate).second);
  return candidate;
}

void moec::collectNames(const onnxpb::GraphProto &graph, FreshNames &values, FreshNames &nodes) {
  for (const onnxpb::ValueInfoProto &input : graph.input())
    values.take(input.name());
  for (const onnxpb::ValueInfoProto &output : graph.output())
    values.take(output.name());
  for (const onnxpb::TensorProto &tensor : graph.initializer())
    values.take(tensor.name());
  for (const onnxpb::SparseTensorProto &tensor : graph.sparse_initializer())
    values.take(tensor.values().name());
  for (const onnxpb::NodeProto &node : graph.node()) {
    nodes.take(node.name());
    for (const std::string &name : node.input())
      values.take(name);
    for (const std::string &name : node.output())
      values.take(name);
    for (const onnxpb::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        collectNames(attribute.g(), values, nodes);
      for (const onnxpb::GraphProto &nested : attribute.graphs())
        collectNames(nested, values, nodes);
    }
  }
}
