//===- FunctionTable.cpp - The local functions of a model -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/FunctionTable.h"

#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace moec;

static std::string key(StringRef domain, StringRef name, StringRef overload) {
  if (domain == "ai.onnx")
    domain = "";
  return (domain + Twine('\0') + name + Twine('\0') + overload).str();
}

std::string moec::shownName(const onnxpb::FunctionProto &function) {
  return quoteName(function.domain() + "." + function.name() +
                   (function.overload().empty() ? "" : ":" + function.overload()));
}

Error FunctionTable::collect(google::protobuf::RepeatedPtrField<onnxpb::FunctionProto> &protos,
                             ImportContext &context) {
  for (onnxpb::FunctionProto &function : protos) {
    if (function.name().empty())
      return context.bad("", "a local function has no name; export the model again");
    auto [entry, isNew] =
        functions.try_emplace(key(function.domain(), function.name(), function.overload()));
    if (!isNew)
      return context.bad(function.name(), "the local function " + shownName(function) +
                                              " is defined twice; keep one of them");
    entry->second.proto = &function;
  }
  return Error::success();
}

Function *FunctionTable::find(const onnxpb::NodeProto &node) {
  if (functions.empty())
    return nullptr;
  auto entry = functions.find(key(node.domain(), node.op_type(), node.overload()));
  return entry == functions.end() ? nullptr : &entry->second;
}

Error FunctionTable::prepare(Function &function, StringRef caller, ImportContext &context) {
  if (function.isPrepared)
    return Error::success();
  function.isPrepared = true;
  onnxpb::FunctionProto &proto = *function.proto;
  std::string owner = proto.name();
  auto bad = [&](const Twine &reason) {
    return context.bad(caller, "the local function " + shownName(proto) + " " + reason +
                                   "; export the model again");
  };
  if (Error error = readOpsets(proto.opset_import(), owner, context, function.opsets))
    return error;
  auto isCall = [&](const onnxpb::NodeProto &node) { return find(node) != nullptr; };
  if (Error error = normaliseNodes(*proto.mutable_node(), function.opsets, /*inFunction=*/true,
                                   isCall, context))
    return error;
  StringSet<> inputs;
  for (const std::string &name : proto.attribute())
    if (name.empty() || !function.attributes.try_emplace(name, nullptr).second)
      return bad("declares attribute " + quoteName(name) + " without a name or twice");
  for (onnxpb::AttributeProto &attribute : *proto.mutable_attribute_proto()) {
    if (attribute.name().empty() ||
        !function.attributes.try_emplace(attribute.name(), &attribute).second)
      return bad("declares attribute " + quoteName(attribute.name()) + " without a name or twice");
    if (Error error = normaliseAttribute(attribute, owner, /*inFunction=*/false, context))
      return error;
    if (attribute.has_g() || attribute.graphs_size())
      return context.unsupported(caller, "the local function " + shownName(proto) +
                                             " gives attribute " + quoteName(attribute.name()) +
                                             " a graph as its default; pass the graph in the call");
  }
  for (const std::string &name : proto.input())
    if (name.empty() || !inputs.insert(name).second)
      return bad("declares input " + quoteName(name) + " without a name or twice");
  for (const std::string &name : proto.output())
    if (name.empty())
      return bad("declares an output without a name");
  return Error::success();
}
