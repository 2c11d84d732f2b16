//===- WidenMinMax.cpp - Minima and maxima of f16 -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WidenMinMax.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

static void widen(IntrinsicInst *narrow) {
  IRBuilder<> b(narrow);
  b.setFastMathFlags(narrow->getFastMathFlags());
  Type *wideType = narrow->getType()->getWithNewType(b.getFloatTy());
  Value *wide = b.CreateBinaryIntrinsic(narrow->getIntrinsicID(),
                                        b.CreateFPExt(narrow->getArgOperand(0), wideType),
                                        b.CreateFPExt(narrow->getArgOperand(1), wideType));
  // The result is one of the operands, so users that widen it need no rounding first.
  for (User *user : make_early_inc_range(narrow->users()))
    if (auto *extension = dyn_cast<FPExtInst>(user); extension && user->getType() == wideType) {
      extension->replaceAllUsesWith(wide);
      extension->eraseFromParent();
    }
  if (!narrow->use_empty())
    narrow->replaceAllUsesWith(b.CreateFPTrunc(wide, narrow->getType()));
  narrow->eraseFromParent();
}

void moec::widenMinMax(Module &module) {
  SmallVector<IntrinsicInst *> found;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<IntrinsicInst>(&instruction))
        if (is_contained({Intrinsic::minnum, Intrinsic::maxnum}, call->getIntrinsicID()) &&
            call->getType()->getScalarType()->isHalfTy())
          found.push_back(call);
  for (IntrinsicInst *call : found)
    widen(call);
}
