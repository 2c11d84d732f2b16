//===- CompareRows.cpp - Two results of one layer ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CompareRows.h"

#include <cmath>
#include <limits>

using namespace moec;

/// By the row's largest finite element.
static double differenceOf(double first, double second, double largest) {
  if (first == second || (std::isnan(first) && std::isnan(second)))
    return 0;
  // Rows of zeros are exact.
  double difference = std::abs(first - second) / largest;
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

RowDifference moec::compareRows(const Tensor &first, const Tensor &second) {
  RowDifference worst;
  int64_t columns = first.rank() ? first.shape().back() : 1;
  for (int64_t begin = 0, row = 0; begin < first.numElements(); begin += columns, ++row) {
    double largest = 0;
    for (int64_t column = 0; column < columns; ++column)
      if (double value = std::abs(first.real(begin + column)); std::isfinite(value))
        largest = std::max(largest, value);
    for (int64_t column = 0; column < columns; ++column) {
      double a = first.real(begin + column), b = second.real(begin + column);
      double relative = differenceOf(a, b, largest);
      if (relative > worst.relative)
        worst = {relative, row, column, a, b};
    }
  }
  return worst;
}

double moec::rowTolerance(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return 0x1p-8;
  case DType::BF16:
    return 0x1p-5;
  default:
    return 1e-4;
  }
}
