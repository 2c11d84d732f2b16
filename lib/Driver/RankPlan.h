//===- RankPlan.h - What each rank of a grid holds --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RANKPLAN_H
#define MOEC_LIB_DRIVER_RANKPLAN_H

#include "moec/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace moec {

/// A layer whose experts are spread over ranks.
struct ExchangePlan {
  /// The member of a group that has each expert, or each part of each expert.
  std::vector<int64_t> owners;
  int64_t parts = 1;
  /// One product of the layer, which has exchanges of its own; else all of it.
  bool isProduct = false;
  /// Every rank has all of them, and nothing is exchanged.
  bool isLocal = false;
  /// Parameters of one expert, or one part.
  int64_t partBytes = 0;
  /// Rows that a rank receives at a time, and bytes of a row on its way there and back; 0 where the
  /// type does not tell.
  int64_t windowRows = 0, rowBytes = 0, resultBytes = 0;
};

struct RankPlan {
  RankOptions grid;
  std::vector<ExchangePlan> layers;
  /// Parameters of everything else, which every rank holds.
  int64_t otherBytes = 0;

  /// Parameters of the experts that rank `rank` has, of all layers.
  int64_t getExpertBytes(int64_t rank) const;
  /// Memory of a rank for rows on their way, at most: two windows for each direction.
  int64_t getWindowBytes() const;
};

/// Reads the plan off a module whose experts have been spread over `grid`; `parameterBytes` are
/// those of the whole model.
RankPlan planRanks(mlir::ModuleOp module, const RankOptions &grid, int64_t parameterBytes);

void printText(llvm::raw_ostream &os, const RankPlan &plan);
llvm::json::Value toJson(const RankPlan &plan);

} // namespace moec

#endif // MOEC_LIB_DRIVER_RANKPLAN_H
