//===- EntryWrappers.cpp - Entry points as the runtime calls them -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "moert/abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace moec::rt;

/// The signature of argument `index` of an entry; null with a diagnostic if the ABI has none.
static ValueAttr getInput(func::FuncOp func, unsigned index) {
  // Argument 0 is the context.
  auto type = dyn_cast<MemRefType>(func.getArgumentTypes()[index + 1]);
  if (!type || !type.getLayout().isIdentity() || type.getMemorySpace()) {
    func.emitOpError()
        << "expects argument " << index
        << " of an entry to be a memref with the identity layout in the default memory "
           "space, got "
        << func.getArgumentTypes()[index + 1];
    return {};
  }
  auto name = func.getArgAttrOfType<StringAttr>(index + 1, RTDialect::kName);
  auto dtype = func.getArgAttrOfType<StringAttr>(index + 1, RTDialect::kDType);
  SmallVector<StringAttr> dimNames;
  if (auto names = func.getArgAttrOfType<ArrayAttr>(index + 1, RTDialect::kDimNames))
    llvm::append_range(dimNames, names.getAsRange<StringAttr>());
  return ValueAttr::get(
      func.getContext(), name ? name.getValue().str() : "input" + std::to_string(index),
      RankedTensorType::get(type.getShape(), type.getElementType()), dimNames, dtype);
}

static LogicalResult checkValue(func::FuncOp func, StringRef kind, ValueAttr value) {
  if (value.getType().getRank() > MOERT_MAX_RANK)
    return func.emitOpError() << kind << " '" << value.getName() << "' has rank "
                              << value.getType().getRank() << "; the runtime's limit is "
                              << MOERT_MAX_RANK;
  StringRef dtype = value.getDtype() ? value.getDtype().getValue() : "";
  if (getDType(value.getType().getElementType(), dtype) == MOERT_UNDEFINED)
    return func.emitOpError() << kind << " '" << value.getName() << "': the runtime has no dtype "
                              << "for " << value.getType().getElementType()
                              << (dtype.empty() ? "" : " as ") << dtype;
  return success();
}

/// A memref over the caller's buffer number `index`.
static Value createMemRef(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
                          Value buffers, int32_t index, MemRefType type) {
  Type ptr = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  LLVM::LLVMStructType bufferType = getBufferType(builder.getContext());
  auto load = [&](Type result, ArrayRef<LLVM::GEPArg> path) -> Value {
    Value address = LLVM::GEPOp::create(builder, loc, ptr, bufferType, buffers, path,
                                        LLVM::GEPNoWrapFlags::inbounds);
    return LLVM::LoadOp::create(builder, loc, result, address);
  };
  auto descriptor = MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  Value data = load(ptr, {index, 0});
  descriptor.setAllocatedPtr(builder, loc, data);
  descriptor.setAlignedPtr(builder, loc, data);
  descriptor.setConstantOffset(builder, loc, 0);
  Value stride = LLVM::ConstantOp::create(builder, loc, i64, 1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    Value size = type.isDynamicDim(dim)
                     ? load(i64, {index, 2, static_cast<int32_t>(dim)})
                     : LLVM::ConstantOp::create(builder, loc, i64, type.getDimSize(dim));
    descriptor.setSize(builder, loc, dim, size);
    descriptor.setStride(builder, loc, dim, stride);
    if (dim > 0)
      stride = LLVM::MulOp::create(builder, loc, stride, size);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, Value(descriptor)).getResult(0);
}

/// `int32 NAME.entry(context, inputs, outputs)`.
static func::FuncOp createWrapper(OpBuilder &builder, const LLVMTypeConverter &converter,
                                  func::FuncOp func) {
  MLIRContext *ctx = builder.getContext();
  Location loc = func.getLoc();
  Type ptr = LLVM::LLVMPointerType::get(ctx), i32 = builder.getI32Type();
  auto wrapper = func::FuncOp::create(builder, loc, (func.getName() + ".entry").str(),
                                      builder.getFunctionType({ptr, ptr, ptr}, {i32}));
  wrapper.setPrivate();
  wrapper->setAttr("llvm.linkage", LLVM::LinkageAttr::get(ctx, LLVM::Linkage::Internal));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = wrapper.addEntryBlock();
  builder.setInsertionPointToStart(body);
  SmallVector<Value> args{body->getArgument(0)};
  for (auto [index, type] : llvm::enumerate(func.getArgumentTypes().drop_front()))
    args.push_back(
        createMemRef(builder, loc, converter, body->getArgument(1), index, cast<MemRefType>(type)));
  func::CallOp::create(builder, loc, func, args);
  Value ok = LLVM::ConstantOp::create(builder, loc, i32, static_cast<int32_t>(MOERT_OK));
  func::ReturnOp::create(builder, loc, ok);
  return wrapper;
}

/// Callers name the inputs and the outputs.
static bool isSameName(ValueAttr a, ValueAttr b) {
  return StringRef(a.getName()) == StringRef(b.getName());
}

/// Fills in the signature of `func` and checks it against the body.
static LogicalResult collectSignature(func::FuncOp func, EntryPoint &entry) {
  if (func.getNumResults() != 0)
    return func.emitOpError("an entry returns nothing here; --rt-place-outputs turns its results "
                            "into outputs");
  for (unsigned index = 0; index + 1 < func.getNumArguments(); ++index) {
    ValueAttr input = getInput(func, index);
    if (!input || failed(checkValue(func, "input", input)))
      return failure();
    if (llvm::any_of(entry.inputs, [&](ValueAttr other) { return isSameName(other, input); }))
      return func.emitOpError() << "has two inputs of the name '" << input.getName() << "'";
    entry.inputs.push_back(input);
  }
  if (auto outputs = func->getAttrOfType<ArrayAttr>(RTDialect::kOutputs))
    llvm::append_range(entry.outputs, outputs.getAsRange<ValueAttr>());
  for (auto [index, output] : llvm::enumerate(entry.outputs)) {
    if (failed(checkValue(func, "output", output)))
      return failure();
    for (ValueAttr other : ArrayRef(entry.outputs).take_front(index))
      if (isSameName(other, output))
        return func.emitOpError() << "has two outputs of the name '" << output.getName() << "'";
  }
  WalkResult result = func.walk([&](OutputOp op) {
    if (op.getIndex() >= entry.outputs.size()) {
      op.emitOpError() << "names output " << op.getIndex() << ", but rt.outputs of @"
                       << func.getName() << " lists " << entry.outputs.size();
      return WalkResult::interrupt();
    }
    RankedTensorType type = entry.outputs[op.getIndex()].getType();
    auto memref = cast<MemRefType>(op.getType());
    if (type.getElementType() != memref.getElementType() ||
        failed(verifyCompatibleShape(type.getShape(), memref.getShape()))) {
      op.emitOpError() << "expects a memref of the type in rt.outputs, " << type << ", got "
                       << memref;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult moec::rt::createEntryWrappers(ModuleOp module, const LLVMTypeConverter &converter,
                                            ArtifactTables &tables) {
  SymbolTable symbols(module);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  for (auto func : llvm::to_vector(module.getOps<func::FuncOp>())) {
    if (isEntry(func)) {
      EntryPoint &entry = tables.entries.emplace_back();
      entry.name = func.getName().str();
      if (failed(collectSignature(func, entry)))
        return failure();
      entry.wrapper = symbols.insert(createWrapper(builder, converter, func)).str();
    }
    for (StringRef name : {RTDialect::kEntry, RTDialect::kKernel, RTDialect::kOutputs})
      func->removeAttr(name);
    func.removeArgAttrsAttr();
    func.removeResAttrsAttr();
  }
  if (tables.entries.empty())
    return module.emitError(
        "expects at least one function with rt.entry, which is what can be run");
  return success();
}
