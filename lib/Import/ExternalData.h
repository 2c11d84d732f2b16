//===- ExternalData.h - Finds external tensor data safely -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_EXTERNALDATA_H
#define MOEC_IMPORT_EXTERNALDATA_H

#include "lib/Import/ByteSource.h"
#include "lib/Import/ImportError.h"
#include "lib/Import/ImportLimits.h"
#include "lib/Import/onnx.pb.h"

#include "llvm/ADT/StringMap.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace moec {

/// The external_data entries of one tensor.
struct ExternalLocation {
  std::string location; ///< Relative path as in the file.
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  std::string checksum; ///< 40 hexadecimal digits in lower case, or empty.
  std::vector<std::string> unknownKeys;
};

/// Reads the entries. The error text (not an ImportError: the caller knows the tensor) is put into
/// `message`, and the result is empty then.
std::optional<ExternalLocation> parseExternalLocation(const onnxpb::TensorProto &tensor,
                                                      std::string &message);

/// A file with external data: where it really is, and what it was when it was found.
struct ExternalFile {
  std::string path; ///< Canonical.
  uint64_t size;
  std::pair<uint64_t, uint64_t> identity; ///< Device and inode.
};

/// Finds files of external data below a folder and nowhere else.
///
/// A location is a relative path. After normalisation it must stay below the folder, the kernel
/// must find it there (openat2 with RESOLVE_BENEATH; where the kernel lacks that call, a walk that
/// follows no link), and it must be a regular file. One exception makes caches readable in which a
/// model and its data are links into a store of blobs: if the last component is a link that leaves
/// the folder, its target may lie below the folder that holds the model file itself, links
/// resolved. Hard links are not refused: such caches use them, and a hard link cannot be made to a
/// file that its maker could not name.
class ExternalDataRoot {
public:
  /// `folder` is the folder of the model as given or the option's, and where it is empty, every
  /// location is refused; `modelFolder` is the canonical folder of the model file or empty.
  ExternalDataRoot(const ImportLimits &limits, llvm::StringRef folder, llvm::StringRef modelFolder)
      : limits(limits), folder(folder), modelFolder(modelFolder) {}

  /// Finds a location; results are remembered. Thread-safe. On failure the result is null, and
  /// `message` and `kind` say why.
  const ExternalFile *find(llvm::StringRef location, std::string &message, ImportError::Kind &kind);
  /// Opens a file that `find` returned, by its canonical path, refusing one that was replaced
  /// since. Thread-safe.
  llvm::Expected<std::unique_ptr<FileSource>> reopen(llvm::StringRef path) const;

  /// Canonical paths of all files that `find` found.
  std::vector<std::string> paths() const;

private:
  const ImportLimits limits;
  const std::string folder, modelFolder;
  mutable std::mutex mutex;            // Of the two maps.
  llvm::StringMap<ExternalFile> found; // By normalised location.
  llvm::StringMap<const ExternalFile *> byPath;
};

} // namespace moec

#endif // MOEC_IMPORT_EXTERNALDATA_H
