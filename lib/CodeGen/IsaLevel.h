//===- IsaLevel.h - Instruction-set levels of x86 ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the x86 emitter knows about a processor: one row per level. Kernels are
// cloned per level and the runtime picks one at load.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ISALEVEL_H
#define MOEC_LIB_CODEGEN_ISALEVEL_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace moec::codegen {

struct IsaLevel {
  /// Name in attributes, symbols and MOERT_ISA: v2, avx2, avx512.
  llvm::StringLiteral name;
  /// LLVM target features beyond x86-64.
  llvm::StringLiteral features;
  /// f32 lanes of a vector register.
  int64_t lanes;
  /// Accumulator registers the panel kernel may use; the rest hold a row of the
  /// panel and a broadcast.
  int64_t accumulators;
  /// Rows of a block: the tallest panel kernel.
  int64_t blockRows;
  /// Whether products are fused multiply-adds. Levels that agree in this give
  /// the same bits.
  bool hasFma;
  /// Bytes of the second cache that a core of the level has at least.
  int64_t secondCacheBytes;
};

/// All levels, lowest first, in the order of moert_isa.
llvm::ArrayRef<IsaLevel> getIsaLevels();

/// The level of that name, or null.
const IsaLevel *findIsaLevel(llvm::StringRef name);

/// The attribute that names a function's level.
constexpr llvm::StringLiteral isaAttrName = "tile.isa";

/// Makes `function` code of `level`: its level attribute and LLVM's target
/// features and vector width.
void setIsaLevel(mlir::Operation *function, const IsaLevel &level);

/// The level of the function that `op` stands in; emits an error and returns
/// null if there is none.
const IsaLevel *getIsaLevel(mlir::Operation *op);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ISALEVEL_H
