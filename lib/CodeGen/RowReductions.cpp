//===- RowReductions.cpp - Reductions along a row -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of sums: 16 partials, lane i adding elements i, i + 16, .. in order,
// then one tree of halves, at every instruction-set level. RowTeam.h tells that of
// devices.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/NarrowFloats.h"
#include "lib/CodeGen/RowEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

void RowEmitter::emitRows() {
  RowStep scalar{Value(), 1, Value(), Value()};
  overDims(parallelDims, {}, [&](ValueRange) -> Values {
    Values accs;
    for (OpOperand &init : op.getDpsInitsMutable())
      accs.push_back(widen(operands.load(init, ivs, scalar)));
    accs = overDims(reductionDims, accs, [&](ValueRange inside) -> Values {
      emitUniform();
      Values results;
      Values partials = overLanes(makePartials(), [&](const RowStep &step, ValueRange current) {
        return emitTerms(step, current);
      });
      for (auto [reduction, acc, row] : llvm::zip_equal(reductions, inside, partials))
        results.push_back(combine(reduction, acc, combinePartials(reduction, row)));
      return results;
    });
    for (auto [value, init] : llvm::zip_equal(accs, op.getDpsInitsMutable()))
      operands.store(narrow(value, getElementTypeOrSelf(init.get())), init, ivs, scalar);
    return {};
  });
}

RowEmitter::Values RowEmitter::makePartials() {
  Values partials;
  for (const Reduction &reduction : reductions) {
    auto type = VectorType::get({width}, reduction.identity.getType());
    partials.push_back(arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, ArrayRef<Attribute>(reduction.identity))));
  }
  return partials;
}

RowEmitter::Values RowEmitter::emitTerms(const RowStep &step, ValueRange partials) {
  VectorBody body(b, step.width);
  emitBody(body, step, /*outs=*/{});
  Values results;
  for (auto [reduction, partial] : llvm::zip_equal(reductions, partials)) {
    Value term = widen(body.getVector(reduction.term));
    if (step.width == 1) {
      Value acc = vector::ExtractOp::create(b, partial, step.lane);
      results.push_back(
          vector::InsertOp::create(b, combineRow(reduction, acc, term), partial, step.lane));
      continue;
    }
    if (step.mask) {
      Value identity = arith::ConstantOp::create(
          b, DenseElementsAttr::get(cast<VectorType>(term.getType()),
                                    ArrayRef<Attribute>(reduction.identity)));
      term = arith::SelectOp::create(b, step.mask, term, identity);
    }
    results.push_back(combineRow(reduction, partial, term));
  }
  return results;
}

Value RowEmitter::widen(Value value) {
  if (!isNarrowFloat(value.getType()))
    return value;
  Type wide = b.getF32Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    wide = vector.clone(wide);
  return arith::ExtFOp::create(b, wide, value);
}

Value RowEmitter::narrow(Value value, Type element) {
  return isNarrowFloat(element) ? arith::TruncFOp::create(b, element, value).getResult() : value;
}

Value RowEmitter::combine(const Reduction &reduction, Value acc, Value term) {
  IRMapping mapping;
  for (Value operand : reduction.combiner->getOperands())
    mapping.map(operand, operand == reduction.term ? term : acc);
  Operation *clone = b.clone(*reduction.combiner, mapping);
  clone->getResult(0).setType(acc.getType());
  return clone->getResult(0);
}

Value RowEmitter::combineRow(const Reduction &reduction, Value acc, Value term) {
  bool isMinimum = isa<arith::MinNumFOp>(reduction.combiner);
  if (!isMinimum && !isa<arith::MaxNumFOp>(reduction.combiner))
    return combine(reduction, acc, term);
  // Partials start as infinities and never take NaN, so one comparison does, which is one
  // instruction of x86.
  auto how = isMinimum ? arith::CmpFPredicate::OLT : arith::CmpFPredicate::OGT;
  Value isTaken = arith::CmpFOp::create(b, how, term, acc);
  return arith::SelectOp::create(b, isTaken, term, acc);
}

Value RowEmitter::combinePartials(const Reduction &reduction, Value partials) {
  for (int64_t half = width / 2; half >= 1; half /= 2) {
    auto low = llvm::to_vector(llvm::seq<int64_t>(0, half));
    auto high = llvm::to_vector(llvm::seq<int64_t>(half, 2 * half));
    partials = combineRow(reduction, vector::ShuffleOp::create(b, partials, partials, low),
                          vector::ShuffleOp::create(b, partials, partials, high));
  }
  return vector::ExtractOp::create(b, partials, int64_t(0));
}

} // namespace moec::codegen
