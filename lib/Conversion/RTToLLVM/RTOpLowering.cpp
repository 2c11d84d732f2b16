//===- RTOpLowering.cpp - rt ops as calls to the runtime --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"

using namespace mlir;
using namespace moec::rt;

LLVM::LLVMStructType moec::rt::getRecordType(func::FuncOp kernel,
                                             const LLVMTypeConverter &converter) {
  SmallVector<Type> fields;
  if (failed(converter.convertTypes(kernel.getFunctionType().getInputs().drop_front(2), fields)))
    return {};
  return LLVM::LLVMStructType::getLiteral(kernel.getContext(), fields);
}

namespace {

/// Base of the patterns: rt ops name what the tables number.
template <typename OpTy>
struct RTLowering : ConvertOpToLLVMPattern<OpTy> {
  RTLowering(const LLVMTypeConverter &converter, const ArtifactTables &tables)
      : ConvertOpToLLVMPattern<OpTy>(converter), tables(tables) {}

  static Value constant(OpBuilder &builder, Location loc, Type type, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, type, value);
  }

  const ArtifactTables &tables;
};

struct GetWeightLowering : RTLowering<GetWeightOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(GetWeightOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto number = tables.weightNumbers.find(op.getWeight());
    if (number == tables.weightNumbers.end())
      return rewriter.notifyMatchFailure(op, "unknown weight");
    Location loc = op.getLoc();
    auto memref = dyn_cast<MemRefType>(op.getType());
    if (!memref &&
        !isa_and_nonnull<LLVM::LLVMPointerType>(getTypeConverter()->convertType(op.getType())))
      return rewriter.notifyMatchFailure(op, "neither a memref nor an opaque type");
    Value index = constant(rewriter, loc, rewriter.getI32Type(), number->second);
    Value base =
        callRuntime(rewriter, loc, Slot::Weight, getContextPointer(op), index, getPtrType())
            .getResult();
    if (memref)
      base = MemRefDescriptor::fromStaticShape(rewriter, loc, *getTypeConverter(), memref, base);
    rewriter.replaceOp(op, base);
    return success();
  }
};

struct LaunchLowering : RTLowering<LaunchOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(LaunchOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto number = tables.kernelNumbers.find(op.getKernel());
    if (number == tables.kernelNumbers.end())
      return rewriter.notifyMatchFailure(op, "unknown kernel");
    Location loc = op.getLoc();
    SmallVector<Type> fields;
    if (failed(getTypeConverter()->convertTypes(op.getArgs().getTypes(), fields)))
      return rewriter.notifyMatchFailure(op, "an argument type does not convert");
    auto recordType = LLVM::LLVMStructType::getLiteral(getContext(), fields);
    Value record = createEntryAlloca(rewriter, loc, recordType);
    // Records of different launches may then share their place on the stack.
    LLVM::LifetimeStartOp::create(rewriter, loc, record);
    for (auto [index, arg] : llvm::enumerate(adaptor.getArgs())) {
      Value field = LLVM::GEPOp::create(rewriter, loc, getPtrType(), recordType, record,
                                        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)},
                                        LLVM::GEPNoWrapFlags::inbounds);
      LLVM::StoreOp::create(rewriter, loc, arg, field);
    }
    Value kernel = constant(rewriter, loc, rewriter.getI32Type(), number->second);
    SmallVector<Value> arguments{kernel, record, adaptor.getUnits()};
    if (adaptor.getGrain())
      arguments.push_back(adaptor.getGrain());
    callRuntime(rewriter, loc, op.getGrain() ? Slot::ParallelForGrain : Slot::ParallelFor,
                getContextPointer(op), arguments);
    LLVM::LifetimeEndOp::create(rewriter, loc, record);
    rewriter.eraseOp(op);
    return success();
  }
};

struct OutputLowering : RTLowering<OutputOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(OutputOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getType());
    if (!isConvertibleAndHasIdentityMaps(type))
      return rewriter.notifyMatchFailure(op, "not a memref with the identity layout");
    Location loc = op.getLoc();
    SmallVector<Value> sizes, strides;
    Value elements;
    getMemRefDescriptorSizes(loc, type, adaptor.getSizes(), rewriter, sizes, strides, elements,
                             /*sizeInBytes=*/false);
    Value shape = createEntryAlloca(rewriter, loc, rewriter.getI64Type(),
                                    std::max<int64_t>(type.getRank(), 1));
    for (auto [index, size] : llvm::enumerate(sizes)) {
      Value field = LLVM::GEPOp::create(rewriter, loc, getPtrType(), rewriter.getI64Type(), shape,
                                        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)},
                                        LLVM::GEPNoWrapFlags::inbounds);
      LLVM::StoreOp::create(rewriter, loc, size, field);
    }
    Value index = constant(rewriter, loc, rewriter.getI32Type(), op.getIndex());
    Value rank = constant(rewriter, loc, rewriter.getI64Type(), type.getRank());
    Value memory = callRuntime(rewriter, loc, Slot::Output, getContextPointer(op),
                               {index, rank, shape}, getPtrType())
                       .getResult();
    rewriter.replaceOp(
        op, Value(createMemRefDescriptor(loc, type, memory, memory, sizes, strides, rewriter)));
    return success();
  }
};

struct CheckLowering : RTLowering<CheckOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(CheckOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value context = getContextPointer(op);
    Block *before = op->getBlock();
    Block *after = rewriter.splitBlock(before, std::next(op->getIterator()));
    Block *failed = rewriter.createBlock(before->getParent());
    rewriter.setInsertionPointToEnd(failed);
    Value code =
        constant(rewriter, loc, rewriter.getI32Type(), static_cast<int32_t>(op.getFailure()));
    Value message =
        LLVM::AddressOfOp::create(rewriter, loc, getPtrType(), tables.messages.at(op.getMessage()));
    callRuntime(rewriter, loc, Slot::Fail, context, {code, message});
    LLVM::UnreachableOp::create(rewriter, loc);
    rewriter.setInsertionPointToEnd(before);
    LLVM::CondBrOp::create(rewriter, loc, adaptor.getCondition(), after, ValueRange{}, failed,
                           ValueRange{}, std::pair<uint32_t, uint32_t>(1u << 20, 1));
    rewriter.eraseOp(op);
    return success();
  }
};

struct StateHandleLowering : RTLowering<StateHandleOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(StateHandleOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto number = tables.stateNumbers.find(op.getState());
    if (number == tables.stateNumbers.end())
      return rewriter.notifyMatchFailure(op, "unknown state");
    rewriter.replaceOp(op, constant(rewriter, op.getLoc(), rewriter.getI32Type(), number->second));
    return success();
  }
};

/// Base, length and capacity of the state of number `index`.
struct StateParts {
  StateParts(OpBuilder &builder, Location loc, Operation *op, Value index) {
    Type i64 = builder.getI64Type();
    Value lengthSlot = createEntryAlloca(builder, loc, i64);
    Value capacitySlot = createEntryAlloca(builder, loc, i64);
    base = callRuntime(builder, loc, Slot::State, getContextPointer(op),
                       {index, lengthSlot, capacitySlot},
                       LLVM::LLVMPointerType::get(builder.getContext()))
               .getResult();
    length = LLVM::LoadOp::create(builder, loc, i64, lengthSlot);
    capacity = LLVM::LoadOp::create(builder, loc, i64, capacitySlot);
  }
  Value base, length, capacity;
};

struct StateLengthLowering : RTLowering<StateLengthOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(StateLengthOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, StateParts(rewriter, op.getLoc(), op, adaptor.getState()).length);
    return success();
  }
};

struct GetStateLowering : RTLowering<GetStateOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(GetStateOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type i64 = rewriter.getI64Type();
    StateParts parts(rewriter, loc, op, adaptor.getState());

    // Rows are rounded up to whole granules.
    StateType state = op.getState().getType();
    Value granule = constant(rewriter, loc, i64, state.getGranule());
    Value last = constant(rewriter, loc, i64, state.getGranule() - 1);
    Value granules = LLVM::UDivOp::create(
        rewriter, loc, LLVM::AddOp::create(rewriter, loc, parts.capacity, last), granule);
    Value elements = LLVM::MulOp::create(rewriter, loc, granules, granule);
    RankedTensorType type = state.getType();
    unsigned next = 0;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (dim == state.getAxis())
        continue;
      Value size = type.isDynamicDim(dim) ? adaptor.getSizes()[next++]
                                          : constant(rewriter, loc, i64, type.getDimSize(dim));
      elements = LLVM::MulOp::create(rewriter, loc, elements, size);
    }
    auto memref = cast<MemRefType>(op.getBase().getType());
    Value one = constant(rewriter, loc, i64, 1);
    Value descriptor =
        createMemRefDescriptor(loc, memref, parts.base, parts.base, {elements}, {one}, rewriter);
    rewriter.replaceOp(op, {descriptor, parts.length, parts.capacity});
    return success();
  }
};

struct AppendStateLowering : RTLowering<AppendStateOp> {
  using RTLowering::RTLowering;

  LogicalResult matchAndRewrite(AppendStateOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    callRuntime(rewriter, op.getLoc(), Slot::AppendState, getContextPointer(op),
                {adaptor.getState(), adaptor.getRows()});
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void moec::rt::populateRTToLLVMPatterns(const LLVMTypeConverter &converter,
                                        const ArtifactTables &tables, RewritePatternSet &patterns) {
  patterns.add<GetWeightLowering, LaunchLowering, OutputLowering, CheckLowering,
               StateHandleLowering, StateLengthLowering, GetStateLowering, AppendStateLowering>(
      converter, tables);
}
