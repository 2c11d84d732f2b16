//===- GraphChecker.h - Names and order of graphs ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_GRAPHCHECKER_H
#define MOEC_IMPORT_GRAPHCHECKER_H

#include "lib/Import/ImportContext.h"
#include "lib/Import/onnx.pb.h"

namespace moec {

/// Checks a top-level graph and the graphs nested in it, after inlining:
///
/// - inputs, initialisers and graph outputs have names, and each list has no name twice;
/// - every value is defined once: as an input (with or without an initialiser of the same name as
/// its
///   default), as an initialiser, or as one node's output;
/// - every value that is used is defined in the graph or in one around it.
///
/// Then sorts the nodes of each graph so that definitions come before uses, keeping the order of
/// the file as far as that allows, with a note where something had to move. A cycle is BadInput. A
/// name that a nested graph defines hides the same name outside. Linear in the size of the graph.
llvm::Error checkGraph(onnxpb::GraphProto &graph, ImportContext &context);

} // namespace moec

#endif // MOEC_IMPORT_GRAPHCHECKER_H
