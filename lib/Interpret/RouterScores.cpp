//===- RouterScores.cpp - Scores and softmax --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/RouterScores.h"

#include <cmath>

using namespace moec;
using namespace moec::moe;

template <typename Real>
void moec::softmax(llvm::MutableArrayRef<Real> values) {
  if (values.empty())
    return;
  Real largest = values.front();
  for (Real value : values)
    largest = std::max(largest, value);
  Real sum = 0;
  for (Real &value : values) {
    value = std::exp(value - largest);
    sum += value;
  }
  for (Real &value : values)
    value /= sum;
}

template <typename Real>
Real moec::sigmoid(Real value) {
  if (value >= 0)
    return Real(1) / (Real(1) + std::exp(-value));
  Real power = std::exp(value);
  return power / (Real(1) + power);
}

template <typename Real>
static Real softplus(Real value) {
  return std::max(value, Real(0)) + std::log1p(std::exp(-std::abs(value)));
}

template <typename Real>
static void softmaxOverColumns(Matrix<Real> &scores) {
  for (int64_t e = 0; e < scores.columns; ++e) {
    std::vector<Real> column(scores.rows);
    for (int64_t t = 0; t < scores.rows; ++t)
      column[t] = scores.at(t, e);
    softmax<Real>(column);
    for (int64_t t = 0; t < scores.rows; ++t)
      scores.at(t, e) = column[t];
  }
}

template <typename Real>
Matrix<Real> moec::scoresOf(Score score, ScoreAxis axis, const Matrix<Real> &logits) {
  Matrix<Real> result = logits;
  switch (score) {
  case Score::Softmax:
    if (axis == ScoreAxis::Tokens) {
      softmaxOverColumns(result);
      break;
    }
    for (int64_t t = 0; t < result.rows; ++t)
      softmax(llvm::MutableArrayRef<Real>(result.values).slice(t * result.columns, result.columns));
    break;
  case Score::Sigmoid:
    for (Real &value : result.values)
      value = sigmoid(value);
    break;
  case Score::SqrtSoftplus:
    for (Real &value : result.values)
      value = std::sqrt(softplus(value));
    break;
  case Score::Identity:
  case Score::SparseMixer:
    break;
  }
  return result;
}

template void moec::softmax(llvm::MutableArrayRef<float>);
template void moec::softmax(llvm::MutableArrayRef<double>);
template float moec::sigmoid(float);
template double moec::sigmoid(double);
template Matrix<float> moec::scoresOf(Score, ScoreAxis, const Matrix<float> &);
template Matrix<double> moec::scoresOf(Score, ScoreAxis, const Matrix<double> &);
