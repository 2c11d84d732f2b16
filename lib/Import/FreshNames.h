//===- FreshNames.h - Names that nothing else has ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_FRESHNAMES_H
#define MOEC_IMPORT_FRESHNAMES_H

#include "lib/Import/onnx.pb.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace moec {

/// The names in use of one kind, values or nodes.
class FreshNames {
public:
  void take(llvm::StringRef name) { used.insert(name); }
  /// `prefix/name`, with a number appended where that is in use.
  std::string make(llvm::StringRef prefix, llvm::StringRef name);

private:
  llvm::StringSet<> used;
  llvm::StringMap<uint64_t> nextSuffix;
};

/// Takes every name of a graph and of graphs nested in it.
void collectNames(const onnxpb::GraphProto &graph, FreshNames &values, FreshNames &nodes);

} // namespace moec

#endif // MOEC_IMPORT_FRESHNAMES_H
