//===- IntegerFacts.cpp - Integers as formulas ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Booleans are 0 and 1. A rule applies only where the formula gives what the
// tensor's type would hold: sums and products are taken not to overflow, as
// shape inference does for types of at least 32 bits.
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

bool isIndexLike(Type type) {
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(type));
  return integer && (integer.getWidth() >= 32 || integer.getWidth() == 1);
}
bool isBool(Type type) { return getElementTypeOrSelf(type).isInteger(1); }

class IntegerRules {
public:
  explicit IntegerRules(Facts &facts)
      : facts(facts), table(facts.indices()), sizes(facts.sizes()) {}

  bool apply(Operation *op) {
    if (op->getNumResults() != 1)
      return false;
    Value result = op->getResult(0);
    if (isIndexLike(result.getType()) && applyKnownElements(result))
      return true;
    if (auto cast = dyn_cast<onnx::CastOp>(op))
      return applyCast(cast);
    if (!isIndexLike(result.getType()))
      return false;
    Index element = TypeSwitch<Operation *, Index>(op)
                        .Case([&](onnx::BinaryOp binary) { return getBinary(binary); })
                        .Case([&](onnx::CompareOp compare) { return getCompare(compare); })
                        .Case([&](onnx::UnaryOp unary) { return getUnary(unary); })
                        .Case([&](onnx::WhereOp where) { return getWhere(where); })
                        .Case([&](onnx::ClipOp clip) { return getClip(clip); })
                        .Case([&](onnx::RangeOp range) { return getRange(range); })
                        .Case([&](onnx::OneHotOp oneHot) { return getOneHot(oneHot); })
                        .Default([](Operation *) { return nullptr; });
    if (!element)
      return false;
    facts.setElement(result, element);
    return true;
  }

private:
  using Indices = SmallVector<Index, 4>;

  /// What shape inference knows element by element, if it is one formula.
  bool applyKnownElements(Value result) {
    const onnx::ValueFacts &known = facts.shapes().get(result);
    if (!known.elements || !known.shape || known.elements->empty())
      return false;
    ArrayRef<Size> elements = *known.elements;
    // Affine in the indices: the element at 0, and one step per axis.
    Index formula = table.constant(elements[0]);
    Indices own = table.variables(*known.shape);
    SmallVector<int64_t> extents;
    for (const Size &size : *known.shape)
      extents.push_back(*size.getConstant());
    SmallVector<Size> steps(extents.size());
    int64_t stride = 1;
    for (size_t axis = extents.size(); axis-- > 0; stride *= extents[axis]) {
      if (extents[axis] > 1)
        steps[axis] = sizes.sub(elements[stride], elements[0]);
      formula = table.add(formula, table.scale(own[axis], steps[axis]));
    }
    for (auto [place, element] : llvm::enumerate(elements)) {
      Size expected = elements[0];
      int64_t rest = place;
      for (size_t axis = extents.size(); axis-- > 0; rest /= extents[axis])
        expected = sizes.add(expected, sizes.mul(steps[axis], rest % extents[axis]));
      if (expected != element)
        return false;
    }
    facts.setElement(result, formula);
    return true;
  }

  bool applyCast(onnx::CastOp op) {
    Value x = op.getX(), result = op.getResult();
    Type to = getElementTypeOrSelf(result.getType());
    if (facts.finite(x))
      return false;
    if (isIndexLike(x.getType()) && isIndexLike(to)) {
      Index element = facts.element(x);
      if (isBool(to) && !isBool(x.getType())) {
        Index zero = table.equal(element, table.constant(0));
        if (!zero->isConstant())
          return false;
        element = table.sub(table.constant(1), zero);
      }
      facts.setElement(result, element);
      return true;
    }
    // Counts are kept as floats by some exporters; the integer is theirs.
    if (isIndexLike(to) && isa<FloatType>(getElementTypeOrSelf(x.getType()))) {
      Index element = facts.element(x);
      if (!element->isRead() || !(facts.counts(element->base) || facts.prefix(element->base)))
        return false;
      facts.setElement(result, element);
      return true;
    }
    return false;
  }

  /// The operand's formula at the result's indices; null if it has none there.
  Index operand(Value value, Value result) {
    if (!isIndexLike(value.getType()))
      return nullptr;
    const Shape &shape = *facts.shape(result);
    return facts.broadcastElement(value, shape, table.variables(shape));
  }

  bool isNonNegative(Index a) {
    IndexRange range = table.range(a);
    return range.low && sizes.isLess(*range.low, 0) == false;
  }

  Index getBinary(onnx::BinaryOp op) {
    Index a = operand(op.getLhs(), op.getResult()), b = operand(op.getRhs(), op.getResult());
    if (!a || !b)
      return nullptr;
    std::optional<int64_t> x = a->getConstant(), y = b->getConstant();
    switch (op.getFn()) {
    case onnx::BinaryFn::Add:
      return table.add(a, b);
    case onnx::BinaryFn::Sub:
      return table.sub(a, b);
    case onnx::BinaryFn::Mul:
      return table.mul(a, b);
    case onnx::BinaryFn::Div:
      // Truncation is rounding down where nothing is negative.
      if (b->isConstant() && sizes.isLess(0, b->size) == true && isNonNegative(a))
        return table.floorDiv(a, b->size);
      return nullptr;
    case onnx::BinaryFn::Mod:
      if (b->isConstant() && sizes.isLess(0, b->size) == true)
        return table.mod(a, b->size);
      return nullptr;
    case onnx::BinaryFn::Fmod:
      if (b->isConstant() && sizes.isLess(0, b->size) == true && isNonNegative(a))
        return table.mod(a, b->size);
      return nullptr;
    case onnx::BinaryFn::And:
      if (x == 0 || y == 1)
        return a;
      return y == 0 || x == 1 ? b : nullptr;
    case onnx::BinaryFn::Or:
      if (x == 1 || y == 0)
        return a;
      return y == 1 || x == 0 ? b : nullptr;
    case onnx::BinaryFn::Min:
    case onnx::BinaryFn::Max:
      return pick(a, b, op.getFn() == onnx::BinaryFn::Min);
    default:
      return nullptr;
    }
  }

  /// The smaller or larger of two, where that is always the same one.
  Index pick(Index a, Index b, bool smaller) {
    if (std::optional<bool> less = isLess(a, b))
      return *less == smaller ? a : b;
    if (std::optional<bool> less = isLess(b, a))
      return *less == smaller ? b : a;
    return nullptr;
  }

  /// a < b where that is the same for all elements.
  std::optional<bool> isLess(Index a, Index b) {
    IndexRange range = table.range(table.sub(b, a));
    if (range.low && sizes.isLess(0, *range.low) == true)
      return true;
    if (range.high && sizes.isLess(1, *range.high) == false)
      return false;
    return std::nullopt;
  }

  Index getCompare(onnx::CompareOp op) {
    Index a = operand(op.getLhs(), op.getResult()), b = operand(op.getRhs(), op.getResult());
    if (!a || !b)
      return nullptr;
    std::optional<bool> known;
    switch (op.getFn()) {
    case onnx::CompareFn::Equal:
      return table.equal(a, b);
    case onnx::CompareFn::Greater:
      known = isLess(b, a);
      break;
    case onnx::CompareFn::Less:
      known = isLess(a, b);
      break;
    case onnx::CompareFn::GreaterEqual:
      known = isLess(a, b);
      break;
    case onnx::CompareFn::LessEqual:
      known = isLess(b, a);
      break;
    }
    if (!known)
      return nullptr;
    bool negate =
        op.getFn() == onnx::CompareFn::GreaterEqual || op.getFn() == onnx::CompareFn::LessEqual;
    return table.constant(*known != negate);
  }

  Index getUnary(onnx::UnaryOp op) {
    Index x = operand(op.getX(), op.getResult());
    if (!x)
      return nullptr;
    switch (op.getFn()) {
    case onnx::UnaryFn::Neg:
      return table.scale(x, -1);
    case onnx::UnaryFn::Not:
      return table.sub(table.constant(1), x);
    case onnx::UnaryFn::Abs:
      return isNonNegative(x) ? x : nullptr;
    default:
      return nullptr;
    }
  }

  Index getWhere(onnx::WhereOp op) {
    Index condition = operand(op.getCondition(), op.getResult());
    std::optional<int64_t> known = condition ? condition->getConstant() : std::nullopt;
    if (!known)
      return nullptr;
    return operand(*known ? op.getX() : op.getY(), op.getResult());
  }

  Index getClip(onnx::ClipOp op) {
    Index result = operand(op.getX(), op.getResult());
    for (auto [bound, isMax] : {std::pair(op.getMin(), false), std::pair(op.getMax(), true)}) {
      if (!bound || !result)
        continue;
      Index limit = operand(bound, op.getResult());
      result = limit ? pick(result, limit, /*smaller=*/isMax) : nullptr;
    }
    return result;
  }

  Index getRange(onnx::RangeOp op) {
    auto scalar = [&](Value value) {
      SmallVector<Index, 1> first(facts.shape(value)->size(), table.constant(0));
      return facts.elementAt(value, first);
    };
    Index start = scalar(op.getStart()), limit = scalar(op.getLimit()),
          delta = scalar(op.getDelta());
    std::optional<int64_t> step = delta->getConstant();
    if (!step)
      return nullptr;
    Value result = op.getResult();
    // The length is a symbol of this range alone, unless the sizes of tensors decide it.
    if (*step == 1 && !(start->isConstant() && limit->isConstant())) {
      Size length = sizes.fresh();
      onnx::ValueFacts known = facts.shapes().get(result);
      known.shape = Shape{length};
      if (failed(facts.shapes().set(result, known)))
        return nullptr;
      facts.setInterval(*length.getSymbol(), {start, limit});
    }
    Index place = table.variables(*facts.shape(result))[0];
    return table.add(start, table.scale(place, *step));
  }

  /// off + (on - off) * [index = place].
  Index getOneHot(onnx::OneHotOp op) {
    int64_t axis = op.getAxis();
    Indices own = table.variables(*facts.shape(op.getResult()));
    axis += axis < 0 ? own.size() : 0;
    Indices rest(own);
    rest.erase(rest.begin() + axis);
    if (!isIndexLike(op.getIndices().getType()))
      return nullptr;
    Index index = facts.elementAt(op.getIndices(), rest);
    Index off = facts.elementAt(op.getValues(), table.constant(0)),
          on = facts.elementAt(op.getValues(), table.constant(1));
    // A negative index counts from the end.
    if (!isNonNegative(index) || !off->isConstant() || !on->isConstant())
      return nullptr;
    return table.add(off, table.scale(table.equal(index, own[axis]), table.sub(on, off)->size));
  }

  Facts &facts;
  IndexTable &table;
  onnx::SizeTable &sizes;
};

} // namespace

bool moec::recognise::applyIntegerRule(Facts &facts, Operation *op) {
  return IntegerRules(facts).apply(op);
}
