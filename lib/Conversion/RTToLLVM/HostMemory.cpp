//===- HostMemory.cpp - memref.alloc and memref.dealloc of host code -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "moert/abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moec::rt;

namespace {

struct AllocLowering : ConvertOpToLLVMPattern<memref::AllocOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::AllocOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MemRefType type = op.getType();
    SmallVector<Value> sizes, strides;
    Value bytes;
    getMemRefDescriptorSizes(op.getLoc(), type, adaptor.getDynamicSizes(), rewriter, sizes, strides,
                             bytes);
    Value memory =
        callRuntime(rewriter, op.getLoc(), Slot::Alloc, getContextPointer(op), bytes, getPtrType())
            .getResult();
    rewriter.replaceOp(op, Value(createMemRefDescriptor(op.getLoc(), type, memory, memory, sizes,
                                                        strides, rewriter)));
    return success();
  }
};

struct DeallocLowering : ConvertOpToLLVMPattern<memref::DeallocOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(memref::DeallocOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MemRefDescriptor descriptor(adaptor.getMemref());
    callRuntime(rewriter, op.getLoc(), Slot::Release, getContextPointer(op),
                descriptor.allocatedPtr(rewriter, op.getLoc()));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

LogicalResult moec::rt::checkHostMemory(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      if (!alloc.getType().getLayout().isIdentity())
        return WalkResult(
            op->emitOpError("allocates memory with a layout; the runtime's has none"));
      if (int64_t alignment = alloc.getAlignment().value_or(1); alignment > MOERT_ALIGNMENT)
        return WalkResult(op->emitOpError() << "wants memory aligned to " << alignment
                                            << " bytes; the runtime aligns to " << MOERT_ALIGNMENT);
    }
    if (auto dealloc = dyn_cast<memref::DeallocOp>(op);
        dealloc && !isa<MemRefType>(dealloc.getMemref().getType()))
      return WalkResult(op->emitOpError("releases memory of unknown rank"));
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void moec::rt::populateHostMemoryPatterns(const LLVMTypeConverter &converter,
                                          RewritePatternSet &patterns) {
  // Upstream's patterns for these ops call malloc and free.
  patterns.add<AllocLowering, DeallocLowering>(converter, PatternBenefit(10));
}
