//===- ImportOptions.h - Options and limits of the model reader -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_IMPORTOPTIONS_H
#define MOEC_IMPORT_IMPORTOPTIONS_H

#include "lib/Import/ImportLimits.h"

#include <cstdint>
#include <string>

namespace moec {

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
