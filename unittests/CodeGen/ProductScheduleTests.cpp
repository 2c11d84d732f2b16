//===- ProductScheduleTests.cpp - How products are cut ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ProductSchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace mlir;
using namespace moec::codegen;

namespace {

/// The value of index arithmetic on constants; of comparisons, only "at most" is there.
int64_t valueOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(op))
    return constant.value();
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return valueOf(valueOf(select.getCondition()) ? select.getTrueValue() : select.getFalseValue());
  int64_t lhs = valueOf(op->getOperand(0)), rhs = valueOf(op->getOperand(1));
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case([&](arith::MulIOp) { return lhs * rhs; })
      .Case([&](arith::DivUIOp) { return lhs / rhs; })
      .Case([&](arith::CeilDivUIOp) { return (lhs + rhs - 1) / rhs; })
      .Case([&](arith::MaxUIOp) { return std::max(lhs, rhs); })
      .Case([&](arith::MinUIOp) { return std::min(lhs, rhs); })
      .Case([&](arith::CmpIOp compare) {
        EXPECT_EQ(compare.getPredicate(), arith::CmpIPredicate::ule);
        return int64_t(lhs <= rhs);
      });
}

struct Evaluator {
  Evaluator() {
    context.loadDialect<arith::ArithDialect>();
    module = ModuleOp::create(UnknownLoc::get(&context));
  }

  int64_t operator()(llvm::function_ref<Value(ImplicitLocOpBuilder &)> build) {
    ImplicitLocOpBuilder b(UnknownLoc::get(&context), &context);
    b.setInsertionPointToEnd(module->getBody());
    return valueOf(build(b));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

Value constant(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

TEST(ProductSchedule, BlocksOfKFitTheSecondCache) {
  for (const IsaLevel &level : getIsaLevels()) {
    int64_t depth = chooseBlockDepth(level);
    EXPECT_EQ(depth % 2, 0) << level.name.str();
    EXPECT_GE(depth, 128) << level.name.str();
    EXPECT_LE(depth, 512) << level.name.str();
    int64_t panels = (panelsPerGroup + 1) * depth * 128;
    int64_t rows = blocksPerPass * level.blockRows * depth * 4;
    EXPECT_LE(panels + rows, level.secondCacheBytes) << level.name.str();
  }
}

TEST(ProductSchedule, BlocksOfKAreEven) {
  struct Case {
    int64_t depth, most, expected;
  };
  for (Case c :
       {Case{768, 512, 384}, Case{2048, 512, 512}, Case{512, 512, 512}, Case{514, 512, 258},
        Case{64, 512, 64}, Case{1, 512, 2}, Case{0, 512, 2}, Case{1030, 512, 344}}) {
    Evaluator evaluate;
    int64_t summands = evaluate(
        [&](ImplicitLocOpBuilder &b) { return emitEvenDepth(b, constant(b, c.depth), c.most); });
    EXPECT_EQ(summands, c.expected) << c.depth << " of at most " << c.most;
  }
}

TEST(ProductSchedule, ManyRowsTakeMorePanelsAtOnce) {
  struct Case {
    int64_t rows, ranges, panels, expected;
  };
  for (Case c : {Case{8, 8, 48, 48}, Case{0, 0, 48, 48}, Case{4, 1, 896, 896}, Case{5, 1, 48, 8},
                 Case{8192, 128, 48, 16}, Case{384, 8, 48, 12}, Case{100000, 1, 24, 12},
                 Case{100000, 1, 5, 5}, Case{100000, 1, 0, 1}, Case{1, 1, 0, 1}}) {
    Evaluator evaluate;
    int64_t panels = evaluate([&](ImplicitLocOpBuilder &b) {
      return emitPanelsAtOnce(b, constant(b, c.rows), constant(b, c.ranges), constant(b, c.panels));
    });
    EXPECT_EQ(panels, c.expected) << c.rows << " rows in " << c.ranges << " ranges, " << c.panels
                                  << " panels";
  }
}

} // namespace
