//===- ONNXDialect.cpp - Registration and attributes ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::onnx;

#include "dialects/ONNX/IR/ONNXDialect.cpp.inc"
#include "dialects/ONNX/IR/ONNXEnums.cpp.inc"
#include "dialects/ONNX/IR/ONNXInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/ONNX/IR/ONNXAttrs.cpp.inc"

void ONNXDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/ONNX/IR/ONNXAttrs.cpp.inc"
      >();
  registerONNXDialectOperations(this);
}

Operation *ONNXDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                            Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

LogicalResult ONNXDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  return op->emitError() << "attribute '" << attribute.getName().getValue()
                         << "' belongs on an argument or a result of a function";
}

/// Names of sizes: one string per axis of the argument.
static LogicalResult verifyArgument(Operation *op, Type type, NamedAttribute attribute) {
  if (attribute.getName() == valueNameAttrName) {
    if (isa<StringAttr>(attribute.getValue()))
      return success();
    return op->emitError() << "expects '" << valueNameAttrName << "' to be a string";
  }
  if (attribute.getName() != dimNamesAttrName)
    return op->emitError() << "unknown attribute '" << attribute.getName().getValue() << "'";
  auto names = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!names || !llvm::all_of(names, llvm::IsaPred<StringAttr>))
    return op->emitError() << "expects '" << dimNamesAttrName << "' to be an array of strings";
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || static_cast<size_t>(tensor.getRank()) != names.size())
    return op->emitError() << "expects one name per axis of " << type << " in '" << dimNamesAttrName
                           << "', got " << names.size();
  return success();
}

LogicalResult ONNXDialect::verifyRegionArgAttribute(Operation *op, unsigned region,
                                                    unsigned argument, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitError() << "'" << attribute.getName() << "' belongs on arguments of functions";
  return verifyArgument(op, function.getArgumentTypes()[argument], attribute);
}

LogicalResult ONNXDialect::verifyRegionResultAttribute(Operation *op, unsigned region,
                                                       unsigned result, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitError() << "'" << attribute.getName() << "' belongs on results of functions";
  return verifyArgument(op, function.getResultTypes()[result], attribute);
}
