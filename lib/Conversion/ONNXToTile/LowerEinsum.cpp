//===- LowerEinsum.cpp - onnx.einsum as products -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From left to right: two operands at a time become one, by a batched product
// if an axis is summed over, else by a product of elements. What no later
// operand and not the output names is summed over as soon as possible.
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/EinsumEquation.h"
#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/WeightBuilders.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"
#include "lib/Conversion/ONNXToTile/Patterns.h"
#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec {
namespace {

/// A letter, or `firstOfEllipsis` plus the distance of an axis of the ellipsis from its end.
using Label = int64_t;
constexpr Label firstOfEllipsis = 256;
using Labels = SmallVector<Label>;

std::string describe(Label label) {
  if (label < firstOfEllipsis)
    return "axis '" + std::string(1, static_cast<char>(label)) + "'";
  return "an axis of the ellipsis";
}

/// The labels of the axes of a tensor, for a term with an ellipsis of so many axes.
Labels getLabels(const onnx::EinsumTerm &term, int64_t ellipsisRank) {
  Labels labels(term.names.begin(), term.names.end());
  if (term.ellipsis) {
    Labels ellipsis;
    for (int64_t axis = ellipsisRank; axis-- > 0;)
      ellipsis.push_back(firstOfEllipsis + axis);
    labels.insert(labels.begin() + *term.ellipsis, ellipsis.begin(), ellipsis.end());
  }
  return labels;
}

/// A tensor with one axis per label.
struct Factor {
  Value value;
  Labels labels;
  /// What `value` is, if it is a weight; null otherwise.
  rt::WeightExprInterface weight;
  /// Operand and axis of the op that each axis comes from.
  SmallVector<std::pair<unsigned, int64_t>> origins;

  int64_t find(Label label) const { return llvm::find(labels, label) - labels.begin(); }
  bool has(Label label) const { return llvm::is_contained(labels, label); }
};

class EinsumLowering {
public:
  EinsumLowering(onnx::EinsumOp op, const onnx::EinsumEquation &equation, ImplicitLocOpBuilder &b,
                 WeightTable &weights, ProductShapes &shapes)
      : op(op), b(b), builder(b, weights), weights(weights), shapes(shapes),
        element(getElementTypeOrSelf(op.getType())) {
    for (auto [term, input] : llvm::zip_equal(equation.inputs, op.getInputs())) {
      int64_t extra = getRank(input) - static_cast<int64_t>(term.names.size());
      terms.push_back(getLabels(term, extra));
      ellipsisRank = std::max(ellipsisRank, extra);
    }
    output = getLabels(equation.output, ellipsisRank);
  }

  /// Why there is no code; empty if there is.
  std::string getObstacle();
  Value lower();

private:
  static int64_t getRank(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }
  int64_t getStaticSize(unsigned operand, int64_t axis) {
    return cast<RankedTensorType>(op.getInputs()[operand].getType()).getDimSize(axis);
  }
  /// The output and the operands from `next` on.
  Labels getNeeded(unsigned next) const;

  Factor read(unsigned operand);
  void takeDiagonal(Factor &factor);
  void dropOnes(Factor &factor, unsigned operand);
  void sumOut(Factor &factor, ArrayRef<Label> needed);
  void agree(Factor &lhs, Factor &rhs);
  void repeat(Factor &factor, ArrayRef<Label> labels, ArrayRef<OpFoldResult> sizes);
  Factor multiply(Factor lhs, Factor rhs, ArrayRef<Label> needed);
  Factor multiplyElements(const Factor &lhs, const Factor &rhs);
  Value arrange(const Factor &factor, ArrayRef<Label> batch, ArrayRef<Label> own,
                ArrayRef<Label> summed, rt::WeightExprInterface *weight = nullptr);

  onnx::EinsumOp op;
  ImplicitLocOpBuilder &b;
  ProductBuilder builder;
  WeightTable &weights;
  ProductShapes &shapes;
  Type element;
  SmallVector<Labels> terms;
  Labels output;
  int64_t ellipsisRank = 0;
};

std::string EinsumLowering::getObstacle() {
  for (auto [operand, labels] : llvm::enumerate(terms))
    for (auto [axis, label] : llvm::enumerate(labels))
      for (size_t other = 0; other < axis; ++other) {
        int64_t size = getStaticSize(operand, axis), before = getStaticSize(operand, other);
        if (labels[other] == label && size != before && !ShapedType::isDynamic(size) &&
            !ShapedType::isDynamic(before))
          return describe(label) + " has sizes " + std::to_string(before) + " and " +
                 std::to_string(size) + " in one input";
      }
  return "";
}

Labels EinsumLowering::getNeeded(unsigned next) const {
  Labels needed = output;
  for (const Labels &labels : ArrayRef(terms).drop_front(next))
    needed.append(labels);
  return needed;
}

Value EinsumLowering::lower() {
  Factor product = read(0);
  sumOut(product, getNeeded(1));
  for (unsigned operand = 1; operand < terms.size(); ++operand) {
    Factor next = read(operand);
    Labels needed = getNeeded(operand + 1), all = needed;
    all.append(product.labels);
    sumOut(next, all);
    all = needed;
    all.append(next.labels);
    // An axis of size 1 that this operand no longer has may have been the last reason to keep it.
    sumOut(product, all);
    product = multiply(std::move(product), std::move(next), needed);
  }
  sumOut(product, output);
  SmallVector<int64_t> order;
  for (Label label : output)
    order.push_back(product.find(label));
  return builder.transpose(product.value, order);
}

Factor EinsumLowering::read(unsigned operand) {
  Factor factor;
  factor.value = op.getInputs()[operand];
  factor.labels = terms[operand];
  factor.weight = weights.find(factor.value);
  for (int64_t axis = 0; axis < getRank(factor.value); ++axis)
    factor.origins.push_back({operand, axis});
  takeDiagonal(factor);
  dropOnes(factor, operand);
  return factor;
}

/// Axes of one label become one.
void EinsumLowering::takeDiagonal(Factor &factor) {
  Factor unique;
  SmallVector<OpFoldResult> sizes = builder.getSizes(factor.value), uniqueSizes;
  SmallVector<AffineExpr> exprs;
  for (auto [axis, label] : llvm::enumerate(factor.labels)) {
    int64_t at = unique.find(label);
    if (!unique.has(label)) {
      unique.labels.push_back(label);
      unique.origins.push_back(factor.origins[axis]);
      uniqueSizes.push_back(sizes[axis]);
    } else {
      builder.checkSizes(op, uniqueSizes[at], sizes[axis], describe(label), /*mayBroadcast=*/false);
    }
    exprs.push_back(b.getAffineDimExpr(at));
  }
  if (unique.labels.size() == factor.labels.size())
    return;
  AffineMap map = AffineMap::get(unique.labels.size(), 0, exprs, b.getContext());
  unique.value = buildMap(b, uniqueSizes, element, Input{factor.value, map},
                          [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; });
  factor = std::move(unique);
}

/// An axis that is known to have size 1 where another operand may have more is none.
void EinsumLowering::dropOnes(Factor &factor, unsigned operand) {
  for (int64_t axis = factor.labels.size(); axis-- > 0;) {
    auto [source, sourceAxis] = factor.origins[axis];
    if (!shapes.isOne(op, source, sourceAxis))
      continue;
    bool isElsewhere = false;
    for (unsigned other = 0; other < terms.size(); ++other)
      for (auto [otherAxis, label] : llvm::enumerate(terms[other]))
        isElsewhere |=
            other != operand && label == factor.labels[axis] && !shapes.isOne(op, other, otherAxis);
    if (!isElsewhere)
      continue;
    factor.value = builder.expand(factor.value, axis, {});
    factor.labels.erase(factor.labels.begin() + axis);
    factor.origins.erase(factor.origins.begin() + axis);
    factor.weight = {};
  }
}

void EinsumLowering::sumOut(Factor &factor, ArrayRef<Label> needed) {
  Factor left;
  SmallVector<int64_t> axes;
  for (auto [axis, label] : llvm::enumerate(factor.labels)) {
    if (llvm::is_contained(needed, label)) {
      left.labels.push_back(label);
      left.origins.push_back(factor.origins[axis]);
    } else {
      axes.push_back(axis);
    }
  }
  if (axes.empty())
    return;
  Type wide = getWideType(element);
  Reducer reducer(b, builder.getSizes(factor.value), axes);
  left.value = reducer.reduce(
      b.getZeroAttr(wide), reducer.whole(factor.value),
      [](ImplicitLocOpBuilder &b, ValueRange in) { return widen(b, in[0]); },
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        return ScalarMath(b, wide).add(in[0], in[1]);
      });
  if (wide != element)
    left.value =
        reducer.mapGroups(element, left.value, [&](ImplicitLocOpBuilder &b, ValueRange in) {
          return narrow(b, in[0], element);
        });
  factor = std::move(left);
}

/// Axes of one label have one size afterwards, or the run ends. Axes of ellipses may broadcast.
void EinsumLowering::agree(Factor &lhs, Factor &rhs) {
  SmallVector<OpFoldResult> lhsSizes = builder.getSizes(lhs.value),
                            rhsSizes = builder.getSizes(rhs.value), sizes;
  Labels repeated;
  for (auto [axis, label] : llvm::enumerate(lhs.labels)) {
    if (!rhs.has(label))
      continue;
    int64_t rhsAxis = rhs.find(label);
    auto [operand, source] = lhs.origins[axis];
    auto [rhsOperand, rhsSource] = rhs.origins[rhsAxis];
    if (shapes.isSame(op, operand, source, rhsOperand, rhsSource))
      continue;
    bool mayBroadcast = label >= firstOfEllipsis;
    builder.checkSizes(op, lhsSizes[axis], rhsSizes[rhsAxis], describe(label), mayBroadcast);
    if (!mayBroadcast)
      continue;
    Value left = builder.toIndex(lhsSizes[axis]), right = builder.toIndex(rhsSizes[rhsAxis]);
    Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, left,
                                        arith::ConstantIndexOp::create(b, 1));
    repeated.push_back(label);
    sizes.push_back(arith::SelectOp::create(b, isOne, right, left).getResult());
  }
  if (repeated.empty())
    return;
  repeat(lhs, repeated, sizes);
  repeat(rhs, repeated, sizes);
}

void EinsumLowering::repeat(Factor &factor, ArrayRef<Label> labels, ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> all = builder.getSizes(factor.value);
  SmallVector<AxisKind> kinds(all.size(), AxisKind::Same);
  for (auto [label, size] : llvm::zip_equal(labels, sizes)) {
    all[factor.find(label)] = size;
    kinds[factor.find(label)] = AxisKind::Unknown;
  }
  factor.value = builder.broadcast(factor.value, all, kinds);
  factor.weight = {};
}

Factor EinsumLowering::multiply(Factor lhs, Factor rhs, ArrayRef<Label> needed) {
  agree(lhs, rhs);
  // The operand that is packed before the run is the right one.
  if (lhs.weight && !rhs.weight)
    std::swap(lhs, rhs);
  Labels batch, rows, columns, summed;
  Factor result;
  SmallVector<OpFoldResult> rowSizes, columnSizes, lhsSizes = builder.getSizes(lhs.value),
                                                   rhsSizes = builder.getSizes(rhs.value);
  for (auto [axis, label] : llvm::enumerate(lhs.labels)) {
    if (!rhs.has(label)) {
      rows.push_back(label);
      rowSizes.push_back(lhsSizes[axis]);
    } else {
      (llvm::is_contained(needed, label) ? batch : summed).push_back(label);
    }
  }
  for (auto [axis, label] : llvm::enumerate(rhs.labels))
    if (!lhs.has(label)) {
      columns.push_back(label);
      columnSizes.push_back(rhsSizes[axis]);
    }
  if (summed.empty())
    return multiplyElements(lhs, rhs);
  MatrixProduct product;
  product.op = op;
  product.lhs = arrange(lhs, batch, rows, summed);
  product.weight = rhs.weight;
  product.rhs = arrange(rhs, batch, columns, summed, &product.weight);
  product.transposed = true;
  product.lhsBatch.assign(batch.size(), AxisKind::Same);
  product.rhsBatch = product.lhsBatch;
  result.value = builder.multiply(product);
  result.value = builder.expand(result.value, batch.size() + 1, columnSizes);
  result.value = builder.expand(result.value, batch.size(), rowSizes);
  for (const Labels &part : {batch, rows, columns})
    result.labels.append(part);
  for (Label label : result.labels)
    result.origins.push_back(lhs.has(label) ? lhs.origins[lhs.find(label)]
                                            : rhs.origins[rhs.find(label)]);
  return result;
}

/// The axes of the result are those of the output first, in its order.
Factor EinsumLowering::multiplyElements(const Factor &lhs, const Factor &rhs) {
  Factor result;
  Labels order = output;
  order.append(lhs.labels);
  order.append(rhs.labels);
  SmallVector<OpFoldResult> lhsSizes = builder.getSizes(lhs.value),
                            rhsSizes = builder.getSizes(rhs.value), sizes;
  for (Label label : order) {
    if (result.has(label) || (!lhs.has(label) && !rhs.has(label)))
      continue;
    const Factor &source = lhs.has(label) ? lhs : rhs;
    result.labels.push_back(label);
    result.origins.push_back(source.origins[source.find(label)]);
    sizes.push_back((lhs.has(label) ? lhsSizes : rhsSizes)[source.find(label)]);
  }
  SmallVector<Input> inputs;
  for (const Factor *factor : {&lhs, &rhs}) {
    SmallVector<AffineExpr> exprs;
    for (Label label : factor->labels)
      exprs.push_back(b.getAffineDimExpr(result.find(label)));
    inputs.push_back({factor->value, AffineMap::get(sizes.size(), 0, exprs, b.getContext())});
  }
  result.value = buildMap(b, sizes, element, inputs, [&](ImplicitLocOpBuilder &b, ValueRange in) {
    Value x = widen(b, in[0]), y = widen(b, in[1]);
    return narrow(b, ScalarMath(b, x.getType()).mul(x, y), element);
  });
  return result;
}

/// [batch.., own, summed]: matrices whose axes are all axes of a kind; `weight` likewise.
Value EinsumLowering::arrange(const Factor &factor, ArrayRef<Label> batch, ArrayRef<Label> own,
                              ArrayRef<Label> summed, rt::WeightExprInterface *weight) {
  SmallVector<int64_t> order;
  for (ArrayRef<Label> part : {batch, own, summed})
    for (Label label : part)
      order.push_back(factor.find(label));
  int64_t first = batch.size(), middle = first + own.size(), last = middle + summed.size();
  Value value = builder.transpose(factor.value, order);
  value = builder.collapse(value, middle, last);
  value = builder.collapse(value, first, middle);
  if (weight && *weight)
    *weight = rt::reshaped(rt::transposed(*weight, order),
                           cast<RankedTensorType>(value.getType()).getShape());
  return value;
}

struct LowerEinsum : OpRewritePattern<onnx::EinsumOp> {
  LowerEinsum(MLIRContext *context, WeightTable &weights, ProductShapes &shapes)
      : OpRewritePattern(context), weights(weights), shapes(shapes) {}

  LogicalResult matchAndRewrite(onnx::EinsumOp op, PatternRewriter &rewriter) const override {
    for (Value input : op.getInputs())
      if (!isa<RankedTensorType>(input.getType()))
        return rewriter.notifyMatchFailure(op, "the rank of an operand is unknown");
    Type element = getElementTypeOrSelf(op.getType());
    if (!isPanelType(element) && !element.isF64() && !element.isSignlessInteger())
      return rewriter.notifyMatchFailure(
          op, [&](Diagnostic &diagnostic) { diagnostic << "products of " << element; });
    auto equation = onnx::parseEinsum(op.getEquation(), op.getInputs().size());
    if (!equation) {
      std::string reason = llvm::toString(equation.takeError());
      return rewriter.notifyMatchFailure(op, reason);
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    EinsumLowering lowering(op, *equation, b, weights, shapes);
    if (std::string reason = lowering.getObstacle(); !reason.empty())
      return rewriter.notifyMatchFailure(op, reason);
    Value result = lowering.lower();
    if (result.getType() != op.getType())
      result = tensor::CastOp::create(b, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  WeightTable &weights;
  ProductShapes &shapes;
};

} // namespace

void populateEinsumPatterns(RewritePatternSet &patterns, WeightTable &weights,
                            ProductShapes &shapes) {
  patterns.add<LowerEinsum>(patterns.getContext(), weights, shapes);
}

} // namespace moec
