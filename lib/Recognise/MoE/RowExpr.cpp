//===- RowExpr.cpp - One element of a layer as an expression ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/RowExpr.h"

#include "dialects/RT/IR/RT.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

bool RowExpr::isUnary(onnx::UnaryFn fn) const {
  auto unary = kind == Kind::Apply ? dyn_cast<onnx::UnaryOp>(op) : onnx::UnaryOp();
  return unary && unary.getFn() == fn;
}

bool RowExpr::isBinary(onnx::BinaryFn fn) const {
  auto binary = kind == Kind::Apply ? dyn_cast<onnx::BinaryOp>(op) : onnx::BinaryOp();
  return binary && binary.getFn() == fn;
}

bool moec::recognise::isCommutative(Row row) {
  return row->isBinary(onnx::BinaryFn::Add) || row->isBinary(onnx::BinaryFn::Mul) ||
         row->isBinary(onnx::BinaryFn::Max) || row->isBinary(onnx::BinaryFn::Min);
}

void RowExpr::Profile(llvm::FoldingSetNodeID &node) const {
  node.AddInteger(static_cast<unsigned>(kind));
  node.AddPointer(elementType.getAsOpaquePointer());
  node.AddPointer(leaf);
  node.AddInteger(llvm::bit_cast<uint64_t>(number));
  if (kind == Kind::Apply) {
    node.AddPointer(op->getName().getAsOpaquePointer());
    node.AddPointer(op->getAttrDictionary().getAsOpaquePointer());
  }
  for (Row operand : operands)
    node.AddPointer(operand);
  for (Index formula : matrices.formulas)
    node.AddPointer(formula);
  for (Index formula : vectors)
    node.AddPointer(formula);
  node.AddPointer(column);
  node.AddPointer(bound);
}

Row RowBuilder::intern(RowExpr node) {
  for (Row operand : node.operands)
    node.hasProduct |= operand && operand->hasProduct;
  node.hasProduct |= node.kind == RowExpr::Kind::Product;
  llvm::FoldingSetNodeID key;
  node.Profile(key);
  void *place;
  if (RowExpr *known = unique.FindNodeOrInsertPos(key, place))
    return known;
  if (nodes.size() >= maxNodes)
    return fail(node.op, "bounded-size", "the expression of one expert is too large");
  node.id = nodes.size();
  nodes.push_back(std::make_unique<RowExpr>(std::move(node)));
  unique.InsertNode(nodes.back().get(), place);
  return nodes.back().get();
}

Row RowBuilder::fail(Operation *op, StringRef obligation, const Twine &detail) {
  if (why.obligation.empty()) {
    why = {obligation.str(), detail.str()};
    where = op;
  }
  return nullptr;
}

Row RowBuilder::leaf(Index element) {
  RowExpr node;
  node.leaf = element;
  if (element->isRead()) {
    node.elementType = getElementTypeOrSelf(element->base.getType());
    node.op = element->base.getDefiningOp();
  }
  return intern(std::move(node));
}

Row RowBuilder::get(Index element, unsigned depth) {
  auto [it, isNew] = done.try_emplace({element, depth}, nullptr);
  if (!isNew)
    return it->second;
  Row result = unfold(element, depth);
  done[{element, depth}] = result;
  return result;
}

Row RowBuilder::unfold(Index element, unsigned depth) {
  if (!element->isRead())
    return leaf(element);
  Value base = element->base;
  Operation *op = base.getDefiningOp();
  // What other choices decided belongs to other layers.
  if (!op || facts.choiceOf(base) != choice)
    return leaf(element);
  if (const RaggedProduct *product = facts.ragged(base))
    return grouped(*product, op, element->args, depth);
  if (const Facts::Failure *failure = facts.failure(base))
    return fail(op, failure->obligation, failure->detail);
  return TypeSwitch<Operation *, Row>(op)
      .Case<onnx::UnaryOp, onnx::BinaryOp, onnx::ClipOp, onnx::CastOp>(
          [&](Operation *op) { return apply(op, element->args, depth); })
      .Case([&](onnx::MatMulOp matmulOp) { return matmul(matmulOp, element->args, depth); })
      .Case([&](onnx::GemmOp gemmOp) { return gemm(gemmOp, element->args, depth); })
      .Case([&](onnx::ReduceOp reduceOp) { return reduce(reduceOp, element->args, depth); })
      .Case([&](onnx::SoftmaxOp softmaxOp) { return softmax(softmaxOp, element->args, depth); })
      .Default([&](Operation *) { return leaf(element); });
}

Row RowBuilder::operand(Operation *op, Value value, ArrayRef<Index> args, unsigned depth) {
  std::optional<double> number = facts.splat(value);
  // Equal elements do not make a vector of one expert, a bias, a number: others' may differ.
  Index known = facts.element(value);
  auto constant = !expert && known->isRead() ? known->base.getDefiningOp<onnx::ConstantOp>()
                                             : onnx::ConstantOp();
  if (constant && constant.getValue().getNumElements() != 1)
    number.reset();
  if (number) {
    RowExpr node;
    node.kind = RowExpr::Kind::Number;
    node.elementType = getElementTypeOrSelf(value.getType());
    node.number = *number;
    return intern(std::move(node));
  }
  Index element = facts.broadcastElement(value, *facts.shape(op->getResult(0)), args);
  if (!element)
    return fail(op, "known-broadcast", "it is not known which axes of an operand broadcast");
  return get(element, depth);
}

Row RowBuilder::apply(Operation *op, ArrayRef<Index> args, unsigned depth) {
  RowExpr node;
  node.kind = RowExpr::Kind::Apply;
  node.op = op;
  node.elementType = getElementTypeOrSelf(op->getResult(0).getType());
  for (Value value : op->getOperands()) {
    Row row = operand(op, value, args, depth);
    if (!row)
      return nullptr;
    node.operands.push_back(row);
  }
  if (isCommutative(&node) && node.operands[1]->id < node.operands[0]->id)
    std::swap(node.operands[0], node.operands[1]);
  return intern(std::move(node));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Row RowBuilder::matmul(onnx::MatMulOp op, ArrayRef<Index> args, unsigned depth) {
  const Shape &left = *facts.shape(op.getLhs()), &right = *facts.shape(op.getRhs()),
              &result = *facts.shape(op.getResult());
  size_t batch = std::max(left.size(), right.size());
  batch = batch > 2 ? batch - 2 : 0;
  const Size &extent = left.back();
  Index bound = table.var(boundPosition + depth, extent);
  auto operandAt = [&](Value value, const Shape &shape, std::optional<Index> first,
                       std::optional<Index> second) -> Index {
    SmallVector<Index, 4> own;
    size_t lead = shape.size() > 2 ? shape.size() - 2 : 0;
    for (size_t axis = 0; axis < lead; ++axis) {
      size_t at = batch - lead + axis;
      if (shape[axis].isConstant(1))
        own.push_back(table.constant(0));
      else if (shape[axis] == result[at])
        own.push_back(args[at]);
      else
        return nullptr;
    }
    if (first)
      own.push_back(*first);
    if (second)
      own.push_back(*second);
    return facts.elementAt(value, own);
  };
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  Index lhs = isRow ? operandAt(op.getLhs(), left, std::nullopt, bound)
                    : operandAt(op.getLhs(), left, args[batch], bound);
  Index rhs = isColumn ? operandAt(op.getRhs(), right, bound, std::nullopt)
                       : operandAt(op.getRhs(), right, bound, args[batch + (isRow ? 0 : 1)]);
  if (!lhs || !rhs)
    return fail(op, "known-broadcast", "it is not known which axes of an operand broadcast");
  if (isWeight(rhs, bound))
    return product(op, lhs, rhs, extent, depth);
  if (isWeight(lhs, bound))
    return product(op, rhs, lhs, extent, depth);
  return fail(op, "weights-by-choice",
              "no operand of the product is a stack of matrices at the chosen expert, or the "
              "weights of one");
}

Row RowBuilder::gemm(onnx::GemmOp op, ArrayRef<Index> args, unsigned depth) {
  const Shape &left = *facts.shape(op.getA()), &right = *facts.shape(op.getB());
  if (op.getC() || !op.getAlpha().isExactlyValue(1.0))
    return fail(op, "weights-by-choice", "a product is scaled, or a matrix is added within it");
  const Size &extent = left[op.getTransA() ? 0 : 1];
  Index bound = table.var(boundPosition + depth, extent);
  SmallVector<Index, 2> a{args[0], bound}, b{bound, args[1]};
  if (op.getTransA())
    std::swap(a[0], a[1]);
  if (op.getTransB())
    std::swap(b[0], b[1]);
  if (right[op.getTransB() ? 1 : 0] != extent)
    return fail(op, "known-broadcast", "the sizes of a product are not known to agree");
  Index lhs = facts.elementAt(op.getA(), a), rhs = facts.elementAt(op.getB(), b);
  if (isWeight(rhs, bound))
    return product(op, lhs, rhs, extent, depth);
  return fail(op, "weights-by-choice",
              "no operand of the product is a stack of matrices at the chosen expert, or the "
              "weights of one");
}

bool RowBuilder::isWeight(Index element, Index bound) {
  if (!element->isRead() || facts.choiceOf(element->base) == choice)
    return false;
  if (expert)
    return llvm::is_contained(element->args, expert);
  Operation *op = element->base.getDefiningOp();
  return isa_and_nonnull<onnx::ConstantOp, rt::GetWeightOp>(op) &&
         (bound->isConstant() || table.dependsOn(element, bound->position));
}

Row RowBuilder::product(Operation *op, Index row, Index weight, const Size &extent,
                        unsigned depth) {
  Index bound = table.var(boundPosition + depth, extent);
  RowExpr node;
  node.kind = RowExpr::Kind::Product;
  node.op = op;
  node.elementType = getElementTypeOrSelf(op->getResult(0).getType());
  node.bound = bound;
  node.extent = extent;
  // One axis of the weights is the expert's, one the input's, the third the column.
  SmallVector<Index, 4> args;
  for (auto [axis, arg] : llvm::enumerate(weight->args)) {
    if (expert && arg == expert) {
      args.push_back(table.var(ExpertMatrices::expert, Size(int64_t(1) << 40)));
    } else if (!expert && arg->isConstant()) {
      args.push_back(arg);
    } else if (table.dependsOn(arg, boundPosition + depth)) {
      Index input = table.var(ExpertMatrices::input, extent);
      args.push_back(table.substitute(arg, boundPosition + depth, input));
    } else if (!node.column) {
      node.column = arg;
      const Shape &shape = *facts.shape(weight->base);
      args.push_back(table.var(ExpertMatrices::output, shape[axis]));
    } else {
      return fail(op, "weights-by-choice",
                  "the weights have more axes than expert, row and column");
    }
  }
  if (!node.column)
    node.column = table.constant(0);
  node.matrices.formulas.push_back(table.read(weight->base, args));
  Row rows = get(row, depth + 1);
  if (!rows)
    return nullptr;
  node.operands.push_back(rows);
  return intern(std::move(node));
}

Row RowBuilder::grouped(const RaggedProduct &ragged, Operation *op, ArrayRef<Index> args,
                        unsigned depth) {
  if (table.substitute(ragged.expert, args.take_front(1)) != expert)
    return fail(op, "ids-of-this-choice", "its rows are grouped by other ids than the choice's");
  RowExpr node;
  node.kind = RowExpr::Kind::Product;
  node.op = op;
  node.elementType = getElementTypeOrSelf(op->getResult(0).getType());
  node.bound = table.var(boundPosition + depth, ragged.inputs);
  node.extent = ragged.inputs;
  node.column = args[1];
  if (!setMatrices(node, ragged.weights))
    return nullptr;
  Row rows =
      get(table.substitute(ragged.rows, {args[0], table.var(boundPosition + depth, ragged.inputs)}),
          depth + 1);
  if (!rows)
    return nullptr;
  node.operands.push_back(rows);
  return intern(std::move(node));
}

/// Matrices e = 0 ... E - 1 of one stack are the stack.
bool RowBuilder::setMatrices(RowExpr &node, ArrayRef<Index> weights) {
  Index first = weights[0];
  bool isStack = first->isRead() && llvm::all_of(weights, [&](Index weight) {
                   return weight->isRead() && weight->base == first->base;
                 });
  if (isStack && weights.size() > 1) {
    SmallVector<Index, 4> stack;
    for (auto [axis, arg] : llvm::enumerate(first->args)) {
      bool counts = true;
      for (auto [e, weight] : llvm::enumerate(weights))
        counts &= weight->args[axis] == table.constant(static_cast<int64_t>(e));
      stack.push_back(counts ? table.var(ExpertMatrices::expert, Size(int64_t(1) << 40)) : arg);
    }
    Index formula = table.read(first->base, stack);
    for (auto [e, weight] : llvm::enumerate(weights))
      if (table.substitute(formula, ExpertMatrices::expert,
                           table.constant(static_cast<int64_t>(e))) != weight) {
        fail(node.op, "one-matrix-per-expert",
             "group " + Twine(e) + " does not use matrix " + Twine(e) + " of the stack");
        return false;
      }
    node.matrices.formulas.assign(1, formula);
    return true;
  }
  SmallPtrSet<void *, 16> bases;
  for (Index weight : weights)
    if (!weight->isRead() || facts.choiceOf(weight->base) == choice ||
        !bases.insert(weight->base.getAsOpaquePointer()).second) {
      fail(node.op, "one-matrix-per-expert",
           "the matrices are neither one stack nor as many different tensors");
      return false;
    }
  node.matrices.formulas.assign(weights.begin(), weights.end());
  return true;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Row RowBuilder::reduce(onnx::ReduceOp op, ArrayRef<Index> args, unsigned depth) {
  std::optional<SmallVector<int64_t>> axes = op.getStaticAxes();
  if (op.getFn() != onnx::ReduceFn::Sum || !axes || axes->size() != 1)
    return leaf(table.read(op.getResult(), args));
  const Shape &shape = *facts.shape(op.getX());
  int64_t axis = axes->front();
  RowExpr node;
  node.kind = RowExpr::Kind::Sum;
  node.op = op;
  node.elementType = getElementTypeOrSelf(op.getResult().getType());
  node.extent = shape[axis];
  node.bound = table.var(boundPosition + depth, shape[axis]);
  SmallVector<Index, 4> own(args);
  if (op.getKeepdims())
    own[axis] = node.bound;
  else
    own.insert(own.begin() + axis, node.bound);
  Row row = get(facts.elementAt(op.getX(), own), depth + 1);
  if (!row)
    return nullptr;
  node.operands.push_back(row);
  return intern(std::move(node));
}

Row RowBuilder::softmax(onnx::SoftmaxOp op, ArrayRef<Index> args, unsigned depth) {
  const Shape &shape = *facts.shape(op.getX());
  int64_t axis = op.getAxis();
  RowExpr node;
  node.kind = RowExpr::Kind::Softmax;
  node.op = op;
  node.elementType = getElementTypeOrSelf(op.getResult().getType());
  node.extent = shape[axis];
  node.bound = table.var(boundPosition + depth, shape[axis]);
  node.column = args[axis];
  SmallVector<Index, 4> own(args);
  own[axis] = node.bound;
  Row row = get(facts.elementAt(op.getX(), own), depth + 1);
  if (!row)
    return nullptr;
  node.operands.push_back(row);
  return intern(std::move(node));
}
