//===- TileToLLVM.cpp - Packed values as pointers ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TileToLLVM/TileToLLVM.h"

#include "dialects/Tile/IR/Tile.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec::tile;

namespace {

struct PanelsLowering : ConvertOpToLLVMPattern<PanelsOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(PanelsOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value descriptor =
        MemRefDescriptor::fromStaticShape(rewriter, op.getLoc(), *getTypeConverter(),
                                          op.getElements().getType(), adaptor.getPacked());
    rewriter.replaceOp(op, descriptor);
    return success();
  }
};

struct TileToLLVMInterface : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void populateConvertToLLVMConversionPatterns(ConversionTarget &target,
                                               LLVMTypeConverter &converter,
                                               RewritePatternSet &patterns) const override {
    target.addIllegalOp<PanelsOp>();
    populateTileToLLVMPatterns(converter, patterns);
  }
};

} // namespace

void moec::tile::populateTileToLLVMPatterns(LLVMTypeConverter &converter,
                                            RewritePatternSet &patterns) {
  converter.addConversion(
      [](PackedType type) -> Type { return LLVM::LLVMPointerType::get(type.getContext()); });
  patterns.add<PanelsLowering>(converter);
}

void moec::tile::registerConvertTileToLLVMInterface(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *, TileDialect *dialect) { dialect->addInterfaces<TileToLLVMInterface>(); });
}
