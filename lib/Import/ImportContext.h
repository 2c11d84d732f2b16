//===- ImportContext.h - State shared by the steps of a load ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_IMPORTCONTEXT_H
#define MOEC_IMPORT_IMPORTCONTEXT_H

#include "lib/Import/ImportError.h"
#include "lib/Import/ImportOptions.h"

#include "llvm/ADT/STLExtras.h"

#include <string>
#include <vector>

namespace moec {

/// What every step of reading one model needs: how to fail and where to leave remarks.
struct ImportContext {
  std::string fileName;
  ImportOptions options;
  std::vector<std::string> notes;

  const ImportLimits &limits() const { return options.limits; }

  llvm::Error bad(llvm::StringRef node, const llvm::Twine &message) const {
    return llvm::make_error<ImportError>(ImportError::BadInput, fileName, node, message);
  }
  llvm::Error unsupported(llvm::StringRef node, const llvm::Twine &message) const {
    return llvm::make_error<ImportError>(ImportError::Unsupported, fileName, node, message);
  }
  /// `what` is the subject of a sentence: "the number of nodes".
  llvm::Error overLimit(llvm::StringRef node, const llvm::Twine &what,
                        uint64_t ImportLimits::*limit) const {
    return llvm::make_error<ImportError>(ImportError::Resource, fileName, node,
                                         describeExcess(limits(), limit, what.str()));
  }
  /// Remembers a sentence once, and no more than a hundred of them.
  void note(const llvm::Twine &sentence) {
    std::string text = sentence.str();
    if (notes.size() < 100 && !llvm::is_contained(notes, text))
      notes.push_back(std::move(text));
  }
};

} // namespace moec

#endif // MOEC_IMPORT_IMPORTCONTEXT_H
