//===- WireScanner.h - Checks protobuf bytes before parsing -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_WIRESCANNER_H
#define MOEC_IMPORT_WIRESCANNER_H

#include "lib/Import/ByteSource.h"
#include "lib/Import/ImportOptions.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace moec {

/// What is left of a model file for the protobuf parser.
struct ScannedModel {
  /// An encoded ModelProto with the fields of onnx.proto only. raw_data of
  /// ImportOptions::mappedBytes and more is replaced by file_offset and file_bytes.
  std::string message;
  /// Names of fields that were dropped because they have no influence on inference.
  std::vector<std::string> ignoredFields;
};

/// Walks a model on the wire, in one pass and with one window of memory, before protobuf allocates
/// anything for it: field types, lengths, names and the limits of ImportLimits are checked, unknown
/// fields dropped, and large weights skipped, so that files beyond protobuf's 2 GiB can be read.
/// Errors are ImportErrors that name the path of the field (`graph.node[3].input[0]`) and its byte.
llvm::Expected<ScannedModel> scanModel(const ByteSource &source, llvm::StringRef fileName,
                                       const ImportOptions &options);

} // namespace moec

#endif // MOEC_IMPORT_WIRESCANNER_H
