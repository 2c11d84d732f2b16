//===- RTExchangeOps.cpp - Legality of exchanges ----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/RT/IR/WeightLayout.h"

using namespace mlir;
using namespace moec::rt;

//===----------------------------------------------------------------------===//
// The declaration
//===----------------------------------------------------------------------===//

/// Members of a group along `axes` of `grid`; nothing if the axes are not the grid's.
static std::optional<int64_t> countMembers(ArrayRef<int64_t> grid, ArrayRef<int64_t> axes) {
  int64_t members = 1;
  uint32_t seen = 0;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= static_cast<int64_t>(grid.size()) || (seen >> axis & 1))
      return std::nullopt;
    seen |= 1u << axis;
    members *= grid[axis];
  }
  return axes.empty() ? std::nullopt : std::optional(members);
}

LogicalResult ExchangeOp::verify() {
  auto grid = (*this)->getParentOp()->getAttrOfType<DenseI64ArrayAttr>(RTDialect::kGrid);
  if (!grid)
    return emitOpError() << "expects the module to have '" << RTDialect::kGrid << "'";
  std::optional<int64_t> members = countMembers(grid, getAxes());
  if (!members)
    return emitOpError("expects one or more axes of the grid, each once, got [")
           << getAxes() << "]";
  if (getOwners().empty())
    return emitOpError("expects an owner for each expert, and at least one expert");
  const int64_t parts = getParts();
  if (static_cast<int64_t>(getOwners().size()) % parts != 0)
    return emitOpError("expects an owner for each part of each expert, got ")
           << getOwners().size() << " for " << parts << " parts";
  for (auto [range, owner] : llvm::enumerate(getOwners()))
    if (owner < 0 || owner >= *members)
      return emitOpError("gives expert ") << static_cast<int64_t>(range) / parts << " to member "
                                          << owner << " of a group of " << *members;
  return success();
}

//===----------------------------------------------------------------------===//
// Its steps
//===----------------------------------------------------------------------===//

/// The exchange that `op` names; null after an error.
static ExchangeOp findExchange(Operation *op, FlatSymbolRefAttr name,
                               SymbolTableCollection &tables) {
  auto exchange = tables.lookupNearestSymbolFrom<ExchangeOp>(op, name);
  if (!exchange)
    op->emitOpError() << name << " is not a 'rt.exchange' of this module";
  return exchange;
}

/// Requires as many numbers as the exchange has experts, or parts of experts, and one.
static LogicalResult verifyNumbers(Operation *op, FlatSymbolRefAttr name, Type numbers, bool byPart,
                                   SymbolTableCollection &tables) {
  ExchangeOp exchange = findExchange(op, name, tables);
  if (!exchange)
    return failure();
  int64_t ranges = exchange.getOwners().size();
  int64_t expected = 1 + (byPart ? ranges : ranges / static_cast<int64_t>(exchange.getParts()));
  if (cast<ShapedType>(numbers).getDimSize(0) == expected)
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "expects " << expected << " numbers, one more than "
                            << (byPart && exchange.getParts() > 1 ? "parts of " : "")
                            << "experts, got " << numbers;
  diag.attachNote(exchange.getLoc()) << "declared here";
  return diag;
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  FlatSymbolRefAttr name = getExchangeAttr();
  if (!name)
    return success();
  ExchangeOp exchange = findExchange(*this, name, tables);
  if (!exchange)
    return failure();
  const int64_t slabs = getWeightLayout(getValue()).numSlabs, owners = exchange.getOwners().size();
  if (slabs % owners == 0)
    return success();
  InFlightDiagnostic diag = emitOpError() << "has " << slabs << " slabs, which cannot be equally "
                                          << "many for " << owners << " owners";
  diag.attachNote(exchange.getLoc()) << "declared here";
  return diag;
}

LogicalResult BeginExchangeOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyNumbers(*this, getExchangeAttr(), getOffsets().getType(), false, tables);
}

LogicalResult ReceiveRowsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyNumbers(*this, getExchangeAttr(), getInit().getType(), true, tables);
}

LogicalResult ReturnRowsOp::verifySymbolUses(SymbolTableCollection &tables) {
  ExchangeOp exchange = findExchange(*this, getExchangeAttr(), tables);
  if (!exchange)
    return failure();
  auto rows = cast<ShapedType>(getRows().getType()), all = cast<ShapedType>(getResults().getType());
  int64_t parts = exchange.getParts();
  if (rows.getElementType() == all.getElementType() &&
      rows.getDimSize(1) * parts == all.getDimSize(1))
    return success();
  InFlightDiagnostic diag = emitOpError("returns ") << rows;
  if (parts > 1)
    diag << " in " << parts << " parts";
  return diag << " into rows of another type, " << all;
}

LogicalResult EndExchangeOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyNumbers(*this, getExchangeAttr(), getOffsets().getType(), false, tables);
}

/// Rows have a known length, since the runtime moves bytes.
static LogicalResult verifyRows(Operation *op, Value rows) {
  auto type = cast<ShapedType>(rows.getType());
  if (type.isDynamicDim(1))
    return op->emitOpError("expects rows of static length, got ") << type;
  if (!type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8 != 0)
    return op->emitOpError("expects elements of whole bytes, got ") << type;
  return success();
}

/// A tensor that is written is a result, too; a memref is not.
static LogicalResult verifyDestination(Operation *op, Value destination, Value result) {
  Type expected = isa<TensorType>(destination.getType()) ? destination.getType() : Type();
  if (expected == (result ? result.getType() : Type()))
    return success();
  InFlightDiagnostic diag = op->emitOpError("expects ");
  if (expected)
    return diag << "what is written as a result of type " << expected;
  return diag << "no result for the memref that is written";
}

LogicalResult BeginExchangeOp::verify() { return verifyRows(*this, getRows()); }

MemRefType ReceiveRowsOp::getMemoryType(ShapedType rows) {
  auto layout = StridedLayoutAttr::get(rows.getContext(), 0, {1, 1});
  return MemRefType::get(rows.getShape(), rows.getElementType(), layout);
}

LogicalResult ReceiveRowsOp::verify() {
  auto type = cast<ShapedType>(getMemory().getType());
  auto places = cast<ShapedType>(getPlaces().getType());
  if (!type.isDynamicDim(0) || !places.isDynamicDim(0))
    return emitOpError("expects a dynamic number of rows, got ") << type << " and " << places;
  for (Type other : {getInit().getType(), Type(places)})
    if (isa<TensorType>(type) != isa<TensorType>(other))
      return emitOpError("expects tensors or memrefs, got ") << type << " and " << other;
  if (auto memory = dyn_cast<MemRefType>(getMemory().getType());
      memory && memory.getLayout() != getMemoryType(memory).getLayout())
    return emitOpError("expects rows at each element, ")
           << getMemoryType(memory) << ", got " << memory;
  return success(succeeded(verifyRows(*this, getMemory())) &&
                 succeeded(verifyDestination(*this, getInit(), getRanges())));
}

LogicalResult ReturnRowsOp::verify() {
  return success(succeeded(verifyRows(*this, getResults())) &&
                 succeeded(verifyRows(*this, getRows())) &&
                 succeeded(verifyDestination(*this, getResults(), getResult())));
}

LogicalResult EndExchangeOp::verify() {
  return verifyDestination(*this, getResults(), getResult());
}
