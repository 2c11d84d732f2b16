//===- WeightBuilders.h - Weight expressions in normal form -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions that apply an operation to an expression and simplify the result,
// so that expressions of one value are, as far as the rules reach, one
// attribute. Slices move towards the leaves, casts towards the root, and what
// all elements of a stack or concatenation have in common moves out of it:
//
//   stack(slice(W, 0), ..., slice(W, E - 1))       ->  W
//   stack(transpose(A), transpose(B))              ->  transpose(stack(A, B))
//   slice(stack(A, B), 1)                          ->  B
//   slice(transpose(A))                            ->  transpose(slice(A))
//   concat(slice(W, [0, 4)), slice(W, [4, 9)))     ->  slice(W, [0, 9))
//   transpose(transpose(A)), reshape(reshape(A)), slice(slice(A))  ->  one
//
// Arguments must satisfy the verifier of the operation; sources are no packs.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_WEIGHTBUILDERS_H
#define MOEC_DIALECTS_RT_IR_WEIGHTBUILDERS_H

#include "dialects/RT/IR/RT.h"

namespace moec::rt {

/// `result.shape[i] = source.shape[permutation[i]]`.
WeightExprInterface transposed(WeightExprInterface source, llvm::ArrayRef<int64_t> permutation);

/// The same elements in row-major order under `shape`, without -1.
WeightExprInterface reshaped(WeightExprInterface source, llvm::ArrayRef<int64_t> shape);

/// The box [offsets, offsets + sizes).
WeightExprInterface sliced(WeightExprInterface source, llvm::ArrayRef<int64_t> offsets,
                           llvm::ArrayRef<int64_t> sizes);

/// `elements`, of one type and at least one, along a new leading dimension.
WeightExprInterface stacked(llvm::ArrayRef<WeightExprInterface> elements);

/// `elements`, at least one, one after another along `axis`.
WeightExprInterface concatenated(int64_t axis, llvm::ArrayRef<WeightExprInterface> elements);

/// The elements rounded to `elementType`; if `finite`, an error where a finite one becomes
/// infinite.
WeightExprInterface casted(WeightExprInterface source, mlir::Type elementType, bool finite = false);

/// Panels; nothing can be applied to the result.
WeightExprInterface packed(WeightExprInterface source, int64_t columns);

/// `expr` rebuilt with the functions above, for expressions that were written by hand.
WeightExprInterface normalised(WeightExprInterface expr);

} // namespace moec::rt

#endif // MOEC_DIALECTS_RT_IR_WEIGHTBUILDERS_H
