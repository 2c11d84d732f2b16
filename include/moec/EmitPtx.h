//===- EmitPtx.h - From device modules to PTX and cubins --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX is made in this process by LLVM; only a cubin needs NVIDIA's ptxas. No
// device library is linked: kernels hold all that they call.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_EMITPTX_H
#define MOEC_EMITPTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace moec {

struct PtxOptions {
  /// One of lib/CodeGen/GpuTarget.h.
  std::string chip = "sm_80";
  /// LLVM's optimisation level, 0 to 3.
  unsigned optLevel = 3;
};

/// The PTX of a module's one `gpu.module`, which holds `llvm` and `nvvm` ops only and is left as it
/// was. Entries have the names of its kernels.
llvm::Expected<std::string> emitPtx(mlir::ModuleOp module, const PtxOptions &options);

/// The toolkit's assembler: `given` if not empty, else ptxas of $CUDA_HOME if that is set, else of
/// PATH or /usr/local/cuda; empty if there is none.
std::string findPtxas(llvm::StringRef given = "");

/// What ptxas made of PTX text.
struct Cubin {
  std::unique_ptr<llvm::MemoryBuffer> bytes;
  /// What it said of registers, spills and memory, kernel by kernel.
  std::string report;
};

/// Assembles `ptx` for `chip` with the assembler at `ptxas`. Errors have the first lines of what it
/// said.
llvm::Expected<Cubin> assemblePtx(llvm::StringRef ptx, llvm::StringRef chip,
                                  const std::string &ptxas);

} // namespace moec

#endif // MOEC_EMITPTX_H
