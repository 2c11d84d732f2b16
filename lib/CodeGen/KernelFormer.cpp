//===- KernelFormer.cpp - Making kernel functions ------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/KernelFormer.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace moec::codegen {

void KernelFormer::launch(
    ImplicitLocOpBuilder &b, StringRef name, LaunchUnits units, ValueRange captures,
    function_ref<void(ImplicitLocOpBuilder &, Value, Value, ValueRange)> build) {
  SmallVector<Value> present;
  for (Value capture : captures)
    if (capture)
      present.push_back(capture);

  // Units that are launched as one.
  Value count = units.count, together;
  if (units.work && threadWork > 0 && !matchPattern(count, m_One())) {
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value threshold = arith::ConstantIndexOp::create(b, threadWork);
    together = b.createOrFold<arith::CeilDivUIOp>(threshold,
                                                  b.createOrFold<arith::MaxUIOp>(units.work, one));
    if (matchPattern(together, m_One()))
      together = {};
    else
      count = b.createOrFold<arith::CeilDivUIOp>(count, together);
  }
  if (together) {
    present.push_back(units.count);
    present.push_back(together);
  }
  SmallVector<Type> types{b.getIndexType(), b.getIndexType()};
  llvm::append_range(types, ValueRange(present).getTypes());

  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  auto kernel = func::FuncOp::create(atEnd, b.getLoc(), name, b.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(rt::RTDialect::kKernel, b.getUnitAttr());
  Block *entry = kernel.addEntryBlock();
  SmallVector<Value> inside;
  unsigned next = 2;
  for (Value capture : captures)
    inside.push_back(capture ? entry->getArgument(next++) : Value());
  ImplicitLocOpBuilder body(b.getLoc(), b.getContext());
  body.setInsertionPointToStart(entry);
  Value begin = entry->getArgument(0), end = entry->getArgument(1);
  if (together) {
    Value all = entry->getArgument(next++), perLaunched = entry->getArgument(next++);
    begin = arith::MulIOp::create(body, begin, perLaunched);
    end = arith::MinUIOp::create(body, arith::MulIOp::create(body, end, perLaunched), all);
  }
  build(body, begin, end, inside);
  func::ReturnOp::create(body);

  // Equal text under the name that all kernels of an op start with is equal code.
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel.print(os, OpPrintingFlags().useLocalScope().assumeVerified());
  auto [known, isNew] = kernels.try_emplace(text, kernel);
  if (isNew) {
    symbols.insert(kernel); // renames on a clash
    ++numKernels;
  } else {
    kernel.erase();
  }
  rt::LaunchOp::create(b, FlatSymbolRefAttr::get(known->second), count, units.grain, present);
  ++numLaunches;
}

Value subview(ImplicitLocOpBuilder &b, Value memref, ArrayRef<int64_t> dims, Value begin,
              OpFoldResult count) {
  if (!memref)
    return {};
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1)), sizes;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (llvm::is_contained(dims, d)) {
      offsets[d] = begin;
      sizes.push_back(count);
    } else if (type.isDynamicDim(d)) {
      sizes.push_back(memref::DimOp::create(b, memref, d).getResult());
    } else {
      sizes.push_back(b.getIndexAttr(type.getDimSize(d)));
    }
  }
  return memref::SubViewOp::create(b, memref, offsets, sizes, strides);
}

} // namespace moec::codegen
