//===- InferElementwise.cpp - Inference of element-wise ops -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// Which element types a function takes
//===----------------------------------------------------------------------===//

namespace {
enum class Domain { Any, Numeric, Float, Integer, Bool };
} // namespace

static LogicalResult checkDomain(ShapeContext &context, Operation *op, StringRef fn, Domain domain,
                                 Type type) {
  bool isBool = type.isInteger(1), isFloat = isa<FloatType>(type);
  bool isInteger = isa<IntegerType>(type) && !isBool;
  switch (domain) {
  case Domain::Any:
    return success();
  case Domain::Numeric:
    if (isFloat || isInteger)
      return success();
    return context.error(op) << fn << " expects numbers, got " << type;
  case Domain::Float:
    if (isFloat)
      return success();
    return context.error(op) << fn << " expects floating-point numbers, got " << type;
  case Domain::Integer:
    if (isInteger)
      return success();
    return context.error(op) << fn << " expects integers, got " << type;
  case Domain::Bool:
    if (isBool)
      return success();
    return context.error(op) << fn << " expects booleans, got " << type;
  }
  return failure();
}

static Domain getDomain(UnaryFn fn) {
  switch (fn) {
  case UnaryFn::Abs:
  case UnaryFn::Neg:
  case UnaryFn::Sign:
  case UnaryFn::Relu:
    return Domain::Numeric;
  case UnaryFn::Not:
    return Domain::Bool;
  case UnaryFn::BitwiseNot:
    return Domain::Integer;
  default:
    return Domain::Float;
  }
}

static Domain getDomain(BinaryFn fn) {
  switch (fn) {
  case BinaryFn::And:
  case BinaryFn::Or:
  case BinaryFn::Xor:
    return Domain::Bool;
  case BinaryFn::BitshiftLeft:
  case BinaryFn::BitshiftRight:
  case BinaryFn::BitwiseAnd:
  case BinaryFn::BitwiseOr:
  case BinaryFn::BitwiseXor:
    return Domain::Integer;
  default:
    return Domain::Numeric;
  }
}

/// How many of alpha and beta a function reads.
static unsigned getNumParameters(UnaryFn fn) {
  switch (fn) {
  case UnaryFn::Celu:
  case UnaryFn::Elu:
  case UnaryFn::LeakyRelu:
  case UnaryFn::Swish:
  case UnaryFn::ThresholdedRelu:
    return 1;
  case UnaryFn::HardSigmoid:
  case UnaryFn::Selu:
  case UnaryFn::Shrink:
    return 2;
  default:
    return 0;
  }
}

static bool isPredicate(UnaryFn fn) {
  return fn == UnaryFn::IsNan || fn == UnaryFn::IsInf || fn == UnaryFn::IsInfNegative ||
         fn == UnaryFn::IsInfPositive;
}

//===----------------------------------------------------------------------===//
// Small integers
//===----------------------------------------------------------------------===//

static std::optional<Size> evaluate(SizeTable &sizes, UnaryFn fn, const Size &x) {
  switch (fn) {
  case UnaryFn::Neg:
    return sizes.sub(0, x);
  case UnaryFn::Not:
    return sizes.sub(1, x);
  case UnaryFn::Abs:
    return sizes.apply(SizeFn::Max, x, sizes.sub(0, x));
  case UnaryFn::Relu:
    return sizes.apply(SizeFn::Max, x, 0);
  case UnaryFn::Sign:
    if (std::optional<int64_t> value = x.getConstant())
      return *value < 0 ? -1 : *value > 0;
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

static std::optional<Size> evaluate(SizeTable &sizes, BinaryFn fn, const Size &a, const Size &b) {
  bool zeroDivisor = b.isConstant(0);
  switch (fn) {
  case BinaryFn::Add:
    return sizes.add(a, b);
  case BinaryFn::Sub:
    return sizes.sub(a, b);
  case BinaryFn::Mul:
  case BinaryFn::And:
    return sizes.mul(a, b);
  case BinaryFn::Div:
    return zeroDivisor ? std::nullopt : std::optional(sizes.apply(SizeFn::TruncDiv, a, b));
  case BinaryFn::Mod:
    return zeroDivisor ? std::nullopt : std::optional(sizes.apply(SizeFn::FloorMod, a, b));
  case BinaryFn::Fmod:
    return zeroDivisor ? std::nullopt : std::optional(sizes.apply(SizeFn::TruncMod, a, b));
  case BinaryFn::Min:
    return sizes.apply(SizeFn::Min, a, b);
  case BinaryFn::Max:
  case BinaryFn::Or:
    return sizes.apply(SizeFn::Max, a, b);
  case BinaryFn::Xor: {
    std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
    return x && y ? std::optional<Size>(*x ^ *y) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

static std::optional<Size> evaluate(SizeTable &sizes, CompareFn fn, const Size &a, const Size &b) {
  std::optional<bool> value;
  switch (fn) {
  case CompareFn::Equal:
    value = sizes.isEqual(a, b);
    break;
  case CompareFn::Less:
    value = sizes.isLess(a, b);
    break;
  case CompareFn::Greater:
    value = sizes.isLess(b, a);
    break;
  case CompareFn::LessEqual:
    if ((value = sizes.isLess(b, a)))
      value = !*value;
    break;
  case CompareFn::GreaterEqual:
    if ((value = sizes.isLess(a, b)))
      value = !*value;
    break;
  }
  return value ? std::optional<Size>(*value ? 1 : 0) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Inference
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  StringRef name = stringifyUnaryFn(getFn());
  if (failed(checkDomain(context, *this, name, getDomain(getFn()), x.elementType)))
    return failure();
  unsigned parameters = getNumParameters(getFn());
  for (auto [index, parameter] : llvm::enumerate(std::array{getAlphaAttr(), getBetaAttr()})) {
    StringRef parameterName = index == 0 ? "alpha" : "beta";
    if (index < parameters && !parameter)
      return context.error(*this) << name << " needs the parameter " << parameterName;
    if (index >= parameters && parameter)
      return context.error(*this) << "parameter " << parameterName << " has no effect on " << name;
  }
  ValueFacts result = x;
  result.elements.reset();
  if (isPredicate(getFn()))
    result.elementType = IntegerType::get(getContext(), 1);
  else
    result.elements = mapElements(x.shape, {&x}, [&](ArrayRef<Size> arguments) {
      return evaluate(context.sizes(), getFn(), arguments[0]);
    });
  return context.set(getResult(), std::move(result));
}

LogicalResult BinaryOp::inferShapes(ShapeContext &context) {
  const ValueFacts &lhs = context.get(getLhs()), &rhs = context.get(getRhs());
  StringRef name = stringifyBinaryFn(getFn());
  if (failed(checkDomain(context, *this, name, getDomain(getFn()), lhs.elementType)))
    return failure();
  if (getFn() == BinaryFn::Pow) {
    if (failed(checkDomain(context, *this, name, Domain::Numeric, rhs.elementType)))
      return failure();
  } else if (failed(checkSameType(context, *this, "rhs", lhs, rhs))) {
    return failure();
  }
  FailureOr<std::optional<Shape>> shape = broadcastShapes(context, *this, {&lhs, &rhs});
  if (failed(shape))
    return failure();
  std::optional<Elements> elements = mapElements(*shape, {&lhs, &rhs}, [&](ArrayRef<Size> a) {
    return evaluate(context.sizes(), getFn(), a[0], a[1]);
  });
  return context.set(getResult(),
                     makeFacts(lhs.elementType, std::move(*shape), std::move(elements)));
}

LogicalResult CompareOp::inferShapes(ShapeContext &context) {
  const ValueFacts &lhs = context.get(getLhs()), &rhs = context.get(getRhs());
  Domain domain = getFn() == CompareFn::Equal ? Domain::Any : Domain::Numeric;
  if (failed(checkDomain(context, *this, stringifyCompareFn(getFn()), domain, lhs.elementType)) ||
      failed(checkSameType(context, *this, "rhs", lhs, rhs)))
    return failure();
  FailureOr<std::optional<Shape>> shape = broadcastShapes(context, *this, {&lhs, &rhs});
  if (failed(shape))
    return failure();
  std::optional<Elements> elements = mapElements(*shape, {&lhs, &rhs}, [&](ArrayRef<Size> a) {
    return evaluate(context.sizes(), getFn(), a[0], a[1]);
  });
  return context.set(getResult(), makeFacts(IntegerType::get(getContext(), 1), std::move(*shape),
                                            std::move(elements)));
}

LogicalResult WhereOp::inferShapes(ShapeContext &context) {
  const ValueFacts &condition = context.get(getCondition());
  const ValueFacts &x = context.get(getX()), &y = context.get(getY());
  if (failed(checkSameType(context, *this, "y", x, y)))
    return failure();
  FailureOr<std::optional<Shape>> shape = broadcastShapes(context, *this, {&condition, &x, &y});
  if (failed(shape))
    return failure();
  std::optional<Elements> elements =
      mapElements(*shape, {&condition, &x, &y}, [](ArrayRef<Size> a) -> std::optional<Size> {
        if (a[1] == a[2])
          return a[1];
        std::optional<int64_t> value = a[0].getConstant();
        return value ? std::optional<Size>(a[*value ? 1 : 2]) : std::nullopt;
      });
  return context.set(getResult(), makeFacts(x.elementType, std::move(*shape), std::move(elements)));
}

LogicalResult CastOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  Type to = cast<TensorType>(getResult().getType()).getElementType();
  ValueFacts result = makeFacts(to, x.shape);
  if (to.isInteger(1))
    result.elements = mapElements(x.shape, {&x}, [&](ArrayRef<Size> a) -> std::optional<Size> {
      std::optional<bool> isZero = context.sizes().isEqual(a[0], 0);
      return isZero ? std::optional<Size>(*isZero ? 0 : 1) : std::nullopt;
    });
  else
    result.elements = x.elements; // numbers that do not fit are dropped by `set`
  return context.set(getResult(), std::move(result));
}

LogicalResult ClipOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  if (failed(checkDomain(context, *this, "clip", Domain::Numeric, x.elementType)))
    return failure();
  for (auto [name, bound] : {std::make_pair("min", getMin()), std::make_pair("max", getMax())}) {
    if (!bound)
      continue;
    const ValueFacts &facts = context.get(bound);
    if (failed(checkSameType(context, *this, name, x, facts)))
      return failure();
    if (std::optional<int64_t> count = facts.getNumElements(); count && *count != 1)
      return context.error(*this) << "expects " << name << " to be a scalar, got "
                                  << bound.getType();
  }
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>> ReduceOp::getStaticAxes() {
  auto type = dyn_cast<RankedTensorType>(getX().getType());
  std::optional<SmallVector<int64_t>> axes = SmallVector<int64_t>();
  if (getAxes()) {
    axes = getConstantIntegers(getAxes());
    if (cast<TensorType>(getAxes().getType()).hasStaticShape() &&
        cast<RankedTensorType>(getAxes().getType()).getNumElements() == 0)
      axes = SmallVector<int64_t>();
  }
  if (!type || !axes)
    return std::nullopt;
  if (axes->empty() && !getNoopWithEmptyAxes())
    return llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  ShapeContext quiet({/*readConstants=*/false, /*quiet=*/true});
  FailureOr<SmallVector<int64_t>> checked = checkAxes(quiet, *this, *axes, type.getRank());
  return succeeded(checked) ? std::optional(std::move(*checked)) : std::nullopt;
}

/// The value of a reduction over known elements; only those that shape arithmetic uses.
static std::optional<Size> reduceAll(SizeTable &sizes, ReduceFn fn, ArrayRef<Size> elements) {
  switch (fn) {
  case ReduceFn::Sum:
    return std::accumulate(elements.begin(), elements.end(), Size(0),
                           [&](const Size &a, const Size &b) { return sizes.add(a, b); });
  case ReduceFn::Prod:
    return product(sizes, elements);
  case ReduceFn::Max:
  case ReduceFn::Min: {
    if (elements.empty())
      return std::nullopt;
    SizeFn sizeFn = fn == ReduceFn::Max ? SizeFn::Max : SizeFn::Min;
    return std::accumulate(elements.begin() + 1, elements.end(), elements.front(),
                           [&](const Size &a, const Size &b) { return sizes.apply(sizeFn, a, b); });
  }
  default:
    return std::nullopt;
  }
}

LogicalResult ReduceOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  bool ofBool =
      x.elementType.isInteger(1) && (getFn() == ReduceFn::Max || getFn() == ReduceFn::Min);
  if (!ofBool && failed(checkDomain(context, *this, stringifyReduceFn(getFn()), Domain::Numeric,
                                    x.elementType)))
    return failure();
  std::optional<SmallVector<int64_t>> axes = SmallVector<int64_t>();
  std::optional<int64_t> count = 0;
  if (getAxes()) {
    const ValueFacts &operand = context.get(getAxes());
    if (failed(checkRank(context, *this, "axes", operand, 1)))
      return failure();
    axes = operand.getConstants();
    count = operand.getNumElements();
  }
  ValueFacts result = makeFacts(x.elementType, std::nullopt);
  bool overAll = axes && axes->empty() && !getNoopWithEmptyAxes();
  if (!x.shape) {
    if (overAll && !getKeepdims())
      result.shape.emplace();
    return context.set(getResult(), std::move(result));
  }
  size_t rank = x.shape->size();
  if (!axes) {
    // At run time an empty list means all axes or none; a longer one its length.
    if (getKeepdims())
      result.shape = freshShape(context.sizes(), rank);
    else if (count && *count > 0 && *count <= static_cast<int64_t>(rank))
      result.shape = freshShape(context.sizes(), rank - *count);
    return context.set(getResult(), std::move(result));
  }
  if (overAll)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  FailureOr<SmallVector<int64_t>> checked = checkAxes(context, *this, *axes, rank);
  if (failed(checked))
    return failure();
  result.shape.emplace();
  for (auto [axis, size] : llvm::enumerate(*x.shape)) {
    if (!llvm::is_contained(*checked, static_cast<int64_t>(axis)))
      result.shape->push_back(size);
    else if (getKeepdims())
      result.shape->push_back(1);
  }
  if (x.elements && checked->size() == rank)
    if (std::optional<Size> value = reduceAll(context.sizes(), getFn(), *x.elements))
      result.elements = Elements{*value};
  return context.set(getResult(), std::move(result));
}
