//===- Lowering.h - What lowerings of operators share ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators of a function are lowered in order. Each lowering reads the lowered
// values of its operands, writes its replacement before the op and records it
// with `replace`; the pass erases operators at the end, so that facts of the
// original values stay at hand. On a setting or type without a lowering it
// emits an error that names it and returns failure.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H

#include "dialects/ONNX/IR/ONNX.h"
#include "lib/Conversion/ONNXToLinalg/Sizes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

namespace moec {

/// The type of the same width that arith computes on: integers lose their
/// signedness. Null for types that have no arithmetic (f8, 4 bits, strings).
mlir::Type getLoweredElementType(mlir::Type element);

/// `type` with its lowered element type; null as above, or without a rank.
mlir::RankedTensorType getLoweredType(mlir::Type type);

class Lowering {
public:
  /// Analyses `function`; fails after an error.
  llvm::LogicalResult analyse(mlir::func::FuncOp function) { return sizes.analyse(function); }

  /// The lowered form of a value of the original function: a ranked tensor with
  /// the type `getLoweredType`.
  mlir::Value get(mlir::Value original) const { return values.lookupOrDefault(original); }

  /// Records the lowered results of `op`.
  void replace(mlir::Operation *op, mlir::ValueRange results);
  bool isReplaced(mlir::Value original) const { return values.contains(original); }
  void map(mlir::Value original, mlir::Value lowered) { values.map(original, lowered); }

  /// Writes before `op`, at its location.
  static mlir::ImplicitLocOpBuilder builderAt(mlir::Operation *op) {
    return mlir::ImplicitLocOpBuilder(op->getLoc(), op);
  }

  //--- What is known of original values -----------------------------------//

  const onnx::ValueFacts &getFacts(mlir::Value original) { return sizes.getFacts(original); }
  onnx::Size getSymbolicSize(mlir::Value original, int64_t axis) {
    return sizes.getSize(original, axis);
  }
  onnx::SizeTable &getSizeTable() { return sizes.getTable(); }
  /// Whether two sizes are the same in every run.
  bool isEqual(const onnx::Size &a, const onnx::Size &b) { return sizes.isEqual(a, b); }
  /// Elements of a small integer tensor, if they are all known numbers.
  std::optional<llvm::SmallVector<int64_t>> getConstants(mlir::Value original) {
    return sizes.getFacts(original).getConstants();
  }

  //--- Values on the host --------------------------------------------------//

  /// The size of an axis of an operand of the op that is being lowered.
  mlir::OpFoldResult getSize(mlir::ImplicitLocOpBuilder &b, mlir::Value operand, int64_t axis);
  llvm::SmallVector<mlir::OpFoldResult> getSizes(mlir::ImplicitLocOpBuilder &b,
                                                 mlir::Value operand);

  /// The sizes of a result of the op that is being lowered; nothing where they
  /// follow from more than sizes and contents of tensors before it, and the
  /// lowering has to compute them by itself.
  std::optional<llvm::SmallVector<mlir::OpFoldResult>> getResultSizes(mlir::ImplicitLocOpBuilder &b,
                                                                      mlir::OpResult result);

  /// A polynomial of sizes before `user`.
  std::optional<mlir::OpFoldResult> build(mlir::ImplicitLocOpBuilder &b, const onnx::Size &size,
                                          mlir::Operation *user);

  /// An element of an integer operand by its row-major position, as an index
  /// attribute or value: known, computed from sizes, or read.
  mlir::OpFoldResult getElement(mlir::ImplicitLocOpBuilder &b, mlir::Operation *user,
                                mlir::Value operand, int64_t position);

  /// Ends the run with an invalid-argument status unless `condition` holds.
  /// The message names the node: "<node>: <message>".
  static void check(mlir::ImplicitLocOpBuilder &b, mlir::Value condition,
                    const llvm::Twine &message);

private:
  Sizes sizes;
  mlir::IRMapping values;
};

/// An uninitialised tensor; static sizes become part of its type.
mlir::Value emptyTensor(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Type element);

/// `tensor` as `type`, which knows more or fewer of its sizes.
mlir::Value castTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                       mlir::RankedTensorType type);

//===----------------------------------------------------------------------===//
// Element-wise ops
//===----------------------------------------------------------------------===//

/// Writes the scalar body of an element-wise op: one value per operand in, one
/// value out, all of lowered element types.
using ScalarBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// Lowers `op`, whose operands broadcast to its only result, to one
/// linalg.generic over `operands`, original values of which each is aligned at
/// the last axis. Sizes that are not proved equal are compared at run time.
llvm::LogicalResult lowerBroadcasting(mlir::Operation *op, Lowering &lowering,
                                      mlir::ValueRange operands, ScalarBody body);
/// The same for a result of sizes that the caller has computed.
llvm::LogicalResult lowerBroadcasting(mlir::Operation *op, Lowering &lowering,
                                      llvm::ArrayRef<mlir::OpFoldResult> sizes,
                                      mlir::ValueRange operands, ScalarBody body);

/// `fn` of scalars of lowered types. `element` is the original element type,
/// whose signedness counts. f16 and bf16 are computed in f32 and rounded once.
/// Null where the function has no form for the type.
mlir::Value emitUnary(mlir::ImplicitLocOpBuilder &b, onnx::UnaryOp op, mlir::Value x);
mlir::Value emitBinary(mlir::ImplicitLocOpBuilder &b, onnx::BinaryFn fn, mlir::Type element,
                       mlir::Value lhs, mlir::Value rhs, mlir::Type exponent);
mlir::Value emitCompare(mlir::ImplicitLocOpBuilder &b, onnx::CompareFn fn, mlir::Type element,
                        mlir::Value lhs, mlir::Value rhs);

// Of f32 and f64, and of integers without sign.
mlir::Value emitFloatUnary(mlir::ImplicitLocOpBuilder &b, onnx::UnaryOp op, mlir::Value x);
mlir::Value emitFloatBinary(mlir::ImplicitLocOpBuilder &b, onnx::BinaryFn fn, mlir::Value lhs,
                            mlir::Value rhs);
mlir::Value emitIntegerUnary(mlir::ImplicitLocOpBuilder &b, onnx::UnaryFn fn, bool isUnsigned,
                             mlir::Value x);
mlir::Value emitIntegerBinary(mlir::ImplicitLocOpBuilder &b, onnx::BinaryFn fn, bool isUnsigned,
                              mlir::Value lhs, mlir::Value rhs);

//===----------------------------------------------------------------------===//
// One overload per op, in the file of its family
//===----------------------------------------------------------------------===//

// LowerElementwise.cpp
llvm::LogicalResult lower(onnx::UnaryOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::BinaryOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::CastOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ClipOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::CompareOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ConstantOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::WhereOp op, Lowering &lowering);

// LowerArg.cpp
llvm::LogicalResult lower(onnx::ArgMaxOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ArgMinOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::HardmaxOp op, Lowering &lowering);

// LowerOrder.cpp
llvm::LogicalResult lower(onnx::CumSumOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::TopKOp op, Lowering &lowering);

// LowerPositions.cpp
llvm::LogicalResult lower(onnx::OneHotOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::TriluOp op, Lowering &lowering);

// LowerRotary.cpp
llvm::LogicalResult lower(onnx::RotaryEmbeddingOp op, Lowering &lowering);

// LowerReduce.cpp
llvm::LogicalResult lower(onnx::ReduceOp op, Lowering &lowering);

// LowerNorms.cpp
llvm::LogicalResult lower(onnx::LayerNormOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::LogSoftmaxOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::RMSNormOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::SoftmaxOp op, Lowering &lowering);

// LowerReshape.cpp
llvm::LogicalResult lower(onnx::FlattenOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ReshapeOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::SqueezeOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::UnsqueezeOp op, Lowering &lowering);

// LowerShapes.cpp
llvm::LogicalResult lower(onnx::ConstantOfShapeOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ExpandOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::RangeOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ShapeOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::SizeOp op, Lowering &lowering);

// LowerPieces.cpp
llvm::LogicalResult lower(onnx::ConcatOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::SliceOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::SplitOp op, Lowering &lowering);

// LowerMovement.cpp
llvm::LogicalResult lower(onnx::PadOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::TileOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::TransposeOp op, Lowering &lowering);

// LowerGather.cpp
llvm::LogicalResult lower(onnx::GatherElementsOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::GatherOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::GatherNDOp op, Lowering &lowering);

// LowerScatter.cpp
llvm::LogicalResult lower(onnx::NonZeroOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ScatterElementsOp op, Lowering &lowering);
llvm::LogicalResult lower(onnx::ScatterNDOp op, Lowering &lowering);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
