//===- HostContext.cpp - The context pointer of host functions --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace moec::rt;

/// Functions of the module that kernels are or call, in the module's order.
static SetVector<func::FuncOp> findKernelCode(ModuleOp module) {
  SymbolTable symbols(module);
  SetVector<func::FuncOp> found;
  for (auto func : module.getOps<func::FuncOp>())
    if (isKernel(func))
      found.insert(func);
  for (size_t next = 0; next < found.size(); ++next)
    func::FuncOp(found[next]).walk([&](func::CallOp call) {
      if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
        found.insert(callee);
    });
  return found;
}

/// Kernels run on any thread, where only their record is at hand; so does what
/// they call.
static LogicalResult checkKernelBody(func::FuncOp kernel) {
  WalkResult result = kernel.walk([&](Operation *op) {
    bool forbidden =
        isa<memref::AllocOp, memref::DeallocOp>(op) || isa_and_nonnull<RTDialect>(op->getDialect());
    if (!forbidden)
      return WalkResult::advance();
    InFlightDiagnostic diag =
        op->emitOpError("not allowed in a kernel; compute it in host code and "
                        "pass it as an argument of the launch");
    diag.attachNote(kernel.getLoc()) << "kernel @" << kernel.getName();
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult moec::rt::threadContext(ModuleOp module) {
  MLIRContext *ctx = module.getContext();
  auto ptr = LLVM::LLVMPointerType::get(ctx);
  SetVector<func::FuncOp> kernelCode = findKernelCode(module);
  llvm::StringMap<func::FuncOp> hosts;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isDeclaration())
      return func.emitOpError("has no body; artifacts call nothing but their own functions and the "
                              "runtime");
    // Inlining into the wrapper and dropping what is unused need internal linkage.
    func->setAttr("llvm.linkage", LLVM::LinkageAttr::get(ctx, LLVM::Linkage::Internal));
    if (kernelCode.contains(func)) {
      if (failed(checkKernelBody(func)))
        return failure();
      continue;
    }
    hosts[func.getName()] = func;
    if (failed(func.insertArgument(0, ptr, DictionaryAttr(), func.getLoc())))
      return failure();
  }

  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) { calls.push_back(call); });
  for (func::CallOp call : calls) {
    if (kernelCode.contains(call->getParentOfType<func::FuncOp>()))
      continue;
    if (!hosts.contains(call.getCallee()))
      return call.emitOpError() << "'" << call.getCallee()
                                << "' is kernel code; kernels are run with rt.launch";
    SmallVector<Value> operands{
        call->getParentOfType<func::FuncOp>().getFunctionBody().front().getArgument(0)};
    llvm::append_range(operands, call.getOperands());
    OpBuilder builder(call);
    auto threaded = func::CallOp::create(builder, call.getLoc(), call.getCalleeAttr(),
                                         call.getResultTypes(), operands);
    call.replaceAllUsesWith(threaded);
    call.erase();
  }
  return success();
}
