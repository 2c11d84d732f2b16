//===- FunctionTable.h - The local functions of a model ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_FUNCTIONTABLE_H
#define MOEC_IMPORT_FUNCTIONTABLE_H

#include "lib/Import/ImportContext.h"
#include "lib/Import/NodeNormaliser.h"
#include "lib/Import/onnx.pb.h"

#include "llvm/ADT/StringMap.h"

namespace moec {

/// A local function and what is known about it after its first call.
struct Function {
  onnxpb::FunctionProto *proto;
  OpsetMap opsets;
  /// Declared attributes, with their defaults or null.
  llvm::StringMap<const onnxpb::AttributeProto *> attributes;
  bool isPrepared = false;
};

/// Local functions by domain, name and overload.
class FunctionTable {
public:
  llvm::Error collect(google::protobuf::RepeatedPtrField<onnxpb::FunctionProto> &protos,
                      ImportContext &context);
  bool empty() const { return functions.empty(); }

  /// The function that a node calls, or null.
  Function *find(const onnxpb::NodeProto &node);

  /// Checks a function and normalises its nodes once, when it is first called: an uncalled one
  /// cannot do harm.
  llvm::Error prepare(Function &function, llvm::StringRef caller, ImportContext &context);

private:
  llvm::StringMap<Function> functions;
};

/// A function's name for messages.
std::string shownName(const onnxpb::FunctionProto &function);

} // namespace moec

#endif // MOEC_IMPORT_FUNCTIONTABLE_H
