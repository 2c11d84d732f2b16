//===- TileDialect.cpp - Registration and types -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec::tile;

#include "dialects/Tile/IR/TileDialect.cpp.inc"
#include "dialects/Tile/IR/TileEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/IR/TileTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/IR/TileAttrs.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/IR/TileTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/IR/TileAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/IR/TileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// !tile.packed<GxNxKxT> or !tile.packed<GxNxKxT, columns = 2>
//===----------------------------------------------------------------------===//

Type PackedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  int64_t columns = 1;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("columns") || parser.parseEqual() || parser.parseInteger(columns)))
    return {};
  if (parser.parseGreater())
    return {};
  if (shape.size() != 3) {
    parser.emitError(loc, "expects three dimensions: slabs, columns, summands");
    return {};
  }
  return PackedType::getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                                shape[0], shape[1], shape[2], element, columns);
}

void PackedType::print(AsmPrinter &printer) const {
  printer << "<" << getSlabs() << "x" << getN() << "x" << getK() << "x" << getElementType();
  if (getColumns() != 1)
    printer << ", columns = " << getColumns();
  printer << ">";
}

LogicalResult PackedType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t slabs,
                                 int64_t n, int64_t k, Type elementType, int64_t columns) {
  if (slabs < 1 || n < 1 || k < 1)
    return emitError() << "expects positive sizes, got " << slabs << "x" << n << "x" << k;
  if (!isa<Float32Type, Float16Type, BFloat16Type>(elementType))
    return emitError() << "expects f32, f16 or bf16 elements, got " << elementType;
  if (columns != 1 && columns != 2)
    return emitError() << "expects columns = 1 or 2, got " << columns;
  if (n % columns != 0)
    return emitError() << "expects a multiple of " << columns << " source columns, got " << n;
  // Sizes in bytes, alignments included, must not overflow.
  constexpr int64_t most = int64_t(1) << 44;
  int64_t slab, all;
  if (n > most || k > most || llvm::MulOverflow(n + panelWidth, k + 1, slab) || slab > most ||
      llvm::MulOverflow(slab + 4096, slabs, all) || all > most)
    return emitError() << "expects less than 2^44 elements, got " << slabs << "x" << n << "x" << k;
  return success();
}

int64_t PackedType::getPanelElements() const {
  int64_t k = getElementType().isBF16() ? llvm::alignTo(getK(), 2) : getK();
  return k * panelWidth;
}

int64_t PackedType::getSlabElements() const {
  constexpr int64_t slabAlignment = 4096; // bytes; MOERT_SLAB_ALIGNMENT
  int64_t bytes = getElementType().getIntOrFloatBitWidth() / 8;
  return llvm::alignTo(getNumPanels() * getPanelElements() * bytes, slabAlignment) / bytes;
}
