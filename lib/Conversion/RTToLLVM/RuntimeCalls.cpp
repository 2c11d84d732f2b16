//===- RuntimeCalls.cpp - Layout of the runtime's ABI in the llvm dialect -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "moert/abi.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::rt;

static int32_t slotOffset(Slot slot) {
  switch (slot) {
  case Slot::Alloc:
    return offsetof(moert_functions, alloc);
  case Slot::Release:
    return offsetof(moert_functions, release);
  case Slot::ParallelFor:
    return offsetof(moert_functions, parallel_for);
  case Slot::ParallelForGrain:
    return offsetof(moert_functions, parallel_for_grain);
  case Slot::Weight:
    return offsetof(moert_functions, weight);
  case Slot::Output:
    return offsetof(moert_functions, output);
  case Slot::Fail:
    return offsetof(moert_functions, fail);
  case Slot::State:
    return offsetof(moert_functions, state);
  case Slot::AppendState:
    return offsetof(moert_functions, append_state);
  case Slot::BeginExchange:
    return offsetof(moert_functions, exchange_begin);
  case Slot::ReceiveRows:
    return offsetof(moert_functions, exchange_receive);
  case Slot::ReturnRows:
    return offsetof(moert_functions, exchange_return);
  case Slot::EndExchange:
    return offsetof(moert_functions, exchange_end);
  case Slot::Launch:
    return offsetof(moert_functions, launch);
  case Slot::DeviceConstant:
    return offsetof(moert_functions, device_constant);
  case Slot::DeviceRead:
    return offsetof(moert_functions, device_read);
  case Slot::DeviceWrite:
    return offsetof(moert_functions, device_write);
  case Slot::DeviceCounter:
    return offsetof(moert_functions, device_counter);
  case Slot::FailedCheck:
    return offsetof(moert_functions, failed_check);
  }
  llvm_unreachable("all slots are listed");
}

LLVM::CallOp moec::rt::callRuntime(OpBuilder &builder, Location loc, Slot slot, Value context,
                                   ValueRange args, Type result) {
  MLIRContext *ctx = builder.getContext();
  auto ptr = LLVM::LLVMPointerType::get(ctx);
  // The table does not change during a run, so calls may share these loads.
  auto table = LLVM::LoadOp::create(builder, loc, ptr, context);
  table.setInvariant(true);
  Value entry =
      LLVM::GEPOp::create(builder, loc, ptr, builder.getI8Type(), table,
                          ArrayRef<LLVM::GEPArg>{slotOffset(slot)}, LLVM::GEPNoWrapFlags::inbounds);
  auto function = LLVM::LoadOp::create(builder, loc, ptr, entry);
  function.setInvariant(true);
  SmallVector<Value> operands{function, context};
  llvm::append_range(operands, args);
  SmallVector<Type> types = llvm::map_to_vector(ArrayRef<Value>(operands).drop_front(),
                                                [](Value value) { return value.getType(); });
  auto type = LLVM::LLVMFunctionType::get(result ? result : LLVM::LLVMVoidType::get(ctx), types);
  return LLVM::CallOp::create(builder, loc, type, operands);
}

Value moec::rt::createEntryAlloca(OpBuilder &builder, Location loc, Type type, int64_t count) {
  Operation *around = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<FunctionOpInterface>(around);
  if (!function)
    function = around->getParentOfType<FunctionOpInterface>();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  Value number = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), count);
  return LLVM::AllocaOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
                                type, number);
}

Value moec::rt::getContextPointer(Operation *op) {
  return op->getParentOfType<FunctionOpInterface>().getFunctionBody().front().getArgument(0);
}

LLVM::LLVMStructType moec::rt::getBufferType(MLIRContext *context) {
  Type i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(context, {LLVM::LLVMPointerType::get(context), i64,
                                                    LLVM::LLVMArrayType::get(i64, MOERT_MAX_RANK)});
}

int32_t moec::rt::getDType(Type type, StringRef override) {
  if (!override.empty()) {
    int32_t dtype = llvm::StringSwitch<int32_t>(override)
                        .Case("bool", MOERT_BOOL)
                        .Case("u8", MOERT_U8)
                        .Case("u16", MOERT_U16)
                        .Case("u32", MOERT_U32)
                        .Case("u64", MOERT_U64)
                        .Default(MOERT_UNDEFINED);
    int32_t bits = type.isIntOrFloat() ? static_cast<int32_t>(type.getIntOrFloatBitWidth()) : 0;
    // bool is one byte in memory, whatever its width in the IR.
    bool fits = dtype == MOERT_BOOL ? bits == 1 || bits == 8 : bits == moert_dtype_bits(dtype);
    return fits ? dtype : MOERT_UNDEFINED;
  }
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return MOERT_BOOL;
    case 8:
      return isUnsigned ? MOERT_U8 : MOERT_I8;
    case 16:
      return isUnsigned ? MOERT_U16 : MOERT_I16;
    case 32:
      return isUnsigned ? MOERT_U32 : MOERT_I32;
    case 64:
      return isUnsigned ? MOERT_U64 : MOERT_I64;
    default:
      return MOERT_UNDEFINED;
    }
  }
  return TypeSwitch<Type, int32_t>(type)
      .Case([](Float32Type) { return MOERT_F32; })
      .Case([](Float64Type) { return MOERT_F64; })
      .Case([](Float16Type) { return MOERT_F16; })
      .Case([](BFloat16Type) { return MOERT_BF16; })
      .Case([](Float8E4M3FNType) { return MOERT_F8E4M3FN; })
      .Case([](Float8E4M3FNUZType) { return MOERT_F8E4M3FNUZ; })
      .Case([](Float8E5M2Type) { return MOERT_F8E5M2; })
      .Case([](Float8E5M2FNUZType) { return MOERT_F8E5M2FNUZ; })
      .Default([](Type) { return MOERT_UNDEFINED; });
}
