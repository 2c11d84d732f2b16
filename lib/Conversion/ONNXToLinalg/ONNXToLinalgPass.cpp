//===- ONNXToLinalgPass.cpp - Lowers operators in order ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/ONNXToLinalg.h"

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/ONNXToLinalg/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace moec {
#define GEN_PASS_DEF_CONVERTONNXTOLINALGPASS
#include "lib/Conversion/ONNXToLinalg/Passes.h.inc"

namespace {

struct ConvertONNXToLinalg : impl::ConvertONNXToLinalgPassBase<ConvertONNXToLinalg> {
  void runOnOperation() override {
    bool hasFailed = false;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && hasOperators(function))
        hasFailed |= failed(lowerFunction(function));
    if (hasFailed)
      signalPassFailure();
  }

  static bool hasOperators(func::FuncOp function) {
    return function
        .walk([](Operation *op) {
          return isa<onnx::ONNXDialect>(op->getDialect()) ? WalkResult::interrupt()
                                                          : WalkResult::advance();
        })
        .wasInterrupted();
  }

  LogicalResult lowerFunction(func::FuncOp function);
  LogicalResult lowerSignature(func::FuncOp function, Lowering &lowering);
  LogicalResult lowerOp(Operation *op, Lowering &lowering);
  bool computeOnHost(Operation *op, Lowering &lowering);
};

/// How rt.dtype tells an element type that signless integers do not.
StringRef getDType(Type type) {
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(type));
  if (!integer)
    return "";
  if (integer.getWidth() == 1)
    return "bool";
  if (!integer.isUnsigned())
    return "";
  switch (integer.getWidth()) {
  case 8:
    return "u8";
  case 16:
    return "u16";
  case 32:
    return "u32";
  default:
    return "u64";
  }
}

/// Small integer tensors whose elements follow from sizes need no kernel.
bool ConvertONNXToLinalg::computeOnHost(Operation *op, Lowering &lowering) {
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SmallVector<Value> results;
  for (OpResult result : op->getResults()) {
    RankedTensorType type = getLoweredType(result.getType());
    const onnx::ValueFacts &facts = lowering.getFacts(result);
    if (!type || !type.hasStaticShape() || !facts.elements ||
        !isa<IntegerType>(type.getElementType()))
      return false;
    if (std::optional<SmallVector<int64_t>> constants = facts.getConstants()) {
      if (DenseElementsAttr value = onnx::getIntegerConstant(type, *constants)) {
        results.push_back(arith::ConstantOp::create(b, value));
        continue;
      }
    }
    SmallVector<Value> elements;
    for (const onnx::Size &element : *facts.elements) {
      std::optional<OpFoldResult> value = lowering.build(b, element, op);
      if (!value)
        return false;
      Value index = getValueOrCreateConstantIndexOp(b, b.getLoc(), *value);
      elements.push_back(arith::IndexCastOp::create(b, type.getElementType(), index));
    }
    results.push_back(tensor::FromElementsOp::create(b, type, elements));
  }
  lowering.replace(op, results);
  return true;
}

LogicalResult ConvertONNXToLinalg::lowerOp(Operation *op, Lowering &lowering) {
  if (op->getNumResults() != 0 && !isa<onnx::ConstantOp>(op) && computeOnHost(op, lowering)) {
    ++numFolded;
    return success();
  }
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<onnx::ArgMaxOp, onnx::ArgMinOp, onnx::BinaryOp, onnx::CastOp, onnx::ClipOp,
            onnx::CompareOp, onnx::ConstantOp, onnx::CumSumOp, onnx::HardmaxOp, onnx::LayerNormOp,
            onnx::LogSoftmaxOp, onnx::OneHotOp, onnx::ReduceOp, onnx::RMSNormOp,
            onnx::RotaryEmbeddingOp, onnx::SoftmaxOp, onnx::TopKOp, onnx::TriluOp, onnx::UnaryOp,
            onnx::WhereOp>([&](auto known) {
        ++numLowered;
        return lower(known, lowering);
      })
      .Case<onnx::ConcatOp, onnx::ConstantOfShapeOp, onnx::ExpandOp, onnx::FlattenOp,
            onnx::GatherElementsOp, onnx::GatherNDOp, onnx::GatherOp, onnx::PadOp, onnx::RangeOp,
            onnx::NonZeroOp, onnx::ReshapeOp, onnx::ScatterElementsOp, onnx::ScatterNDOp,
            onnx::ShapeOp, onnx::SizeOp, onnx::SliceOp, onnx::SplitOp, onnx::SqueezeOp,
            onnx::TileOp, onnx::TransposeOp, onnx::UnsqueezeOp>([&](auto known) {
        ++numLowered;
        return lower(known, lowering);
      })
      // Left for whoever has a lowering.
      .Default([](Operation *) { return success(); });
}

/// Arguments lose their signedness; the attribute keeps it.
LogicalResult ConvertONNXToLinalg::lowerSignature(func::FuncOp function, Lowering &lowering) {
  SmallVector<Type> arguments;
  bool hasFailed = false;
  for (BlockArgument argument : function.getArguments()) {
    RankedTensorType type = getLoweredType(argument.getType());
    arguments.push_back(type ? Type(type) : argument.getType());
    if (!type && isa<TensorType>(argument.getType()) && !argument.use_empty()) {
      // At the argument, whose location has the name of the model's input.
      emitError(argument.getLoc())
          << "is an input of " << argument.getType() << ", for which there is no code";
      hasFailed = true;
    }
    // The caller's memory: bufferization would let an op that updates its operand
    // write there.
    if (rt::isEntry(function) && isa<TensorType>(argument.getType()))
      function.setArgAttr(argument.getArgNumber(),
                          bufferization::BufferizationDialect::kWritableAttrName,
                          BoolAttr::get(&getContext(), false));
    StringRef dtype = getDType(argument.getType());
    if (!dtype.empty())
      function.setArgAttr(argument.getArgNumber(), rt::RTDialect::kDType,
                          StringAttr::get(&getContext(), dtype));
  }
  if (hasFailed)
    return failure();
  // Operators see the original argument; a block argument cannot be replaced
  // while they do, so the old one is put behind the new ones and removed later.
  Block &entry = function.front();
  unsigned number = entry.getNumArguments();
  for (unsigned i = 0; i < number; ++i)
    lowering.map(entry.getArgument(i),
                 entry.addArgument(arguments[i], entry.getArgument(i).getLoc()));
  return success();
}

/// What a function was before it was lowered. Until all operators are, their lowered values stand
/// beside them, so that a refusal leaves the function as it was.
class Original {
public:
  explicit Original(func::FuncOp function)
      : function(function), argumentAttrs(function.getArgAttrsAttr()),
        numArguments(function.getNumArguments()) {
    for (Operation &op : function.front())
      ops.insert(&op);
  }

  void restore() {
    Block &block = function.front();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (!ops.contains(&op))
        op.erase();
    block.eraseArguments(numArguments, block.getNumArguments() - numArguments);
    if (argumentAttrs)
      function.setArgAttrsAttr(argumentAttrs);
    else
      function.removeArgAttrsAttr();
  }

private:
  func::FuncOp function;
  ArrayAttr argumentAttrs;
  unsigned numArguments;
  DenseSet<Operation *> ops;
};

LogicalResult ConvertONNXToLinalg::lowerFunction(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("has operators in more than one block; inline its control flow");
  Lowering lowering;
  if (failed(lowering.analyse(function)))
    return failure();
  Block &block = function.front();
  SmallVector<Operation *> operators, others;
  for (Operation &op : block)
    (isa<onnx::ONNXDialect>(op.getDialect()) ? operators : others).push_back(&op);
  Original original(function);
  if (failed(lowerSignature(function, lowering))) {
    original.restore();
    return failure();
  }

  // All are tried, so that one run reports all that is missing.
  bool hasFailed = false;
  for (Operation *op : operators)
    hasFailed |= failed(lowerOp(op, lowering));
  if (hasFailed) {
    original.restore();
    return failure();
  }

  // What stays reads lowered values; results of unsigned types keep them in rt.dtype.
  auto terminator = cast<func::ReturnOp>(block.getTerminator());
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    StringRef dtype = getDType(type);
    if (!dtype.empty())
      function.setResultAttr(i, rt::RTDialect::kDType, StringAttr::get(&getContext(), dtype));
  }
  for (Operation *op : llvm::concat<Operation *>(others, operators))
    for (OpOperand &operand : op->getOpOperands())
      operand.set(lowering.get(operand.get()));
  for (Operation *op : others)
    op->walk([&](Operation *inner) {
      for (OpOperand &operand : inner->getOpOperands())
        operand.set(lowering.get(operand.get()));
    });
  for (Operation *op : llvm::reverse(operators))
    if (op->getNumResults() == 0 || lowering.isReplaced(op->getResult(0)))
      op->erase();
  block.eraseArguments(0, block.getNumArguments() / 2);
  function.setType(
      FunctionType::get(&getContext(), block.getArgumentTypes(), terminator.getOperandTypes()));
  return success();
}

} // namespace
} // namespace moec
