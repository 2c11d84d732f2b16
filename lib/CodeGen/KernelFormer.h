//===- KernelFormer.h - Making kernel functions --------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_KERNELFORMER_H
#define MOEC_LIB_CODEGEN_KERNELFORMER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace moec::codegen {

/// How much a launch has to do.
struct LaunchUnits {
  LaunchUnits(mlir::Value count, mlir::Value work = {}) : count(count), work(work) {}

  mlir::Value count;
  /// Operations on scalars per unit, about; null if unknown, and large. Units
  /// with little work are launched several as one, so that threads are woken for
  /// what is worth it only.
  mlir::Value work;
  /// The most units that a thread takes at once; null: any number. Not with `work`.
  mlir::Value grain;
};

/// Makes the kernel functions of one module and launches of them.
class KernelFormer {
public:
  /// Units with less than `threadWork` are joined; 0: none are.
  KernelFormer(mlir::ModuleOp module, int64_t threadWork)
      : module(module), symbols(module), threadWork(threadWork) {}

  /// Emits, before the builder's point, a launch of a kernel over [0, units)
  /// whose body `build` writes, given the kernel's range and its copies of
  /// `captures` (null values stay null).
  void launch(mlir::ImplicitLocOpBuilder &b, mlir::StringRef name, LaunchUnits units,
              mlir::ValueRange captures,
              mlir::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value begin,
                                      mlir::Value end, mlir::ValueRange)>
                  build);

  int64_t numKernels = 0, numLaunches = 0;

private:
  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  int64_t threadWork;
  llvm::StringMap<mlir::func::FuncOp> kernels;
};

/// Entries [begin, begin + count) of `memref` along each of `dims`; null of null.
mlir::Value subview(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, mlir::ArrayRef<int64_t> dims,
                    mlir::Value begin, mlir::OpFoldResult count);

/// Rows of a matrix or entries of a vector: subview along dimension 0.
inline mlir::Value subviewRows(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, mlir::Value begin,
                               mlir::Value count) {
  return subview(b, memref, {0}, begin, count);
}

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_KERNELFORMER_H
