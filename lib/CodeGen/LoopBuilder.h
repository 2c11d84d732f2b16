//===- LoopBuilder.h - Index arithmetic and loops ------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_LOOPBUILDER_H
#define MOEC_LIB_CODEGEN_LOOPBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// A builder with short names for what loops around vectors are made of. Indices
/// are signed.
class LoopBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(*this, value); }
  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::AddIOp::create(*this, lhs, rhs);
  }
  mlir::Value add(mlir::Value lhs, int64_t rhs) { return rhs == 0 ? lhs : add(lhs, index(rhs)); }
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::SubIOp::create(*this, lhs, rhs);
  }
  mlir::Value sub(mlir::Value lhs, int64_t rhs) { return rhs == 0 ? lhs : sub(lhs, index(rhs)); }
  mlir::Value mul(mlir::Value lhs, int64_t rhs) {
    return mlir::arith::MulIOp::create(*this, lhs, index(rhs));
  }
  mlir::Value div(mlir::Value lhs, int64_t rhs) {
    return mlir::arith::DivSIOp::create(*this, lhs, index(rhs));
  }
  mlir::Value rem(mlir::Value lhs, int64_t rhs) {
    return mlir::arith::RemSIOp::create(*this, lhs, index(rhs));
  }
  mlir::Value min(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MinSIOp::create(*this, lhs, rhs);
  }
  mlir::Value max(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MaxSIOp::create(*this, lhs, rhs);
  }
  mlir::Value isLess(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::slt, lhs, rhs);
  }
  mlir::Value isEqual(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::eq, lhs, rhs);
  }

  /// `for i in [from, to) step`, with the builder inside for the time of `body`.
  void loop(mlir::Value from, mlir::Value to, int64_t step,
            mlir::function_ref<void(mlir::Value)> body) {
    auto op = mlir::scf::ForOp::create(*this, from, to, index(step));
    InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  /// The same with values that each iteration gives to the next; those of the last one.
  mlir::SmallVector<mlir::Value>
  carry(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange values,
        mlir::function_ref<mlir::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body) {
    auto op = mlir::scf::ForOp::create(*this, from, to, index(step), values);
    InsertionGuard guard(*this);
    setInsertionPointToStart(op.getBody());
    mlir::SmallVector<mlir::Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
    mlir::scf::YieldOp::create(*this, next);
    return op.getResults();
  }

  /// `if condition`, likewise.
  void when(mlir::Value condition, mlir::function_ref<void()> body) {
    auto op = mlir::scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
    InsertionGuard guard(*this);
    setInsertionPointToStart(op.thenBlock());
    body();
  }

  /// `if condition then else` with the values that both yield, of equal types.
  mlir::SmallVector<mlir::Value> choose(mlir::Value condition, mlir::TypeRange types,
                                        mlir::function_ref<mlir::SmallVector<mlir::Value>()> yes,
                                        mlir::function_ref<mlir::SmallVector<mlir::Value>()> no) {
    auto op = mlir::scf::IfOp::create(*this, types, condition, /*withElseRegion=*/true);
    InsertionGuard guard(*this);
    setInsertionPointToStart(op.thenBlock());
    mlir::scf::YieldOp::create(*this, yes());
    setInsertionPointToStart(op.elseBlock());
    mlir::scf::YieldOp::create(*this, no());
    return op.getResults();
  }
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_LOOPBUILDER_H
