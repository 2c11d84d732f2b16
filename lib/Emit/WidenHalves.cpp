//===- WidenHalves.cpp - Arithmetic of f16 that LLVM made ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WidenHalves.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

static bool isNarrow(const Instruction &instruction) {
  if (!instruction.getType()->getScalarType()->isHalfTy())
    return false;
  if (auto *call = dyn_cast<IntrinsicInst>(&instruction))
    return is_contained({Intrinsic::minnum, Intrinsic::maxnum}, call->getIntrinsicID());
  return is_contained({Instruction::FAdd, Instruction::FSub, Instruction::FMul, Instruction::FDiv},
                      instruction.getOpcode());
}

static void widen(Instruction *narrow) {
  IRBuilder<> b(narrow);
  b.setFastMathFlags(narrow->getFastMathFlags());
  Type *wideType = narrow->getType()->getWithNewType(b.getFloatTy());
  Value *lhs = b.CreateFPExt(narrow->getOperand(0), wideType);
  Value *rhs = b.CreateFPExt(narrow->getOperand(1), wideType);
  Value *wide;
  if (auto *call = dyn_cast<IntrinsicInst>(narrow)) {
    wide = b.CreateBinaryIntrinsic(call->getIntrinsicID(), lhs, rhs);
    // The result is one of the operands, so users that widen it need no rounding first.
    for (User *user : make_early_inc_range(narrow->users()))
      if (auto *extension = dyn_cast<FPExtInst>(user); extension && user->getType() == wideType) {
        extension->replaceAllUsesWith(wide);
        extension->eraseFromParent();
      }
  } else {
    wide = b.CreateBinOp(static_cast<Instruction::BinaryOps>(narrow->getOpcode()), lhs, rhs);
  }
  if (!narrow->use_empty())
    narrow->replaceAllUsesWith(b.CreateFPTrunc(wide, narrow->getType()));
  narrow->eraseFromParent();
}

void moec::widenHalves(Module &module) {
  SmallVector<Instruction *> found;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (isNarrow(instruction))
        found.push_back(&instruction);
  for (Instruction *instruction : found)
    widen(instruction);
}
