//===- RankPlan.cpp - What each rank of a grid holds ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RankPlan.h"

#include "dialects/MoE/IR/MoE.h"

using namespace mlir;

namespace moec {

/// Bytes of one expert's slice of a stack of weights or biases, which has one for each of
/// `experts`.
static int64_t getSliceBytes(Value stack, int64_t experts) {
  auto type = stack ? dyn_cast<RankedTensorType>(stack.getType()) : RankedTensorType();
  if (!type || !type.hasStaticShape() || type.getRank() == 0 || type.getDimSize(0) != experts)
    return 0;
  return type.getNumElements() / std::max<int64_t>(experts, 1) * type.getElementTypeBitWidth() / 8;
}

/// Bytes of a row, 0 if its length is not known.
static int64_t getRowBytes(Value rows) {
  auto type = cast<RankedTensorType>(rows.getType());
  return type.isDynamicDim(1) ? 0 : type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
}

int64_t RankPlan::getExpertBytes(int64_t rank) const {
  int64_t bytes = 0;
  for (const ExchangePlan &layer : layers)
    bytes += (layer.isLocal ? static_cast<int64_t>(layer.owners.size())
                            : llvm::count(layer.owners, rank % (grid.ep * grid.tp))) *
             layer.partBytes;
  return bytes;
}

int64_t RankPlan::getWindowBytes() const {
  uint64_t in = 0, out = 0; // layers follow each other and use the same memory
  for (const ExchangePlan &layer : layers) {
    in = std::max<uint64_t>(in,
                            llvm::SaturatingMultiply<uint64_t>(layer.windowRows, layer.rowBytes));
    out = std::max<uint64_t>(
        out, llvm::SaturatingMultiply<uint64_t>(layer.windowRows, layer.resultBytes));
  }
  const uint64_t both = llvm::SaturatingMultiply<uint64_t>(2, llvm::SaturatingAdd(in, out));
  return static_cast<int64_t>(std::min<uint64_t>(both, std::numeric_limits<int64_t>::max()));
}

RankPlan planRanks(ModuleOp module, const RankOptions &grid, int64_t parameterBytes) {
  RankPlan plan;
  plan.grid = grid;
  plan.otherBytes = parameterBytes;
  auto getExpertBytes = [](Operation *op, int64_t experts) {
    int64_t bytes = 0;
    if (isa<moe::ExpertOp, moe::ExpertHiddenOp, moe::GroupedMatmulOp>(op))
      for (Value operand : llvm::drop_begin(op->getOperands(), 2)) // rows, ranges
        bytes += getSliceBytes(operand, experts);
    return bytes;
  };
  module.walk([&](Operation *op) {
    ExchangePlan layer;
    if (auto parallel = dyn_cast<moe::ExpertParallelOp>(op)) {
      layer.owners = parallel.getOwners().vec();
      layer.parts = parallel.getParts();
      layer.isProduct = layer.parts > 1;
      layer.windowRows = parallel.getWindow();
      layer.rowBytes = getRowBytes(parallel.getRows());
      for (Value result : parallel.getResults())
        layer.resultBytes += getRowBytes(result) / layer.parts;
      for (Operation &inner : parallel.getBody().front())
        layer.partBytes += getExpertBytes(&inner, parallel.getNumExperts()) / layer.parts;
    } else if (isa<moe::ExpertOp, moe::ExpertHiddenOp, moe::GroupedMatmulOp>(op) &&
               !isa<moe::ExpertParallelOp>(op->getParentOp())) {
      // Nobody to exchange with.
      auto ranges = cast<RankedTensorType>(op->getOperand(1).getType());
      if (ranges.isDynamicDim(0))
        return;
      // Ranges are experts, or parts of some where somebody has written it so.
      if (auto parts = op->getAttrOfType<IntegerAttr>("parts"))
        layer.parts = parts.getInt();
      const int64_t experts = (ranges.getDimSize(0) - 1) / layer.parts;
      layer.owners.assign(experts * layer.parts, 0);
      layer.isLocal = true;
      layer.isProduct = !isa<moe::ExpertOp>(op);
      layer.partBytes = getExpertBytes(op, experts) / layer.parts;
    } else {
      return;
    }
    plan.otherBytes -= layer.partBytes * static_cast<int64_t>(layer.owners.size());
    plan.layers.push_back(std::move(layer));
  });
  return plan;
}

/// The experts of which a member has a part: "0-3", "0-3, 6".
static std::string describeExperts(const ExchangePlan &layer, int64_t member) {
  std::string text;
  const int64_t experts = static_cast<int64_t>(layer.owners.size()) / layer.parts;
  auto has = [&](int64_t expert) {
    return layer.isLocal ||
           llvm::is_contained(ArrayRef(layer.owners).slice(expert * layer.parts, layer.parts),
                              member);
  };
  for (int64_t first = 0; first < experts; ++first) {
    if (!has(first))
      continue;
    int64_t last = first;
    while (last + 1 < experts && has(last + 1))
      ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(first);
    if (last > first)
      text += "-" + std::to_string(last);
    first = last;
  }
  return text.empty() ? "none" : text;
}

void printText(llvm::raw_ostream &os, const RankPlan &plan) {
  os << "grid: ep " << plan.grid.ep;
  if (plan.grid.tp > 1)
    os << ", tp " << plan.grid.tp;
  os << ", dp " << plan.grid.dp << ": " << plan.grid.numRanks()
     << (plan.grid.numRanks() == 1 ? " rank\n" : " ranks\n");
  // Layers that are placed alike are told once.
  struct Group {
    const ExchangePlan *first;
    int64_t count;
  };
  SmallVector<Group> groups;
  for (const ExchangePlan &layer : plan.layers) {
    auto *known = llvm::find_if(groups, [&](const Group &group) {
      return group.first->owners == layer.owners && group.first->parts == layer.parts &&
             group.first->isLocal == layer.isLocal && group.first->isProduct == layer.isProduct &&
             group.first->windowRows == layer.windowRows &&
             group.first->rowBytes == layer.rowBytes &&
             group.first->resultBytes == layer.resultBytes;
    });
    if (known != groups.end())
      ++known->count;
    else
      groups.push_back({&layer, 1});
  }
  for (const Group &group : groups) {
    const int64_t parts = group.first->parts;
    const char *what = group.first->isProduct ? " product" : " layer";
    os << "  " << group.count << what << (group.count == 1 ? "" : "s") << " of "
       << static_cast<int64_t>(group.first->owners.size()) / parts << " experts";
    if (parts > 1)
      os << " in " << parts << " parts";
    os << ": ";
    if (group.first->windowRows)
      os << "windows of " << group.first->windowRows << " rows; " << group.first->rowBytes
         << " bytes a row there, " << group.first->resultBytes << " back; ";
    os << (group.first->isLocal && plan.grid.numRanks() > 1 ? "nothing is exchanged; " : "")
       << "experts by rank:";
    for (int64_t member = 0; member < plan.grid.ep * plan.grid.tp; ++member)
      os << (member ? "; " : " ") << describeExperts(*group.first, member);
    os << "\n";
  }
  for (int64_t rank = 0; rank < plan.grid.numRanks(); ++rank)
    os << "  rank " << rank << ": " << plan.getExpertBytes(rank) << " bytes of experts, "
       << plan.otherBytes << " of other parameters, " << plan.getWindowBytes()
       << " of windows at most\n";
}

llvm::json::Value toJson(const RankPlan &plan) {
  llvm::json::Array layers, ranks;
  for (const ExchangePlan &layer : plan.layers)
    layers.push_back(llvm::json::Object{{"owners", llvm::json::Array(layer.owners)},
                                        {"parts", layer.parts},
                                        {"product", layer.isProduct},
                                        {"local", layer.isLocal},
                                        {"expert_bytes", layer.partBytes * layer.parts},
                                        {"window_rows", layer.windowRows},
                                        {"row_bytes", layer.rowBytes},
                                        {"result_bytes", layer.resultBytes}});
  for (int64_t rank = 0; rank < plan.grid.numRanks(); ++rank)
    ranks.push_back(llvm::json::Object{{"expert_bytes", plan.getExpertBytes(rank)},
                                       {"other_bytes", plan.otherBytes},
                                       {"window_bytes", plan.getWindowBytes()}});
  return llvm::json::Object{{"ep", plan.grid.ep},
                            {"tp", plan.grid.tp},
                            {"dp", plan.grid.dp},
                            {"layers", std::move(layers)},
                            {"ranks", std::move(ranks)}};
}

} // namespace moec
