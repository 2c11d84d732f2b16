//===- Pipelines.h - The stages of the compiler -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each stage adds its passes to a pass manager on a module. A module may enter
// at any stage and mix the levels of that stage and the ones after it.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_PIPELINES_H
#define MOEC_PIPELINES_H

#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace moec {

namespace recognise {
struct LayerForms;
} // namespace recognise

/// How a program is scheduled, for every target.
struct ScheduleOptions {
  /// What weights of products that a file holds as f32 are stored in: file (as they are), bf16 or
  /// f16.
  std::string weightsType = "file";
  /// Whether element-wise ops move into products and into each other, and rows that several ops
  /// read and write are one kernel. Without, outputs have the same bits, later.
  bool fuse = true;
  /// Whether devices may round f32 operands of products, other than routers', to tf32.
  bool allowTf32 = false;
};

/// How code for x86 is made.
struct CpuOptions : ScheduleOptions {
  /// Instruction-set levels to build, of v2, avx2 and avx512; empty: all. A
  /// processor runs the highest of them that it has.
  std::vector<std::string> levels;
};

/// How code for NVIDIA GPUs is made.
struct NvptxOptions : ScheduleOptions {
  /// One of lib/CodeGen/GpuTarget.h.
  std::string chip = "sm_80";
};

/// What a file leaves open.
struct RecogniseOptions {
  /// Which provider's reading of com.microsoft::MoE: ort-cuda (the schema's) or
  /// ort-cpu.
  std::string contribDialect = "ort-cuda";
  /// Whether layers, norms, rotary embeddings and attention that are spelled out
  /// in standard operators become one op each.
  bool recogniseSpelledOut = true;
  /// Whether the load of experts becomes outputs: `routing.0`, ...
  bool exposeRouting = false;
  /// Inputs and outputs to become state of the session: PAST=PRESENT, each with one `*` or none, or
  /// `auto`.
  std::vector<std::string> states;
  /// Rows that states can hold, DIM=N by the name of the dimension that grows.
  std::vector<std::string> capacities;
  /// Whether what was suspected and not recognised is told as remarks.
  bool why = false;
  /// For the driver: whether layers are compared with what they were, and whether that is told of
  /// failures only (lib/Driver/VerifyRecognition.h).
  bool verify = false, quiet = false;
  /// Where both forms of each layer that is recognised go (lib/Recognise/MoE/LayerForms.h); null if
  /// nobody compares them.
  std::vector<recognise::LayerForms> *forms = nullptr;
};

/// The ranks that run a program together, and how rows travel between them.
struct RankOptions {
  /// Ranks over which the experts of a layer are spread, ranks over which the columns of each
  /// expert are, and groups of ranks that hold all of them.
  int64_t ep = 1, tp = 1, dp = 1;
  /// Bytes of experts that each rank may hold beyond its share, so that layers need no exchange.
  int64_t spareBytes = 0;
  /// Rows that a rank receives at a time; 0: as many as fit in a few MiB.
  int64_t windowRows = 0;
  /// Rounds that the rows of an exchange are spread over at least; 0: by costs.
  int64_t chunks = 0;
  int64_t numRanks() const { return ep * tp * dp; }
};

/// The first part of the next stage: everything but the layers that are spelled out in standard
/// operators.
void buildRecogniseBlocksStage(mlir::OpPassManager &pm, const RecogniseOptions &options);

/// From `onnx` to `moe` and what surrounds it; modules without `onnx` pass
/// unchanged.
void buildRecogniseStage(mlir::OpPassManager &pm, const RecogniseOptions &options);

/// Spreads experts over ranks, and plans the exchanges of modules that have some.
void buildShardStage(mlir::OpPassManager &pm, const RankOptions &options);

/// From `moe` to structured `tile` and `linalg` ops on tensors.
void buildScheduleStage(mlir::OpPassManager &pm, const ScheduleOptions &options);

/// From tensors to memrefs: the first part of both kernel stages.
void buildBufferStage(mlir::OpPassManager &pm);

/// From tensors to host code on memrefs that launches kernels.
void buildKernelStage(mlir::OpPassManager &pm, const CpuOptions &options);

/// From structured kernels to loops on vectors, once per instruction-set level.
void buildX86Stage(mlir::OpPassManager &pm, const CpuOptions &options);

/// All stages from `moe` to what `emitArtifact` takes: `--moe-to-cpu`.
void buildMoEToCpuPipeline(mlir::OpPassManager &pm, const CpuOptions &options);

/// From tensors to host code on memrefs that launches kernels of a `gpu.module`.
void buildDeviceKernelStage(mlir::OpPassManager &pm, const NvptxOptions &options);

/// From structured kernels of a `gpu.module` to `nvvm`.
void buildNvptxStage(mlir::OpPassManager &pm, const NvptxOptions &options);

/// All stages from `moe` to what `emitPtx` takes: `--moe-to-nvptx`.
void buildMoEToNvptxPipeline(mlir::OpPassManager &pm, const NvptxOptions &options);

/// Makes `--moe-to-nvptx` known; part of registerPipelines.
void registerNvptxPipeline();

/// Makes the pipelines known by name. Safe to call more than once.
void registerPipelines();

} // namespace moec

#endif // MOEC_PIPELINES_H
