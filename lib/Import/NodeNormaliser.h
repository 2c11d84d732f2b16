//===- NodeNormaliser.h - One spelling for nodes and attributes -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_NODENORMALISER_H
#define MOEC_IMPORT_NODENORMALISER_H

#include "lib/Import/ImportContext.h"
#include "lib/Import/onnx.pb.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

namespace moec {

/// Operator set imports: version by domain, "" for ai.onnx.
using OpsetMap = llvm::StringMap<int64_t>;

/// Reads a list of imports. `owner` names the function it belongs to, or is empty for the model.
/// Refuses versions below 1 and two different versions of a domain.
llvm::Error
readOpsets(const google::protobuf::RepeatedPtrField<onnxpb::OperatorSetIdProto> &imports,
           llvm::StringRef owner, const ImportContext &context, OpsetMap &opsets);

/// Whether a node calls a local function.
using IsCall = llvm::function_ref<bool(const onnxpb::NodeProto &)>;

/// Brings nodes, their nested graphs included, into the form that OnnxModel::proto promises: names,
/// domains, resolved_opset, attribute names and types. Attribute references stay and are allowed
/// only if `inFunction`. Calls of local functions need no import of their domain.
llvm::Error normaliseNodes(google::protobuf::RepeatedPtrField<onnxpb::NodeProto> &nodes,
                           const OpsetMap &opsets, bool inFunction, IsCall isCall,
                           ImportContext &context);

/// Gives `attribute` the type of its only value, or fails; `node` is for messages.
llvm::Error normaliseAttribute(onnxpb::AttributeProto &attribute, llvm::StringRef node,
                               bool inFunction, const ImportContext &context);

} // namespace moec

#endif // MOEC_IMPORT_NODENORMALISER_H
