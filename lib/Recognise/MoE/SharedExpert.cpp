//===- SharedExpert.cpp - Dense experts beside a layer ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"
#include "lib/Recognise/MoE/Report.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

/// Whether the result has the elements of the operand, in order.
static bool keepsElements(Operation *op) {
  return isa<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp, onnx::UnsqueezeOp, tensor::CastOp,
             tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op);
}

/// Whether `value` is made of `tokens`, weights and row-wise functions, by at least two products.
static bool isDenseExpert(Value value, const DenseSet<Value> &tokens) {
  constexpr unsigned maxOps = 64;
  SmallVector<Value> open{value};
  SmallPtrSet<Operation *, 32> seen;
  unsigned products = 0;
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (tokens.contains(next))
      continue;
    Operation *op = next.getDefiningOp();
    if (!op || (seen.insert(op).second && seen.size() > maxOps))
      return false;
    if (isa<onnx::ConstantOp, rt::GetWeightOp, onnx::ShapeOp>(op))
      continue;
    if (!keepsElements(op) &&
        !isa<onnx::MatMulOp, onnx::GemmOp, onnx::UnaryOp, onnx::BinaryOp, onnx::CastOp,
             onnx::TransposeOp, onnx::SplitOp, onnx::SliceOp, onnx::ConcatOp, onnx::GatherOp>(op))
      return false;
    if (isa<onnx::MatMulOp, onnx::GemmOp>(op))
      ++products;
    // Of a view, the sizes are no part of the expert.
    if (keepsElements(op))
      open.push_back(op->getOperand(0));
    else
      llvm::append_range(open, op->getOperands());
  }
  return products >= 2;
}

bool recognise::hasSharedExpert(Value result, Value x) {
  DenseSet<Value> tokens{x};
  for (Operation *op = x.getDefiningOp(); op && keepsElements(op); op = x.getDefiningOp()) {
    x = op->getOperand(0);
    tokens.insert(x);
  }
  constexpr unsigned maxSteps = 8;
  SmallVector<Value> open{result};
  for (unsigned steps = 0; !open.empty() && steps < maxSteps; ++steps) {
    Value next = open.pop_back_val();
    for (Operation *user : next.getUsers()) {
      if (auto sum = dyn_cast<onnx::BinaryOp>(user); sum && sum.getFn() == onnx::BinaryFn::Add) {
        if (isDenseExpert(sum.getLhs() == next ? sum.getRhs() : sum.getLhs(), tokens))
          return true;
      } else if (keepsElements(user) || isa<onnx::CastOp>(user)) {
        open.push_back(user->getResult(0));
      }
    }
  }
  return false;
}
