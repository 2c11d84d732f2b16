//===- RTOps.cpp - Ops of the rt dialect ------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace moec::rt;

#define GET_OP_CLASSES
#include "dialects/RT/IR/RTOps.cpp.inc"
