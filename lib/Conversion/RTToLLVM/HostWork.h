//===- HostWork.h - What host code of a device does itself ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With device code all work on tensors belongs in kernels. Host code may look
// at single numbers, which shapes depend on; this counts them, and finds what
// is more than that.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_RTTOLLVM_HOSTWORK_H
#define MOEC_LIB_CONVERSION_RTTOLLVM_HOSTWORK_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace moec::rt {

/// Of one run of a function and what it calls. Of alternatives the larger number counts; the body
/// of a loop counts once.
struct HostWork {
  /// Operations on tensors that the host computes, element by element.
  uint32_t operators = 0;
  /// Single numbers that the host reads, waiting for the device, and writes.
  uint32_t scalarReads = 0, scalarWrites = 0;
  /// Launches of kernels.
  uint32_t launches = 0;
};

/// Emits an error for what host code cannot do to memory of a device: ops on whole memrefs, for
/// which nothing copies the data, and kernels of the processor.
mlir::LogicalResult checkHostWork(mlir::ModuleOp module);

/// Counts the work of functions of a module that passes checkHostWork, and warns of each operator
/// that runs on the host at its location.
class HostWorkCounter {
public:
  explicit HostWorkCounter(mlir::ModuleOp module) : symbols(module) {}

  HostWork count(mlir::func::FuncOp function);
  /// Of all functions that were counted, each once.
  uint32_t getNumOperators() const { return numOperators; }

private:
  HostWork count(mlir::Operation &op);
  HostWork count(mlir::Block &block);
  HostWork count(mlir::Region &region);
  HostWork asLoop(mlir::Location loc, HostWork body);
  HostWork asOperator(mlir::Location loc);

  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Operation *, HostWork> functions;
  uint32_t numOperators = 0;
};

} // namespace moec::rt

#endif // MOEC_LIB_CONVERSION_RTTOLLVM_HOSTWORK_H
