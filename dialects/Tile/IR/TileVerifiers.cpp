//===- TileVerifiers.cpp - Legality of tile ops -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace moec::tile;

/// Requires `value`, if present, to be a tensor or memref of the given sizes
/// (dynamic ones match anySize) and element kind.
static LogicalResult hasShape(Operation *op, StringRef name, Value value, ArrayRef<int64_t> sizes,
                              function_ref<bool(Type)> isElement, StringRef elements) {
  if (!value)
    return success();
  auto type = cast<ShapedType>(value.getType());
  if (!type.hasRank() || type.getRank() != static_cast<int64_t>(sizes.size()))
    return op->emitOpError() << "expects " << name << " to have rank " << sizes.size() << ", got "
                             << type;
  for (auto [index, size] : llvm::enumerate(sizes))
    if (!ShapedType::isDynamic(size) && !type.isDynamicDim(index) && type.getDimSize(index) != size)
      return op->emitOpError() << "expects dimension " << index << " of " << name << " to be "
                               << size << ", got " << type.getDimSize(index);
  if (!isElement(type.getElementType()))
    return op->emitOpError() << "expects " << name << " of " << elements << ", got "
                             << type.getElementType();
  return success();
}

/// Vectors of columns are loaded and stored: columns of a memref must be neighbours.
static LogicalResult hasContiguousColumns(Operation *op, StringRef name, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (type && !type.isLastDimUnitStride())
    return op->emitOpError() << "expects " << name << " with unit stride in its last dimension, "
                             << "got " << type;
  return success();
}

static bool isStorage(Type type) { return isa<Float32Type, Float16Type, BFloat16Type>(type); }
static bool isI32(Type type) { return type.isInteger(32); }
static bool isScalar(Type type) { return type.isIntOrFloat(); }
constexpr StringLiteral storage = "f32, f16 or bf16";
constexpr int64_t anySize = ShapedType::kDynamic;

static int64_t dim(Value value, unsigned index) {
  return cast<ShapedType>(value.getType()).getDimSize(index);
}
static int64_t rank(Value value) { return cast<ShapedType>(value.getType()).getRank(); }

/// Structured ops are all tensors with results, or all memrefs without.
static LogicalResult verifyResults(Operation *op) {
  auto structured = cast<DestinationStyleOpInterface>(op);
  bool isTensor = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>);
  if (isTensor && llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>))
    return op->emitOpError("mixes tensors and memrefs");
  unsigned expected = isTensor ? structured.getNumDpsInits() : 0;
  if (op->getNumResults() != expected)
    return op->emitOpError() << "expects " << expected << " results, got " << op->getNumResults();
  for (auto [result, init] : llvm::zip(op->getResults(), structured.getDpsInits()))
    if (result.getType() != init.getType())
      return op->emitOpError() << "expects the result type of its outs, " << init.getType()
                               << ", got " << result.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Ragged products
//===----------------------------------------------------------------------===//

/// The arguments and the body of an epilogue.
static LogicalResult verifyEpilogue(Operation *op, Block &body, PackedType slabs,
                                    OperandRange rowArgs, OperandRange colArgs, Value outs) {
  SmallVector<Type> expected(slabs.getColumns(), Float32Type::get(op->getContext()));
  for (Value arg : llvm::concat<Value>(SmallVector<Value>(rowArgs), SmallVector<Value>(colArgs)))
    expected.push_back(getElementTypeOrSelf(arg.getType()));
  if (body.getArgumentTypes() != TypeRange(expected))
    return op->emitOpError() << "expects an epilogue with arguments (" << TypeRange(expected)
                             << "), got (" << body.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(body.back());
  if (!yield)
    return op->emitOpError("expects an epilogue that ends in tile.yield");
  for (Operation &inner : body.without_terminator()) {
    if (!isa<arith::ConstantOp, ub::PoisonOp>(inner) &&
        !OpTrait::hasElementwiseMappableTraits(&inner))
      return inner.emitOpError("is not element-wise and cannot stand in an epilogue");
    for (Type type : llvm::concat<const Type>(SmallVector<Type>(inner.getOperandTypes()),
                                              SmallVector<Type>(inner.getResultTypes())))
      if (!isScalar(type))
        return inner.emitOpError("expects integer or float scalars in an epilogue, got ") << type;
  }
  if (yield.getValue().getType() != getElementTypeOrSelf(outs.getType()))
    return yield.emitOpError() << "expects the element type of outs, "
                               << getElementTypeOrSelf(outs.getType()) << ", got "
                               << yield.getValue().getType();
  return success();
}

/// Operands that structured op and kernel share.
static LogicalResult verifyProduct(Operation *op, PackedType slabs, Value ranges,
                                   OperandRange rowArgs, OperandRange colArgs, Value outs,
                                   Block &body) {
  int64_t count = rank(outs) == 2 ? dim(outs, 0) : anySize, columns = slabs.getResultColumns();
  if (failed(hasShape(op, "outs", outs, {anySize, columns}, isStorage, storage)) ||
      failed(hasShape(op, "ranges", ranges, {slabs.getSlabs() + 1}, isI32, "i32")))
    return failure();
  if (!ranges && slabs.getSlabs() != 1)
    return op->emitOpError() << "expects ranges for " << slabs.getSlabs() << " slabs";
  for (Value arg : rowArgs)
    if (failed(hasShape(op, "a row argument", arg, {count}, isScalar, "scalars")))
      return failure();
  for (Value arg : colArgs)
    if (failed(hasShape(op, "a column argument", arg, {slabs.getSlabs(), columns}, isStorage,
                        storage)) ||
        failed(hasContiguousColumns(op, "a column argument", arg)))
      return failure();
  if (failed(hasContiguousColumns(op, "outs", outs)))
    return failure();
  return verifyEpilogue(op, body, slabs, rowArgs, colArgs, outs);
}

LogicalResult RaggedMatmulOp::verify() {
  PackedType slabs = getSlabs().getType();
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "rows", getRows(), {anySize, slabs.getK()}, isStorage, storage)) ||
      failed(verifyProduct(*this, slabs, getRanges(), getRowArgs(), getColArgs(), getOuts(),
                           getEpilogue().front())))
    return failure();
  return hasShape(*this, "gather", getGather(), {dim(getOuts(), 0)}, isI32, "i32");
}

/// Packed rows are passed to panel kernels.
static LogicalResult isPlainBuffer(Operation *op, StringRef name, MemRefType type) {
  if (!type.getLayout().isIdentity() || type.getMemorySpace())
    return op->emitOpError() << "expects " << name << " in the default layout and memory space, "
                             << "got " << type;
  return success();
}

LogicalResult PackRowsOp::verify() {
  if (failed(hasShape(*this, "rows", getRows(), {anySize, anySize}, isStorage, storage)) ||
      failed(hasShape(*this, "gather", getGather(), {anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "ranges", getRanges(), {anySize}, isI32, "i32")))
    return failure();
  int64_t summands = dim(getRows(), 1), depth = getDepth();
  if (depth < 1)
    return emitOpError() << "expects a positive depth, got " << depth;
  if (!ShapedType::isDynamic(summands) && (depth < summands || depth - summands > 1))
    return emitOpError() << "expects a depth of " << summands << " summands or one more, got "
                         << depth;
  return isPlainBuffer(*this, "into", getInto().getType());
}

LogicalResult PanelProductOp::verify() {
  if (failed(isPlainBuffer(*this, "packed", getPacked().getType())))
    return failure();
  return verifyProduct(*this, getSlabs().getType(), getRanges(), getRowArgs(), getColArgs(),
                       getOuts(), getEpilogue().front());
}

LogicalResult PanelsOp::verify() {
  PackedType packed = getPacked().getType();
  int64_t elements = packed.getSlabs() * packed.getSlabElements();
  auto expected = MemRefType::get({elements}, packed.getElementType());
  if (getElements().getType() != expected)
    return emitOpError() << "expects " << expected << ", got " << getElements().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Selection, bucketing, weighted gathers
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::verify() {
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "keys", getKeys(), {anySize, anySize}, isStorage, storage)))
    return failure();
  int64_t rows = dim(getKeys(), 0), columns = dim(getKeys(), 1);
  if (failed(hasShape(*this, "source", getSource(), {rows, columns}, isStorage, storage)) ||
      failed(hasShape(*this, "ids", getIds(), {rows, anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "values", getValues(), {rows, dim(getIds(), 1)}, isStorage, storage)))
    return failure();
  int64_t k = dim(getIds(), 1);
  if (ShapedType::isDynamic(k) || k < 1)
    return emitOpError("expects ids with a static, positive number of columns");
  if (!ShapedType::isDynamic(columns) && k > columns)
    return emitOpError() << "expects at most " << columns << " selected columns, got " << k;
  Value source = getSource() ? getSource() : getKeys();
  if (getElementTypeOrSelf(source.getType()) != getElementTypeOrSelf(getValues().getType()))
    return emitOpError("expects values of the element type of what they are taken from");
  return success();
}

LogicalResult BucketOp::verify() {
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "keys", getKeys(), {anySize, anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "offsets", getOffsets(), {anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "source", getSource(), {anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "places", getPlaces(), {dim(getKeys(), 0), dim(getKeys(), 1)}, isI32,
                      "i32")))
    return failure();
  int64_t offsets = dim(getOffsets(), 0);
  if (!ShapedType::isDynamic(offsets) && offsets < 2)
    return emitOpError("expects at least one bucket");
  return success();
}

LogicalResult WeightedGatherOp::verify() {
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "rows", getRows(), {anySize, anySize}, isStorage, storage)) ||
      failed(hasShape(*this, "places", getPlaces(), {anySize, anySize}, isI32, "i32")) ||
      failed(hasShape(*this, "weights", getWeights(), {dim(getPlaces(), 0), dim(getPlaces(), 1)},
                      isStorage, storage)))
    return failure();
  if (getTerm() && !isStorage(*getTerm()))
    return emitOpError() << "expects a term type of " << storage << ", got " << *getTerm();
  if (failed(hasShape(*this, "outs", getOuts(), {dim(getPlaces(), 0), dim(getRows(), 1)}, isStorage,
                      storage)) ||
      failed(hasContiguousColumns(*this, "rows", getRows())))
    return failure();
  return hasContiguousColumns(*this, "outs", getOuts());
}
