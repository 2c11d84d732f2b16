//===- DeviceLowering.cpp - Host code of a device ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With device code every memref of host code is memory of the device: launches
// take addresses, and the few elements that host code looks at itself, numbers
// that shapes depend on, are copied one by one.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moec::rt;

/// Bytes of a kernel's parameter in device code; 0: no parameter has that type.
static uint8_t getParameterBytes(Type type) {
  if (isa<LLVM::LLVMPointerType>(type))
    return 8;
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() > 64)
    return 0;
  return llvm::PowerOf2Ceil(llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
}

LogicalResult moec::rt::takeDeviceCode(ModuleOp module, ArtifactTables &tables) {
  auto modules = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
  if (modules.empty())
    return success();
  gpu::GPUModuleOp device = modules.front();
  if (modules.size() > 1)
    return modules[1].emitOpError("is a second one; an artifact has code of one device");
  DeviceCode code;
  code.chip = device->getAttrOfType<StringAttr>(RTDialect::kChip);
  code.ptx = device->getAttrOfType<StringAttr>(RTDialect::kPtx);
  code.cubin = device->getAttrOfType<StringAttr>(RTDialect::kCubin);
  if (!code.chip || !code.ptx)
    return device.emitOpError() << "has no machine code: '" << RTDialect::kChip << "' and '"
                                << RTDialect::kPtx << "' hold it";
  for (auto kernel : device.getOps<LLVM::LLVMFuncOp>()) {
    if (!kernel->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()))
      continue;
    DeviceKernel entry{kernel.getName().str(), {}};
    for (Type type : kernel.getArgumentTypes()) {
      entry.parameterBytes.push_back(getParameterBytes(type));
      if (entry.parameterBytes.back() == 0)
        return kernel.emitOpError()
               << "has a parameter of type " << type << ", which host code cannot pass";
    }
    tables.deviceKernelNumbers[entry.name] = code.kernels.size();
    code.kernels.push_back(std::move(entry));
  }
  if (failed(checkHostWork(module)))
    return failure();
  HostWorkCounter counter(module);
  for (auto function : module.getOps<func::FuncOp>()) {
    HostWork work = counter.count(function);
    if (isEntry(function))
      code.hostWork.push_back(work);
  }
  code.hostOperators = counter.getNumOperators();
  module.walk([&](CheckNumberOp op) {
    code.checks.try_emplace({op.getMessageAttr(), op.getFailure()}, code.checks.size() + 1);
  });
  tables.device = std::move(code);
  device.erase();
  return success();
}

namespace {

/// The address of `values`' copy on the stack.
Value storeAll(OpBuilder &builder, Location loc, ValueRange values) {
  auto type =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(values.getTypes()));
  auto ptr = LLVM::LLVMPointerType::get(builder.getContext());
  Value record = createEntryAlloca(builder, loc, type);
  for (auto [index, value] : llvm::enumerate(values)) {
    Value field = LLVM::GEPOp::create(builder, loc, ptr, type, record,
                                      ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)},
                                      LLVM::GEPNoWrapFlags::inbounds);
    LLVM::StoreOp::create(builder, loc, value, field);
  }
  return record;
}

struct DeviceLaunchLowering : ConvertOpToLLVMPattern<DeviceLaunchOp> {
  DeviceLaunchLowering(const LLVMTypeConverter &converter, const ArtifactTables &tables)
      : ConvertOpToLLVMPattern(converter), tables(tables) {}

  LogicalResult matchAndRewrite(DeviceLaunchOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto number = tables.deviceKernelNumbers.find(op.getKernel().getLeafReference().getValue());
    if (number == tables.deviceKernelNumbers.end())
      return rewriter.notifyMatchFailure(op, "unknown kernel");
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type();
    auto constant = [&](Type type, int64_t value) -> Value {
      return LLVM::ConstantOp::create(rewriter, loc, type, value);
    };
    auto narrow = [&](Value value) -> Value {
      return LLVM::TruncOp::create(rewriter, loc, i32, value);
    };
    SmallVector<Value> parameters;
    for (auto [argument, converted] : llvm::zip_equal(op.getArgs(), adaptor.getArgs()))
      parameters.push_back(isa<MemRefType>(argument.getType())
                               ? MemRefDescriptor(converted).alignedPtr(rewriter, loc)
                               : Value(converted));
    int64_t bytes = 0;
    for (uint8_t size : tables.device->kernels[number->second].parameterBytes)
      bytes = llvm::alignTo(bytes, size) + size;
    Value one = constant(i32, 1);
    Value grid =
        storeAll(rewriter, loc, {narrow(adaptor.getGridX()), narrow(adaptor.getGridY()), one});
    Value block =
        storeAll(rewriter, loc, {narrow(adaptor.getBlockX()), narrow(adaptor.getBlockY()), one});
    callRuntime(rewriter, loc, Slot::Launch, getContextPointer(op),
                {constant(i32, number->second), constant(i32, 0), grid, block,
                 narrow(adaptor.getSharedBytes()), storeAll(rewriter, loc, parameters),
                 constant(rewriter.getI64Type(), bytes)});
    rewriter.eraseOp(op);
    return success();
  }

  const ArtifactTables &tables;
};

/// Bytes of an element in memory.
Value getElementBytes(OpBuilder &builder, Location loc, MemRefType type) {
  int64_t bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                  static_cast<int64_t>(llvm::divideCeil(bits, 8)));
}

struct DeviceLoadLowering : ConvertOpToLLVMPattern<memref::LoadOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::LoadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MemRefType type = op.getMemRefType();
    Type element = getTypeConverter()->convertType(type.getElementType());
    Value from =
        getStridedElementPtr(rewriter, loc, type, adaptor.getMemref(), adaptor.getIndices());
    Value to = createEntryAlloca(rewriter, loc, element);
    callRuntime(rewriter, loc, Slot::DeviceRead, getContextPointer(op),
                {to, from, getElementBytes(rewriter, loc, type)});
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, element, to);
    return success();
  }
};

struct DeviceStoreLowering : ConvertOpToLLVMPattern<memref::StoreOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::StoreOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MemRefType type = op.getMemRefType();
    Value to = getStridedElementPtr(rewriter, loc, type, adaptor.getMemref(), adaptor.getIndices());
    Value from = createEntryAlloca(rewriter, loc, adaptor.getValue().getType());
    LLVM::StoreOp::create(rewriter, loc, adaptor.getValue(), from);
    callRuntime(rewriter, loc, Slot::DeviceWrite, getContextPointer(op),
                {to, from, getElementBytes(rewriter, loc, type)});
    rewriter.eraseOp(op);
    return success();
  }
};

struct FailedCheckLowering : ConvertOpToLLVMPattern<FailedCheckOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(FailedCheckOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value base = callRuntime(rewriter, op.getLoc(), Slot::FailedCheck, getContextPointer(op), {},
                             getPtrType())
                     .getResult();
    rewriter.replaceOp(op, Value(MemRefDescriptor::fromStaticShape(
                               rewriter, op.getLoc(), *getTypeConverter(),
                               cast<MemRefType>(op.getNumber().getType()), base)));
    return success();
  }
};

struct CheckNumberLowering : ConvertOpToLLVMPattern<CheckNumberOp> {
  CheckNumberLowering(const LLVMTypeConverter &converter, const ArtifactTables &tables)
      : ConvertOpToLLVMPattern(converter), tables(tables) {}

  LogicalResult matchAndRewrite(CheckNumberOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto found = tables.device->checks.find({op.getMessageAttr(), op.getFailure()});
    rewriter.replaceOpWithNewOp<LLVM::ConstantOp>(op, rewriter.getI32Type(), found->second);
    return success();
  }

  const ArtifactTables &tables;
};

struct DeviceConstantLowering : ConvertOpToLLVMPattern<memref::GetGlobalOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::GetGlobalOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MemRefType type = op.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return rewriter.notifyMatchFailure(op, "not a plain constant");
    Value host = LLVM::AddressOfOp::create(rewriter, loc, getPtrType(), op.getName());
    Value count =
        LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(), type.getNumElements());
    Value bytes = LLVM::MulOp::create(rewriter, loc, count, getElementBytes(rewriter, loc, type));
    Value base = callRuntime(rewriter, loc, Slot::DeviceConstant, getContextPointer(op),
                             {host, bytes}, getPtrType())
                     .getResult();
    rewriter.replaceOp(op, Value(MemRefDescriptor::fromStaticShape(
                               rewriter, loc, *getTypeConverter(), type, base)));
    return success();
  }
};

struct DeviceCounterLowering : ConvertOpToLLVMPattern<DeviceCounterOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(DeviceCounterOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value base = callRuntime(rewriter, op.getLoc(), Slot::DeviceCounter, getContextPointer(op), {},
                             getPtrType())
                     .getResult();
    auto type = cast<MemRefType>(op.getCounter().getType());
    rewriter.replaceOp(op, Value(MemRefDescriptor::fromStaticShape(
                               rewriter, op.getLoc(), *getTypeConverter(), type, base)));
    return success();
  }
};

} // namespace

void moec::rt::populateDevicePatterns(const LLVMTypeConverter &converter,
                                      const ArtifactTables &tables, RewritePatternSet &patterns) {
  if (!tables.device)
    return;
  patterns.add<DeviceLaunchLowering, CheckNumberLowering>(converter, tables);
  patterns.add<DeviceCounterLowering, FailedCheckLowering>(converter);
  // Upstream's would look at memory of the host.
  patterns.add<DeviceLoadLowering, DeviceStoreLowering, DeviceConstantLowering>(converter,
                                                                                PatternBenefit(10));
}
