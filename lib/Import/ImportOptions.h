//===- ImportOptions.h - Options and limits of the model reader -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_IMPORTOPTIONS_H
#define MOEC_IMPORT_IMPORTOPTIONS_H

#include <cstdint>
#include <string>

namespace moec {

/// What a file may ask of the reader before it is refused with ImportError::Resource. The defaults
/// leave a factor of ten to the largest published models and bound time and memory on hostile ones.
struct ImportLimits {
  /// Nested protobuf messages; a graph inside a graph costs three.
  uint32_t messageDepth = 96;
  /// Nodes of the file, local functions and nested graphs included.
  uint64_t nodes = 4'000'000;
  /// Tensors of the file: initialisers, sparse ones and tensor attributes.
  uint64_t tensors = 2'000'000;
  /// Bytes of one name: of a value, node, operator, domain, attribute, symbol or function.
  uint64_t nameBytes = 65536;
  /// Dimensions of a tensor or of a declared type.
  uint32_t rank = 64;
  /// Local functions calling local functions, from the graph down.
  uint32_t callDepth = 64;
  /// Nodes after inlining of local functions.
  uint64_t expandedNodes = 1'000'000;
  /// Nested graphs after inlining of local functions.
  uint32_t graphDepth = 64;
  /// Bytes of nodes created by inlining of local functions.
  uint64_t expandedBytes = uint64_t(2) << 30;
  /// Bytes of the model file, weights inside it included.
  uint64_t fileBytes = uint64_t(1) << 42;
  /// Estimated bytes of the parsed model without the weights that stay in the file.
  uint64_t parsedBytes = uint64_t(6) << 30;
  /// Bytes that all sparse tensors may take once they are dense; ImportError::Unsupported beyond.
  uint64_t sparseDenseBytes = uint64_t(256) << 20;
};

/// How a model is read.
struct ImportOptions {
  ImportLimits limits;
  /// Folder of external data. Empty: the folder of the model file.
  std::string externalDataDir;
  /// Read IR versions newer than the newest known one instead of refusing them.
  bool allowNewerIR = false;
  /// Compare the `checksum` (SHA-1 of the whole file) of external data where given. Reads all of
  /// it.
  bool verifyChecksums = false;
  /// raw_data of at least this many bytes stays in the model file, as a FileRange.
  uint64_t mappedBytes = 1024;
};

} // namespace moec

#endif // MOEC_IMPORT_IMPORTOPTIONS_H
