//===- Epilogue.cpp - Epilogues on vectors ------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Epilogue.h"

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/VectorBody.h"

using namespace mlir;

namespace moec::codegen {

Value emitEpilogue(ImplicitLocOpBuilder &b, Block &body, ValueRange arguments, int64_t lanes) {
  VectorBody vectors(b, lanes);
  for (auto [scalar, vector] : llvm::zip_equal(body.getArguments(), arguments))
    vectors.map(scalar, vector);
  for (Operation &op : body.without_terminator())
    vectors.emit(op);
  return vectors.getVector(cast<tile::YieldOp>(body.getTerminator()).getValue());
}

} // namespace moec::codegen
