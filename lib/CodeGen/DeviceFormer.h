//===- DeviceFormer.h - Making kernels of a device ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEFORMER_H
#define MOEC_LIB_CODEGEN_DEVICEFORMER_H

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/LinalgParts.h"
#include "lib/CodeGen/RowTeam.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace moec::codegen {

/// Sizes of a launch, as host values computed from shapes; null: 1, or no shared memory.
struct DeviceGrid {
  mlir::Value gridX, gridY, blockX, blockY, sharedBytes;
  int64_t mostThreads = mostTeamThreads; // of a block whose size is not known
};

/// Makes the kernels of one module, in its `gpu.module @device`, and launches of them.
class DeviceFormer {
public:
  DeviceFormer(mlir::ModuleOp module, const GpuTarget &target) : target(target), module(module) {}

  /// Emits, before the builder's point, a launch of a kernel whose body `build` writes, given the
  /// counterparts of `operands`. A memref is passed as the address of its buffer and the dynamic
  /// sizes, strides and offsets that it has, each of which is passed once however many memrefs have
  /// it. `team` says which threads share a row.
  void launch(mlir::ImplicitLocOpBuilder &b, mlir::StringRef name, TeamKind team,
              const DeviceGrid &grid, const LaunchOperands &operands,
              mlir::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::IRMapping &)> build) {
    mlir::NamedAttribute mark(b.getStringAttr(teamAttrName), b.getStringAttr(getTeamName(team)));
    launch(b, name, std::optional(mark), grid, operands, build);
  }

  /// The same for a kernel that another emitter than that of rows writes out, which knows it by
  /// the attribute `mark` or by what `build` does.
  void launch(mlir::ImplicitLocOpBuilder &b, mlir::StringRef name,
              std::optional<mlir::NamedAttribute> mark, const DeviceGrid &grid,
              const LaunchOperands &operands,
              mlir::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::IRMapping &)> build);

  const GpuTarget &target;
  int64_t numKernels = 0, numLaunches = 0;

  static constexpr llvm::StringLiteral kModule = "device";

private:
  mlir::ModuleOp module;
  mlir::gpu::GPUModuleOp device; // made with the first kernel
  llvm::StringMap<mlir::gpu::GPUFuncOp> kernels;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEFORMER_H
