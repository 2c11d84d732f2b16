//===- ExchangeLowering.cpp - Exchanges as calls to the runtime --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"

#include <limits>

using namespace mlir;
using namespace moec::rt;

namespace {

template <typename OpTy>
struct ExchangeStepLowering : ConvertOpToLLVMPattern<OpTy> {
  ExchangeStepLowering(const LLVMTypeConverter &converter, const ArtifactTables &tables)
      : ConvertOpToLLVMPattern<OpTy>(converter), tables(tables) {}

  /// Where the first element of a memref is; null with a diagnostic unless elements are adjacent.
  Value getAddress(ConversionPatternRewriter &rewriter, Location loc, Value memref,
                   Value descriptor) const {
    auto type = cast<MemRefType>(memref.getType());
    if (!type.getLayout().isIdentity()) {
      emitError(loc) << "the runtime moves rows that are adjacent, got " << type;
      return {};
    }
    return MemRefDescriptor(descriptor).alignedPtr(rewriter, loc);
  }

  static Value constant(OpBuilder &builder, Location loc, int64_t value, unsigned bits = 64) {
    return LLVM::ConstantOp::create(builder, loc, builder.getIntegerType(bits), value);
  }

  /// Bytes of a row, as a value.
  static Value getRowBytes(OpBuilder &builder, Location loc, Value memref) {
    auto type = cast<MemRefType>(memref.getType());
    return constant(builder, loc, type.getDimSize(1) * (type.getElementTypeBitWidth() / 8));
  }

  const ArtifactTables &tables;
};

struct BeginExchangeLowering : ExchangeStepLowering<BeginExchangeOp> {
  using ExchangeStepLowering::ExchangeStepLowering;

  LogicalResult matchAndRewrite(BeginExchangeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto number = tables.exchangeNumbers.find(op.getExchange());
    if (number == tables.exchangeNumbers.end())
      return rewriter.notifyMatchFailure(op, "unknown exchange");
    Type ptr = getPtrType(), i64 = rewriter.getI64Type();
    Value rows = getAddress(rewriter, loc, op.getRows(), adaptor.getRows());
    Value offsets = getAddress(rewriter, loc, op.getOffsets(), adaptor.getOffsets());
    Value gather = op.getGather() ? getAddress(rewriter, loc, op.getGather(), adaptor.getGather())
                                  : LLVM::ZeroOp::create(rewriter, loc, ptr).getResult();
    if (!rows || !offsets || !gather)
      return failure();
    auto recordType = LLVM::LLVMStructType::getLiteral(getContext(), {ptr, i64, ptr, ptr, i64});
    Value record = createEntryAlloca(rewriter, loc, recordType);
    Value plan = createEntryAlloca(rewriter, loc, i64, 2);
    int64_t elementBytes = cast<MemRefType>(op.getRows().getType()).getElementTypeBitWidth() / 8;
    Value fields[] = {rows, getRowBytes(rewriter, loc, op.getRows()), gather, offsets,
                      constant(rewriter, loc, elementBytes)};
    for (auto [index, field] : llvm::enumerate(fields)) {
      Value place = LLVM::GEPOp::create(rewriter, loc, ptr, recordType, record,
                                        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)},
                                        LLVM::GEPNoWrapFlags::inbounds);
      LLVM::StoreOp::create(rewriter, loc, field, place);
    }
    callRuntime(rewriter, loc, Slot::BeginExchange, getContextPointer(op),
                {constant(rewriter, loc, number->second, 32), record, plan});
    Value second = LLVM::GEPOp::create(rewriter, loc, ptr, i64, plan, ArrayRef<LLVM::GEPArg>{1},
                                       LLVM::GEPNoWrapFlags::inbounds);
    rewriter.replaceOp(op, {LLVM::LoadOp::create(rewriter, loc, i64, plan).getResult(),
                            LLVM::LoadOp::create(rewriter, loc, i64, second).getResult()});
    return success();
  }
};

struct ReceiveRowsLowering : ExchangeStepLowering<ReceiveRowsOp> {
  using ExchangeStepLowering::ExchangeStepLowering;

  LogicalResult matchAndRewrite(ReceiveRowsOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value ranges = getAddress(rewriter, loc, op.getInit(), adaptor.getInit());
    if (!ranges)
      return failure();
    Value place = createEntryAlloca(rewriter, loc, getPtrType());
    Value memory = callRuntime(rewriter, loc, Slot::ReceiveRows, getContextPointer(op),
                               {adaptor.getRound(), ranges, place}, getPtrType())
                       .getResult();
    Value places = LLVM::LoadOp::create(rewriter, loc, getPtrType(), place);
    auto type = cast<MemRefType>(op.getMemory().getType());
    Value one = constant(rewriter, loc, 1), width = constant(rewriter, loc, type.getDimSize(1));
    Value noSize = constant(rewriter, loc, std::numeric_limits<int64_t>::max());
    Value rows =
        createMemRefDescriptor(loc, type, memory, memory, {noSize, width}, {one, one}, rewriter);
    Value list = createMemRefDescriptor(loc, cast<MemRefType>(op.getPlaces().getType()), places,
                                        places, {adaptor.getWindow()}, {one}, rewriter);
    rewriter.replaceOp(op, {rows, list});
    return success();
  }
};

struct ReturnRowsLowering : ExchangeStepLowering<ReturnRowsOp> {
  using ExchangeStepLowering::ExchangeStepLowering;

  LogicalResult matchAndRewrite(ReturnRowsOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value rows = getAddress(rewriter, loc, op.getRows(), adaptor.getRows());
    Value results = getAddress(rewriter, loc, op.getResults(), adaptor.getResults());
    if (!rows || !results)
      return failure();
    callRuntime(rewriter, loc, Slot::ReturnRows, getContextPointer(op),
                {adaptor.getRound(), rows, getRowBytes(rewriter, loc, op.getRows()), results});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EndExchangeLowering : ExchangeStepLowering<EndExchangeOp> {
  using ExchangeStepLowering::ExchangeStepLowering;

  LogicalResult matchAndRewrite(EndExchangeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    callRuntime(rewriter, op.getLoc(), Slot::EndExchange, getContextPointer(op), {});
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void moec::rt::populateExchangePatterns(const LLVMTypeConverter &converter,
                                        const ArtifactTables &tables, RewritePatternSet &patterns) {
  patterns.add<BeginExchangeLowering, ReceiveRowsLowering, ReturnRowsLowering, EndExchangeLowering>(
      converter, tables);
}
