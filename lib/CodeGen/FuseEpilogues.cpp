//===- FuseEpilogues.cpp - The fuse-epilogues pass ------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"

#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_FUSEEPILOGUESPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// An epilogue runs while accumulators wait in registers: it stays short.
constexpr unsigned mostOps = 48, mostArguments = 6;

/// How an operand of the element-wise op enters the epilogue.
enum class ArgumentKind { Product, Row, Column, Element, Constant };

/// A product, perhaps with its rows split into dimensions, and an element-wise op
/// that alone reads it.
struct Fusion {
  tile::RaggedMatmulOp product;
  tensor::ExpandShapeOp expand; // null: the op reads the product itself
  linalg::GenericOp consumer;
  SmallVector<ArgumentKind> kinds; // of the consumer's inputs
};

bool isFloatType(Type type) {
  return isa<Float32Type, Float16Type, BFloat16Type>(getElementTypeOrSelf(type));
}

/// Whether the body can stand in an epilogue; constants come with it.
bool canBeEpilogue(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (body.getOperations().size() > mostOps)
    return false;
  for (Operation &inner : body.without_terminator())
    if (inner.getNumRegions() != 0 || (!inner.hasTrait<OpTrait::ConstantLike>() &&
                                       !OpTrait::hasElementwiseMappableTraits(&inner)))
      return false;
  for (Operation &inner : body)
    for (Value operand : inner.getOperands())
      if (operand.getParentBlock() != &body && !matchPattern(operand, m_Constant()))
        return false;
  return true;
}

/// What an operand that is read through `map`, whose last loop is columns, is to
/// the product; nothing if the epilogue cannot have it.
std::optional<ArgumentKind> classify(AffineMap map, Value operand) {
  unsigned last = map.getNumDims() - 1;
  Attribute constant;
  if (matchPattern(operand, m_Constant(&constant)) &&
      (isa<FloatAttr, IntegerAttr, SplatElementsAttr>(constant)))
    return ArgumentKind::Constant;
  if (!isa<RankedTensorType>(operand.getType()) || !isFloatType(operand.getType()) ||
      map.getNumResults() == 0)
    return std::nullopt;
  if (map.isIdentity())
    return ArgumentKind::Element;
  if (map == AffineMap::getMultiDimIdentityMap(map.getNumDims(), map.getContext()).dropResult(last))
    return ArgumentKind::Row;
  auto isZero = [](AffineExpr expr) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    return constant && constant.getValue() == 0;
  };
  if (map.getResults().back() == getAffineDimExpr(last, map.getContext()) &&
      llvm::all_of(map.getResults().drop_back(), isZero))
    return ArgumentKind::Column;
  return std::nullopt;
}

/// The fusion of the consumer with the product that its input number `at` comes
/// from, if there is one.
std::optional<Fusion> matchInput(linalg::GenericOp op, unsigned at) {
  Fusion fusion;
  fusion.consumer = op;
  OpOperand &input = *op.getDpsInputOperand(at);
  AffineMap map = op.getMatchingIndexingMap(&input);
  Value value = input.get();
  if (!map.isIdentity() || map.getNumDims() < 2 || !value.hasOneUse())
    return std::nullopt;
  if ((fusion.expand = value.getDefiningOp<tensor::ExpandShapeOp>())) {
    value = fusion.expand.getSrc();
    auto groups = fusion.expand.getReassociationIndices();
    if (!value.hasOneUse() || groups.size() != 2 || groups[1].size() != 1)
      return std::nullopt;
  }
  fusion.product = value.getDefiningOp<tile::RaggedMatmulOp>();
  if (!fusion.product || fusion.product.getRanges() ||
      fusion.product->getBlock() != op->getBlock() ||
      cast<ShapedType>(input.get().getType()).getShape() !=
          cast<ShapedType>(op.getResultTypes()[0]).getShape())
    return std::nullopt;
  for (OpOperand *other : op.getDpsInputOperands()) {
    std::optional<ArgumentKind> kind = ArgumentKind::Product;
    if (other != &input)
      kind = classify(op.getMatchingIndexingMap(other), other->get());
    if (!kind || (*kind == ArgumentKind::Column && fusion.product.getBatch()))
      return std::nullopt;
    fusion.kinds.push_back(*kind);
  }
  return fusion;
}

std::optional<Fusion> match(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 0 ||
      op.getNumDpsInputs() > mostArguments || !isFloatType(op.getResultTypes()[0]))
    return std::nullopt;
  OpOperand &init = op.getDpsInitsMutable()[0];
  if (!op.getMatchingIndexingMap(&init).isIdentity() ||
      !op.getMatchingBlockArgument(&init).use_empty() || !canBeEpilogue(op))
    return std::nullopt;
  // The last product, whose other operands are there already.
  std::optional<Fusion> best;
  for (unsigned at = 0; at < op.getNumDpsInputs(); ++at)
    if (auto fusion = matchInput(op, at))
      if (!best || best->product->isBeforeInBlock(fusion->product))
        best = fusion;
  return best;
}

/// `value` with all but its last `kept` dimensions merged into one.
Value mergeRows(ImplicitLocOpBuilder &b, Value value, int64_t kept) {
  int64_t rank = cast<ShapedType>(value.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  if (rank > kept)
    groups.push_back(llvm::to_vector(llvm::seq<int64_t>(0, rank - kept)));
  for (int64_t dim = rank - kept; dim < rank; ++dim)
    groups.push_back({dim});
  if (static_cast<int64_t>(groups.size()) == rank)
    return value;
  return tensor::CollapseShapeOp::create(b, value, groups);
}

/// Columns as a matrix of one row.
Value asColumns(ImplicitLocOpBuilder &b, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != 1)
    return mergeRows(b, value, /*kept=*/1);
  SmallVector<OpFoldResult> sizes{b.getIndexAttr(1), tensor::getMixedSize(b, b.getLoc(), value, 0)};
  auto wide = RankedTensorType::get({1, type.getDimSize(0)}, type.getElementType());
  SmallVector<ReassociationIndices> groups{{0, 1}};
  return tensor::ExpandShapeOp::create(b, b.getLoc(), wide, value, groups, sizes);
}

/// The product's epilogue followed by the consumer's body. `arguments` are those
/// of the consumer's inputs.
void buildBody(Block &body, Fusion &fusion, ArrayRef<Value> arguments, ArrayRef<Value> ofProduct) {
  OpBuilder b = OpBuilder::atBlockEnd(&body);
  IRMapping mapping;
  Block &first = fusion.product.getEpilogue().front();
  mapping.map(first.getArguments(), ofProduct);
  for (Operation &op : first.without_terminator())
    b.clone(op, mapping);
  Value value = mapping.lookup(cast<tile::YieldOp>(first.getTerminator()).getValue());

  Block &second = *fusion.consumer.getBody();
  auto addConstant = [&](Value constant) {
    if (!mapping.contains(constant))
      mapping.map(constant, b.clone(*constant.getDefiningOp())->getResult(0));
  };
  for (auto [at, kind] : llvm::enumerate(fusion.kinds)) {
    BlockArgument argument = second.getArgument(at);
    if (kind == ArgumentKind::Product) {
      mapping.map(argument, value);
    } else if (kind != ArgumentKind::Constant) {
      mapping.map(argument, arguments[at]);
    } else {
      Attribute scalar;
      matchPattern(fusion.consumer.getDpsInputs()[at], m_Constant(&scalar));
      if (auto elements = dyn_cast<SplatElementsAttr>(scalar))
        scalar = elements.getSplatValue<Attribute>();
      mapping.map(argument,
                  arith::ConstantOp::create(b, fusion.consumer.getLoc(), cast<TypedAttr>(scalar)));
    }
  }
  for (Operation &op : second.without_terminator()) {
    for (Value operand : op.getOperands())
      if (operand.getParentBlock() != &second)
        addConstant(operand);
    b.clone(op, mapping);
  }
  Value result = second.getTerminator()->getOperand(0);
  if (result.getParentBlock() != &second)
    addConstant(result);
  tile::YieldOp::create(b, fusion.consumer.getLoc(), mapping.lookup(result));
}

void fuse(Fusion &fusion) {
  tile::RaggedMatmulOp product = fusion.product;
  linalg::GenericOp consumer = fusion.consumer;
  ImplicitLocOpBuilder b(consumer.getLoc(), consumer);
  SmallVector<Value> rowArgs(product.getRowArgs()), colArgs(product.getColArgs()),
      elemArgs(product.getElemArgs());
  for (auto [kind, input] : llvm::zip_equal(fusion.kinds, consumer.getDpsInputs())) {
    if (kind == ArgumentKind::Row)
      rowArgs.push_back(mergeRows(b, input, /*kept=*/0));
    else if (kind == ArgumentKind::Column)
      colArgs.push_back(asColumns(b, input));
    else if (kind == ArgumentKind::Element)
      elemArgs.push_back(mergeRows(b, input, /*kept=*/1));
  }
  auto type = cast<RankedTensorType>(consumer.getResultTypes()[0]);
  Value outs = tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), product.getOuts()),
                                       type.getElementType());
  auto fused = tile::RaggedMatmulOp::create(
      b, outs.getType(), product.getRows(), product.getGather(), product.getRanges(),
      product.getBatch(), product.getSlabs(), rowArgs, colArgs, elemArgs, outs);
  fused->setDiscardableAttrs(product->getDiscardableAttrDictionary());

  // Arguments are ordered by kind, the product's first in each.
  Block &body = fused.getEpilogue().emplaceBlock(), &old = product.getEpilogue().front();
  SmallVector<Value> ofProduct, arguments(fusion.kinds.size());
  unsigned next = 0;
  auto take = [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i, ++next)
      ofProduct.push_back(body.addArgument(old.getArgument(next).getType(), b.getLoc()));
  };
  auto give = [&](ArgumentKind kind) {
    for (auto [at, other] : llvm::enumerate(fusion.kinds))
      if (other == kind)
        arguments[at] = body.addArgument(
            getElementTypeOrSelf(consumer.getDpsInputs()[at].getType()), b.getLoc());
  };
  take(old.getNumArguments() - product.getRowArgs().size() - product.getColArgs().size() -
       product.getElemArgs().size());
  take(product.getRowArgs().size());
  give(ArgumentKind::Row);
  take(product.getColArgs().size());
  give(ArgumentKind::Column);
  take(product.getElemArgs().size());
  give(ArgumentKind::Element);
  buildBody(body, fusion, arguments, ofProduct);

  Value result = fused.getResult();
  if (fusion.expand)
    result = tensor::ExpandShapeOp::create(b, b.getLoc(), type, result,
                                           fusion.expand.getReassociationIndices(),
                                           fusion.expand.getMixedOutputShape());
  consumer.getResult(0).replaceAllUsesWith(result);
  consumer->erase();
  if (fusion.expand)
    fusion.expand->erase();
  product->erase();
}

struct FuseEpilogues : impl::FuseEpiloguesPassBase<FuseEpilogues> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation()->walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      if (auto fusion = match(op)) {
        fuse(*fusion);
        ++numFused;
      }
  }
};
} // namespace

} // namespace moec::codegen
