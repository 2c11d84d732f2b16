//===- ModelWork.cpp - What a run must read and compute ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ModelWork.h"

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace moec;

namespace {

/// Products of one function; `routing` is the index of a result of that function.
using Products = std::vector<ProductWork>;

/// Which result of `function` is `value`, or -1.
int32_t resultIndex(func::FuncOp function, Value value) {
  auto results = function.front().getTerminator()->getOperands();
  auto found = llvm::find(results, value);
  return found == results.end() ? -1 : int32_t(found - results.begin());
}

std::optional<Products> collect(func::FuncOp function) {
  Products products;
  bool isKnown = true;
  function.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
      std::optional<Products> inner =
          callee && !callee.isDeclaration() ? collect(callee) : std::nullopt;
      isKnown &= inner.has_value();
      for (ProductWork product : inner.value_or(Products())) {
        if (product.routing >= 0) {
          product.routing = resultIndex(function, call.getResult(product.routing));
          isKnown &= product.routing >= 0;
        }
        products.push_back(product);
      }
      return;
    }
    auto matmul = dyn_cast<tile::RaggedMatmulOp>(op);
    auto packed =
        matmul ? dyn_cast<tile::PackedType>(matmul.getSlabs().getType()) : tile::PackedType();
    if (!packed)
      return;
    ProductWork product;
    product.elements = double(packed.getN()) * double(packed.getK());
    product.bytes = product.elements * packed.getElementType().getIntOrFloatBitWidth() / 8;
    if (Value ranges = matmul.getRanges()) {
      auto bucket = ranges.getDefiningOp<tile::BucketOp>();
      auto keys = bucket ? cast<ShapedType>(bucket.getKeys().getType()) : ShapedType();
      product.routing = resultIndex(function, ranges);
      isKnown &= product.routing >= 0 && keys && keys.getRank() == 2 && !keys.isDynamicDim(1);
      product.k = isKnown ? keys.getDimSize(1) : 1;
    } else {
      isKnown &= packed.getSlabs() == 1;
    }
    products.push_back(product);
  });
  if (!isKnown)
    return std::nullopt;
  return products;
}

} // namespace

std::vector<ProductWork> moec::collectWork(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!rt::isEntry(function) || function.isDeclaration())
      continue;
    std::optional<Products> products = collect(function);
    bool hasExperts = products && llvm::any_of(*products, [](const ProductWork &product) {
                        return product.routing >= 0;
                      });
    return hasExperts ? *products : Products();
  }
  return {};
}

RunWork moec::countWork(ArrayRef<ProductWork> products, ArrayRef<ArrayRef<int32_t>> offsets) {
  RunWork work;
  double tokens = 0;
  auto add = [&](const ProductWork &product, double matrices, double rows) {
    work.bytes += matrices * product.bytes;
    work.operations += 2 * rows * product.elements;
  };
  for (auto [product, starts] : llvm::zip_equal(products, offsets)) {
    if (product.routing < 0 || starts.empty())
      continue;
    int64_t touched = 0;
    for (size_t expert = 0; expert + 1 < starts.size(); ++expert)
      touched += starts[expert + 1] > starts[expert];
    double rows = starts.back();
    tokens = std::max(tokens, rows / double(product.k));
    add(product, double(touched), rows);
  }
  for (const ProductWork &product : products)
    if (product.routing < 0)
      add(product, 1, tokens);
  return work;
}
