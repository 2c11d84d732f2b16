//===- FunctionInliner.h - Local functions replaced by their bodies *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_FUNCTIONINLINER_H
#define MOEC_IMPORT_FUNCTIONINLINER_H

#include "lib/Import/ImportContext.h"
#include "lib/Import/NodeNormaliser.h"
#include "lib/Import/onnx.pb.h"

namespace moec {

/// Normalises the nodes of the model's graph and replaces every call of a local function, also
/// inside nested graphs and other functions, by the function's nodes. Afterwards the model has no
/// functions.
///
/// - A function is found by (domain, name, overload), and wins over an operator of that name.
/// - Its nodes are read with its own opset_import (NodeProto.resolved_opset), whatever the model or
///   other functions import: versions cannot conflict.
/// - An attribute reference takes the call's attribute, else the function's default, else the
///   attribute is absent.
/// - A node `n` of a function called by node `c` is called `c/n`, and so are the values it makes
/// that
///   are not results of the call; a number is appended where the name is taken. Names inside nested
///   graphs of a function are renamed too, so that a captured name means the same as before.
/// - Recursion is BadInput; ImportLimits bounds depth, nodes and bytes.
llvm::Error inlineFunctions(onnxpb::ModelProto &model, const OpsetMap &opsets,
                            ImportContext &context);

} // namespace moec

#endif // MOEC_IMPORT_FUNCTIONINLINER_H
