//===- Bf16AsIntegers.cpp - The bf16-as-integers pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_BF16ASINTEGERSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
/// Arithmetic that another pass should have made integer arithmetic or f32.
bool isArithmetic(Operation *op) {
  return isa<LLVM::FPExtOp, LLVM::FPTruncOp, LLVM::FAddOp, LLVM::FSubOp, LLVM::FMulOp, LLVM::FDivOp,
             LLVM::FRemOp, LLVM::FNegOp, LLVM::FCmpOp, LLVM::FMAOp, LLVM::FMulAddOp, LLVM::SIToFPOp,
             LLVM::UIToFPOp, LLVM::FPToSIOp, LLVM::FPToUIOp>(op);
}

bool hasBf16(TypeRange types) {
  return llvm::any_of(types, [](Type type) { return getElementTypeOrSelf(type).isBF16(); });
}

struct Bf16AsIntegers : impl::Bf16AsIntegersPassBase<Bf16AsIntegers> {
  void runOnOperation() override {
    SmallVector<Operation *> symbols;
    for (Operation &op : *getOperation().getBody())
      if (isa<LLVM::LLVMFuncOp, LLVM::GlobalOp>(op))
        symbols.push_back(&op);
    for (Operation *symbol : symbols)
      if (failed(verify(symbol)))
        return signalPassFailure();
    for (Operation *symbol : symbols)
      retype(symbol);
  }

  LogicalResult verify(Operation *symbol) {
    WalkResult walk = symbol->walk([](Operation *op) {
      if (!isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect())) {
        op->emitOpError("is not of the llvm dialect; run convert-to-llvm before bf16-as-integers");
        return WalkResult::interrupt();
      }
      if (!isArithmetic(op) || !(hasBf16(op->getOperandTypes()) || hasBf16(op->getResultTypes())))
        return WalkResult::advance();
      op->emitOpError("computes in bf16, which is a storage type; expand it before "
                      "bf16-as-integers (arith-expand{include-bf16} for conversions)");
      return WalkResult::interrupt();
    });
    return failure(walk.wasInterrupted());
  }

  void retype(Operation *symbol) {
    auto word = IntegerType::get(&getContext(), 16);
    AttrTypeReplacer replacer;
    replacer.addReplacement([=](BFloat16Type) -> Type { return word; });
    // A constant's elements are no attributes and types of their own.
    replacer.addReplacement([=](FloatAttr attr) -> std::optional<Attribute> {
      if (!attr.getType().isBF16())
        return std::nullopt;
      return IntegerAttr::get(word, attr.getValue().bitcastToAPInt());
    });
    replacer.addReplacement(
        [=](DenseElementsAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
          if (!attr.getElementType().isBF16())
            return std::nullopt;
          return std::make_pair(attr.bitcast(word), WalkResult::skip());
        });
    replacer.recursivelyReplaceElementsIn(symbol, /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
  }
};
} // namespace

} // namespace moec::codegen
