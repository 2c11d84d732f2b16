//===- LowerRoute.cpp - Routers as row-wise operations ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MoEToTile/Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {
namespace {

/// Row-wise operations on matrices in f32.
class RowBuilder {
public:
  RowBuilder(ImplicitLocOpBuilder &b) : b(b) {}

  using Body = function_ref<Value(OpBuilder &, Location, ValueRange)>;

  /// An element-wise op on matrices (identity maps), vectors along rows (rank 1:
  /// one entry per column) and columns (in `perRow`: one entry per row); the
  /// result has the shape of the first operand.
  Value map(ValueRange operands, Type element, Body body, ArrayRef<bool> perRow = {}) {
    auto shape = cast<RankedTensorType>(operands[0].getType());
    Value init = emptyLike(operands[0], element);
    SmallVector<AffineMap> maps;
    for (auto [index, operand] : llvm::enumerate(operands)) {
      bool isVector = cast<RankedTensorType>(operand.getType()).getRank() == 1;
      bool isColumn = index < perRow.size() && perRow[index];
      maps.push_back(!isVector  ? b.getMultiDimIdentityMap(2)
                     : isColumn ? AffineMap::get(2, 0, b.getAffineDimExpr(0))
                                : AffineMap::get(2, 0, b.getAffineDimExpr(1)));
    }
    maps.push_back(b.getMultiDimIdentityMap(2));
    auto generic = linalg::GenericOp::create(
        b, TypeRange{shape.clone(element)}, operands, ValueRange{init}, maps,
        SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
        [&](OpBuilder &nested, Location loc, ValueRange args) {
          linalg::YieldOp::create(nested, loc, body(nested, loc, args));
        });
    return generic.getResult(0);
  }

  Value toF32(Value value) {
    if (getElementTypeOrSelf(value.getType()).isF32())
      return value;
    return map(value, b.getF32Type(), [&](OpBuilder &nested, Location loc, ValueRange args) {
      return arith::ExtFOp::create(nested, loc, nested.getF32Type(), args[0]).getResult();
    });
  }

  Value softmax(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return linalg::SoftmaxOp::create(b, TypeRange{type}, value, emptyLike(value, b.getF32Type()),
                                     b.getI64IntegerAttr(1))
        .getResult()[0];
  }

  /// The sum of each row's magnitudes.
  Value rowNorm(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<Value> sizes;
    if (type.isDynamicDim(0))
      sizes.push_back(tensor::DimOp::create(b, value, 0));
    auto rows = RankedTensorType::get({type.getDimSize(0)}, b.getF32Type());
    Value nothing = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    Value init = linalg::FillOp::create(b, nothing, emptyTensor(b, rows, sizes)).getResult(0);
    auto generic =
        linalg::GenericOp::create(b, TypeRange{rows}, ValueRange{value}, ValueRange{init},
                                  ArrayRef<AffineMap>{b.getMultiDimIdentityMap(2),
                                                      AffineMap::get(2, 0, b.getAffineDimExpr(0))},
                                  ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                                                utils::IteratorType::reduction},
                                  [&](OpBuilder &nested, Location loc, ValueRange args) {
                                    Value magnitude = math::AbsFOp::create(nested, loc, args[0]);
                                    Value sum =
                                        arith::AddFOp::create(nested, loc, args[1], magnitude);
                                    linalg::YieldOp::create(nested, loc, sum);
                                  });
    return generic.getResult(0);
  }

  Value constant(OpBuilder &nested, Location loc, double value) {
    return arith::ConstantOp::create(nested, loc,
                                     nested.getF32FloatAttr(static_cast<float>(value)));
  }

private:
  Value emptyLike(Value value, Type element) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<Value> sizes;
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(tensor::DimOp::create(b, value, d));
    return emptyTensor(b, type.clone(element), sizes);
  }

  ImplicitLocOpBuilder &b;
};

/// Settings that only the interpreter knows.
LogicalResult checkSupported(moe::RouteOp op) {
  SmallVector<std::string> missing;
  if (op.getGroups())
    missing.push_back("groups");
  if (op.getPolicy() && op.getPolicyAttr().getKind() != moe::PolicyKind::All)
    missing.push_back("policy");
  if (op.getScore() == moe::Score::SparseMixer)
    missing.push_back("score = sparse_mixer");
  if (op.getScoreAxis() == moe::ScoreAxis::Tokens && op.getScore() == moe::Score::Softmax)
    missing.push_back("score_axis = tokens");
  if (op.getSelect() != moe::Select::TokenTopK)
    missing.push_back(("select = " + moe::stringifySelect(op.getSelect())).str());
  if (op.getRenorm() && op.getRenormAttr().getP() != 1)
    missing.push_back("renorm with p other than 1");
  if (op.getNoise() && op.getNoiseSite() != moe::NoiseSite::Logits &&
      op.getNoiseSite() != moe::NoiseSite::SelectOnly)
    missing.push_back(("noise_site = " + moe::stringifyNoiseSite(op.getNoiseSite())).str());
  if (getElementTypeOrSelf(op.getLogits().getType()).isF64())
    missing.push_back("f64 logits");
  if (missing.empty())
    return success();
  return op.emitOpError() << llvm::join(missing, ", ")
                          << ": no lowering yet; `moec run --interpret` runs it";
}

Value score(RowBuilder &rows, moe::Score kind, Value logits) {
  Type f32 = getElementTypeOrSelf(logits.getType());
  switch (kind) {
  case moe::Score::Softmax:
    return rows.softmax(logits);
  case moe::Score::Sigmoid:
    return rows.map(logits, f32, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
      Value one = rows.constant(b, loc, 1);
      Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, args[0]));
      return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, e));
    });
  case moe::Score::SqrtSoftplus:
    // log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), which neither overflows nor cancels.
    return rows.map(logits, f32, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
      Value negated =
          arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, args[0]).getResult());
      Value tail = math::Log1pOp::create(b, loc, math::ExpOp::create(b, loc, negated).getResult());
      Value head = arith::MaximumFOp::create(b, loc, args[0], rows.constant(b, loc, 0));
      return math::SqrtOp::create(b, loc, arith::AddFOp::create(b, loc, head, tail).getResult());
    });
  case moe::Score::Identity:
  case moe::Score::SparseMixer: // refused before
    return logits;
  }
  return logits;
}

Value addMatrices(RowBuilder &rows, Value lhs, Value rhs) {
  return rows.map({lhs, rhs}, getElementTypeOrSelf(lhs.getType()),
                  [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    return arith::AddFOp::create(b, loc, args[0], args[1]);
                  });
}

/// Divides each row by its norm as `by` says.
Value renormalise(RowBuilder &rows, Value weights, moe::RenormAttr by) {
  double eps = by.getEps().convertToDouble();
  return rows.map({weights, rows.rowNorm(weights)}, getElementTypeOrSelf(weights.getType()),
                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value norm = args[1];
                    if (by.getMode() == moe::EpsMode::Add)
                      norm = arith::AddFOp::create(b, loc, norm, rows.constant(b, loc, eps));
                    else if (by.getMode() == moe::EpsMode::Clamp)
                      norm = arith::MaximumFOp::create(b, loc, norm, rows.constant(b, loc, eps));
                    Value quotient = arith::DivFOp::create(b, loc, args[0], norm);
                    if (by.getMode() != moe::EpsMode::None)
                      return quotient;
                    Value zero = rows.constant(b, loc, 0);
                    Value isZero =
                        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, norm, zero);
                    return arith::SelectOp::create(b, loc, isZero, zero, quotient);
                  },
                  {false, true});
}

} // namespace

LogicalResult lowerRoute(moe::RouteOp op) {
  if (failed(checkSupported(op)))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  RowBuilder rows(b);
  Type f32 = b.getF32Type();
  auto idsType = cast<RankedTensorType>(op.getIds().getType());
  auto weightsType = cast<RankedTensorType>(op.getWeights().getType());

  Value logits = rows.toF32(op.getLogits());
  if (op.getNoise() && op.getNoiseSite() == moe::NoiseSite::Logits)
    logits = addMatrices(rows, logits, rows.toF32(op.getNoise()));
  bool needsScore = op.getWeight() == moe::WeightSource::Score ||
                    (op.getKey() == moe::Key::Score && !op.getKeyOverride());
  Value scores = needsScore ? score(rows, op.getScore(), logits) : Value();

  Value key = op.getKeyOverride()              ? rows.toF32(op.getKeyOverride())
              : op.getKey() == moe::Key::Score ? scores
                                               : logits;
  if (op.getNoise() && op.getNoiseSite() == moe::NoiseSite::SelectOnly)
    key = addMatrices(rows, key, rows.toF32(op.getNoise()));
  if (op.getSelectBias())
    key = rows.map({key, op.getSelectBias()}, f32,
                   [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
                     Value bias = args[1];
                     if (!bias.getType().isF32())
                       bias = arith::ExtFOp::create(nested, loc, nested.getF32Type(), bias);
                     return arith::AddFOp::create(nested, loc, args[0], bias);
                   });

  Value source;
  switch (op.getWeight()) {
  case moe::WeightSource::Score:
    source = scores;
    break;
  case moe::WeightSource::SoftmaxSelected:
  case moe::WeightSource::Ones:
    source = logits;
    break;
  case moe::WeightSource::External:
    source = rows.toF32(op.getExternalWeights());
    break;
  }
  if (source == key)
    source = {};

  SmallVector<Value> sizes;
  if (idsType.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(b, key, 0));
  auto fixed = RankedTensorType::get({idsType.getDimSize(0), static_cast<int64_t>(op.getK())},
                                     idsType.getElementType());
  auto valuesType = fixed.clone(f32);
  auto tie = op.getTie() == moe::Tie::HigherIndex ? tile::Tie::HigherIndex : tile::Tie::LowerIndex;
  auto select = tile::SelectOp::create(
      b, TypeRange{fixed, valuesType}, key, source, emptyTensor(b, fixed, sizes),
      emptyTensor(b, valuesType, sizes), tile::TieAttr::get(b.getContext(), tie));
  Value weights = select->getResult(1);
  if (op.getWeight() == moe::WeightSource::SoftmaxSelected)
    weights = rows.softmax(weights);
  else if (op.getWeight() == moe::WeightSource::Ones)
    weights = rows.map(weights, f32, [&](OpBuilder &nested, Location loc, ValueRange) -> Value {
      return rows.constant(nested, loc, 1);
    });

  moe::RenormAttr renorm = op.getRenormAttr();
  bool isRenormalised = renorm && !(renorm.getMultipleOnly() && op.getK() == 1);
  if (isRenormalised)
    weights = renormalise(rows, weights, renorm);
  double factor = op.getScale().convertToDouble();
  bool isScaled = factor != 1.0 && (op.getScaleIfRenorm() || !isRenormalised);
  Type storage = weightsType.getElementType();
  if (isScaled || !storage.isF32())
    weights =
        rows.map(weights, storage, [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
          Value value = args[0];
          if (isScaled)
            value = arith::MulFOp::create(nested, loc, value, rows.constant(nested, loc, factor));
          if (!storage.isF32())
            value = arith::TruncFOp::create(nested, loc, storage, value);
          return value;
        });

  auto as = [&](Value value, RankedTensorType type) -> Value {
    return value.getType() == type ? value : tensor::CastOp::create(b, type, value).getResult();
  };
  op.getIds().replaceAllUsesWith(as(select->getResult(0), idsType));
  op.getWeights().replaceAllUsesWith(as(weights, weightsType));
  return success();
}

} // namespace moec
