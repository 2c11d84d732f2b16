//===- KernelWrappers.cpp - Kernels as the runtime calls them ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace moec::rt;

/// Attributes of a function that select the instructions it may use.
static constexpr llvm::StringLiteral kTargetAttributes[] = {
    "passthrough", "prefer_vector_width", "target_cpu", "target_features", "tune_cpu"};

/// `void NAME.entry(context, record, begin, end)`: loads the arguments that the launch stored and
/// calls the kernel.
static func::FuncOp createWrapper(OpBuilder &builder, func::FuncOp kernel,
                                  LLVM::LLVMStructType recordType) {
  MLIRContext *ctx = builder.getContext();
  Location loc = kernel.getLoc();
  Type ptr = LLVM::LLVMPointerType::get(ctx), index = builder.getIndexType();
  auto wrapper = func::FuncOp::create(builder, loc, (kernel.getName() + ".entry").str(),
                                      builder.getFunctionType({ptr, ptr, index, index}, {}));
  wrapper.setPrivate();
  wrapper->setAttr("llvm.linkage", LLVM::LinkageAttr::get(ctx, LLVM::Linkage::Internal));
  for (StringRef name : kTargetAttributes)
    if (Attribute value = kernel->getAttr(name))
      wrapper->setAttr(name, value);

  OpBuilder::InsertionGuard guard(builder);
  Block *body = wrapper.addEntryBlock();
  builder.setInsertionPointToStart(body);
  SmallVector<Value> args{body->getArgument(2), body->getArgument(3)};
  ArrayRef<Type> types = kernel.getFunctionType().getInputs().drop_front(2);
  for (auto [position, type, field] : llvm::enumerate(types, recordType.getBody())) {
    Value address = LLVM::GEPOp::create(builder, loc, ptr, recordType, body->getArgument(1),
                                        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(position)},
                                        LLVM::GEPNoWrapFlags::inbounds);
    Value value = LLVM::LoadOp::create(builder, loc, field, address);
    if (type != field)
      value = UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
    args.push_back(value);
  }
  func::CallOp::create(builder, loc, kernel, args);
  func::ReturnOp::create(builder, loc);
  return wrapper;
}

LogicalResult moec::rt::createKernelWrappers(ModuleOp module, const LLVMTypeConverter &converter,
                                             ArtifactTables &tables) {
  SymbolTable symbols(module);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  llvm::DenseMap<Operation *, std::string> wrappers;

  auto wrap = [&](StringRef name) -> FailureOr<std::string> {
    auto kernel = symbols.lookup<func::FuncOp>(name);
    std::string &wrapper = wrappers[kernel];
    if (!wrapper.empty())
      return wrapper;
    LLVM::LLVMStructType recordType = getRecordType(kernel, converter);
    if (!recordType)
      return kernel.emitOpError("has an argument whose type has no LLVM counterpart: ")
             << kernel.getFunctionType();
    func::FuncOp func = createWrapper(builder, kernel, recordType);
    wrapper = symbols.insert(func).str();
    // The wrapper is the only caller.
    kernel->setAttr("always_inline", builder.getUnitAttr());
    return wrapper;
  };

  SmallVector<LaunchOp> launches;
  module.walk([&](LaunchOp launch) { launches.push_back(launch); });
  for (LaunchOp launch : launches) {
    StringRef name = launch.getKernel();
    if (!tables.kernelNumbers.try_emplace(name, tables.kernels.size()).second)
      continue;
    KernelEntry &entry = tables.kernels.emplace_back();
    entry.name = name.str();
    std::optional<StringRef> clones[3] = {name, name, name};
    if (auto kernel = symbols.lookup<KernelOp>(name)) {
      clones[0] = kernel.getV2();
      clones[1] = kernel.getAvx2();
      clones[2] = kernel.getAvx512();
      // Code of a lower level runs at every higher one.
      for (int level = 1; level < 3; ++level)
        if (!clones[level])
          clones[level] = clones[level - 1];
    }
    for (auto [clone, wrapperName] : llvm::zip_equal(clones, entry.levels)) {
      if (!clone)
        continue;
      FailureOr<std::string> wrapper = wrap(*clone);
      if (failed(wrapper))
        return failure();
      wrapperName = *wrapper;
    }
  }
  return success();
}
