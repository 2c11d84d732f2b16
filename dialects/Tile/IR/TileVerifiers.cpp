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
static bool isRowNumber(Type type) { return type.isInteger(32) || type.isInteger(64); }
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
static LogicalResult verifyEpilogue(Operation *op, Block &body, int64_t columns,
                                    ArrayRef<OperandRange> arguments, Value outs) {
  SmallVector<Type> expected(columns, Float32Type::get(op->getContext()));
  for (OperandRange range : arguments)
    for (Value arg : range)
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
template <typename OpT>
static LogicalResult verifyProduct(OpT op) {
  auto slabs = dyn_cast<PackedType>(op.getSlabs().getType());
  Value outs = op.getOuts(), ranges = op.getRanges();
  int64_t count = rank(outs) == 2 ? dim(outs, 0) : anySize;
  int64_t columns = slabs ? slabs.getResultColumns() : rank(outs) == 2 ? dim(outs, 1) : anySize;
  int64_t numSlabs = slabs ? slabs.getSlabs() : anySize;
  int64_t numRanges = slabs ? numSlabs + 1 : anySize;
  if (failed(hasShape(op, "outs", outs, {anySize, columns}, isStorage, storage)) ||
      failed(hasShape(op, "ranges", ranges, {numRanges}, isI32, "i32")))
    return failure();
  if (ranges && op.getBatch())
    return op.emitOpError("expects ranges or batch, not both");
  if (!ranges && !op.getBatch() && slabs && numSlabs != 1)
    return op.emitOpError() << "expects ranges or batch for " << numSlabs << " slabs";
  for (Value arg : op.getRowArgs())
    if (failed(hasShape(op, "a row argument", arg, {count}, isScalar, "scalars")))
      return failure();
  for (Value arg : op.getColArgs())
    if (failed(hasShape(op, "a column argument", arg, {numSlabs, columns}, isStorage, storage)) ||
        failed(hasContiguousColumns(op, "a column argument", arg)))
      return failure();
  for (Value arg : op.getElemArgs())
    if (failed(hasShape(op, "an element argument", arg, {count, columns}, isStorage, storage)) ||
        failed(hasContiguousColumns(op, "an element argument", arg)))
      return failure();
  if (failed(hasContiguousColumns(op, "outs", outs)))
    return failure();
  return verifyEpilogue(op, op.getEpilogue().front(), slabs ? slabs.getColumns() : 1,
                        {op.getRowArgs(), op.getColArgs(), op.getElemArgs()}, outs);
}

LogicalResult RaggedMatmulOp::verify() {
  auto slabs = dyn_cast<PackedType>(getSlabs().getType());
  int64_t summands = slabs ? slabs.getK() : anySize;
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "rows", getRows(), {anySize, summands}, isStorage, storage)) ||
      failed(verifyProduct(*this)))
    return failure();
  return hasShape(*this, "gather", getGather(), {dim(getOuts(), 0)}, isRowNumber, "i32 or i64");
}

LogicalResult PackOp::verify() {
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "source", getSource(), {anySize, anySize, anySize}, isStorage,
                      storage)))
    return failure();
  Type element = getElementTypeOrSelf(getSource().getType());
  return hasShape(
      *this, "outs", getOuts(), {anySize}, [&](Type type) { return type == element; },
      "the element type of its source");
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
      failed(hasShape(*this, "gather", getGather(), {anySize}, isRowNumber, "i32 or i64")) ||
      failed(hasShape(*this, "ranges", getRanges(), {anySize}, isI32, "i32")))
    return failure();
  if (getRanges() && getBatch())
    return emitOpError("expects ranges or batch, not both");
  return isPlainBuffer(*this, "into", getInto().getType());
}

LogicalResult PanelProductOp::verify() {
  if (failed(isPlainBuffer(*this, "packed", getPacked().getType())))
    return failure();
  if (isa<PackedType>(getSlabs().getType()) == (getDepth() != Value()))
    return emitOpError("expects depth for slabs in a buffer, and only for those");
  return verifyProduct(*this);
}

LogicalResult PackPanelsOp::verify() {
  if (failed(hasShape(*this, "source", getSource(), {anySize, anySize, anySize}, isStorage,
                      storage)) ||
      failed(isPlainBuffer(*this, "into", getInto().getType())))
    return failure();
  if (getElementTypeOrSelf(getSource().getType()) != getInto().getType().getElementType())
    return emitOpError("expects panels of the element type of their source");
  return success();
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
  if (ShapedType::isStatic(columns) && ShapedType::isStatic(k) && k > columns)
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

static bool isI8(Type type) { return type.isInteger(8); }
static bool isI64(Type type) { return type.isInteger(64); }

LogicalResult ScatterOp::verify() {
  Type element = getElementTypeOrSelf(getOuts().getType());
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "outs", getOuts(), {anySize, anySize}, ::isScalar, "scalars")) ||
      failed(hasShape(*this, "places", getPlaces(), {anySize}, isI64, "i64")) ||
      failed(hasShape(*this, "updates", getUpdates(), {dim(getPlaces(), 0), dim(getOuts(), 1)},
                      [&](Type type) { return type == element; }, "the element type of outs")))
    return failure();
  bool isUnsigned = getCombine() == Combine::MinU || getCombine() == Combine::MaxU;
  if (isa<FloatType>(element) && isUnsigned)
    return emitOpError() << "expects integers for " << stringifyCombine(getCombine()) << ", got "
                         << element;
  if (getCombine() != Combine::Replace && (element.isF16() || element.isBF16()))
    return emitOpError() << "expects updates in f32 for " << stringifyCombine(getCombine())
                         << ", got " << element;
  return success();
}

LogicalResult CompactOp::verify() {
  if (failed(verifyResults(*this)) ||
      failed(hasShape(*this, "flags", getFlags(), {anySize}, isI8, "i8")))
    return failure();
  return hasShape(*this, "outs", getOuts(), {anySize}, isI64, "i64");
}

/// `to` has the shape of `from`, and `axis` is one of its axes.
static LogicalResult verifyAlongAxis(Operation *op, Value from, StringRef name, Value to,
                                     int64_t axis, function_ref<bool(Type)> isElement,
                                     StringRef elements) {
  auto type = cast<ShapedType>(from.getType());
  if (failed(verifyResults(op)) ||
      failed(hasShape(op, name, to, type.getShape(), isElement, elements)))
    return failure();
  if (axis < 0 || axis >= type.getRank())
    return op->emitOpError() << "expects 0 <= axis < " << type.getRank() << ", got " << axis;
  if (!isScalar(type.getElementType()))
    return op->emitOpError() << "expects integers or floats, got " << type.getElementType();
  return success();
}

LogicalResult ScanOp::verify() {
  Type element = getElementTypeOrSelf(getRows().getType());
  return verifyAlongAxis(
      *this, getRows(), "outs", getOuts(), getAxis(), [&](Type type) { return type == element; },
      "the elements of rows");
}

LogicalResult SortOp::verify() {
  return verifyAlongAxis(
      *this, getKeys(), "order", getOrder(), getAxis(),
      [](Type type) { return type.isInteger(64); }, "i64");
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

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// The sizes of `value` as batch, heads, sequence, head size, dynamic if its
/// rank, which is checked later, is not 4.
static SmallVector<int64_t> headSizes(Value value, HeadLayout layout) {
  if (rank(value) != 4)
    return SmallVector<int64_t>(4, anySize);
  SmallVector<int64_t> sizes(cast<ShapedType>(value.getType()).getShape());
  if (layout == HeadLayout::BSHD)
    std::swap(sizes[1], sizes[2]);
  return sizes;
}

/// hasShape and contiguous columns of an operand with heads.
static LogicalResult hasHeads(Operation *op, StringRef name, Value value, HeadLayout layout,
                              SmallVector<int64_t> sizes) {
  if (layout == HeadLayout::BSHD)
    std::swap(sizes[1], sizes[2]);
  if (failed(hasShape(op, name, value, sizes, isStorage, storage)))
    return failure();
  return hasContiguousColumns(op, name, value);
}

static bool isMaskElement(Type type) { return isStorage(type) || type.isInteger(8); }

/// A size of the mask that is 1 serves the whole dimension.
static LogicalResult verifyMask(Operation *op, Value mask, ArrayRef<int64_t> sizes) {
  if (!mask)
    return success();
  if (failed(hasShape(op, "mask", mask, {anySize, anySize, anySize, anySize}, isMaskElement,
                      "i8, f32, f16 or bf16")) ||
      failed(hasContiguousColumns(op, "mask", mask)))
    return failure();
  for (auto [index, size] : llvm::enumerate(sizes)) {
    int64_t given = dim(mask, index);
    if (ShapedType::isDynamic(size) || ShapedType::isDynamic(given))
      continue;
    bool isLast = index + 1 == sizes.size();
    if (isLast && given > size)
      return op->emitOpError() << "expects at most " << size << " keys in mask, got " << given;
    if (!isLast && given != 1 && given != size)
      return op->emitOpError() << "expects dimension " << index << " of mask to be 1 or " << size
                               << ", got " << given;
  }
  return success();
}

template <typename OpT>
static LogicalResult verifyAttention(OpT op) {
  SmallVector<int64_t> query = headSizes(op.getQuery(), op.getQueryLayout()),
                       key = headSizes(op.getKey(), op.getKeyLayout()),
                       value = headSizes(op.getValue(), op.getValueLayout());
  int64_t batch = query[0], length = ShapedType::isDynamic(key[2]) ? value[2] : key[2];
  if (failed(hasHeads(op, "query", op.getQuery(), op.getQueryLayout(), query)) ||
      failed(hasHeads(op, "key", op.getKey(), op.getKeyLayout(),
                      {batch, anySize, length, query[3]})) ||
      failed(hasHeads(op, "value", op.getValue(), op.getValueLayout(),
                      {batch, key[1], length, anySize})) ||
      failed(hasHeads(op, "outs", op.getOuts(), op.getOutsLayout(),
                      {batch, query[1], query[2], value[3]})) ||
      failed(verifyMask(op, op.getMask(), {batch, query[1], query[2], length})) ||
      failed(hasShape(op, "lengths", op.getLengths(), {batch}, isI64, "i64")))
    return failure();
  if (ShapedType::isDynamic(query[1]) || ShapedType::isDynamic(key[1]) || key[1] < 1 ||
      query[1] % key[1] != 0)
    return op.emitOpError("expects static numbers of heads, those of query a multiple of those "
                          "of key");
  if (op.getSoftcap() && !(op.getSoftcap()->convertToFloat() > 0))
    return op.emitOpError() << "expects softcap > 0, got " << op.getSoftcap()->convertToFloat();
  for (std::optional<int64_t> window : {op.getLeftWindow(), op.getRightWindow()})
    if (window && (*window < 0 || *window > std::numeric_limits<int32_t>::max()))
      return op.emitOpError() << "expects windows from 0 to 2^31 - 1, got " << *window;
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyResults(*this)))
    return failure();
  return verifyAttention(*this);
}

LogicalResult AttentionRowsOp::verify() { return verifyAttention(*this); }
