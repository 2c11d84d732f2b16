//===- RecogniseRotary.cpp - Spelled-out rotary embeddings - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"
#include "lib/Recognise/Transformer/Match.h"
#include "lib/Recognise/Transformer/RotaryTable.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {
#define GEN_PASS_DEF_RECOGNISEROTARYPASS
#include "lib/Recognise/Passes.h.inc"

namespace {

/// Tables of pairs by the tables they come from; one tensor can be read in several ways.
using RotaryTables = DenseMap<std::pair<Value, unsigned>, Value>;

/// One embedding, anchored on a concatenation: of the members of pairs exchanged, one of them
/// negated, or of a difference and a sum of products.
class RotaryMatcher {
public:
  RotaryMatcher(ConcatOp anchor, FunctionShapes &shapes, RotaryTables &tables, bool why)
      : anchor(anchor), shapes(shapes), tables(tables), proof(anchor, "rotary_embedding", why) {}

  /// Whether two pieces of one tensor meet in the concatenation as they would in a rotation.
  static bool isSuspect(ConcatOp op, FunctionShapes &shapes) {
    if (op.getInputs().size() != 2)
      return false;
    Value first = op.getInputs()[0], second = op.getInputs()[1];
    if (getBinary(first, BinaryFn::Sub) && getBinary(second, BinaryFn::Add))
      return readProducts(first, shapes) && readProducts(second, shapes);
    Member a = readMember(first, shapes), b = readMember(second, shapes);
    return a.piece && b.piece && a.piece->source == b.piece->source && a.isNegated != b.isNegated;
  }

  LogicalResult rewrite() {
    bool isDirect = !!getBinary(anchor.getInputs()[0], BinaryFn::Sub);
    if (failed(isDirect ? matchProducts() : matchExchange()))
      return failure();
    Value cosPairs, sinPairs;
    if (failed(matchTable(cosTable, "cos", cosPairs)) ||
        failed(matchTable(sinTable, "sin", sinPairs)))
      return failure();
    Operation *last = result.getDefiningOp();
    OpBuilder b(last);
    auto op = RotaryEmbeddingOp::create(b, last->getLoc(), result.getType(), x, cosPairs, sinPairs,
                                        Value(), isInterleaved ? b.getUnitAttr() : UnitAttr(),
                                        b.getI64IntegerAttr(0), b.getI64IntegerAttr(0));
    shapes.copy(op.getResult(), result);
    result.replaceAllUsesWith(op.getResult());
    return success();
  }

private:
  /// A piece, perhaps negated, perhaps with an axis of size 1 at the end.
  struct Member {
    std::optional<Piece> piece;
    bool isNegated = false;
    /// From the concatenation to the piece.
    Value start;
    SmallVector<Operation *> views;
  };

  static Member readMember(Value value, FunctionShapes &shapes) {
    Member member;
    while (Operation *op = value.getDefiningOp()) {
      auto unary = dyn_cast<UnaryOp>(op);
      if (unary && unary.getFn() == UnaryFn::Neg)
        member.isNegated = !member.isNegated;
      else if (isa<UnsqueezeOp, ReshapeOp>(op))
        member.views.push_back(op);
      else
        break;
      value = op->getOperand(0);
    }
    member.start = value;
    member.piece = getPiece(value, shapes);
    return member;
  }

  /// Whether the views do nothing, or in pairs of neighbours add an axis of size 1 at the end.
  bool isInPlace(const Member &member) {
    const Shape *shape = shapes.get(member.start);
    if (!shape)
      return false;
    AxisView view(*shape, shapes.sizes());
    for (Operation *op : llvm::reverse(member.views))
      if (failed(view.append(op, shapes)))
        return false;
    if (!isInterleaved)
      return view.isIdentity();
    return view.getResult().size() == 5 && view.getResult().drop_back() == view.getBase() &&
           view.getResult().back().empty();
  }

  /// concat(-upper, lower), or pairs (-odd, even) side by side.
  LogicalResult matchExchange() {
    Member first = readMember(anchor.getInputs()[0], shapes);
    Member second = readMember(anchor.getInputs()[1], shapes);
    if (!first.isNegated)
      return proof.decline("halves", "the second piece is negated, not the first");
    x = first.piece->source;
    if (failed(matchInput()))
      return failure();
    Value exchanged = anchor.getResult();
    isInterleaved = anchor.getAxis() == 4;
    int64_t step = isInterleaved ? 2 : 1, offset = isInterleaved ? 1 : size / 2;
    if (first.piece->step != step || second.piece->step != step || first.piece->size != size / 2 ||
        second.piece->size != size / 2 || first.piece->start != offset || second.piece->start != 0)
      return proof.decline("halves", "the pieces are not the upper half, negated, and the lower");
    if (!isInPlace(first) || !isInPlace(second))
      return proof.decline("halves", "the pieces have their axes in other places than the tensor");
    if (isInterleaved) {
      Operation *reshape = getOnlyUser(exchanged);
      if (!reshape || !keepsPairs(reshape))
        return proof.decline("halves", "pairs are not neighbours of one axis", reshape);
      exchanged = reshape->getResult(0);
    } else if (anchor.getAxis() != 3) {
      return proof.decline("rank", "expects batch x heads x sequence x head size");
    }
    return matchSum(exchanged);
  }

  /// Whether the op makes one axis of the last two.
  bool keepsPairs(Operation *op) {
    const Shape *shape = shapes.get(anchor.getResult());
    if (!isa<ReshapeOp>(op) || !shape || shape->size() != 5)
      return false;
    AxisView view(*shape, shapes.sizes());
    if (failed(view.append(op, shapes)) || view.getResult().size() != 4)
      return false;
    AxisView::Axis pairs = view.getBase()[3];
    pairs.append(view.getBase()[4]);
    return view.getResult().drop_back() == view.getBase().take_front(3) &&
           view.getResult().back() == pairs;
  }

  LogicalResult matchInput() {
    auto type = dyn_cast<RankedTensorType>(x.getType());
    if (!type || type.getRank() != 4)
      return proof.decline("rank", "expects batch x heads x sequence x head size");
    size = getLastSize(x);
    if (size == 0 || size % 2 != 0)
      return proof.decline("halves", "the head size is not even");
    return success();
  }

  LogicalResult matchSum(Value exchanged) {
    pairing = isInterleaved ? Pairing::Neighbours : Pairing::Halves;
    auto sinProduct = dyn_cast_or_null<BinaryOp>(getOnlyUser(exchanged));
    if (!sinProduct || sinProduct.getFn() != BinaryFn::Mul)
      return proof.decline("sin", "the exchanged halves are not used by one product", sinProduct);
    sinTable = getOther(sinProduct, exchanged);
    auto sum = dyn_cast_or_null<BinaryOp>(getOnlyUser(sinProduct.getResult()));
    if (!sum || sum.getFn() != BinaryFn::Add)
      return proof.decline("sum", "the product with the exchanged halves is no term of one sum",
                           sum);
    auto cosProduct = getBinary(getOther(sum, sinProduct.getResult()), BinaryFn::Mul);
    cosTable = cosProduct ? getOther(cosProduct, x) : Value();
    if (!cosTable)
      return proof.decline("sum", "the other term is no product with the same tensor", sum);
    result = sum.getResult();
    const Shape *input = shapes.get(x), *output = shapes.get(result);
    if (!input || !output || *input != *output)
      return proof.decline("shape", "the tables enlarge the tensor", sum);
    return success();
  }

  /// Two products with pieces of one tensor.
  struct Products {
    Piece first, second;
    Value firstTable, secondTable;
  };

  static std::optional<Products> readProducts(Value value, FunctionShapes &shapes) {
    auto terms = value.getDefiningOp<BinaryOp>();
    Products products;
    for (bool isFirst : {true, false}) {
      BinaryOp mul = getBinary(isFirst ? terms.getLhs() : terms.getRhs(), BinaryFn::Mul);
      if (!mul)
        return std::nullopt;
      std::optional<Piece> piece = getPiece(mul.getLhs(), shapes);
      Value table = mul.getRhs();
      if (!piece) {
        piece = getPiece(mul.getRhs(), shapes);
        table = mul.getLhs();
      }
      if (!piece)
        return std::nullopt;
      (isFirst ? products.first : products.second) = *piece;
      (isFirst ? products.firstTable : products.secondTable) = table;
    }
    if (products.first.source != products.second.source)
      return std::nullopt;
    return products;
  }

  /// concat(lower * cos - upper * sin, upper * cos + lower * sin).
  LogicalResult matchProducts() {
    pairing = Pairing::Single;
    Products difference = *readProducts(anchor.getInputs()[0], shapes);
    Products sum = *readProducts(anchor.getInputs()[1], shapes);
    x = difference.first.source;
    if (failed(matchInput()))
      return failure();
    if (sum.first.start == 0) {
      std::swap(sum.first, sum.second);
      std::swap(sum.firstTable, sum.secondTable);
    }
    auto isHalf = [&](const Piece &piece, int64_t start) {
      return piece.source == x && piece.start == start && piece.step == 1 && piece.size == size / 2;
    };
    if (anchor.getAxis() != 3 || !isHalf(difference.first, 0) ||
        !isHalf(difference.second, size / 2) || !isHalf(sum.first, size / 2) ||
        !isHalf(sum.second, 0))
      return proof.decline("halves", "the products are not of lower and upper, upper and lower");
    cosTable = difference.firstTable;
    sinTable = difference.secondTable;
    if (cosTable != sum.firstTable || sinTable != sum.secondTable)
      return proof.decline("sum", "difference and sum have other tables");
    result = anchor.getResult();
    const Shape *input = shapes.get(x), *output = shapes.get(result);
    if (!input || !output || *input != *output)
      return proof.decline("shape", "the tables enlarge the tensor");
    return success();
  }

  /// Heads and layers share the table of pairs.
  LogicalResult matchTable(Value whole, StringRef name, Value &pairs) {
    Value &shared = tables[{whole, static_cast<unsigned>(pairing)}];
    if (!shared) {
      Operation *blame = nullptr;
      std::optional<RotaryTable> read = readTable(whole, size / 2, pairing, shapes, blame);
      if (!read)
        return proof.decline(
            name, "the table is not shown to be batch x 1 x sequence, with one column per pair",
            blame);
      shared = buildPairs(*read, whole);
      shapes.set(shared, getPairShape(*read, shapes));
    }
    // The op repeats neither positions nor batches but one.
    const Shape table = *shapes.get(shared), tensor = *shapes.get(x);
    if (table[1] != tensor[2] || (table[0] != tensor[0] && !table[0].isConstant(1)))
      return proof.decline(name, "the table has other sizes than the tensor");
    pairs = shared;
    return success();
  }

  ConcatOp anchor;
  FunctionShapes &shapes;
  RotaryTables &tables;
  Proof proof;
  Value x, cosTable, sinTable, result;
  Pairing pairing = Pairing::Halves;
  bool isInterleaved = false;
  int64_t size = 0;
};

struct RecogniseRotary : impl::RecogniseRotaryPassBase<RecogniseRotary> {
  using RecogniseRotaryPassBase::RecogniseRotaryPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    FunctionShapes shapes(function);
    SmallVector<ConcatOp> candidates;
    function.walk([&](ConcatOp op) {
      if (RotaryMatcher::isSuspect(op, shapes))
        candidates.push_back(op);
    });
    RotaryTables tables;
    for (ConcatOp op : candidates)
      if (succeeded(RotaryMatcher(op, shapes, tables, why).rewrite()))
        ++numEmbeddings;
    eraseDead(function);
  }
};
} // namespace

} // namespace moec::recognise
