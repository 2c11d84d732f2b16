//===- RotaryTable.cpp - Tables and halves of rotary embeddings *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Transformer/RotaryTable.h"

#include "lib/Recognise/Transformer/Match.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

int64_t getLastSize(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1)
             ? type.getShape().back()
             : 0;
}

static std::optional<Piece> getPiece(SplitOp split, Value value, int64_t size) {
  auto type = cast<RankedTensorType>(value.getType());
  if (split.getAxis() + 1 != static_cast<uint64_t>(type.getRank()))
    return std::nullopt;
  int64_t start = 0;
  for (Value before : split.getResults().take_front(cast<OpResult>(value).getResultNumber())) {
    int64_t width = getLastSize(before);
    if (width == 0)
      return std::nullopt;
    start += width;
  }
  return Piece{split.getX(), start, 1, size};
}

std::optional<Piece> getPiece(Value value, FunctionShapes &shapes) {
  int64_t size = getLastSize(value);
  if (size == 0)
    return std::nullopt;
  if (auto split = value.getDefiningOp<SplitOp>())
    return getPiece(split, value, size);
  auto slice = value.getDefiningOp<SliceOp>();
  int64_t whole = slice ? getLastSize(slice.getX()) : 0;
  if (whole == 0)
    return std::nullopt;
  std::optional<SmallVector<int64_t>> starts = shapes.getIntegers(slice.getStarts());
  std::optional<SmallVector<int64_t>> axes = shapes.getIntegers(slice.getAxes());
  std::optional<SmallVector<int64_t>> steps;
  if (slice.getSteps())
    steps = shapes.getIntegers(slice.getSteps());
  else if (starts)
    steps.emplace(starts->size(), 1);
  int64_t last = cast<RankedTensorType>(value.getType()).getRank() - 1;
  if (!starts || !axes || !steps || starts->size() != 1 || axes->size() != 1 ||
      steps->size() != 1 || steps->front() < 1 || (axes->front() != last && axes->front() != -1))
    return std::nullopt;
  int64_t start = starts->front() < 0 ? starts->front() + whole : starts->front();
  return Piece{slice.getX(), std::max<int64_t>(start, 0), steps->front(), size};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// The tensor operand of an element-wise op that is repeated on pairs, or of a view.
static Value getInput(Operation *op) {
  if (auto binary = dyn_cast<BinaryOp>(op))
    return getNumber(binary.getLhs()) ? binary.getRhs() : binary.getLhs();
  return op->getOperand(0);
}

static bool isTransparent(Operation *op) {
  auto binary = dyn_cast<BinaryOp>(op);
  if (!binary)
    return isa<UnaryOp, CastOp>(op) || AxisView::isView(op);
  auto from = dyn_cast<RankedTensorType>(getInput(op).getType());
  auto to = dyn_cast<RankedTensorType>(binary.getResult().getType());
  // A number of higher rank would be a view, too.
  return (getNumber(binary.getLhs()) || getNumber(binary.getRhs())) && from && to &&
         from.getRank() == to.getRank();
}

/// Whether the last axis of the view reads pairs in this way.
static bool readsPairs(const AxisView &view, Pairing pairing) {
  ArrayRef<unsigned> pairs = view.getBase().back(), features = view.getResult().back();
  if (pairing == Pairing::Single)
    return features == pairs;
  if (features.size() != pairs.size() + 1)
    return false;
  bool isHalves = pairing == Pairing::Halves;
  unsigned repeat = isHalves ? features.front() : features.back();
  return view.isRepeat(repeat) && view.getSize(repeat).isConstant(2) &&
         (isHalves ? features.drop_front() : features.drop_back()) == pairs;
}

/// Finds batch and sequence of the view among the axes of its base.
static bool findAxes(const AxisView &view, RotaryTable &table) {
  ArrayRef<AxisView::Axis> axes = view.getResult(), base = view.getBase();
  size_t rank = axes.size();
  auto find = [&](size_t fromEnd) -> std::optional<int64_t> {
    if (fromEnd >= rank || axes[rank - 1 - fromEnd].empty())
      return -1;
    for (size_t i = 0; i + 1 < base.size(); ++i)
      if (base[i] == axes[rank - 1 - fromEnd])
        return i;
    return std::nullopt;
  };
  std::optional<int64_t> sequence = find(1), heads = find(2), batch = find(3);
  if (rank > 4 || !sequence || !batch || heads != -1 || (*sequence >= 0 && *batch > *sequence))
    return false;
  // An axis of size 1 that is there serves for one that is not.
  int64_t numAxes = base.size() - 1;
  for (int64_t i = 0, end = *sequence < 0 ? numAxes : *sequence; i < end && *batch < 0; ++i)
    if (base[i].empty())
      batch = i;
  for (int64_t i = *batch + 1; i < numAxes && *sequence < 0; ++i)
    if (base[i].empty())
      sequence = i;
  table.batch = *batch;
  table.sequence = *sequence;
  for (size_t i = 0; i + 1 < base.size(); ++i)
    if (!base[i].empty() && static_cast<int64_t>(i) != *batch &&
        static_cast<int64_t>(i) != *sequence)
      return false;
  return true;
}

std::optional<RotaryTable> readTable(Value table, int64_t numPairs, Pairing pairing,
                                     FunctionShapes &shapes, Operation *&blame) {
  // The nearest tensor that has pairs.
  RotaryTable result;
  result.pairs = table;
  while (true) {
    blame = result.pairs.getDefiningOp();
    const Shape *shape = shapes.get(result.pairs);
    if (shape && !shape->empty() && getLastSize(result.pairs) == numPairs) {
      AxisView view(*shape, shapes.sizes());
      bool isView = llvm::all_of(llvm::reverse(result.chain), [&](Operation *op) {
        return !AxisView::isView(op) || succeeded(view.append(op, shapes));
      });
      result.rank = shape->size();
      if (isView && readsPairs(view, pairing) && findAxes(view, result)) {
        std::reverse(result.chain.begin(), result.chain.end());
        return result;
      }
    }
    if (!blame || !isTransparent(blame))
      return std::nullopt;
    result.chain.push_back(blame);
    result.pairs = getInput(blame);
  }
}

Shape getPairShape(const RotaryTable &table, FunctionShapes &shapes) {
  const Shape &pairs = *shapes.get(table.pairs);
  auto get = [&](int64_t axis) { return axis < 0 ? Size(1) : pairs[axis]; };
  return {get(table.batch), get(table.sequence), pairs.back()};
}

Value buildPairs(const RotaryTable &table, Value whole) {
  // Where the whole table ends all that this one needs is there.
  OpBuilder b(whole.getContext());
  b.setInsertionPointAfterValue(whole);
  Location loc = whole.getLoc();
  Value value = table.pairs;
  for (Operation *op : table.chain) {
    if (AxisView::isView(op))
      continue;
    IRMapping mapping;
    mapping.map(getInput(op), value);
    Operation *copy = b.clone(*op, mapping);
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    copy->getResult(0).setType(cast<RankedTensorType>(value.getType()).clone(element));
    value = copy->getResult(0);
  }
  auto type = cast<RankedTensorType>(value.getType());
  if (table.rank == 3 && table.batch == 0 && table.sequence == 1)
    return value;
  auto integers = [&](ArrayRef<int64_t> values) -> Value {
    return ConstantOp::create(b, loc, b.getI64TensorAttr(values));
  };
  int64_t numPairs = type.getShape().back();
  SmallVector<int64_t> dropped, kept, added;
  for (int64_t i = 0; i + 1 < table.rank; ++i)
    if (i == table.batch || i == table.sequence)
      kept.push_back(type.getDimSize(i));
    else
      dropped.push_back(i);
  kept.push_back(numPairs);
  if (!dropped.empty())
    value = SqueezeOp::create(b, loc, type.clone(kept), value, integers(dropped));
  SmallVector<int64_t> shape{1, 1, numPairs};
  if (table.batch >= 0)
    shape[0] = type.getDimSize(table.batch);
  else
    added.push_back(0);
  if (table.sequence >= 0)
    shape[1] = type.getDimSize(table.sequence);
  else
    added.push_back(1);
  if (!added.empty())
    value = UnsqueezeOp::create(b, loc, type.clone(shape), value, integers(added));
  return value;
}

} // namespace moec::recognise
