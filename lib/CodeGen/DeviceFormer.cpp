//===- DeviceFormer.cpp - Making kernels of a device ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceFormer.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// What is passed for the operands of a launch, and how the kernel puts them together again.
class Arguments {
public:
  Arguments(ImplicitLocOpBuilder &b, ArrayRef<Value> captures) : captures(captures) {
    for (Value capture : captures) {
      Parts &parts = all.emplace_back();
      auto type = dyn_cast<MemRefType>(capture.getType());
      if (!type) {
        parts.base = pass(capture);
        continue;
      }
      auto metadata = memref::ExtractStridedMetadataOp::create(b, capture);
      SmallVector<int64_t> strides;
      int64_t offset;
      // Bufferization makes strided layouts only.
      (void)type.getStridesAndOffset(strides, offset);
      parts.base = pass(metadata.getBaseBuffer());
      parts.offset = passUnlessStatic(b, offset, metadata.getOffset());
      for (auto [size, value] : llvm::enumerate(type.getShape()))
        parts.sizes.push_back(passUnlessStatic(
            b, value,
            ShapedType::isDynamic(value) ? b.createOrFold<memref::DimOp>(capture, size) : Value()));
      for (auto [stride, value] : llvm::zip_equal(strides, metadata.getStrides()))
        parts.strides.push_back(passUnlessStatic(b, stride, value));
    }
  }

  ArrayRef<Value> getPassed() const { return passed; }

  /// The counterparts of the captures in the kernel with these arguments.
  SmallVector<Value> rebuild(ImplicitLocOpBuilder &k, ValueRange arguments) const {
    auto resolve = [&](const Part &part) -> OpFoldResult {
      if (auto attribute = dyn_cast_if_present<Attribute>(part))
        return attribute;
      return arguments[find(cast<Value>(part))];
    };
    auto resolveAll = [&](ArrayRef<Part> parts) { return llvm::map_to_vector(parts, resolve); };
    SmallVector<Value> inside;
    for (auto [capture, parts] : llvm::zip_equal(captures, all)) {
      Value base = arguments[find(parts.base)];
      if (auto type = dyn_cast<MemRefType>(capture.getType()))
        base =
            memref::ReinterpretCastOp::create(k, type, base, resolve(parts.offset),
                                              resolveAll(parts.sizes), resolveAll(parts.strides));
      inside.push_back(base);
    }
    return inside;
  }

private:
  using Part = OpFoldResult; // a value is one of the host's
  struct Parts {
    Value base;
    Part offset;
    SmallVector<Part> sizes, strides;
  };

  Value pass(Value value) {
    auto known = llvm::find_if(passed, [&](Value other) { return isSameSize(other, value); });
    if (known != passed.end())
      return *known;
    passed.push_back(value);
    return value;
  }
  Part passUnlessStatic(ImplicitLocOpBuilder &b, int64_t known, Value value) {
    if (ShapedType::isStatic(known))
      return b.getIndexAttr(known);
    return pass(value);
  }
  size_t find(Value value) const { return llvm::find(passed, value) - passed.begin(); }

  ArrayRef<Value> captures;
  SmallVector<Parts> all;
  SmallVector<Value> passed;
};

} // namespace

void DeviceFormer::launch(ImplicitLocOpBuilder &b, StringRef name,
                          std::optional<NamedAttribute> mark, const DeviceGrid &grid,
                          const LaunchOperands &operands,
                          function_ref<void(ImplicitLocOpBuilder &, IRMapping &)> build) {
  if (!device) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    device = gpu::GPUModuleOp::create(atEnd, module.getLoc(), kModule);
  }
  Value one = arith::ConstantIndexOp::create(b, 1), none = arith::ConstantIndexOp::create(b, 0);
  auto orElse = [](Value value, Value otherwise) { return value ? value : otherwise; };
  Value blockX = orElse(grid.blockX, one), blockY = orElse(grid.blockY, one);

  Arguments arguments(b, operands.captures);
  SmallVector<Type> types(ValueRange(arguments.getPassed()).getTypes());
  OpBuilder atEnd = OpBuilder::atBlockEnd(device.getBody());
  auto kernel = gpu::GPUFuncOp::create(atEnd, b.getLoc(), name, b.getFunctionType(types, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  if (mark)
    kernel->setAttr(mark->getName(), mark->getValue());
  // What is known of the block is known to ptxas, too: more registers for smaller ones.
  APInt x, y;
  if (matchPattern(blockX, m_ConstantInt(&x)) && matchPattern(blockY, m_ConstantInt(&y)))
    kernel.setKnownBlockSizeAttr(b.getDenseI32ArrayAttr(
        {static_cast<int32_t>(x.getSExtValue()), static_cast<int32_t>(y.getSExtValue()), 1}));
  else
    kernel->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                    b.getDenseI32ArrayAttr({static_cast<int32_t>(grid.mostThreads), 1, 1}));
  ImplicitLocOpBuilder body(b.getLoc(), b.getContext());
  body.setInsertionPointToStart(&kernel.getBody().front());
  IRMapping mapping =
      operands.mapInto(body, arguments.rebuild(body, kernel.getBody().front().getArguments()));
  build(body, mapping);
  body.setInsertionPointToEnd(&kernel.getBody().front());
  gpu::ReturnOp::create(body);

  // Equal text under the name that all kernels of an op start with is equal code.
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel.print(os, OpPrintingFlags().useLocalScope().assumeVerified());
  auto [known, isNew] = kernels.try_emplace(text, kernel);
  if (isNew) {
    SymbolTable(device).insert(kernel); // renames on a clash
    ++numKernels;
  } else {
    kernel.erase();
  }
  auto symbol = SymbolRefAttr::get(device.getNameAttr(), {FlatSymbolRefAttr::get(known->second)});
  rt::DeviceLaunchOp::create(b, symbol, orElse(grid.gridX, one), orElse(grid.gridY, one), blockX,
                             blockY, orElse(grid.sharedBytes, none), arguments.getPassed());
  ++numLaunches;
}

} // namespace moec::codegen
