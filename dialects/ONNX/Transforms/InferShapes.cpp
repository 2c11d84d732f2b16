//===- InferShapes.cpp - Refine result types --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/ONNX/Transforms/Passes.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::onnx {
#define GEN_PASS_DEF_INFERSHAPESPASS
#include "dialects/ONNX/Transforms/Passes.h.inc"
} // namespace moec::onnx

void moec::onnx::nameArgumentSizes(func::FuncOp function, ShapeContext &context,
                                   StringRef attribute) {
  for (BlockArgument argument : function.getArguments()) {
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), attribute);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!names || !type)
      continue;
    SmallVector<Size, 4> shape;
    for (auto [name, size] : llvm::zip_equal(names.getAsRange<StringAttr>(), type.getShape())) {
      if (ShapedType::isStatic(size))
        shape.push_back(size);
      else
        shape.push_back(name.empty() ? context.sizes().fresh()
                                     : context.sizes().named(name.getValue()));
    }
    context.setShape(argument, std::move(shape));
  }
}

namespace {

struct InferShapes : moec::onnx::impl::InferShapesPassBase<InferShapes> {
  using InferShapesPassBase::InferShapesPassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(run(function)))
        return signalPassFailure();
  }

private:
  LogicalResult run(func::FuncOp function) {
    ShapeContext context({/*readConstants=*/true, /*quiet=*/false});
    nameArgumentSizes(function, context);
    for (Block &block : function.getBody())
      for (Operation &op : llvm::make_early_inc_range(block)) {
        auto inferred = dyn_cast<ShapeInference>(op);
        if (!inferred)
          continue;
        if (failed(inferred.inferShapes(context)))
          return failure();
        for (OpResult result : op.getResults())
          refine(result, context.get(result));
      }
    eraseDead(function);
    updateResultTypes(function);
    return success();
  }

  void refine(OpResult result, const ValueFacts &facts) {
    Type oldType = result.getType(), newType = getTensorType(facts);
    if (newType != oldType) {
      ++numRefined;
      result.setType(newType);
      protectForeignUsers(result, oldType);
    }
    if (isa<ConstantOp>(result.getOwner()) || result.use_empty())
      return;
    std::optional<SmallVector<int64_t>> values = facts.getConstants();
    DenseElementsAttr constant =
        values ? getIntegerConstant(newType, *values) : DenseElementsAttr();
    if (!constant)
      return;
    ++numConstants;
    OpBuilder builder(result.getOwner());
    Value replacement = ConstantOp::create(builder, result.getLoc(), constant);
    result.replaceAllUsesWith(replacement);
  }

  /// Users of other dialects were verified against the old type.
  static void protectForeignUsers(OpResult result, Type oldType) {
    Value cast;
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
      Operation *user = use.getOwner();
      if (isa<ShapeInference, func::ReturnOp>(user) || (cast && user == cast.getDefiningOp()))
        continue;
      if (!cast) {
        OpBuilder builder(result.getContext());
        builder.setInsertionPointAfter(result.getOwner());
        cast = tensor::CastOp::create(builder, result.getLoc(), oldType, result);
      }
      use.set(cast);
    }
  }

  static void eraseDead(func::FuncOp function) {
    for (Block &block : function.getBody())
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
        if (isa<ShapeInference>(op) && isOpTriviallyDead(&op))
          op.erase();
  }

  void updateResultTypes(func::FuncOp function) {
    // Callers rely on the type.
    bool isCalled = !SymbolTable::symbolKnownUseEmpty(function, getOperation());
    for (Block &block : function.getBody()) {
      auto terminator = dyn_cast<func::ReturnOp>(block.getTerminator());
      if (!terminator)
        continue;
      if (!isCalled && function.getBody().hasOneBlock()) {
        function.setType(FunctionType::get(function.getContext(), function.getArgumentTypes(),
                                           terminator.getOperandTypes()));
        continue;
      }
      for (auto [operand, type] :
           llvm::zip_equal(terminator->getOpOperands(), function.getResultTypes())) {
        if (operand.get().getType() == type)
          continue;
        OpBuilder builder(terminator);
        operand.set(tensor::CastOp::create(builder, operand.get().getLoc(), type, operand.get()));
      }
    }
  }
};

} // namespace
