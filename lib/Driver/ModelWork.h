//===- ModelWork.h - What a run must read and compute ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_MODELWORK_H
#define MOEC_LIB_DRIVER_MODELWORK_H

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <vector>

namespace moec {

/// Products of rows with the packed weights of a model.
struct ProductWork {
  /// Elements and bytes of one matrix.
  double elements = 0, bytes = 0;
  /// The output of the entry that holds the first row of each expert, and the number of rows; -1
  /// for a product of all tokens with one matrix.
  int32_t routing = -1;
  /// Experts of a token.
  int64_t k = 1;
};

/// What one run reads of the weights and computes with them.
struct RunWork {
  double bytes = 0, operations = 0;
};

/// The products of the first entry of a module that has been scheduled and exposes its routing
/// (--expose-routing). Empty where products are not all known, or no layer has experts.
std::vector<ProductWork> collectWork(mlir::ModuleOp module);

/// What a run with this routing needs at least: `offsets[i]` are the elements of output
/// `products[i].routing`. Attention and what is not a product do not count; dense products have as
/// many rows as there are tokens.
RunWork countWork(llvm::ArrayRef<ProductWork> products,
                  llvm::ArrayRef<llvm::ArrayRef<int32_t>> offsets);

} // namespace moec

#endif // MOEC_LIB_DRIVER_MODELWORK_H
