//===- RowEmitter.cpp - Loops of one linalg op ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowEmitter.h"
#include "lib/CodeGen/NarrowFloats.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

RowEmitter::RowEmitter(linalg::LinalgOp op, const RowTeam *team)
    : op(op), b(op.getLoc(), op), block(*op.getBlock()), team(team), laneDim(chooseLaneDim()),
      width(team ? team->width : rowLanes),
      operands(b, op, laneDim, width, /*isAligned=*/team != nullptr) {
  bool isVectorisable = laneDim >= 0 && analyseBody();
  isOpaque = laneDim >= 0 && !isVectorisable && team && width == 1 && canSpread();
  if (laneDim >= 0 && !isVectorisable && !isOpaque) {
    laneDim = -1;
    operands.setScalar();
    reductions.clear();
    varying.clear();
  }
  op.getParallelDims(parallelDims);
  op.getReductionDims(reductionDims);
  llvm::erase(parallelDims, laneDim);
  llvm::erase(reductionDims, laneDim);
}

bool RowEmitter::isReduction(int64_t dim) {
  return op.getIteratorTypesArray()[dim] == utils::IteratorType::reduction;
}

/// Elementwise ops store consecutive elements; reductions read consecutive
/// elements of their largest input.
int64_t RowEmitter::chooseLaneDim() {
  if (op.getNumLoops() == 0)
    return -1;
  AffineMap map = op.getMatchingIndexingMap(&getLeadingOperand(op));
  int64_t dim = op.getNumLoops() - 1;
  if (map.getNumResults() != 0)
    if (auto last = dyn_cast<AffineDimExpr>(map.getResults().back()))
      dim = last.getPosition();
  return op.getStaticLoopRanges()[dim] == 1 ? -1 : dim;
}

static bool isDivision(Operation &op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp,
             arith::CeilDivUIOp, arith::FloorDivSIOp>(op);
}

/// Below AVX-512 LLVM takes masked loads and stores of narrow floats apart and
/// passes the elements through f32, by calls of its runtime library.
static bool canMask(Type operand) { return !isNarrowFloat(operand); }

bool RowEmitter::isContiguous(memref::LoadOp load) const {
  if (load.getIndices().empty() || !hasContiguousRows(load.getMemRefType()))
    return false;
  auto last = load.getIndices().back().getDefiningOp<linalg::IndexOp>();
  return last && static_cast<int64_t>(last.getDim()) == laneDim &&
         llvm::none_of(load.getIndices().drop_back(),
                       [&](Value index) { return varying.contains(index); });
}

bool RowEmitter::analyseBody() {
  for (OpOperand &operand : op->getOpOperands()) {
    RowAccess access = operands.getAccess(operand);
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!argument.getType().isIntOrIndexOrFloat())
      return false;
    bool isInit = op.isDpsInit(&operand);
    if (isInit && (access == RowAccess::Uniform) != isReduction(laneDim))
      return false;
    if (isInit || access != RowAccess::Uniform)
      varying.insert(argument);
    scalarTail |= access == RowAccess::PerLane || !canMask(operand.get().getType());
  }
  for (Operation &inner : block.without_terminator()) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    bool varies = index ? static_cast<int64_t>(index.getDim()) == laneDim
                        : llvm::any_of(inner.getOperands(),
                                       [&](Value value) { return varying.contains(value); });
    auto load = dyn_cast<memref::LoadOp>(inner);
    if (inner.getNumRegions() != 0 ||
        (varies && !index && !load && !OpTrait::hasElementwiseMappableTraits(&inner)) ||
        !llvm::all_of(inner.getResultTypes(), [](Type t) { return t.isIntOrIndexOrFloat(); }))
      return false;
    if (!varies)
      continue;
    varying.insert(inner.result_begin(), inner.result_end());
    // Masked lanes hold zeros: no index to load from, no divisor.
    scalarTail |= isDivision(inner);
    if (load)
      scalarTail |= !isContiguous(load) || !canMask(load.getMemRefType());
  }
  return !isReduction(laneDim) || matchReductions();
}

bool RowEmitter::matchReductions() {
  SmallVector<BlockArgument> outs(op.getRegionOutputArgs());
  for (unsigned i = 0; i < outs.size(); ++i) {
    SmallVector<Operation *> combiners;
    Value term = matchReduction(outs, i, combiners);
    if (!term || combiners.size() != 1 || combiners[0]->getNumOperands() != 2)
      return false;
    std::optional<TypedAttr> identity = arith::getNeutralElement(combiners[0]);
    if (!identity)
      return false;
    // Not NaN, the neutral element: with infinities a comparison is enough. A row without a number
    // and with NaN to begin with gives the infinity.
    if (isa<arith::MinNumFOp, arith::MaxNumFOp>(combiners[0])) {
      const llvm::fltSemantics &kind =
          cast<FloatType>(combiners[0]->getResult(0).getType()).getFloatSemantics();
      identity = FloatAttr::get(combiners[0]->getResult(0).getType(),
                                APFloat::getInf(kind, isa<arith::MaxNumFOp>(combiners[0])));
    }
    if (isNarrowFloat(identity->getType()))
      identity = FloatAttr::get(Float32Type::get(op.getContext()),
                                cast<FloatAttr>(*identity).getValueAsDouble());
    reductions.push_back({combiners[0], term, *identity});
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value RowEmitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

Value RowEmitter::getExtent(int64_t dim) {
  AffineExpr plain = getAffineDimExpr(dim, op.getContext());
  if (int64_t size = op.getStaticLoopRanges()[dim]; !ShapedType::isDynamic(size))
    return index(size);
  // The verifier of structured ops guarantees an operand indexed by the plain loop.
  for (OpOperand &operand : op->getOpOperands())
    for (auto [position, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (expr == plain)
        return memref::DimOp::create(b, operand.get(), position);
  return index(0);
}

RowEmitter::Values RowEmitter::loop(Value from, Value to, Value step, ValueRange init,
                                    function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, from, to, step, init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(b, results);
  return loop.getResults();
}

RowEmitter::Values RowEmitter::overDims(ArrayRef<unsigned> dims, ValueRange init,
                                        function_ref<Values(ValueRange)> body) {
  if (dims.empty())
    return body(init);
  return loop(index(0), extents[dims.front()], index(1), init, [&](Value iv, ValueRange accs) {
    ivs[dims.front()] = iv;
    return overDims(dims.drop_front(), accs, body);
  });
}

RowEmitter::Values RowEmitter::overLanes(ValueRange init,
                                         function_ref<Values(const RowStep &, ValueRange)> body) {
  if (laneDim < 0)
    return body(RowStep{Value(), 1, Value(), Value()}, init);
  if (team)
    return overTeam(init, body);
  Value extent = extents[laneDim], step = index(rowLanes), whole;
  int64_t size = op.getStaticLoopRanges()[laneDim];
  bool isStatic = !ShapedType::isDynamic(size);
  if (isStatic)
    whole = index(size / rowLanes * rowLanes);
  else
    whole = arith::MulIOp::create(b, arith::DivUIOp::create(b, extent, step), step);
  Values accs(init);
  if (!isStatic || size >= rowLanes)
    accs = loop(index(0), whole, step, accs, [&](Value at, ValueRange inside) {
      return body(RowStep{at, rowLanes, Value(), Value()}, inside);
    });
  if (isStatic && size % rowLanes == 0)
    return accs;
  if (scalarTail)
    return loop(whole, extent, index(1), accs, [&](Value at, ValueRange inside) {
      Value lane = arith::SubIOp::create(b, at, whole);
      return body(RowStep{at, 1, Value(), lane}, inside);
    });
  Value rest = arith::SubIOp::create(b, extent, whole);
  auto maskType = VectorType::get({rowLanes}, b.getI1Type());
  auto emitRest = [&] {
    Value mask = vector::CreateMaskOp::create(b, maskType, ValueRange{rest});
    return body(RowStep{whole, rowLanes, mask, Value()}, accs);
  };
  if (isStatic)
    return emitRest();
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, index(0));
  auto tail = scf::IfOp::create(b, ValueRange(accs).getTypes(), hasRest,
                                /*withElseRegion=*/!accs.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(tail.thenBlock());
  Values results = emitRest();
  if (accs.empty())
    return {};
  scf::YieldOp::create(b, results);
  b.setInsertionPointToStart(tail.elseBlock());
  scf::YieldOp::create(b, accs);
  return tail.getResults();
}

void RowEmitter::emit() {
  unsigned numLoops = op.getNumLoops();
  ivs.assign(numLoops, Value());
  for (unsigned dim = 0; dim < numLoops; ++dim)
    extents.push_back(getExtent(dim));
  if (reductions.empty() && laneDim < 0)
    onFirst([&] { emitColumns(); });
  else if (reductions.empty())
    emitColumns();
  else if (team)
    emitTeamRows();
  else
    emitRows();
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

void RowEmitter::emitUniform() {
  uniform.clear();
  VectorBody body(b, /*lanes=*/1);
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(input);
    if (argument.use_empty() || varying.contains(argument))
      continue;
    Value value = operands.load(*input, ivs, RowStep{Value(), 1, Value(), Value()});
    body.map(argument, value);
    uniform.emplace_back(argument, value);
  }
  for (Operation &inner : block.without_terminator()) {
    if (isa<arith::ConstantOp>(inner) ||
        llvm::any_of(inner.getResults(), [&](Value value) { return varying.contains(value); }))
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      body.map(index, ivs[index.getDim()]);
    else
      body.emit(inner);
    for (Value result : inner.getResults())
      uniform.emplace_back(result, body.lookup(result));
  }
}

void RowEmitter::emitBody(VectorBody &body, const RowStep &step, ValueRange outs) {
  DenseSet<Value> done;
  for (auto [value, replacement] : uniform) {
    body.map(value, replacement);
    done.insert(value);
  }
  for (OpOperand *input : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(input);
    if (!argument.use_empty() && !done.contains(argument))
      body.map(argument, operands.load(*input, ivs, step));
  }
  for (auto [argument, out] : llvm::zip(op.getRegionOutputArgs(), outs))
    if (out)
      body.map(argument, out);
  for (Operation &inner : block.without_terminator()) {
    bool isCombiner = llvm::any_of(
        reductions, [&](const Reduction &reduction) { return reduction.combiner == &inner; });
    if (isCombiner || (inner.getNumResults() != 0 && done.contains(inner.getResult(0))))
      continue;
    emitBodyOp(body, inner, step);
  }
}

void RowEmitter::emitBodyOp(VectorBody &body, Operation &inner, const RowStep &step) {
  if (auto load = dyn_cast<memref::LoadOp>(inner))
    return emitLoad(body, load, step);
  auto position = dyn_cast<linalg::IndexOp>(inner);
  if (!position)
    return body.emit(inner);
  if (static_cast<int64_t>(position.getDim()) != laneDim)
    return body.map(position, ivs[position.getDim()]);
  if (step.width == 1)
    return body.map(position, step.at);
  auto type = VectorType::get({width}, b.getIndexType());
  Value first = vector::BroadcastOp::create(b, type, step.at);
  body.map(position, arith::AddIOp::create(b, first, vector::StepOp::create(b, type)));
}

void RowEmitter::emitLoad(VectorBody &body, memref::LoadOp load, const RowStep &step) {
  bool meetsVector =
      llvm::any_of(load.getIndices(), [&](Value index) { return body.isVector(index); });
  if (!meetsVector)
    return body.emit(*load);
  Value memref = body.lookup(load.getMemRef());
  Values indices;
  if (isContiguous(load)) {
    for (Value index : load.getIndices().drop_back())
      indices.push_back(body.lookup(index));
    indices.push_back(step.at);
    return body.map(load, operands.loadVector(memref, indices, step.mask));
  }
  Values lanes;
  for (int64_t lane = 0; lane < width; ++lane) {
    indices.clear();
    for (Value index : load.getIndices()) {
      Value value = body.lookup(index);
      indices.push_back(body.isVector(index) ? vector::ExtractOp::create(b, value, lane).getResult()
                                             : value);
    }
    lanes.push_back(memref::LoadOp::create(b, memref, indices));
  }
  body.map(load,
           vector::FromElementsOp::create(b, VectorType::get({width}, load.getType()), lanes));
}

//===----------------------------------------------------------------------===//
// Columns: elementwise ops and reductions of other dimensions
//===----------------------------------------------------------------------===//

void RowEmitter::emitColumns() {
  overDims(parallelDims, {}, [&](ValueRange) -> Values {
    if (laneDim >= 0 && reductionDims.empty() && !isOpaque)
      emitUniform();
    overLanes({}, [&](const RowStep &step, ValueRange) -> Values {
      emitColumn(step);
      return {};
    });
    return {};
  });
}

void RowEmitter::emitColumn(const RowStep &step) {
  Values accs;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    bool isRead = !reductionDims.empty() || !op.getMatchingBlockArgument(&init).use_empty();
    accs.push_back(isRead ? operands.load(init, ivs, step) : Value());
  }
  auto toBits = [&](Value value) -> Value {
    if (!isNarrowFloat(value.getType()))
      return value;
    return arith::BitcastOp::create(b, VectorBody(b, step.width).vectorOf(b.getI16Type()), value);
  };
  auto fromBits = [&](Value value, Type type) -> Value {
    return value.getType() == type ? value : arith::BitcastOp::create(b, type, value).getResult();
  };
  auto emitPoint = [&](ValueRange outs) -> Values {
    VectorBody body(b, step.width);
    emitBody(body, step, outs);
    Values results;
    for (Value value : block.getTerminator()->getOperands())
      results.push_back(body.getVector(value));
    return results;
  };
  if (reductionDims.empty()) {
    accs = emitPoint(accs);
  } else {
    // Narrow floats pass from step to step as integers: LLVM would take vectors
    // of them through f32, by calls of its runtime library.
    SmallVector<Type> types(ValueRange(accs).getTypes());
    for (Value &acc : accs)
      acc = toBits(acc);
    accs = overDims(reductionDims, accs, [&](ValueRange bits) {
      Values outs;
      for (auto [value, type] : llvm::zip_equal(bits, types))
        outs.push_back(fromBits(value, type));
      Values results = emitPoint(outs);
      for (Value &result : results)
        result = toBits(result);
      return results;
    });
    for (auto [acc, type] : llvm::zip_equal(accs, types))
      acc = fromBits(acc, type);
  }
  for (auto [value, init] : llvm::zip_equal(accs, op.getDpsInitsMutable()))
    operands.store(value, init, ivs, step);
}

} // namespace moec::codegen
