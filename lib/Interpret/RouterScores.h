//===- RouterScores.h - Scores and softmax ----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_ROUTERSCORES_H
#define MOEC_LIB_INTERPRET_ROUTERSCORES_H

#include "dialects/MoE/IR/MoE.h"

#include <cstdint>
#include <vector>

namespace moec {

/// A row-major matrix that a router computes in; Real is float or double.
template <typename Real>
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<Real> values;

  Matrix(int64_t rows, int64_t columns, std::vector<Real> values)
      : rows(rows), columns(columns), values(std::move(values)) {}
  Matrix(int64_t rows, int64_t columns) : Matrix(rows, columns, {}) {
    values.resize(rows * columns);
  }
  Real &at(int64_t row, int64_t column) { return values[row * columns + column]; }
  const Real &at(int64_t row, int64_t column) const { return values[row * columns + column]; }
};

/// Replaces `values` by their softmax. The largest is subtracted first; the sum
/// runs in order.
template <typename Real>
void softmax(llvm::MutableArrayRef<Real> values);

/// The logistic function, without overflow.
template <typename Real>
Real sigmoid(Real value);

/// Scores of all tokens (rows) and experts (columns) by the formulas of
/// moe.route. The sparse mixer has no score of its own: it gives the logits.
template <typename Real>
Matrix<Real> scoresOf(moe::Score score, moe::ScoreAxis axis, const Matrix<Real> &logits);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_ROUTERSCORES_H
