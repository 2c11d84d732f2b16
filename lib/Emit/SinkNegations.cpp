//===- SinkNegations.cpp - Negations that LLVM moved ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/SinkNegations.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/PatternMatch.h"

using namespace llvm;
using namespace llvm::PatternMatch;

/// `shuffle`, if it takes all its lanes from one negated vector.
static bool isOfNegated(ShuffleVectorInst *shuffle) {
  int lanes = cast<FixedVectorType>(shuffle->getOperand(0)->getType())->getNumElements();
  return match(shuffle->getOperand(0), m_FNeg(m_Value())) &&
         all_of(shuffle->getShuffleMask(), [&](int lane) { return lane < lanes; });
}

static void sink(ShuffleVectorInst *shuffle) {
  auto *negation = cast<Instruction>(shuffle->getOperand(0));
  IRBuilder<> b(shuffle);
  Value *lanes = b.CreateShuffleVector(negation->getOperand(0), shuffle->getShuffleMask());
  shuffle->replaceAllUsesWith(b.CreateFNegFMF(lanes, negation));
  shuffle->eraseFromParent();
}

void moec::sinkNegations(Module &module) {
  SmallVector<Instruction *> negations;
  for (Function &function : module)
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      if (match(&instruction, m_FNeg(m_Value())))
        negations.push_back(&instruction);
      // A shuffle of a shuffle is found when the one before has been done.
      if (auto *shuffle = dyn_cast<ShuffleVectorInst>(&instruction);
          shuffle && isOfNegated(shuffle))
        sink(shuffle);
    }
  for (Instruction *negation : negations)
    if (negation->use_empty())
      negation->eraseFromParent();
}
