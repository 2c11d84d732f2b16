//===- HostCode.cpp - Host code of a device, evaluated ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/HostCode.h"

#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace mlir;

namespace moec {

DeviceView DeviceView::contiguous(uint64_t base, ArrayRef<int64_t> sizes) {
  DeviceView view;
  view.base = base;
  view.sizes.assign(sizes.begin(), sizes.end());
  view.strides.resize(sizes.size());
  int64_t stride = 1;
  for (size_t dim = sizes.size(); dim-- > 0; stride *= sizes[dim])
    view.strides[dim] = stride;
  return view;
}

namespace {

class Evaluator {
public:
  Evaluator(const HostServices &services, std::vector<DeviceView> &outputs)
      : services(services), outputs(outputs) {}

  void bind(Value value, const DeviceView &view) { views[value] = view; }

  bool run(Operation &op) {
    if (isa<func::ReturnOp, memref::DeallocOp>(op))
      return true;
    if (auto dim = dyn_cast<memref::DimOp>(op))
      return set(dim, views[dim.getSource()].sizes[get(dim.getIndex())]);
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return allocate(alloc, alloc.getDynamicSizes());
    if (auto output = dyn_cast<rt::OutputOp>(op)) {
      allocate(output, output.getSizes());
      outputs.resize(std::max<size_t>(outputs.size(), output.getIndex() + 1));
      outputs[output.getIndex()] = views[output];
      return true;
    }
    if (auto weight = dyn_cast<rt::GetWeightOp>(op))
      return place(weight);
    if (auto metadata = dyn_cast<memref::ExtractStridedMetadataOp>(op))
      return extract(metadata);
    if (auto cast = dyn_cast<memref::ReinterpretCastOp>(op))
      return reinterpret(cast);
    if (auto launch = dyn_cast<rt::DeviceLaunchOp>(op))
      return start(launch);
    if (isa<rt::DeviceCounterOp, rt::FailedCheckOp>(op)) {
      const auto &place = isa<rt::DeviceCounterOp>(op) ? services.counter : services.failedCheck;
      views[op.getResult(0)] = DeviceView::contiguous(place(), {});
      return true;
    }
    if (isa<rt::CheckNumberOp>(op))
      return set(op.getResult(0), 1);
    if (auto load = dyn_cast<memref::LoadOp>(op))
      return read(load);
    if (auto check = dyn_cast<rt::CheckOp>(op)) {
      bool holds = get(check.getCondition()) != 0;
      EXPECT_TRUE(holds) << check.getMessage().str();
      return holds;
    }
    return fold(op);
  }

private:
  int64_t get(Value value) { return cast<IntegerAttr>(constants[value]).getInt(); }
  bool set(Value value, int64_t number) {
    constants[value] = IntegerAttr::get(value.getType(), number);
    return true;
  }

  bool allocate(Operation *op, ValueRange dynamicSizes) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    SmallVector<int64_t> sizes(type.getShape());
    auto next = dynamicSizes.begin();
    int64_t elements = 1;
    for (int64_t &size : sizes) {
      if (ShapedType::isDynamic(size))
        size = get(*next++);
      elements *= size;
    }
    int64_t bytes = std::max<int64_t>(elements * getBytes(type.getElementType()), 1);
    views[op->getResult(0)] = DeviceView::contiguous(services.allocate(bytes), sizes);
    return true;
  }

  bool place(rt::GetWeightOp op) {
    auto module = op->getParentOfType<ModuleOp>();
    auto weight = module.lookupSymbol<rt::WeightOp>(op.getWeight());
    std::optional<uint64_t> address = services.placeWeight(weight);
    if (!address)
      return false;
    ArrayRef<int64_t> sizes;
    if (auto type = dyn_cast<MemRefType>(op.getType()))
      sizes = type.getShape();
    views[op] = DeviceView::contiguous(*address, sizes);
    return true;
  }

  bool extract(memref::ExtractStridedMetadataOp op) {
    DeviceView view = views[op.getSource()];
    views[op.getBaseBuffer()] = DeviceView::contiguous(view.base, {});
    set(op.getOffset(), view.offset);
    for (auto [result, size] : llvm::zip_equal(op.getSizes(), view.sizes))
      set(result, size);
    for (auto [result, stride] : llvm::zip_equal(op.getStrides(), view.strides))
      set(result, stride);
    return true;
  }

  bool read(memref::LoadOp op) {
    const DeviceView &view = views[op.getMemRef()];
    int64_t at = view.offset;
    for (auto [index, stride] : llvm::zip_equal(op.getIndices(), view.strides))
      at += get(index) * stride;
    int64_t bytes = getBytes(op.getType());
    return set(op, services.read(view.base + at * bytes, bytes));
  }

  static int64_t getBytes(Type element) {
    return element.isIndex() ? 8 : (element.getIntOrFloatBitWidth() + 7) / 8;
  }

  bool reinterpret(memref::ReinterpretCastOp op) {
    auto resolve = [&](OpFoldResult value) {
      if (auto attribute = dyn_cast<Attribute>(value))
        return cast<IntegerAttr>(attribute).getInt();
      return get(cast<Value>(value));
    };
    DeviceView view;
    view.base = views[op.getSource()].base;
    view.offset = resolve(op.getMixedOffsets().front());
    for (OpFoldResult size : op.getMixedSizes())
      view.sizes.push_back(resolve(size));
    for (OpFoldResult stride : op.getMixedStrides())
      view.strides.push_back(resolve(stride));
    views[op] = view;
    return true;
  }

  bool start(rt::DeviceLaunchOp op) {
    DeviceLaunch launch;
    launch.kernel = op.getKernel().getLeafReference().str();
    auto narrow = [&](Value value) { return static_cast<uint32_t>(get(value)); };
    launch.grid[0] = narrow(op.getGridX());
    launch.grid[1] = narrow(op.getGridY());
    launch.block[0] = narrow(op.getBlockX());
    launch.block[1] = narrow(op.getBlockY());
    launch.sharedBytes = narrow(op.getSharedBytes());
    for (Value argument : op.getArgs())
      append(launch.parameters, argument);
    return launch.grid[0] == 0 || launch.grid[1] == 0 || services.launch(launch);
  }

  void append(std::vector<char> &parameters, Value argument) {
    uint64_t bits = 0;
    size_t bytes = 8;
    if (isa<MemRefType, moec::tile::PackedType>(argument.getType())) {
      bits = views[argument].base;
    } else {
      bytes = getBytes(argument.getType());
      if (auto real = dyn_cast<FloatAttr>(constants[argument]))
        bits = real.getValue().bitcastToAPInt().getZExtValue();
      else
        bits = static_cast<uint64_t>(get(argument));
    }
    size_t at = llvm::alignTo(parameters.size(), bytes);
    parameters.resize(at + bytes);
    std::memcpy(&parameters[at], &bits, bytes);
  }

  /// Arithmetic, by what the op folds to.
  bool fold(Operation &op) {
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(constants.lookup(operand));
    SmallVector<OpFoldResult> results;
    if (failed(op.fold(operands, results)) || results.size() != op.getNumResults()) {
      ADD_FAILURE() << "host code has '" << op.getName().getStringRef().str() << "'";
      return false;
    }
    for (auto [result, folded] : llvm::zip_equal(op.getResults(), results))
      constants[result] =
          isa<Attribute>(folded) ? cast<Attribute>(folded) : constants[cast<Value>(folded)];
    return true;
  }

  const HostServices &services;
  std::vector<DeviceView> &outputs;
  llvm::DenseMap<Value, DeviceView> views;
  llvm::DenseMap<Value, Attribute> constants;
};

} // namespace

bool evaluateHost(func::FuncOp entry, ArrayRef<DeviceView> arguments, const HostServices &services,
                  std::vector<DeviceView> &outputs) {
  Evaluator evaluator(services, outputs);
  for (auto [argument, view] : llvm::zip_equal(entry.getArguments(), arguments))
    evaluator.bind(argument, view);
  return llvm::all_of(entry.getBody().front(), [&](Operation &op) { return evaluator.run(op); });
}

} // namespace moec
