//===- RowThreads.cpp - Loops of the threads of a team -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What of the row emitter is for devices alone, where lanes are spread over
// threads. RowTeam.h tells the order of sums.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/NarrowFloats.h"
#include "lib/CodeGen/RowEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace moec::codegen {

bool RowEmitter::canSpread() {
  return !isReduction(laneDim) && llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return operands.getAccess(init) != RowAccess::Uniform;
  });
}

RowEmitter::Values RowEmitter::overTeam(ValueRange init,
                                        function_ref<Values(const RowStep &, ValueRange)> body) {
  Value extent = extents[laneDim], whole = index(0);
  Values accs(init);
  int64_t size = op.getStaticLoopRanges()[laneDim];
  bool isStatic = !ShapedType::isDynamic(size);
  auto times = [&](Value value) { return b.createOrFold<arith::MulIOp>(value, index(width)); };
  if (width > 1) {
    if (isStatic)
      whole = index(size / width * width);
    else
      whole = times(arith::DivUIOp::create(b, extent, index(width)));
    accs = loop(times(team->first), whole, times(team->size), accs, [&](Value at, ValueRange in) {
      return body(RowStep{at, width, Value(), Value()}, in);
    });
    if (isStatic && size % width == 0)
      return accs;
  }
  Value start = arith::AddIOp::create(b, whole, team->first);
  return loop(start, extent, team->size, accs,
              [&](Value at, ValueRange in) { return body(RowStep{at, 1, Value(), index(0)}, in); });
}

void RowEmitter::onFirst(function_ref<void()> body) {
  if (!team || team->kind == TeamKind::Alone)
    return body();
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, team->first, index(0));
  auto branch = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

void RowEmitter::emitTeamRows() {
  RowStep scalar{Value(), 1, Value(), Value()};
  overDims(parallelDims, {}, [&](ValueRange) -> Values {
    Values partials = overDims(reductionDims, makePartials(), [&](ValueRange outer) -> Values {
      emitUniform();
      return overLanes(
          outer, [&](const RowStep &step, ValueRange current) { return emitTerms(step, current); });
    });
    Values sums;
    for (auto [reduction, partial] : llvm::zip_equal(reductions, partials))
      sums.push_back(emitTeamReduction(
          b, *team, combinePartials(reduction, partial),
          [&, &reduction = reduction](Value x, Value y) { return combineRow(reduction, x, y); }));
    onFirst([&] {
      for (auto [reduction, sum, init] :
           llvm::zip_equal(reductions, sums, op.getDpsInitsMutable())) {
        Value result = combine(reduction, widen(operands.load(init, ivs, scalar)), sum);
        operands.store(narrow(result, getElementTypeOrSelf(init.get())), init, ivs, scalar);
      }
    });
    // Shared memory is free for the next row.
    if (llvm::any_of(parallelDims,
                     [&](unsigned dim) { return op.getStaticLoopRanges()[dim] != 1; }))
      emitTeamSync(b, team->kind);
    return {};
  });
}

} // namespace moec::codegen
