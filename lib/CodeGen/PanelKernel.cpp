//===- PanelKernel.cpp - Rows times one panel ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/PanelKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

class PanelKernelBuilder {
public:
  PanelKernelBuilder(const PanelKernelSpec &spec, func::FuncOp function)
      : spec(spec), b(function.getLoc(), function.getContext()) {
    Block *entry = function.addEntryBlock();
    b.setInsertionPointToStart(entry);
    packed = entry->getArgument(0);
    packedStart = entry->getArgument(1);
    panel = entry->getArgument(2);
    panelStart = entry->getArgument(3);
    sums = entry->getArgument(4);
    sumsStart = entry->getArgument(5);
    depth = entry->getArgument(6);
    if (spec.prefetch) {
      ahead = entry->getArgument(7);
      aheadPerSummand = entry->getArgument(8);
      aheadSecond = entry->getArgument(9);
    }
    vectorType = VectorType::get({spec.level->lanes}, b.getF32Type());
  }

  void build() {
    // As many columns at a time as accumulators allow; wide panels of narrow
    // levels pass over k several times.
    int64_t vectors = panelWidth / spec.level->lanes, width = vectors;
    while (width > 1 && width * spec.rows > spec.level->accumulators)
      width /= 2;
    for (int64_t first = 0; first < vectors; first += width)
      buildPass(first, width, /*isFirst=*/first == 0);
    func::ReturnOp::create(b);
  }

private:
  bool pairsOfK() const { return spec.elementType.isBF16(); }

  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value add(Value lhs, int64_t rhs) {
    return rhs == 0 ? lhs : arith::AddIOp::create(b, lhs, index(rhs));
  }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, int64_t rhs) { return arith::MulIOp::create(b, lhs, index(rhs)); }

  Value multiplyAdd(Value lhs, Value rhs, Value acc) {
    if (spec.level->hasFma)
      return vector::FMAOp::create(b, lhs, rhs, acc);
    return arith::AddFOp::create(b, arith::MulFOp::create(b, lhs, rhs), acc);
  }

  Value sumAddress(int64_t row, int64_t vector) {
    int64_t stride = spec.rowStride ? spec.rowStride : panelWidth;
    return add(sumsStart, row * stride + vector * spec.level->lanes);
  }

  /// Accumulates columns [first, first + width) registers of all rows.
  void buildPass(int64_t first, int64_t width, bool isFirst) {
    SmallVector<Value> accumulators;
    for (int64_t row = 0; row < spec.rows; ++row)
      for (int64_t v = 0; v < width; ++v)
        accumulators.push_back(
            vector::LoadOp::create(b, vectorType, sums, sumAddress(row, first + v)));
    int64_t step = pairsOfK() ? 2 : 1;
    auto loop = scf::ForOp::create(b, index(0), depth, index(step), accumulators);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = loop.getInductionVar();
      if (spec.prefetch && isFirst)
        prefetch(k);
      SmallVector<Value> acc(loop.getRegionIterArgs());
      if (pairsOfK())
        buildPair(k, first, width, acc);
      else
        buildStep(k, first, width, acc);
      scf::YieldOp::create(b, acc);
    }
    for (int64_t row = 0; row < spec.rows; ++row)
      for (int64_t v = 0; v < width; ++v)
        vector::StoreOp::create(b, loop.getResult(row * width + v), sums,
                                sumAddress(row, first + v));
  }

  void prefetch(Value k) {
    Value at = add(ahead, arith::MulIOp::create(b, k, aheadPerSummand));
    for (Value line : {at, add(at, aheadSecond)})
      memref::PrefetchOp::create(b, panel, ValueRange{line}, /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
  }

  /// Where the first row's element of summand k lies.
  Value firstElement(Value k) { return add(packedStart, spec.rowStride ? k : mul(k, spec.rows)); }

  /// Multiplies row k of the panel, given as one vector per register, by every
  /// row's element, the first of which is at `packedAt`.
  void multiply(Value packedAt, ArrayRef<Value> columns, MutableArrayRef<Value> acc) {
    int64_t width = columns.size(), stride = spec.rowStride ? spec.rowStride : 1;
    for (int64_t row = 0; row < spec.rows; ++row) {
      Value element = memref::LoadOp::create(b, packed, ValueRange{add(packedAt, row * stride)});
      Value splat = vector::BroadcastOp::create(b, vectorType, element);
      for (int64_t v = 0; v < width; ++v)
        acc[row * width + v] = multiplyAdd(splat, columns[v], acc[row * width + v]);
    }
  }

  void buildStep(Value k, int64_t first, int64_t width, MutableArrayRef<Value> acc) {
    Value at = add(panelStart, mul(k, panelWidth));
    SmallVector<Value> columns;
    for (int64_t v = 0; v < width; ++v) {
      auto stored = VectorType::get({spec.level->lanes}, spec.elementType);
      Value value =
          vector::LoadOp::create(b, stored, panel, add(at, (first + v) * spec.level->lanes));
      if (!spec.elementType.isF32())
        value = arith::ExtFOp::create(b, vectorType, value);
      columns.push_back(value);
    }
    multiply(firstElement(k), columns, acc);
  }

  /// A 32-bit word holds column j of k (low half) and of k + 1: bf16 is the high
  /// half of an f32, so a shift and a mask widen both.
  void buildPair(Value k, int64_t first, int64_t width, MutableArrayRef<Value> acc) {
    Value at = add(panelStart, mul(k, panelWidth));
    int64_t lanes = spec.level->lanes;
    auto words = VectorType::get({lanes}, b.getI32Type());
    Value sixteen = arith::ConstantOp::create(b, DenseElementsAttr::get(words, int32_t(16)));
    Value mask = arith::ConstantOp::create(
        b, DenseElementsAttr::get(words, static_cast<int32_t>(0xffff0000u)));
    SmallVector<Value> pairs, even, odd;
    for (int64_t v = 0; v < width; ++v) {
      auto stored = VectorType::get({2 * lanes}, spec.elementType);
      Value loaded = vector::LoadOp::create(b, stored, panel, add(at, (first + v) * 2 * lanes));
      pairs.push_back(vector::BitCastOp::create(b, words, loaded));
    }
    Value packedAt = firstElement(k);
    for (Value word : pairs)
      even.push_back(
          arith::BitcastOp::create(b, vectorType, arith::ShLIOp::create(b, word, sixteen)));
    multiply(packedAt, even, acc);
    // After the even half, so that narrow levels have registers for both.
    for (Value word : pairs)
      odd.push_back(arith::BitcastOp::create(b, vectorType, arith::AndIOp::create(b, word, mask)));
    multiply(add(packedAt, spec.rowStride ? 1 : spec.rows), odd, acc);
  }

  const PanelKernelSpec &spec;
  ImplicitLocOpBuilder b;
  Value packed, packedStart, panel, panelStart, sums, sumsStart, depth;
  Value ahead, aheadPerSummand, aheadSecond;
  VectorType vectorType;
};

} // namespace

func::FuncOp PanelKernels::get(const PanelKernelSpec &spec) {
  std::string name;
  llvm::raw_string_ostream(name) << "panel_" << spec.elementType << "_" << spec.level->name << "_m"
                                 << spec.rows << (spec.prefetch ? "_ahead" : "");
  if (spec.rowStride)
    llvm::raw_string_ostream(name) << "_stride" << spec.rowStride;
  func::FuncOp &known = kernels[name];
  if (known)
    return known;
  auto module = cast<ModuleOp>(symbols.getOp());
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  Type index = builder.getIndexType();
  auto rows = MemRefType::get({ShapedType::kDynamic}, builder.getF32Type());
  auto panel = MemRefType::get({ShapedType::kDynamic}, spec.elementType);
  SmallVector<Type> arguments{rows, index, panel, index, rows, index, index};
  if (spec.prefetch)
    arguments.append(3, index);
  auto function =
      func::FuncOp::create(builder, module.getLoc(), name, builder.getFunctionType(arguments, {}));
  function.setPrivate();
  setIsaLevel(function, *spec.level);
  // Twelve heights inlined at every call would multiply the code for nothing.
  SmallVector<Attribute> passthrough(function->getAttrOfType<ArrayAttr>("passthrough").getValue());
  passthrough.push_back(builder.getStringAttr("noinline"));
  function->setAttr("passthrough", builder.getArrayAttr(passthrough));
  symbols.insert(function); // renames on a clash with a function of the user's
  PanelKernelBuilder(spec, function).build();
  return known = function;
}

void PanelKernels::emitCall(ImplicitLocOpBuilder &b, PanelKernelSpec spec, Value rows,
                            ValueRange arguments) {
  int64_t tallest = spec.level->blockRows;
  SmallVector<int64_t> cases;
  for (int64_t m = 1; m < tallest; ++m)
    cases.push_back(m);
  auto chosen = scf::IndexSwitchOp::create(b, TypeRange(), rows, cases, cases.size());
  OpBuilder::InsertionGuard guard(b);
  for (int64_t m = 1; m <= tallest; ++m) {
    Region &region = m < tallest ? chosen.getCaseRegions()[m - 1] : chosen.getDefaultRegion();
    b.setInsertionPointToStart(&region.emplaceBlock());
    spec.rows = m;
    func::CallOp::create(b, get(spec), arguments);
    scf::YieldOp::create(b);
  }
}

} // namespace moec::codegen
