//===- EinsumEquation.h - Terms of an einsum ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_EINSUMEQUATION_H
#define MOEC_DIALECTS_ONNX_IR_EINSUMEQUATION_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace moec::onnx {

/// The axis names of one side of an equation, `...` as one marker.
struct EinsumTerm {
  std::string names; // without the ellipsis
  /// How many of the names come before the ellipsis; none without one.
  std::optional<size_t> ellipsis;
};

struct EinsumEquation {
  llvm::SmallVector<EinsumTerm> inputs;
  /// What the equation says, or what it implies without `->`.
  EinsumTerm output;
};

/// Reads an equation for `numInputs` inputs. Each name of the output is one of an input's, and
/// occurs once.
llvm::Expected<EinsumEquation> parseEinsum(llvm::StringRef equation, size_t numInputs);

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_EINSUMEQUATION_H
