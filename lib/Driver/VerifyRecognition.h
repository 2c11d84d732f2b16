//===- VerifyRecognition.h - Layers against what they were --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A safety net below the proofs of lib/Recognise/MoE: what a layer was
// recognised as and what the file spells are compiled side by side and run on
// random inputs of few tokens.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_VERIFYRECOGNITION_H
#define MOEC_LIB_DRIVER_VERIFYRECOGNITION_H

#include "lib/Driver/Compilation.h"
#include "lib/Recognise/MoE/LayerForms.h"

namespace moec {

struct LayerVerdict {
  /// Unknown: the forms could not be run.
  enum Kind { Same, Different, Unknown };
  Kind kind = Unknown;
  /// Of each form.
  unsigned runs = 0;
  /// The largest difference (CompareRows.h) of all runs.
  double largest = 0;
  /// Where it was, if it was too large; why the forms could not be run. The end of a sentence.
  std::string detail;
};

/// Runs both forms of a layer of `whole`.
LayerVerdict compareForms(const Compilation &whole, const recognise::LayerForms &forms);

/// Compares the forms of each layer and tells the outcome on stderr, of layers that are the same
/// unless `quiet`. Returns exitWrongResult if a layer differs, else exitUnsupported if there is one
/// that cannot be run.
int verifyRecognition(const Compilation &whole, llvm::ArrayRef<recognise::LayerForms> layers,
                      bool quiet);

} // namespace moec

#endif // MOEC_LIB_DRIVER_VERIFYRECOGNITION_H
