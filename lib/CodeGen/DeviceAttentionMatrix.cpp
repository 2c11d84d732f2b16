//===- DeviceAttentionMatrix.cpp - Attention by matrix instructions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `mma.sync.m16n8k16` for the 16 rows of a block and 16 of 64 columns per warp.
// Of lane l with g = l / 4 and t = l mod 4, fragments are pairs along k:
//
//   A  rows g, g + 8, then again, k = 2 t and (last two) 2 t + 8
//   B  column g, k = 2 t and 2 t + 8
//   C  rows g and g + 8, columns 2 t and 2 t + 1
//
// (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type".)
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttentionTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

/// Sizes of the instruction, and sums of a thread.
constexpr int64_t matrixRows = 16, matrixColumns = 8, matrixDepth = 16, matrixSums = 4;

/// Two elements as an operand of the instruction: those of bf16 are 32 bits.
Value AttentionTiles::makeFragment(Value pair) {
  if (tileType.isF16())
    return pair;
  Value bits = vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()), pair);
  return vector::ExtractOp::create(b, bits, 0);
}

AttentionTiles::Sums AttentionTiles::multiply(ArrayRef<Value> lhs, ArrayRef<Value> rhs,
                                              ValueRange sums) {
  Type f32 = b.getF32Type();
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(matrixSums, f32));
  NVVM::MMATypes element = tileType.isF16() ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  Value result = NVVM::MmaOp::create(
      b, type, lhs, rhs, sums, ArrayRef<int64_t>{matrixRows, matrixColumns, matrixDepth},
      std::nullopt, std::nullopt, std::array<NVVM::MMATypes, 2>{element, element},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Sums parts;
  for (int64_t i = 0; i < matrixSums; ++i)
    parts.push_back(LLVM::ExtractValueOp::create(b, result, i));
  return parts;
}

AttentionTiles::Sums AttentionTiles::addScoresByMatrix(Value start, Value columns,
                                                       ValueRange sums) {
  // Within fragments: 2 t, and g.
  Value pair = b.sub(column, warpColumn);
  Value queryStart = b.add(b.add(start, b.mul(firstResultRow, pitch)), pair);
  Value keyStart = b.add(b.mul(b.add(warpColumn, firstResultRow), pitch), pair);
  return b.carry(b.index(0), columns, matrixDepth, sums, [&](Value at, ValueRange sums) {
    Sums lhs, next;
    for (int64_t depth : {0, 8})
      for (int64_t row : {0, 8})
        lhs.push_back(makeFragment(
            loadShared(queryTile, 2, b.add(b.add(queryStart, at), row * pitch + depth))));
    for (int64_t first = 0; first < results / matrixSums; ++first) {
      Sums rhs;
      for (int64_t depth : {0, 8})
        rhs.push_back(makeFragment(loadShared(
            tile, 2, b.add(b.add(keyStart, at), first * matrixColumns * pitch + depth))));
      next.append(multiply(lhs, rhs, sums.slice(first * matrixSums, matrixSums)));
    }
    return next;
  });
}

AttentionTiles::Sums AttentionTiles::addValuesByMatrix(Value keys, ValueRange sums) {
  Value pair = b.sub(column, warpColumn);
  Value scoreStart = b.add(b.mul(firstResultRow, scorePitch), pair);
  Value valueStart = b.add(b.mul(pair, pitch), b.add(warpColumn, firstResultRow));
  auto pairType = VectorType::get({2}, tileType);
  return b.carry(b.index(0), keys, matrixDepth, sums, [&](Value at, ValueRange sums) {
    Sums lhs, next;
    for (int64_t depth : {0, 8})
      for (int64_t row : {0, 8}) {
        Value weights =
            loadShared(scoreTile, 2, b.add(b.add(scoreStart, at), row * scorePitch + depth));
        lhs.push_back(makeFragment(arith::TruncFOp::create(b, pairType, weights)));
      }
    Value from = b.add(valueStart, b.mul(at, pitch));
    for (int64_t first = 0; first < results / matrixSums; ++first) {
      Sums rhs;
      for (int64_t depth : {0, 8}) {
        auto load = [&](int64_t key) -> Value {
          return memref::LoadOp::create(b, tile, b.add(from, key * pitch + first * matrixColumns));
        };
        Value elements[] = {load(depth), load(depth + 1)};
        rhs.push_back(makeFragment(vector::FromElementsOp::create(b, pairType, elements)));
      }
      next.append(multiply(lhs, rhs, sums.slice(first * matrixSums, matrixSums)));
    }
    return next;
  });
}

} // namespace moec::codegen
