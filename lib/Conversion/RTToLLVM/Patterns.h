//===- Patterns.h - Conversion of rt ops and host memory --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the conversion. The tables number what the ops name.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_RTTOLLVM_PATTERNS_H
#define MOEC_LIB_CONVERSION_RTTOLLVM_PATTERNS_H

#include "dialects/RT/IR/RT.h"
#include "lib/Conversion/RTToLLVM/HostWork.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

#include <optional>

namespace moec::rt {

/// A kernel of the artifact's table: its name and wrapper function per level, empty where it is not
/// built for a level.
struct KernelEntry {
  std::string name;
  std::string levels[3];
  /// The function whose arguments the record holds.
  mlir::func::FuncOp function;
};

/// An entry point: its public name and its wrapper.
struct EntryPoint {
  std::string name;
  std::string wrapper;
  llvm::SmallVector<ValueAttr> inputs, outputs;
};

/// What the artifact's tables list, in order; positions are the numbers that compiled code uses.
/// A kernel of device code and the sizes of its parameters.
struct DeviceKernel {
  std::string name;
  llvm::SmallVector<uint8_t> parameterBytes;
};

/// Device code, as text and as machine code.
struct DeviceCode {
  mlir::StringAttr chip, ptx, cubin; // `cubin` may be null
  llvm::SmallVector<DeviceKernel> kernels;
  /// In the order of entries, and of all functions.
  llvm::SmallVector<HostWork> hostWork;
  uint32_t hostOperators = 0;
  /// What kernels check, by message and outcome, in the order of the numbers from 1 on.
  llvm::MapVector<std::pair<mlir::StringAttr, Failure>, int32_t> checks;
};

struct ArtifactTables {
  llvm::SmallVector<EntryPoint> entries;
  llvm::SmallVector<WeightOp> weights;
  llvm::SmallVector<StateOp> states;
  llvm::SmallVector<KernelEntry> kernels;
  llvm::SmallVector<ExchangeOp> exchanges;
  llvm::StringMap<unsigned> weightNumbers, stateNumbers, kernelNumbers, exchangeNumbers;
  /// Globals that hold the messages of checks.
  llvm::StringMap<std::string> messages;
  /// None: kernels are the processor's.
  std::optional<DeviceCode> device;
  llvm::StringMap<unsigned> deviceKernelNumbers;
};

/// Struct of the converted types of a kernel's arguments, in order. Null if a type does not
/// convert.
mlir::LLVM::LLVMStructType getRecordType(mlir::func::FuncOp kernel,
                                         const mlir::LLVMTypeConverter &converter);

/// Gives host functions and their calls the context as first argument, and marks every function
/// internal. Must precede the creation of wrappers.
mlir::LogicalResult threadContext(mlir::ModuleOp module);

/// Numbers the kernels that are launched and creates `NAME.entry` wrappers for their functions.
mlir::LogicalResult createKernelWrappers(mlir::ModuleOp module,
                                         const mlir::LLVMTypeConverter &converter,
                                         ArtifactTables &tables);

/// Creates `NAME.entry` wrappers that make memrefs of the caller's buffers, and takes the rt
/// attributes off all functions.
mlir::LogicalResult createEntryWrappers(mlir::ModuleOp module,
                                        const mlir::LLVMTypeConverter &converter,
                                        ArtifactTables &tables);

/// Numbers the weights and states that host code reads, and the exchanges that it begins.
void numberSymbols(mlir::ModuleOp module, ArtifactTables &tables);

/// Creates globals for the messages of checks.
void createMessages(mlir::ModuleOp module, ArtifactTables &tables);

/// Emits `moert_artifact_v1` and what it points at as constants of the llvm dialect. Weights,
/// states and exchanges must still be in the module.
mlir::LogicalResult createArtifact(mlir::ModuleOp module, const ArtifactTables &tables,
                                   llvm::ArrayRef<uint8_t> buildId, llvm::StringRef producer);

/// Patterns for rt ops; `tables` must outlive them.
void populateRTToLLVMPatterns(const mlir::LLVMTypeConverter &converter,
                              const ArtifactTables &tables, mlir::RewritePatternSet &patterns);

/// Patterns for exchanges; `tables` must outlive them.
void populateExchangePatterns(const mlir::LLVMTypeConverter &converter,
                              const ArtifactTables &tables, mlir::RewritePatternSet &patterns);

/// Requires memory that the runtime can give: for the others upstream's patterns would call malloc.
mlir::LogicalResult checkHostMemory(mlir::ModuleOp module);

/// Patterns for memref.alloc and memref.dealloc in host functions.
void populateHostMemoryPatterns(const mlir::LLVMTypeConverter &converter,
                                mlir::RewritePatternSet &patterns);

/// Lowers vector ops that have no direct counterpart in LLVM, and copies between memrefs that are
/// not contiguous, within their level.
/// Moves the code of the module's `gpu.module`, if it has one, into the tables.
mlir::LogicalResult takeDeviceCode(mlir::ModuleOp module, ArtifactTables &tables);

/// What host code of a device does: launches, and copies of single numbers. Nothing without device
/// code.
void populateDevicePatterns(const mlir::LLVMTypeConverter &converter, const ArtifactTables &tables,
                            mlir::RewritePatternSet &patterns);

mlir::LogicalResult prepareForLLVM(mlir::ModuleOp module);

} // namespace moec::rt

#endif // MOEC_LIB_CONVERSION_RTTOLLVM_PATTERNS_H
