//===- RandomInput.cpp - Made-up arguments ----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RandomInput.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace moec;

// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014.
uint64_t RandomInput::next() {
  state += 0x9e3779b97f4a7c15;
  uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::optional<Tensor> RandomInput::fill(mlir::Type type) {
  std::optional<DType> dtype = dtypeOf(type);
  llvm::ArrayRef<int64_t> shape;
  if (auto ranked = llvm::dyn_cast<mlir::RankedTensorType>(type)) {
    if (!ranked.hasStaticShape())
      return std::nullopt;
    shape = ranked.getShape();
  }
  std::optional<Tensor> result = dtype ? Tensor::create(*dtype, shape) : std::nullopt;
  if (!result)
    return std::nullopt;
  for (int64_t i = 0; i < result->numElements(); ++i) {
    uint64_t bits = next();
    if (isReal(*dtype))
      result->setReal(i, static_cast<double>(bits >> 11) * 0x1p-52 - 1.0);
    else
      result->setInteger(i, bits & 1);
  }
  return result;
}
