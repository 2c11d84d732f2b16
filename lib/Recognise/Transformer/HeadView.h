//===- HeadView.h - Operands of attention behind views ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_TRANSFORMER_HEADVIEW_H
#define MOEC_LIB_RECOGNISE_TRANSFORMER_HEADVIEW_H

#include "lib/Recognise/Transformer/AxisView.h"

namespace moec::recognise {

/// How a product reads a tensor of batch x heads x sequence x size.
enum class HeadView {
  /// As it is.
  Plain,
  /// With consecutive heads reading one head of the tensor.
  Repeated,
  /// The same, and with the last two axes exchanged.
  RepeatedTransposed
};

/// The factor by which `op` multiplies its tensor operand, which goes to `input`, if that is a
/// constant number.
std::optional<double> getFactor(mlir::Operation *op, mlir::Value &input);

/// Looks through products with numbers, by which `scale` is multiplied.
mlir::Value skipFactors(mlir::Value value, double &scale);

/// The farthest tensor of rank 4 of which `value` is the view. Products with numbers on the way
/// multiply `scale`; without one they end the way. Null if there is no such tensor.
mlir::Value findHeads(mlir::Value value, HeadView kind, FunctionShapes &shapes, double *scale);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_TRANSFORMER_HEADVIEW_H
