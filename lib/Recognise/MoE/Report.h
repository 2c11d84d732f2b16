//===- Report.h - What recognition found and why not ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognition proves a layer step by step. Each step is an obligation with a
// name; the first one that fails is what the report tells about a suspect.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_REPORT_H
#define MOEC_LIB_RECOGNISE_MOE_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Location.h"

#include <string>
#include <vector>

namespace moec::recognise {

/// A layer that became `moe` ops.
struct RecognisedLayer {
  explicit RecognisedLayer(mlir::Location where) : where(where) {}

  /// The node that chooses the experts.
  mlir::Location where;
  /// The name of that node.
  std::string name;
  int64_t experts = 0, k = 0;
  /// The family: "softmax, top-k", "softmax, top-k, renormalised", "top-k, softmax".
  std::string router;
  /// Input columns; columns of the activation's result.
  int64_t hidden = 0, width = 0;
  mlir::Type dtype;
  /// Whether a dense expert on the same input is added to the result.
  bool shared = false;
};

/// A choice of experts that did not become a layer.
struct DeclinedLayer {
  /// The ONNX node that chooses.
  std::string name;
  /// The body that was tried: "sum over choices", ...
  std::string family;
  /// The name of the first obligation that failed, and a sentence about it.
  std::string obligation, detail;
  /// The node where it failed, the choice itself if no other is known.
  mlir::Location where;
};

struct LayerForms;

struct RecognitionReport {
  std::vector<RecognisedLayer> layers;
  std::vector<DeclinedLayer> declined;
  /// Where both forms of each layer go; null if nobody compares them.
  std::vector<LayerForms> *forms = nullptr;
};

/// The name of the ONNX node that a location carries; empty if it carries none.
std::string nodeName(mlir::Location loc);

/// Whether a dense expert on the same tokens `x` is added to the result of a layer: the other
/// operand of an addition is made of `x`, weights, row-wise functions and at least two products.
bool hasSharedExpert(mlir::Value result, mlir::Value x);

/// Recognises the layers of all functions of a module, adding to `report`.
/// Fails only where shape inference does, after its diagnostic. The ops that
/// computed a recognised layer stay behind without uses.
llvm::LogicalResult recogniseMoE(mlir::ModuleOp module, RecognitionReport &report);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_REPORT_H
