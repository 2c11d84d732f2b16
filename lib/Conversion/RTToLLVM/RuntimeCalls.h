//===- RuntimeCalls.h - Layout of the runtime's ABI in the llvm dialect -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `moert/abi.h` lays down, as types and calls of the llvm dialect.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_RTTOLLVM_RUNTIMECALLS_H
#define MOEC_LIB_CONVERSION_RTTOLLVM_RUNTIMECALLS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace moec::rt {

/// Slots of `moert_functions` that compiled code calls.
enum class Slot {
  Alloc,
  Release,
  ParallelFor,
  ParallelForGrain,
  Weight,
  Output,
  Fail,
  State,
  AppendState,
  BeginExchange,
  ReceiveRows,
  ReturnRows,
  EndExchange,
  Launch,
  DeviceConstant,
  DeviceRead,
  DeviceWrite,
  DeviceCounter,
  FailedCheck
};

/// Calls `slot` of the function table that `context` points at. `args` exclude the context. The
/// result type is null for functions that return nothing.
mlir::LLVM::CallOp callRuntime(mlir::OpBuilder &builder, mlir::Location loc, Slot slot,
                               mlir::Value context, mlir::ValueRange args, mlir::Type result = {});

/// An `alloca` of `count` values of `type` in the entry block of the function around the insertion
/// point, so that loops do not grow the stack.
mlir::Value createEntryAlloca(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                              int64_t count = 1);

/// The context pointer of the host function around `op`: its first argument.
mlir::Value getContextPointer(mlir::Operation *op);

/// `moert_buffer`: data, rank, sizes[8].
mlir::LLVM::LLVMStructType getBufferType(mlir::MLIRContext *context);

/// moert_dtype of an element type, after the override of `rt.dtype` if that is not empty; 0 if the
/// ABI has no such type.
int32_t getDType(mlir::Type elementType, llvm::StringRef override);

} // namespace moec::rt

#endif // MOEC_LIB_CONVERSION_RTTOLLVM_RUNTIMECALLS_H
