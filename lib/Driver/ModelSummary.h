//===- ModelSummary.h - What is in a model ----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_MODELSUMMARY_H
#define MOEC_LIB_DRIVER_MODELSUMMARY_H

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>
#include <vector>

namespace moec {

/// One axis; absent where the file says nothing.
struct SizeSummary {
  std::optional<int64_t> size;
  std::string name;
};

/// An input or output of an entry.
struct TensorSummary {
  std::string name, dtype;
  /// Absent for an unknown rank.
  std::optional<std::vector<SizeSummary>> shape;
};

/// One mixture-of-experts layer. Sizes are absent where they are not constant.
struct LayerSummary {
  /// What the names of its nodes have in common up to a `/`, or `layer N`, counted from 0.
  std::string name;
  std::optional<int64_t> experts, k, hidden, width;
  /// How experts are chosen and weighed: "softmax, top-k, renormalised", ...
  std::string router;
  std::string dtype;
  /// Whether a dense expert on the same tokens is added.
  bool shared = false;
  /// Constant parameters of all experts.
  int64_t expertParameters = 0;
};

/// Floating-point constants of more than one element.
struct ParameterCount {
  int64_t elements = 0;
  int64_t bytes = 0;
};

/// Operations that were found, or that the file has as such.
struct BlockCount {
  int64_t rmsNorms = 0, layerNorms = 0, rotaryEmbeddings = 0, attentions = 0;
};

/// f32, i64, u8, bool, ...
std::string getDTypeName(mlir::Type type);

/// Inputs and outputs of the first entry.
void summariseEntry(mlir::ModuleOp module, std::vector<TensorSummary> &inputs,
                    std::vector<TensorSummary> &outputs);

/// All `moe.expert` with what chooses their rows. Routers are told as they were recognised, so
/// this comes before canonicalisation.
std::vector<LayerSummary> summariseLayers(mlir::ModuleOp module);

/// Before recognition, which may write weights anew.
ParameterCount countParameters(mlir::ModuleOp module);

BlockCount countBlocks(mlir::ModuleOp module);

/// Parameters that take part in the result of one token: of experts, k in E.
int64_t countActiveParameters(int64_t parameters, llvm::ArrayRef<LayerSummary> layers);

} // namespace moec

#endif // MOEC_LIB_DRIVER_MODELSUMMARY_H
