//===- WarpProduct.cpp - What a warp of a product computes -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/WarpProduct.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

/// Summands of a thread's vectors of multiply-adds.
static constexpr int64_t multiplyAddDepth = 4;

WarpProduct::WarpProduct(LoopBuilder &b, ProductTiles &tiles, const DeviceProductSchedule &schedule)
    : b(b), tiles(tiles), schedule(schedule), types(tiles.getTypes()), usesMma(types.usesMma()) {}

SmallVector<Value> WarpProduct::emitZero() {
  Type type = b.getF32Type();
  if (!usesMma)
    type = VectorType::get({4}, type);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return Values(schedule.warpRows / blockRows * perBlock(), zero);
}

SmallVector<Value> WarpProduct::guard(Value rows, int64_t row, ValueRange sums,
                                      function_ref<Values()> body) {
  if (!rows)
    return body();
  return b.choose(b.isLess(b.index(row), rows), sums.getTypes(), body,
                  [&] { return Values(sums); });
}

SmallVector<Value> WarpProduct::emitStep(Value stage, ValueRange sums, Value rows) {
  Values next(sums);
  auto update = [&](int64_t row, function_ref<Values(ValueRange)> body) {
    int64_t first = row / blockRows * perBlock();
    Values own(ArrayRef<Value>(next).slice(first, perBlock()));
    llvm::copy(guard(rows, row, own, [&] { return body(own); }), next.begin() + first);
  };
  if (usesMma) {
    SmallVector<PanelColumns> columns(schedule.warpPanels);
    for (auto [panel, fragments] : llvm::enumerate(columns))
      for (int64_t k = 0; k < types.depth(schedule); k += types.mmaDepth())
        fragments.push_back(tiles.emitPanelFragments({stage, static_cast<int64_t>(panel)}, k));
    for (int64_t row = 0; row < schedule.warpRows; row += blockRows)
      update(row, [&](ValueRange own) { return emitMma(stage, row, columns, own); });
    return next;
  }
  // A loop: unrolled, its hundreds of multiply-adds would be thousands.
  auto loop = scf::ForOp::create(b, b.index(0), b.index(types.depth(schedule)),
                                 b.index(multiplyAddDepth), next);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  next.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
  SmallVector<Values> columns;
  for (int64_t panel = 0; panel < schedule.warpPanels; ++panel)
    columns.push_back(tiles.emitPanelSummands({stage, panel}, k));
  for (int64_t row = 0; row < schedule.warpRows; row += blockRows)
    update(row, [&](ValueRange own) { return emitMultiplyAdds(stage, row, k, columns, own); });
  scf::YieldOp::create(b, next);
  return loop.getResults();
}

/// An operand of a matrix instruction, as NVVM takes 32 bits of its type.
static Value asRegister(LoopBuilder &b, Value word) {
  Type element = cast<VectorType>(word.getType()).getElementType();
  if (element.isF16())
    return word;
  // To nearest: the instruction would cut the fraction off.
  if (element.isF32())
    return NVVM::ConvertFloatToTF32Op::create(
        b, b.getI32Type(), vector::ExtractOp::create(b, word, int64_t(0)),
        NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE, /*relu=*/false);
  auto bits = VectorType::get({1}, b.getI32Type());
  return vector::ExtractOp::create(b, vector::BitCastOp::create(b, bits, word), int64_t(0));
}

SmallVector<Value> WarpProduct::emitMma(Value stage, int64_t row, ArrayRef<PanelColumns> columns,
                                        ValueRange sums) {
  auto kind = types.usesTf32()     ? NVVM::MMATypes::tf32
              : types.rows.isF16() ? NVVM::MMATypes::f16
                                   : NVVM::MMATypes::bf16;
  int64_t depth = types.mmaDepth();
  Type f32 = b.getF32Type();
  auto result = LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  Values next(sums);
  for (size_t step = 0; step < columns.front().size(); ++step) {
    Value matrix = tiles.emitRowFragment(stage, row, static_cast<int64_t>(step) * depth);
    Values left;
    for (int64_t i = 0; i < 4; ++i)
      left.push_back(asRegister(b, vector::ExtractOp::create(b, matrix, i)));
    for (auto [panel, fragments] : llvm::enumerate(columns))
      for (int64_t i = 0; i < 4; ++i) {
        Values right{asRegister(b, fragments[step][2 * i]),
                     asRegister(b, fragments[step][2 * i + 1])};
        auto own = MutableArrayRef<Value>(next).slice(panel * perPanel() + 4 * i, 4);
        Value sum = NVVM::MmaOp::create(
            b, result, left, right, own, {16, 8, depth}, std::nullopt, std::nullopt,
            std::array<NVVM::MMATypes, 2>{kind, kind},
            std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
        for (int64_t j = 0; j < 4; ++j)
          own[j] = LLVM::ExtractValueOp::create(b, sum, j);
      }
  }
  return next;
}

SmallVector<Value> WarpProduct::emitMultiplyAdds(Value stage, int64_t row, Value k,
                                                 ArrayRef<Values> columns, ValueRange sums) {
  Values next(sums);
  for (int64_t part : {0, 1}) {
    Value summands = tiles.emitRowSummands(stage, row + 8 * part, k);
    for (int64_t i = 0; i < multiplyAddDepth; ++i) {
      Value element = vector::ExtractOp::create(b, summands, i);
      Value spread = vector::BroadcastOp::create(b, columns.front().front().getType(), element);
      for (auto [panel, values] : llvm::enumerate(columns))
        for (int64_t half : {0, 1}) {
          Value &sum = next[panel * perPanel() + 2 * part + half];
          sum = vector::FMAOp::create(b, spread, values[2 * i + half], sum);
        }
    }
  }
  return next;
}

Value WarpProduct::emitColumns(ValueRange sums, int64_t panel, int64_t eight, int64_t half) {
  int64_t first = eight / 2 * perBlock() + panel * perPanel(), part = eight % 2;
  if (!usesMma)
    return sums[first + 2 * part + half];
  // Sums of row quad and columns 2 * inQuad and one more, then those of row quad + 8.
  Values elements;
  for (int64_t i = 0; i < 4; ++i)
    elements.push_back(sums[first + 4 * i + 2 * part + half]);
  return vector::FromElementsOp::create(b, VectorType::get({4}, b.getF32Type()), elements);
}

} // namespace moec::codegen
