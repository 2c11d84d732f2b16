//===- ProductSchedule.cpp - How a product is cut ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ProductSchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>

using namespace mlir;

namespace moec::codegen {

int64_t chooseBlockDepth(const IsaLevel &level) {
  constexpr int64_t most = 512, multiple = 64, summandBytes = 128, floatBytes = 4;
  int64_t bytesPerSummand =
      (panelsPerGroup + 1) * summandBytes + blocksPerPass * level.blockRows * floatBytes;
  return std::clamp(level.secondCacheBytes / bytesPerSummand / multiple * multiple, multiple, most);
}

static Value constant(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value emitEvenShare(ImplicitLocOpBuilder &b, Value count, Value most) {
  auto atLeastOne = [&](Value value) -> Value {
    return arith::MaxUIOp::create(b, value, constant(b, 1));
  };
  Value parts = atLeastOne(arith::CeilDivUIOp::create(b, count, most));
  return atLeastOne(arith::CeilDivUIOp::create(b, count, parts));
}

Value emitEvenDepth(ImplicitLocOpBuilder &b, Value depth, int64_t most) {
  Value pairs = arith::CeilDivUIOp::create(b, depth, constant(b, 2));
  return arith::MulIOp::create(b, emitEvenShare(b, pairs, constant(b, most / 2)), constant(b, 2));
}

Value emitPanelsAtOnce(ImplicitLocOpBuilder &b, Value rows, Value ranges, Value panels) {
  constexpr int64_t rowsPerPanel = 4, fewest = 8, most = 16;
  Value mean = arith::DivUIOp::create(b, rows, arith::MaxUIOp::create(b, ranges, constant(b, 1)));
  Value wanted = arith::DivUIOp::create(b, mean, constant(b, rowsPerPanel));
  wanted = arith::MaxUIOp::create(b, wanted, constant(b, fewest));
  wanted = arith::MinUIOp::create(b, wanted, constant(b, most));
  Value isStream =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ule, mean, constant(b, rowsPerPanel));
  wanted = arith::SelectOp::create(b, isStream, panels, wanted);
  return emitEvenShare(b, panels, arith::MaxUIOp::create(b, wanted, constant(b, 1)));
}

} // namespace moec::codegen
