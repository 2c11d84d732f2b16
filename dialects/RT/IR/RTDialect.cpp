//===- RTDialect.cpp - Registration and attributes of functions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::rt;

#include "dialects/RT/IR/RTDialect.cpp.inc"
#include "dialects/RT/IR/RTEnums.cpp.inc"
#include "dialects/RT/IR/RTInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/RT/IR/RTAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/RT/IR/RTTypes.cpp.inc"

namespace {
/// Dense constants are leaves of weight expressions.
struct DenseConstantModel
    : WeightExprInterface::ExternalModel<DenseConstantModel, DenseIntOrFPElementsAttr> {
  RankedTensorType getExprType(Attribute attr) const {
    return dyn_cast<RankedTensorType>(cast<DenseIntOrFPElementsAttr>(attr).getType());
  }
};
} // namespace

void RTDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/RT/IR/RTAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/RT/IR/RTTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/RT/IR/RTOps.cpp.inc"
      >();
  DenseIntOrFPElementsAttr::attachInterface<DenseConstantModel>(*getContext());
  attachBufferization(getContext());
  attachStateBufferization(getContext());
  attachExchangeBufferization(getContext());
}

bool moec::rt::isKernel(Operation *op) {
  return isa<func::FuncOp>(op) && op->hasAttr(RTDialect::kKernel);
}

bool moec::rt::isEntry(Operation *op) {
  return isa<func::FuncOp>(op) && op->hasAttr(RTDialect::kEntry);
}

static LogicalResult verifyKernel(Operation *op) {
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func)
    return op->emitOpError("'rt.kernel' marks functions only");
  if (!func.isPrivate() || func.isDeclaration())
    return op->emitOpError("expects a kernel to be private and to have a body");
  FunctionType type = func.getFunctionType();
  if (type.getNumResults() != 0)
    return op->emitOpError() << "expects a kernel to have no results, got " << type.getNumResults();
  if (type.getNumInputs() < 2 || !type.getInput(0).isIndex() || !type.getInput(1).isIndex())
    return op->emitOpError("expects the first two arguments of a kernel to be the range of units, "
                           "each of type index");
  return success();
}

static LogicalResult verifyEntry(Operation *op) {
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func)
    return op->emitOpError("'rt.entry' marks functions only");
  if (!func.isPublic() || func.isDeclaration())
    return op->emitOpError("expects an entry to be public and to have a body");
  if (op->hasAttr(RTDialect::kKernel))
    return op->emitOpError("a function cannot be both an entry and a kernel");
  return success();
}

LogicalResult RTDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  Attribute value = attribute.getValue();
  if (name == kKernel || name == kEntry) {
    if (!isa<UnitAttr>(value))
      return op->emitOpError() << "expects '" << name << "' to be a unit attribute";
    return name == kKernel ? verifyKernel(op) : verifyEntry(op);
  }
  if (name == kOutputs) {
    auto values = dyn_cast<ArrayAttr>(value);
    if (!values || !llvm::all_of(values, llvm::IsaPred<ValueAttr>))
      return op->emitOpError() << "expects '" << name << "' to be an array of #rt.value";
    if (!isEntry(op))
      return op->emitOpError() << "'" << name << "' belongs to functions with rt.entry";
    return success();
  }
  if (name == kMetadata) {
    if (!isa<ModuleOp>(op) || !isa<StringAttr>(value))
      return op->emitOpError() << "expects '" << name << "' to be a string on a module";
    return success();
  }
  if (name == kChip || name == kPtx || name == kCubin) {
    if (!isa<gpu::GPUModuleOp>(op) || !isa<StringAttr>(value))
      return op->emitOpError() << "expects '" << name << "' to be a string on a gpu.module";
    return success();
  }
  if (name == kGrid) {
    auto sizes = dyn_cast<DenseI64ArrayAttr>(value);
    int64_t ranks = 1;
    bool fits = isa<ModuleOp>(op) && sizes && !sizes.empty() && sizes.size() <= 32;
    for (int64_t size : fits ? sizes.asArrayRef() : ArrayRef<int64_t>()) {
      fits &= size >= 1 && ranks <= kMostRanks / size;
      ranks *= fits ? size : 1;
    }
    if (!fits)
      return op->emitOpError() << "expects '" << name << "' to be 1 to 32 sizes on a module, of at "
                               << "most " << kMostRanks << " ranks in all";
    return success();
  }
  if (name == kBuildId) {
    auto bytes = dyn_cast<DenseI8ArrayAttr>(value);
    if (!isa<ModuleOp>(op) || !bytes || bytes.size() != 16)
      return op->emitOpError() << "expects '" << name << "' to be 16 bytes on a module";
    return success();
  }
  return op->emitOpError() << "unknown attribute '" << name << "' of the rt dialect";
}

static LogicalResult verifySignature(Operation *op, Type type, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  Attribute value = attribute.getValue();
  if (name == RTDialect::kName || name == RTDialect::kDType) {
    if (!isa<StringAttr>(value))
      return op->emitOpError() << "expects '" << name << "' to be a string";
    return success();
  }
  if (name == RTDialect::kDimNames) {
    auto names = dyn_cast<ArrayAttr>(value);
    auto shaped = dyn_cast<ShapedType>(type);
    if (!names || !llvm::all_of(names, llvm::IsaPred<StringAttr>))
      return op->emitOpError() << "expects '" << name << "' to be an array of strings";
    if (!shaped || !shaped.hasRank() || static_cast<size_t>(shaped.getRank()) != names.size())
      return op->emitOpError() << "expects '" << name << "' to have a name per dimension of "
                               << type << ", got " << names.size();
    return success();
  }
  return op->emitOpError() << "unknown attribute '" << name << "' of the rt dialect";
}

LogicalResult RTDialect::verifyRegionArgAttribute(Operation *op, unsigned region, unsigned index,
                                                  NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func || index >= func.getNumArguments())
    return op->emitOpError("rt attributes of arguments belong to functions");
  return verifySignature(op, func.getArgumentTypes()[index], attribute);
}

LogicalResult RTDialect::verifyRegionResultAttribute(Operation *op, unsigned region, unsigned index,
                                                     NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func || index >= func.getNumResults())
    return op->emitOpError("rt attributes of results belong to functions");
  return verifySignature(op, func.getResultTypes()[index], attribute);
}
