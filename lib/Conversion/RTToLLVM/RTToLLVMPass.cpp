//===- RTToLLVMPass.cpp - Host code, kernels and tables in the llvm dialect -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/RTToLLVM.h"

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/TileToLLVM/TileToLLVM.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Transforms/DialectConversion.h"
#include "llvm/Support/xxhash.h"

namespace moec::rt {
#define GEN_PASS_DEF_CONVERTRTTOLLVMPASS
#include "lib/Conversion/RTToLLVM/Passes.h.inc"
} // namespace moec::rt

using namespace mlir;
using namespace moec::rt;

/// Sixteen bytes that differ when code or weight expressions do.
static std::array<uint8_t, 16> hashModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, OpPrintingFlags().enableDebugInfo(false));
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  std::array<uint8_t, 16> bytes;
  for (unsigned index = 0; index < 8; ++index) {
    bytes[index] = hash.low64 >> (8 * index);
    bytes[8 + index] = hash.high64 >> (8 * index);
  }
  return bytes;
}

namespace {
struct ConvertRTToLLVMPass : moec::rt::impl::ConvertRTToLLVMPassBase<ConvertRTToLLVMPass> {
  using ConvertRTToLLVMPassBase::ConvertRTToLLVMPassBase;
  void runOnOperation() override;

private:
  LogicalResult convert(LLVMTypeConverter &converter, ArtifactTables &tables);
};
} // namespace

LogicalResult ConvertRTToLLVMPass::convert(LLVMTypeConverter &converter, ArtifactTables &tables) {
  RewritePatternSet patterns(&getContext());
  populateRTToLLVMPatterns(converter, tables, patterns);
  populateExchangePatterns(converter, tables, patterns);
  populateHostMemoryPatterns(converter, patterns);
  populateDevicePatterns(converter, tables, patterns);
  moec::tile::populateTileToLLVMPatterns(converter, patterns);
  populateSCFToControlFlowConversionPatterns(patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  index::populateIndexToLLVMConversionPatterns(converter, patterns);
  populateMathToLLVMConversionPatterns(converter, patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  SymbolTableCollection symbols;
  populateFuncToLLVMConversionPatterns(converter, patterns, &symbols);

  LLVMConversionTarget target(getContext());
  target.addLegalOp<ModuleOp, WeightOp, StateOp, KernelOp, ExchangeOp>();
  // The wrappers hold casts, which reconcile with those of the conversion below.
  target.addLegalOp<UnrealizedConversionCastOp>();
  return applyFullConversion(getOperation(), target, std::move(patterns));
}

void ConvertRTToLLVMPass::runOnOperation() {
  ModuleOp module = getOperation();
  std::array<uint8_t, 16> buildId = hashModule(module);
  ArtifactTables tables;
  if (failed(takeDeviceCode(module, tables)))
    return signalPassFailure();
  if (failed(prepareForLLVM(module))) {
    module.emitError("expansion of vector, memref and arith ops did not converge");
    return signalPassFailure();
  }

  LowerToLLVMOptions options(&getContext());
  LLVMTypeConverter converter(&getContext(), options);
  // Types of other dialects, such as packed weights, are addresses that only kernels look behind.
  converter.addConversion([](Type type) -> std::optional<Type> {
    if (isa<BuiltinDialect, LLVM::LLVMDialect>(type.getDialect()))
      return std::nullopt;
    return LLVM::LLVMPointerType::get(type.getContext());
  });
  converter.addConversion(
      [](StateType type) -> Type { return IntegerType::get(type.getContext(), 32); });

  if (failed(checkHostMemory(module)) || failed(threadContext(module)) ||
      failed(createKernelWrappers(module, converter, tables)) ||
      failed(createEntryWrappers(module, converter, tables)))
    return signalPassFailure();
  numberSymbols(module, tables);
  createMessages(module, tables);
  if (failed(convert(converter, tables)) ||
      failed(createArtifact(module, tables, buildId, producer)))
    return signalPassFailure();

  SmallVector<UnrealizedConversionCastOp> casts, left;
  module.walk([&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
  reconcileUnrealizedCasts(casts, &left);
  for (UnrealizedConversionCastOp cast : left) {
    cast.emitError() << "no conversion from " << cast.getOperandTypes() << " to "
                     << cast.getResultTypes();
    signalPassFailure();
  }

  numWeights = tables.weights.size();
  numKernels = tables.kernels.size();
  if (tables.device) {
    numHostOperators = tables.device->hostOperators;
    for (const HostWork &work : tables.device->hostWork) {
      numScalarReads += work.scalarReads;
      numScalarWrites += work.scalarWrites;
      numDeviceLaunches += work.launches;
    }
  }
  // Weights stay as the record of what the packer writes; the translation to LLVM IR drops nothing
  // silently, so it takes them from the module before (moec/Artifact.h).
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<StateOp, KernelOp, ExchangeOp>(op) ||
        (isa<WeightOp>(op) && !tables.weightNumbers.contains(cast<WeightOp>(op).getSymName())))
      op.erase();
  // In the order of their numbers.
  for (WeightOp weight : llvm::reverse(tables.weights)) {
    weight->moveBefore(module.getBody(), module.getBody()->begin());
    weight.removeExchangeAttr(); // it is in the artifact's table now
  }
  module->removeAttr(RTDialect::kMetadata);
  module->removeAttr(RTDialect::kGrid);
  module->setAttr(RTDialect::kBuildId,
                  DenseI8ArrayAttr::get(
                      &getContext(),
                      ArrayRef(reinterpret_cast<const int8_t *>(buildId.data()), buildId.size())));
}
