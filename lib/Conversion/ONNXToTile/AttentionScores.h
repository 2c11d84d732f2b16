//===- AttentionScores.h - The scores of attention, kept ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOTILE_ATTENTIONSCORES_H
#define MOEC_LIB_CONVERSION_ONNXTOTILE_ATTENTIONSCORES_H

#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include <optional>

namespace moec {

/// How far attention has come when its scores are read; ONNX's numbers.
enum class ScoreStage { Product = 0, Capped = 1, Masked = 2, Softmax = 3 };

/// Operands and attributes of tile.attention that decide its scores.
struct AttentionScores {
  ScoreStage stage = ScoreStage::Product;
  /// B x Hq x S x D and B x Hkv x L x D; Hq and Hkv are static.
  mlir::Value query, key;
  float scale = 1;
  std::optional<float> softcap;
  /// With four dimensions; i8 (keep where it is not 0) or a float (added); null
  /// for none.
  mlir::Value mask;
  /// B, i64; null for none.
  mlir::Value lengths;
  /// The position of the first query without `lengths`; null for 0.
  mlir::Value offset;
  std::optional<int64_t> left, right;
  bool nanRows = false;
  mlir::Operation *op;
};

/// The scores at a stage as a tensor B x Hq x S x L of the type of the query;
/// computed in f32 and rounded once.
mlir::Value buildAttentionScores(mlir::ImplicitLocOpBuilder &b, WeightTable &weights,
                                 const AttentionScores &scores);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOTILE_ATTENTIONSCORES_H
