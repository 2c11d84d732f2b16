//===- Elementwise.cpp - arith and math ops, element by element -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace moec;

namespace {

/// All operands have the shape of the first; a verifier compares static sizes
/// only.
LogicalResult checkSameShape(Operation *op, Frame &frame) {
  for (Value operand : op->getOperands().drop_front())
    if (failed(frame.checkShape(op, "operands", operand, frame[op->getOperand(0)].shape())))
      return failure();
  return success();
}

/// Runs `element(result, index)` for every element of the result.
template <typename Element>
LogicalResult forEach(Operation *op, Frame &frame, Element element) {
  if (failed(checkSameShape(op, frame)))
    return failure();
  auto result = frame.allocate(op->getResult(0), frame[op->getOperand(0)].shape());
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < result->numElements(); ++i)
    element(*result, i);
  return frame.set(op->getResult(0), *result);
}

// Reals are computed in f64 and rounded once. For + - * / and sqrt of f32 and
// narrower types that is the correctly rounded operation of the type itself.

template <double (*function)(double)>
LogicalResult unary(Operation *op, Frame &frame) {
  const Tensor &x = frame[op->getOperand(0)];
  return forEach(op, frame,
                 [&](Tensor &result, int64_t i) { result.setReal(i, function(x.real(i))); });
}

template <double (*function)(double, double)>
LogicalResult binary(Operation *op, Frame &frame) {
  const Tensor &a = frame[op->getOperand(0)], &b = frame[op->getOperand(1)];
  return forEach(op, frame, [&](Tensor &result, int64_t i) {
    result.setReal(i, function(a.real(i), b.real(i)));
  });
}

template <uint64_t (*function)(uint64_t, uint64_t)>
LogicalResult integerBinary(Operation *op, Frame &frame) {
  const Tensor &a = frame[op->getOperand(0)], &b = frame[op->getOperand(1)];
  return forEach(op, frame, [&](Tensor &result, int64_t i) {
    result.setInteger(i, function(a.integer(i), b.integer(i)));
  });
}

double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double negate(double a) { return -a; }
double same(double a) { return a; }
double rsqrt(double a) { return 1 / std::sqrt(a); }
double exponential(double a) { return std::exp(a); }
double hyperbolicTangent(double a) { return std::tanh(a); }
double errorFunction(double a) { return std::erf(a); }
double squareRoot(double a) { return std::sqrt(a); }
// maximumf and minimumf: NaN if either is, and -0 below +0.
double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::nan("");
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
double minimum(double a, double b) { return -maximum(-a, -b); }
// Unsigned, so that overflow wraps.
uint64_t addIntegers(uint64_t a, uint64_t b) { return a + b; }
uint64_t multiplyIntegers(uint64_t a, uint64_t b) { return a * b; }

bool compare(arith::CmpFPredicate predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return false;
  case arith::CmpFPredicate::OEQ:
    return a == b;
  case arith::CmpFPredicate::OGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
    return a >= b;
  case arith::CmpFPredicate::OLT:
    return a < b;
  case arith::CmpFPredicate::OLE:
    return a <= b;
  case arith::CmpFPredicate::ONE:
    return !unordered && a != b;
  case arith::CmpFPredicate::ORD:
    return !unordered;
  case arith::CmpFPredicate::UEQ:
    return unordered || a == b;
  case arith::CmpFPredicate::UGT:
    return unordered || a > b;
  case arith::CmpFPredicate::UGE:
    return unordered || a >= b;
  case arith::CmpFPredicate::ULT:
    return unordered || a < b;
  case arith::CmpFPredicate::ULE:
    return unordered || a <= b;
  case arith::CmpFPredicate::UNE:
    return a != b;
  case arith::CmpFPredicate::UNO:
    return unordered;
  case arith::CmpFPredicate::AlwaysTrue:
    return true;
  }
  return false;
}

LogicalResult runCmpF(arith::CmpFOp op, Frame &frame) {
  const Tensor &a = frame[op.getLhs()], &b = frame[op.getRhs()];
  return forEach(op, frame, [&](Tensor &result, int64_t i) {
    result.setInteger(i, compare(op.getPredicate(), a.real(i), b.real(i)));
  });
}

LogicalResult runCmpI(arith::CmpIOp op, Frame &frame) {
  const Tensor &a = frame[op.getLhs()], &b = frame[op.getRhs()];
  if (op.getPredicate() != arith::CmpIPredicate::eq &&
      op.getPredicate() != arith::CmpIPredicate::ne)
    return op.emitOpError("is interpreted for eq and ne");
  bool isEqual = op.getPredicate() == arith::CmpIPredicate::eq;
  return forEach(op, frame, [&](Tensor &result, int64_t i) {
    result.setInteger(i, (a.integer(i) == b.integer(i)) == isEqual);
  });
}

LogicalResult runSelect(arith::SelectOp op, Frame &frame) {
  const Tensor &condition = frame[op.getCondition()];
  const Tensor &yes = frame[op.getTrueValue()], &no = frame[op.getFalseValue()];
  if (failed(frame.checkShape(op, "operands", op.getFalseValue(), yes.shape())))
    return failure();
  // A scalar condition chooses whole tensors.
  if (!isa<RankedTensorType>(op.getCondition().getType()))
    return frame.set(op->getResult(0), condition.integer(0) ? yes : no);
  if (failed(frame.checkShape(op, "the condition", op.getCondition(), yes.shape())))
    return failure();
  auto result = frame.allocate(op->getResult(0), yes.shape());
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < yes.numElements(); ++i) {
    const Tensor &from = condition.integer(i) ? yes : no;
    if (isReal(from.dtype()))
      result->setReal(i, from.real(i));
    else
      result->setInteger(i, from.integer(i));
  }
  return frame.set(op->getResult(0), *result);
}

/// sitofp; `real` of an integer element is its value, but i1 is signed here.
LogicalResult runSIToFP(arith::SIToFPOp op, Frame &frame) {
  const Tensor &x = frame[op.getIn()];
  return forEach(op, frame, [&](Tensor &result, int64_t i) {
    int64_t value = x.dtype() == DType::I1 ? -x.integer(i) : x.integer(i);
    result.setReal(i, static_cast<double>(value));
  });
}

} // namespace

void moec::addElementwiseHandlers(HandlerTable &table) {
  table.add(arith::AddFOp::getOperationName(), binary<add>);
  table.add(arith::SubFOp::getOperationName(), binary<subtract>);
  table.add(arith::MulFOp::getOperationName(), binary<multiply>);
  table.add(arith::DivFOp::getOperationName(), binary<divide>);
  table.add(arith::MaximumFOp::getOperationName(), binary<maximum>);
  table.add(arith::MinimumFOp::getOperationName(), binary<minimum>);
  table.add(arith::NegFOp::getOperationName(), unary<negate>);
  table.add(arith::ExtFOp::getOperationName(), unary<same>);
  table.add(arith::TruncFOp::getOperationName(), unary<same>);
  table.add(arith::AddIOp::getOperationName(), integerBinary<addIntegers>);
  table.add(arith::MulIOp::getOperationName(), integerBinary<multiplyIntegers>);
  table.add<arith::CmpFOp, runCmpF>();
  table.add<arith::CmpIOp, runCmpI>();
  table.add<arith::SelectOp, runSelect>();
  table.add<arith::SIToFPOp, runSIToFP>();
  table.add(math::ExpOp::getOperationName(), unary<exponential>);
  table.add(math::TanhOp::getOperationName(), unary<hyperbolicTangent>);
  table.add(math::ErfOp::getOperationName(), unary<errorFunction>);
  table.add(math::SqrtOp::getOperationName(), unary<squareRoot>);
  table.add(math::RsqrtOp::getOperationName(), unary<rsqrt>);
}
