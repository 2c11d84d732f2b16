//===- SelectExchange.cpp - Which layers exchange ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An exchange costs time whatever a layer weighs, so memory buys most where
// layers are small: those go first.
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/RankGroup.h"
#include "dialects/MoE/Transforms/ExchangePairs.h"
#include "dialects/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

#include <limits>

namespace moec::moe {
#define GEN_PASS_DEF_SELECTEXCHANGEPASS
#include "dialects/MoE/Transforms/Passes.h.inc"
} // namespace moec::moe

using namespace mlir;
using namespace moec::moe;

namespace {

/// An exchange, what reads its rows, and what a rank would hold beyond its share without it.
struct Candidate {
  ExchangeOp exchange;
  SmallVector<Operation *> inside;
  SmallVector<ExchangeBackOp> back;
  int64_t bytes = 0;
};

/// Bytes of a tensor; as many as there can be where that is not known.
int64_t getBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  uint64_t bits = type.getElementTypeBitWidth();
  for (int64_t dim : type.getShape())
    bits = ShapedType::isDynamic(dim) ? std::numeric_limits<uint64_t>::max()
                                      : llvm::SaturatingMultiply<uint64_t>(bits, dim);
  return bits == std::numeric_limits<uint64_t>::max() ? std::numeric_limits<int64_t>::max()
                                                      : llvm::divideCeil(bits, 8);
}

struct SelectExchange : moec::moe::impl::SelectExchangePassBase<SelectExchange> {
  using SelectExchangePassBase::SelectExchangePassBase;

  void runOnOperation() override {
    const int64_t budget = spareBytes;
    if (budget < 0) {
      getOperation().emitError() << "moe-select-exchange expects spare-bytes of at least 0, got "
                                 << budget;
      return signalPassFailure();
    }
    SmallVector<Candidate> candidates;
    getOperation().walk([&](ExchangeOp exchange) {
      ++numExchanges;
      if (budget == 0)
        return;
      if (std::optional<Candidate> candidate = find(exchange))
        candidates.push_back(std::move(*candidate));
    });
    // Of equal layers those first that come first.
    llvm::stable_sort(candidates,
                      [](const Candidate &a, const Candidate &b) { return a.bytes < b.bytes; });
    int64_t left = budget;
    for (Candidate &candidate : candidates) {
      if (candidate.bytes > left)
        break;
      left -= candidate.bytes;
      makeLocal(candidate);
      --numExchanges;
      ++numLocal;
    }
  }

  /// Nothing if what reads the rows is more than can be computed anywhere.
  static std::optional<Candidate> find(ExchangeOp exchange) {
    Candidate candidate{exchange, {}, {}};
    llvm::SetVector<Operation *> reached(exchange->user_begin(), exchange->user_end());
    llvm::SmallPtrSet<Value, 8> weights;
    int64_t bytes = 0;
    for (size_t i = 0; i < reached.size(); ++i) {
      Operation *op = reached[i];
      if (auto back = dyn_cast<ExchangeBackOp>(op)) {
        if (!isWayBack(back, exchange))
          return std::nullopt; // moe-plan-windows says what differs
        candidate.back.push_back(back);
        continue;
      }
      if (isa<ExchangeOp>(op) || op->hasTrait<OpTrait::IsTerminator>())
        return std::nullopt;
      candidate.inside.push_back(op);
      reached.insert(op->user_begin(), op->user_end());
      if (!isa<ExpertOp, ExpertHiddenOp, GroupedMatmulOp>(op))
        continue;
      for (Value operand : op->getOperands().drop_front(2)) { // rows, ranges
        const int64_t more = getBytes(operand);
        if (weights.insert(operand).second && llvm::AddOverflow(bytes, more, bytes))
          return std::nullopt;
      }
    }
    if (exchange.getParts() > 1 && !isProductInParts(candidate))
      return std::nullopt;
    // Whoever counts sources counts rows of other ranks.
    for (Operation *user : exchange.getSources().getUsers())
      if (!isa<ExchangeBackOp>(user))
        return std::nullopt;
    candidate.bytes = bytes - bytes / exchange.getNumRanges() * countFewest(exchange);
    return candidate;
  }

  /// Whether all that is computed is one product, a part of it on each rank: others are not undone.
  static bool isProductInParts(const Candidate &candidate) {
    ExchangeOp exchange = candidate.exchange;
    if (candidate.inside.size() != 1 || candidate.back.size() != 1 ||
        !isa<ExpertHiddenOp, GroupedMatmulOp>(candidate.inside.front()))
      return false;
    Operation *product = candidate.inside.front();
    const auto parts = product->getAttrOfType<IntegerAttr>("parts");
    return parts && parts.getInt() == static_cast<int64_t>(exchange.getParts()) &&
           product->getOperand(0) == exchange.getReceived() &&
           product->getOperand(1) == exchange.getReceivedOffsets() &&
           candidate.back.front()->getOperand(0) == product->getResult(0);
  }

  /// Ranges of the member that has the fewest: it gains most.
  static int64_t countFewest(ExchangeOp exchange) {
    const int64_t members =
        getGroupSize(lookupGrid(exchange, exchange.getGrid()).getShape(), exchange.getAxes());
    SmallVector<int64_t> counts(members, 0);
    for (int64_t owner : exchange.getOwners())
      ++counts[owner];
    return *llvm::min_element(counts);
  }

  static Value as(OpBuilder &builder, Value value, Type type) {
    if (value.getType() == type)
      return value;
    return tensor::CastOp::create(builder, value.getLoc(), type, value);
  }

  static void makeLocal(Candidate &candidate) {
    ExchangeOp exchange = candidate.exchange;
    if (exchange.getParts() > 1) {
      // The one product is whole again, and its result as wide as what came back.
      Operation *product = candidate.inside.front();
      product->setAttr("parts", IntegerAttr::get(exchange.getPartsAttr().getType(), 1));
      product->getResult(0).setType(candidate.back.front().getResult().getType());
    }
    for (ExchangeBackOp back : candidate.back) {
      OpBuilder builder(back);
      back.getResult().replaceAllUsesWith(as(builder, back.getRows(), back.getResult().getType()));
      back.erase();
    }
    OpBuilder builder(exchange);
    for (auto [received, own] :
         {std::pair<Value, Value>(exchange.getReceived(), exchange.getRows()),
          std::pair<Value, Value>(exchange.getReceivedOffsets(), exchange.getOffsets())}) {
      const bool isWhole = exchange.getParts() > 1; // as many ranges as there are experts
      received.replaceAllUsesWith(isWhole ? own : as(builder, own, received.getType()));
    }
    exchange.erase();
  }
};

} // namespace
