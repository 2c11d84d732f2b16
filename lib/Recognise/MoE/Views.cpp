//===- Views.cpp - Ops that only move elements ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Facts.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

namespace {

class ViewRules {
public:
  explicit ViewRules(Facts &facts) : facts(facts), table(facts.indices()) {}

  bool apply(Operation *op) {
    return TypeSwitch<Operation *, bool>(op)
        .Case<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp, onnx::UnsqueezeOp>(
            [&](auto reshape) { return applyRowMajor(reshape.getX(), reshape.getResult()); })
        .Case([&](onnx::ExpandOp expand) { return applyExpand(expand); })
        .Case([&](onnx::TransposeOp transpose) { return applyTranspose(transpose); })
        .Case([&](onnx::TileOp tile) { return applyTile(tile); })
        .Case([&](onnx::SliceOp slice) { return applySlice(slice); })
        .Case([&](onnx::SplitOp split) { return applySplit(split); })
        .Case([&](onnx::GatherOp gather) { return applyGather(gather); })
        .Case([&](onnx::GatherNDOp gather) { return applyGatherND(gather); })
        .Case([&](onnx::GatherElementsOp gather) { return applyGatherElements(gather); })
        .Case([&](onnx::CastOp cast) { return applyCast(cast); })
        .Default([](Operation *) { return false; });
  }

private:
  using Indices = SmallVector<Index, 4>;

  /// The same elements in row-major order.
  bool applyRowMajor(Value x, Value result) {
    const Shape &from = *facts.shape(x), &to = *facts.shape(result);
    Index place = table.linearise(table.variables(to), to);
    set(x, result, table.delinearise(place, from));
    return true;
  }

  void set(Value x, Value result, ArrayRef<Index> args) {
    facts.setElement(result, facts.elementAt(x, args));
    // A function of an integer stays one.
    if (const FiniteFunction *function = facts.finite(x))
      facts.setTable(result, {table.substitute(function->argument, args), function->entries});
  }

  Indices variables(Value value) { return table.variables(*facts.shape(value)); }
  std::optional<SmallVector<int64_t>> constants(Value value) {
    return facts.shapes().get(value).getConstants();
  }

  /// One element per member broadcasts to at most one element: for min(1, S), where S = 0 leaves no
  /// members, the result has as many elements as there are members.
  bool keepMembers(onnx::ExpandOp op) {
    onnx::SizeTable &sizes = facts.sizes();
    onnx::ValueFacts known = facts.shapes().get(op.getResult());
    const Shape &from = *facts.shape(op.getX());
    size_t missing = known.shape->size() - from.size();
    bool changed = false;
    for (auto [axis, size] : llvm::enumerate(from)) {
      const MembersFact *members = facts.members(facts.membersCounted(size));
      std::optional<unsigned> symbol = (*known.shape)[missing + axis].getSymbol();
      auto broadcast = symbol && members ? sizes.getExpression(*symbol) : std::nullopt;
      if (!broadcast || std::get<0>(*broadcast) != onnx::SizeFn::Broadcast)
        continue;
      auto [fn, a, b] = *broadcast;
      if (a != size && b != size)
        continue;
      std::optional<unsigned> limit = (a == size ? b : a).getSymbol();
      auto least = limit ? sizes.getExpression(*limit) : std::nullopt;
      if (!least || std::get<0>(*least) != onnx::SizeFn::Min)
        continue;
      auto [min, one, bound] = *least;
      if (!one.isConstant(1))
        std::swap(one, bound);
      Size places(1);
      for (const Size &extent : members->shape)
        places = sizes.mul(places, extent);
      if (!one.isConstant(1) || !sizes.divideExactly(places, bound))
        continue;
      (*known.shape)[missing + axis] = size;
      changed = true;
    }
    return !changed || succeeded(facts.shapes().set(op.getResult(), known));
  }

  bool applyExpand(onnx::ExpandOp op) {
    if (facts.shape(op.getX())->size() > facts.shape(op.getResult())->size() || !keepMembers(op))
      return false;
    const Shape &result = *facts.shape(op.getResult());
    if (Index element = facts.broadcastElement(op.getX(), result, table.variables(result))) {
      facts.setElement(op.getResult(), element);
      return true;
    }
    return false;
  }

  bool applyTranspose(onnx::TransposeOp op) {
    Indices args(op.getPerm().size()), own = variables(op.getResult());
    for (auto [axis, from] : llvm::enumerate(op.getPerm()))
      args[from] = own[axis];
    set(op.getX(), op.getResult(), args);
    return true;
  }

  bool applyTile(onnx::TileOp op) {
    Indices args;
    for (auto [index, size] : llvm::zip_equal(variables(op.getResult()), *facts.shape(op.getX())))
      args.push_back(table.mod(index, size));
    set(op.getX(), op.getResult(), args);
    return true;
  }

  bool applySlice(onnx::SliceOp op) {
    const Shape &from = *facts.shape(op.getX());
    std::optional<SmallVector<int64_t>> axes = constants(op.getAxes());
    std::optional<SmallVector<int64_t>> starts = constants(op.getStarts()),
                                        ends = constants(op.getEnds()), steps;
    if (op.getSteps())
      steps = constants(op.getSteps());
    if (!axes || (op.getSteps() && !steps))
      return false;
    for (int64_t &axis : *axes)
      axis += axis < 0 ? from.size() : 0;
    Indices args = variables(op.getResult());
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      int64_t step = steps ? (*steps)[i] : 1;
      Index start = nullptr;
      if (starts && ends)
        start = constantStart((*starts)[i], step, from[axis]);
      else if (axes->size() == 1 && step == 1) {
        start = dataStart(op, axis, from[axis]);
        // The length has become a symbol.
        args = variables(op.getResult());
      }
      if (!start)
        return false;
      args[axis] = table.add(table.scale(args[axis], step), start);
    }
    set(op.getX(), op.getResult(), args);
    return true;
  }

  /// The first index taken, if clamping to the axis is understood.
  Index constantStart(int64_t start, int64_t step, const Size &size) {
    std::optional<int64_t> bound = size.getConstant();
    if (bound) {
      if (start < 0)
        start = std::max<int64_t>(start + *bound, 0);
      return table.constant(std::min(start, step > 0 ? *bound : *bound - 1));
    }
    // From the front of an unknown axis: where fewer elements exist, the result is empty.
    if (start >= 0 && step > 0)
      return table.constant(start);
    return nullptr;
  }

  /// A start that data decides, with an end not before it and not behind the axis.
  Index dataStart(onnx::SliceOp op, int64_t axis, const Size &size) {
    Index start = facts.elementAt(op.getStarts(), table.constant(0)),
          end = facts.elementAt(op.getEnds(), table.constant(0));
    onnx::SizeTable &sizes = facts.sizes();
    if (!table.isWithin(start, sizes.add(size, 1)) || !table.isWithin(end, sizes.add(size, 1)))
      return nullptr;
    // The result's length is a symbol of this slice alone.
    Shape shape = *facts.shape(op.getResult());
    Size length = sizes.fresh();
    shape[axis] = length;
    onnx::ValueFacts known = facts.shapes().get(op.getResult());
    known.shape = shape;
    if (failed(facts.shapes().set(op.getResult(), known)))
      return nullptr;
    facts.setInterval(*length.getSymbol(), {start, end});
    return start;
  }

  bool applySplit(onnx::SplitOp op) {
    int64_t axis = op.getAxis();
    Index offset = table.constant(0);
    for (Value result : op.getResults()) {
      Indices args = variables(result);
      args[axis] = table.add(args[axis], offset);
      set(op.getX(), result, args);
      offset = table.add(offset, table.constant((*facts.shape(result))[axis]));
    }
    return true;
  }

  /// Indices may be negative; a view needs to know that they are not, or which.
  Index inAxis(Index index, const Size &size) {
    IndexRange range = table.range(index);
    onnx::SizeTable &sizes = facts.sizes();
    if (range.low && sizes.isLess(*range.low, 0) == false)
      return index;
    if (range.high && sizes.isLess(0, *range.high) == false)
      return table.add(index, table.constant(size));
    return nullptr;
  }

  bool applyGather(onnx::GatherOp op) {
    int64_t axis = op.getAxis(), indexRank = facts.shape(op.getIndices())->size();
    Indices own = variables(op.getResult());
    Index index = inAxis(facts.elementAt(op.getIndices(), ArrayRef(own).slice(axis, indexRank)),
                         (*facts.shape(op.getX()))[axis]);
    if (!index)
      return false;
    Indices args(own.begin(), own.begin() + axis);
    args.push_back(index);
    args.append(own.begin() + axis + indexRank, own.end());
    set(op.getX(), op.getResult(), args);
    return true;
  }

  bool applyGatherND(onnx::GatherNDOp op) {
    const Shape &from = *facts.shape(op.getX()), &tuples = *facts.shape(op.getIndices());
    std::optional<int64_t> length = tuples.back().getConstant();
    if (!length)
      return false;
    size_t outer = tuples.size() - 1, batch = op.getBatchDims();
    Indices own = variables(op.getResult());
    Indices args(own.begin(), own.begin() + batch);
    for (int64_t i = 0; i < *length; ++i) {
      Indices at(own.begin(), own.begin() + outer);
      at.push_back(table.constant(i));
      Index index = inAxis(facts.elementAt(op.getIndices(), at), from[batch + i]);
      if (!index)
        return false;
      args.push_back(index);
    }
    args.append(own.begin() + outer, own.end());
    set(op.getX(), op.getResult(), args);
    return true;
  }

  bool applyGatherElements(onnx::GatherElementsOp op) {
    int64_t axis = op.getAxis();
    Indices args = variables(op.getResult());
    Index index = inAxis(facts.elementAt(op.getIndices(), args), (*facts.shape(op.getX()))[axis]);
    if (!index)
      return false;
    args[axis] = index;
    set(op.getX(), op.getResult(), args);
    return true;
  }

  /// A conversion to a type that holds every value, and back, moves nothing.
  bool applyCast(onnx::CastOp op) {
    Type to = getElementTypeOrSelf(op.getResult().getType());
    if (to == getElementTypeOrSelf(op.getX().getType())) {
      set(op.getX(), op.getResult(), variables(op.getX()));
      return true;
    }
    Index inner = facts.element(op.getX());
    auto first = inner->isRead() ? inner->base.getDefiningOp<onnx::CastOp>() : onnx::CastOp();
    if (!first || getElementTypeOrSelf(first.getX().getType()) != to ||
        !holdsAll(to, getElementTypeOrSelf(first.getResult().getType())))
      return false;
    facts.setElement(op.getResult(), facts.elementAt(first.getX(), inner->args));
    return true;
  }

  static bool holdsAll(Type narrow, Type wide) {
    auto from = dyn_cast<FloatType>(narrow), to = dyn_cast<FloatType>(wide);
    if (!from || !to)
      return false;
    if (to.isF64())
      return from.isF32() || from.isF16() || from.isBF16();
    return to.isF32() && (from.isF16() || from.isBF16());
  }

  Facts &facts;
  IndexTable &table;
};

} // namespace

bool moec::recognise::applyViewRule(Facts &facts, Operation *op) {
  return ViewRules(facts).apply(op);
}
