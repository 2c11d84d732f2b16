//===- RTVerifiers.cpp - Legality of rt ops ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace moec::rt;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult WeightOp::verify() {
  RankedTensorType valueType = getValue().getExprType();
  if (!valueType)
    return emitOpError("expects the value to be a tensor");
  // The other expressions check this themselves.
  Type element = valueType.getElementType();
  if (isa<DenseElementsAttr>(getValue()) &&
      (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0))
    return emitOpError() << "expects elements of whole bytes, got " << element;
  if (isa<PackAttr>(getValue())) {
    // Slabs lie a stride apart, which a strided memref can say and a tensor cannot.
    auto memref = dyn_cast<MemRefType>(getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    bool isStatic = memref && memref.hasStaticShape() &&
                    succeeded(memref.getStridesAndOffset(strides, offset)) &&
                    !ShapedType::isDynamic(offset) && llvm::none_of(strides, ShapedType::isDynamic);
    if (isa<ShapedType>(getType()) && !isStatic)
      return emitOpError() << "expects a packed weight to have an opaque type or a static memref "
                              "type, got "
                           << getType();
    return success();
  }
  if (getType() != valueType)
    return emitOpError() << "expects the type of its value, " << valueType << ", got " << getType();
  return success();
}

/// The symbol `name` as an op of kind `OpTy`, with a diagnostic on `user` otherwise.
template <typename OpTy>
static OpTy lookUp(Operation *user, SymbolTableCollection &tables, FlatSymbolRefAttr name) {
  auto op = tables.lookupNearestSymbolFrom<OpTy>(user, name);
  if (!op)
    user->emitOpError() << name << " is not a '" << OpTy::getOperationName() << "' of this module";
  return op;
}

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto weight = lookUp<WeightOp>(*this, tables, getWeightAttr());
  if (!weight)
    return failure();
  Type declared = weight.getType();
  if (getType() == declared)
    return success();
  auto tensor = dyn_cast<RankedTensorType>(declared);
  auto memref = dyn_cast<MemRefType>(getType());
  if (tensor && memref && memref.getLayout().isIdentity() &&
      memref.getShape() == tensor.getShape() && memref.getElementType() == tensor.getElementType())
    return success();
  InFlightDiagnostic diag = emitOpError() << "expects the type of " << getWeightAttr() << ", "
                                          << declared << ", got " << getType();
  diag.attachNote(weight.getLoc()) << "declared here";
  return diag;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// The kernel function `name`, with a diagnostic on `user` otherwise.
static func::FuncOp lookUpKernel(Operation *user, SymbolTableCollection &tables,
                                 FlatSymbolRefAttr name) {
  auto func = tables.lookupNearestSymbolFrom<func::FuncOp>(user, name);
  if (!func || !isKernel(func)) {
    user->emitOpError() << name << " is not a function with rt.kernel";
    return {};
  }
  return func;
}

LogicalResult KernelOp::verifySymbolUses(SymbolTableCollection &tables) {
  func::FuncOp first;
  for (FlatSymbolRefAttr level : {getV2Attr(), getAvx2Attr(), getAvx512Attr()}) {
    if (!level)
      continue;
    func::FuncOp func = lookUpKernel(*this, tables, level);
    if (!func)
      return failure();
    if (!first)
      first = func;
    if (func.getFunctionType() != first.getFunctionType())
      return emitOpError() << "expects its levels to have one type, got " << first.getFunctionType()
                           << " and " << func.getFunctionType();
  }
  if (!first)
    return emitOpError("expects at least one of v2, avx2, avx512");
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *callee = tables.lookupNearestSymbolFrom(*this, getKernelAttr());
  if (auto kernel = dyn_cast_or_null<KernelOp>(callee))
    for (FlatSymbolRefAttr level :
         {kernel.getV2Attr(), kernel.getAvx2Attr(), kernel.getAvx512Attr()})
      if (level)
        callee = tables.lookupNearestSymbolFrom(kernel, level);
  if (!callee || !isKernel(callee))
    return emitOpError() << getKernelAttr() << " is neither a function with rt.kernel nor an "
                         << "'rt.kernel'";
  ArrayRef<Type> expected = cast<func::FuncOp>(callee).getFunctionType().getInputs().drop_front(2);
  if (expected.size() != getArgs().size())
    return emitOpError() << "expects " << expected.size() << " arguments for " << getKernelAttr()
                         << ", got " << getArgs().size();
  for (auto [index, type, arg] : llvm::enumerate(expected, getArgs()))
    if (arg.getType() != type)
      return emitOpError() << "expects argument " << index << " of " << getKernelAttr()
                           << " to be of type " << type << ", got " << arg.getType();
  return success();
}

LogicalResult DeviceLaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel =
      dyn_cast_or_null<FunctionOpInterface>(tables.lookupNearestSymbolFrom(*this, getKernelAttr()));
  if (!kernel || !isa<gpu::GPUModuleOp>(kernel->getParentOp()))
    return emitOpError() << getKernelAttr() << " is not a function of a 'gpu.module'";
  // Later the types are those of the device.
  auto function = dyn_cast<gpu::GPUFuncOp>(kernel.getOperation());
  if (!function)
    return success();
  if (!function.isKernel())
    return emitOpError() << getKernelAttr() << " is not a kernel";
  if (TypeRange(function.getArgumentTypes()) != TypeRange(getArgs()))
    return emitOpError() << "expects arguments of types " << function.getArgumentTypes() << " for "
                         << getKernelAttr() << ", got " << getArgs().getTypes();
  for (Type type : function.getArgumentTypes())
    if (auto memref = dyn_cast<MemRefType>(type); memref && memref.getRank() != 0)
      return emitOpError() << "expects memrefs of one element, got " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

LogicalResult OutputOp::verify() {
  auto type = cast<MemRefType>(getType());
  if (!type.getLayout().isIdentity())
    return emitOpError() << "expects the identity layout, got " << type;
  if (getSizes().size() != static_cast<size_t>(type.getNumDynamicDims()))
    return emitOpError() << "expects a size for each of the " << type.getNumDynamicDims()
                         << " dynamic dimensions of " << type << ", got " << getSizes().size();
  auto func = (*this)->getParentOfType<func::FuncOp>();
  if (!func || !isEntry(func))
    return emitOpError("expects to be in a function with rt.entry");
  return success();
}
