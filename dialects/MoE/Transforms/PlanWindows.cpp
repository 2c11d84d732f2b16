//===- PlanWindows.cpp - Rows of a round -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops between an exchange and the ways back are those that read what was
// received, directly or not. They move into the region together; whatever else
// they read stays outside.
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/Transforms/ExchangePairs.h"
#include "dialects/MoE/Transforms/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace moec::moe {
#define GEN_PASS_DEF_PLANWINDOWSPASS
#include "dialects/MoE/Transforms/Passes.h.inc"
} // namespace moec::moe

using namespace mlir;
using namespace moec::moe;

namespace {

/// An exchange, what is computed on the other ranks, and the ways back.
struct Section {
  ExchangeOp exchange;
  SmallVector<Operation *> inside; // in the order of the block
  SmallVector<ExchangeBackOp> back;
};

struct PlanWindows : moec::moe::impl::PlanWindowsPassBase<PlanWindows> {
  using PlanWindowsPassBase::PlanWindowsPassBase;

  void runOnOperation() override {
    const int64_t givenRows = rows, givenBytes = bytes;
    if (givenRows < 0 || givenBytes < 1) {
      getOperation().emitError() << "moe-plan-windows expects rows of at least 0 and bytes of at "
                                    "least 1, got rows="
                                 << givenRows << " and bytes=" << givenBytes;
      return signalPassFailure();
    }
    SmallVector<ExchangeOp> exchanges;
    getOperation().walk([&](ExchangeOp exchange) { exchanges.push_back(exchange); });
    SmallVector<Section> sections;
    llvm::DenseMap<Operation *, ExchangeOp> readers;
    for (ExchangeOp exchange : exchanges) {
      FailureOr<Section> section = find(exchange);
      if (failed(section) || failed(claim(*section, readers)))
        return signalPassFailure();
      sections.push_back(std::move(*section));
    }
    for (Section &section : sections)
      enclose(section);
  }

  /// Follows what `exchange` received to where it goes back.
  static FailureOr<Section> find(ExchangeOp exchange) {
    Section section{exchange, {}, {}};
    llvm::SetVector<Operation *> reached;
    auto reach = [&](Operation *op) -> LogicalResult {
      for (Operation *user : op->getUsers()) {
        if (user->getBlock() != exchange->getBlock())
          return user->emitError() << "'" << user->getName()
                                   << "' reads rows of a moe.exchange in another block; what is "
                                      "computed in rounds must stand in one";
        reached.insert(user);
      }
      return success();
    };
    if (failed(reach(exchange)))
      return failure();
    for (size_t i = 0; i < reached.size(); ++i) {
      Operation *op = reached[i];
      if (auto back = dyn_cast<ExchangeBackOp>(op)) {
        if (failed(checkPair(exchange, back)))
          return failure();
        section.back.push_back(back);
        continue;
      }
      if (isa<ExchangeOp>(op) || op->hasTrait<OpTrait::IsTerminator>()) {
        InFlightDiagnostic error = op->emitError()
                                   << "'" << op->getName()
                                   << "' reads rows of a moe.exchange that do not come back; only "
                                      "what moe.exchange_back takes can leave its rounds";
        error.attachNote(exchange.getLoc()) << "the exchange is here";
        return error;
      }
      section.inside.push_back(op);
      if (failed(reach(op)))
        return failure();
    }
    auto isBefore = [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); };
    llvm::sort(section.inside, isBefore);
    llvm::sort(section.back, isBefore);
    if (failed(checkWaysBack(section)))
      return failure();
    return section;
  }

  /// An op is computed in the rounds of one exchange, and only where something comes back of them.
  static LogicalResult claim(Section &section, llvm::DenseMap<Operation *, ExchangeOp> &readers) {
    for (Operation *op : section.inside) {
      auto [known, isNew] = readers.try_emplace(op, section.exchange);
      if (!isNew) {
        InFlightDiagnostic error = op->emitError()
                                   << "'" << op->getName()
                                   << "' reads rows of two moe.exchange, whose rounds are not the "
                                      "same; bring the rows of one back first";
        error.attachNote(known->second.getLoc()) << "one exchange is here";
        error.attachNote(section.exchange.getLoc()) << "another is here";
        return error;
      }
      if (section.back.empty() && !isMemoryEffectFree(op)) {
        InFlightDiagnostic error = op->emitError()
                                   << "'" << op->getName()
                                   << "' has effects and reads rows of a moe.exchange of which "
                                      "nothing comes back";
        error.attachNote(section.exchange.getLoc()) << "the exchange is here";
        return error;
      }
    }
    return success();
  }

  static LogicalResult checkPair(ExchangeOp exchange, ExchangeBackOp back) {
    if (isWayBack(back, exchange))
      return success();
    InFlightDiagnostic error =
        back.emitOpError("is not the way back of the exchange whose rows it has: sources, offsets, "
                         "grid, axes, owners and parts must be the same");
    error.attachNote(exchange.getLoc()) << "the exchange is here";
    return error;
  }

  /// What is computed in rounds cannot wait for the end of the rounds.
  static LogicalResult checkWaysBack(const Section &section) {
    llvm::DenseSet<Operation *> late;
    for (ExchangeBackOp back : section.back)
      late.insert(back);
    // Regions read what lies around them, too.
    auto readsLate = [&](Operation *op) {
      return op
          ->walk([&](Operation *nested) {
            return llvm::any_of(nested->getOperands(),
                                [&](Value value) { return late.contains(value.getDefiningOp()); })
                       ? WalkResult::interrupt()
                       : WalkResult::advance();
          })
          .wasInterrupted();
    };
    for (ExchangeBackOp back : section.back)
      for (Operation *op = back->getNextNode(); op; op = op->getNextNode())
        if (readsLate(op))
          late.insert(op);
    for (Operation *op : section.inside)
      if (late.contains(op))
        return op->emitError() << "'" << op->getName()
                               << "' reads rows that came back by a moe.exchange_back and rows of "
                                  "the same moe.exchange; use another exchange for the former";
    return success();
  }

  int64_t getWindow(ExchangeOp exchange) {
    if (rows > 0)
      return rows;
    auto type = cast<RankedTensorType>(exchange.getRows().getType());
    int64_t width = type.isDynamicDim(1) ? 1 : std::max<int64_t>(type.getDimSize(1), 1);
    int64_t elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
    return std::max<int64_t>(bytes / elementBytes / width, 1);
  }

  /// That of ranges in the body: dynamic where offsets are.
  static Type getRangesType(ExchangeOp exchange) {
    auto offsets = cast<RankedTensorType>(exchange.getOffsets().getType());
    return offsets.isDynamicDim(0) ? offsets : offsets.clone({exchange.getNumRanges() + 1});
  }

  void enclose(Section &section) {
    ExchangeOp exchange = section.exchange;
    if (section.back.empty()) {
      // Nobody reads what the experts would compute.
      for (Operation *op : llvm::reverse(section.inside))
        op->erase();
      exchange.erase();
      return;
    }
    OpBuilder builder(section.back.back());
    SmallVector<Type> types;
    SmallVector<Value> yielded;
    for (ExchangeBackOp back : section.back) {
      auto rows = cast<RankedTensorType>(back.getRows().getType());
      // As wide as what comes back, and as many rows as the type of those that were made says.
      auto result = cast<RankedTensorType>(back.getResult().getType());
      types.push_back(result.clone({rows.getDimSize(0), result.getDimSize(1)}));
      yielded.push_back(back.getRows());
    }
    auto op = ExpertParallelOp::create(builder, exchange.getLoc(), types, exchange.getRows(),
                                       exchange.getOffsets(), exchange.getGridAttr(),
                                       exchange.getAxesAttr(), exchange.getOwnersAttr(),
                                       builder.getI64IntegerAttr(getWindow(exchange)));
    op.setParts(exchange.getParts());
    Block &body = op.getBody().emplaceBlock();
    IRMapping mapping;
    mapping.map(exchange.getReceived(),
                body.addArgument(exchange.getRows().getType(), exchange.getLoc()));
    mapping.map(exchange.getReceivedOffsets(),
                body.addArgument(getRangesType(exchange), exchange.getLoc()));
    builder.setInsertionPointToEnd(&body);
    for (Operation *inner : section.inside)
      builder.clone(*inner, mapping);
    for (Value &value : yielded)
      value = mapping.lookupOrDefault(value);
    YieldOp::create(builder, exchange.getLoc(), yielded);
    for (auto [back, result] : llvm::zip_equal(section.back, op.getResults())) {
      back.getResult().replaceAllUsesWith(result);
      back.erase();
    }
    for (Operation *inner : llvm::reverse(section.inside))
      inner->erase();
    exchange.erase();
    // Readers of an early way back may stand before the last one. Sorting takes as long as the
    // block is, so not for each of many layers.
    if (op.getNumResults() > 1)
      sortTopologically(op->getBlock());
    ++numWindows;
  }
};

} // namespace
