//===- ExpandedSize.h - What inlining of functions would make ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_EXPANDEDSIZE_H
#define MOEC_IMPORT_EXPANDEDSIZE_H

#include "lib/Import/FunctionTable.h"

namespace moec {

/// Refuses a graph whose calls expand to more nodes or bytes than ImportLimits allow, without
/// expanding anything: each function that is called is looked at once, so that functions which call
/// each other many times are refused at once. What it finds is at most what inlining makes; calls
/// in a circle are left to inlining.
llvm::Error checkExpandedSize(const onnxpb::GraphProto &graph, FunctionTable &functions,
                              ImportContext &context);

} // namespace moec

#endif // MOEC_IMPORT_EXPANDEDSIZE_H
