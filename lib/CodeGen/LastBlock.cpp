//===- LastBlock.cpp - Work behind all blocks of a launch ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/LastBlock.h"

#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/RowTeam.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

void emitLastBlock(ImplicitLocOpBuilder &outer, Value counter, function_ref<void()> body) {
  auto kernel = outer.getInsertionBlock()->getParent()->getParentOfType<gpu::GPUFuncOp>();
  auto space = gpu::AddressSpaceAttr::get(outer.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({1}, outer.getI32Type(), AffineMap(), space);
  Value flag = kernel.addWorkgroupAttribution(type, outer.getLoc());
  LoopBuilder b(outer.getLoc(), outer.getContext());
  b.setInsertionPoint(outer.getInsertionBlock(), outer.getInsertionPoint());
  auto number = [&](int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value)).getResult();
  };
  Value zero = b.index(0);
  Value place = b.add(gpu::ThreadIdOp::create(b, gpu::Dimension::x),
                      gpu::ThreadIdOp::create(b, gpu::Dimension::y));
  Value blocks = arith::MulIOp::create(b, gpu::GridDimOp::create(b, gpu::Dimension::x),
                                       gpu::GridDimOp::create(b, gpu::Dimension::y));
  Value most = b.sub(arith::IndexCastOp::create(b, b.getI32Type(), blocks), number(1));
  // The barrier orders what the block wrote before the addition, which releases it to the device
  // and acquires what others released; the second barrier hands that on to the block.
  emitTeamSync(b, TeamKind::Block);
  b.when(b.isEqual(place, zero), [&] {
    Value before = memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, number(1), counter,
                                               ValueRange{});
    Value isLast = b.isEqual(before, most);
    b.when(isLast, [&] { memref::StoreOp::create(b, number(0), counter); });
    memref::StoreOp::create(b, arith::ExtUIOp::create(b, b.getI32Type(), isLast), flag, zero);
  });
  emitTeamSync(b, TeamKind::Block);
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                       memref::LoadOp::create(b, flag, zero), number(0));
  auto branch = scf::IfOp::create(b, isLast, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(outer);
    outer.setInsertionPointToStart(branch.thenBlock());
    body();
  }
  outer.setInsertionPointAfter(branch);
}

} // namespace moec::codegen
