//===- ImportError.h - What the model reader reports ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_IMPORTERROR_H
#define MOEC_IMPORT_IMPORTERROR_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// The only error type of the model reader. Names that come from the file are escaped in `message`;
/// `file` and `node` are raw and are escaped by `log`.
class ImportError : public llvm::ErrorInfo<ImportError> {
public:
  enum Kind {
    BadInput,    ///< The file is wrong or cannot be read; exit code 3.
    Unsupported, ///< The file may be right, this reader does not do it; exit code 4.
    Resource,    ///< A limit of ImportLimits or of the machine; exit code 5.
  };

  ImportError(Kind kind, llvm::StringRef file, llvm::StringRef node, const llvm::Twine &message)
      : kind(kind), file(file), node(node), message(message.str()) {}

  static char ID;

  Kind kind;
  /// Path of the model as the caller gave it, or of the external file at fault.
  std::string file;
  /// Name of the node or tensor at fault; empty where there is none.
  std::string node;
  /// The reason and the way out, as one clause without a final stop.
  std::string message;

  /// Exit code of the command line for this kind: 3, 4 or 5.
  int exitCode() const { return 3 + kind; }

  /// Writes `FILE: node 'NODE': MESSAGE`.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;
};

/// `text` in a form that is safe to print on a terminal: control characters, quotes, backslashes,
/// invisible or invalid UTF-8 become escapes, and text beyond 200 bytes is cut with an ellipsis.
std::string escapeName(llvm::StringRef text);

/// A message that may hold names or lines of a file, safe to print: as escapeName, but quotes and
/// backslashes stay, which earlier escapes have, line ends and tabs too, and 16 KiB remain.
std::string escapeMessage(llvm::StringRef text);

/// escapeName in single quotes.
std::string quoteName(llvm::StringRef text);

} // namespace moec

#endif // MOEC_IMPORT_IMPORTERROR_H
