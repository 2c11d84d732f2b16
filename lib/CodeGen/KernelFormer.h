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

/// Makes the kernel functions of one module and launches of them.
class KernelFormer {
public:
  explicit KernelFormer(mlir::ModuleOp module) : module(module), symbols(module) {}

  /// Emits, before the builder's point, a launch of a kernel over [0, units)
  /// whose body `build` writes, given the kernel's range and its copies of
  /// `captures` (null values stay null).
  void launch(mlir::ImplicitLocOpBuilder &b, mlir::StringRef name, mlir::Value units,
              mlir::ValueRange captures,
              mlir::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value begin,
                                      mlir::Value end, mlir::ValueRange)>
                  build);

  int64_t numKernels = 0, numLaunches = 0;

private:

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::func::FuncOp> kernels;
};

/// Entries [begin, begin + count) of `memref` along each of `dims`; null of null.
mlir::Value subview(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, mlir::ArrayRef<int64_t> dims,
                    mlir::Value begin, mlir::Value count);

/// Rows of a matrix or entries of a vector: subview along dimension 0.
inline mlir::Value subviewRows(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, mlir::Value begin,
                               mlir::Value count) {
  return subview(b, memref, {0}, begin, count);
}

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_KERNELFORMER_H
