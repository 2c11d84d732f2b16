//===- PanelKernel.h - Rows times one panel ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PANELKERNEL_H
#define MOEC_LIB_CODEGEN_PANELKERNEL_H

#include "lib/CodeGen/IsaLevel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace moec::codegen {

/// Columns of a panel; PackedType::panelWidth.
constexpr int64_t panelWidth = 32;

/// What distinguishes panel kernels of one level.
struct PanelKernelSpec {
  const IsaLevel *level;
  /// Element type of the panel: f32, f16 or bf16.
  mlir::Type elementType;
  /// 1 ... level->blockRows.
  int64_t rows;
  /// Whether to prefetch: true for the few blocks that fetch their own or the next panel.
  bool prefetch;
  /// Elements from one row of A and of C to the next; 0: rows of A are packed k by
  /// k and rows of C are panelWidth apart.
  int64_t rowStride = 0;
};

/// The panel kernels of a module, each the private function
///
///   (A: memref<?xf32>, a, B: memref<?xT>, b, C: memref<?xf32>, c, depth)
///   C[c + 32 i + j] += A[a + k rows + i] * B[b + 32 k + j]     i < rows, j < 32, k < depth
///   ascending
///
/// or, with a row stride of s,
///
///   C[c + s i + j] += A[a + s i + k] * B[b + 32 k + j]
///
/// With `prefetch` three more indices p, s and t follow: at summand k the lines of B at p + s k and
/// p + s k + t are fetched into the second cache.
///
/// Made at its first use. One FMA chain per element of C, so that
/// neither rows nor blocks of k can change a bit. Of bf16 panels, depth and the
/// first k are even and B holds pairs of k.
class PanelKernels {
public:
  explicit PanelKernels(mlir::ModuleOp module) : symbols(module) {}

  mlir::func::FuncOp get(const PanelKernelSpec &spec);

  /// Emits a call of the kernel of `spec` for `rows` rows (index, 1 ...
  /// level->blockRows); spec.rows is ignored.
  void emitCall(mlir::ImplicitLocOpBuilder &b, PanelKernelSpec spec, mlir::Value rows,
                mlir::ValueRange arguments);

private:
  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::func::FuncOp> kernels;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_PANELKERNEL_H
