//===- WeightPacker.cpp - Weights as a stream of pieces ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The source of a packed piece is evaluated in boxes small enough to stay in the
// second-level cache until they are in their panels, in the order its file has
// it, so that files are read in long runs whichever way they lie.
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WeightPacker.h"

#include "lib/Emit/PanelTransposition.h"
#include "lib/Emit/ReshapeBoxes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace moec;
using namespace moec::rt;

static constexpr int64_t kStageBytes = int64_t(256) << 10;
/// Of a row of the stage where N is fastest: long enough for a file to be read in long runs, and
/// short enough for many k.
static constexpr int64_t kStageRowBytes = int64_t(8) << 10;
/// Between rows of the stage, so that those of a power of two do not share the sets of a cache.
static constexpr int64_t kLineBytes = 64;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

WeightPieces::WeightPieces(WeightExprInterface expr, int64_t pieceBytes)
    : layout(getWeightLayout(expr)), piece{} {
  int64_t elementBytes = getElementBytes(expr);
  if (!isa<PackAttr>(expr)) {
    last = expr.getExprType().getNumElements();
    piece.count = std::max<int64_t>(1, pieceBytes / elementBytes);
    return;
  }
  last = layout.panels;
  int64_t rowBytes = kPanelColumns * elementBytes;
  int64_t panelBytes = layout.paddedK * rowBytes;
  piece.depth = layout.paddedK;
  piece.count = std::max<int64_t>(1, pieceBytes / std::max<int64_t>(1, panelBytes));
  if (panelBytes > pieceBytes)
    piece.depth = std::max(pieceBytes / rowBytes / layout.kGroup, int64_t(1)) * layout.kGroup;
}

std::optional<WeightPiece> WeightPieces::next() {
  if (layout.slabBytes == 0 || piece.slab == layout.numSlabs)
    return std::nullopt;
  WeightPiece result = piece;
  result.count = std::min(piece.count, last - piece.first);
  result.depth = std::min(piece.depth, layout.paddedK - piece.k);
  piece.k += result.depth;
  if (piece.k == layout.paddedK) {
    piece.k = 0;
    piece.first += result.count;
  }
  if (piece.first == last) {
    piece.first = 0;
    ++piece.slab;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// The dimension of `expr` along which its file is consecutive.
static size_t getFastestDim(WeightExprInterface expr) {
  return TypeSwitch<mlir::Attribute, size_t>(expr)
      .Case([](TransposeAttr e) {
        size_t fastest = getFastestDim(e.getSource());
        return llvm::find(e.getPermutation(), fastest) - e.getPermutation().begin();
      })
      .Case([](StackAttr e) { return getFastestDim(e.getElements().front()) + 1; })
      .Case([](ConcatAttr e) { return getFastestDim(e.getElements().front()); })
      .Case([](ReshapeAttr e) {
        return getReshapedDim(e.getSource().getExprType().getShape(), e.getShape(),
                              getFastestDim(e.getSource()));
      })
      .Case<SliceAttr, CastAttr>([](auto e) { return getFastestDim(e.getSource()); })
      .Default([&](mlir::Attribute) { return expr.getExprType().getRank() - 1; });
}

Error WeightPacker::packPanels(PackAttr pack, const WeightPiece &piece,
                               SmallVectorImpl<char> &bytes) {
  WeightExprInterface source = pack.getSource();
  mlir::RankedTensorType type = source.getExprType();
  const int64_t rank = type.getRank(), n = type.getDimSize(rank - 2), k = type.getDimSize(rank - 1);
  const int64_t elementBytes = getElementBytes(source);
  const PanelOrder order{pack.getColumns(), getWeightLayout(pack).kGroup, elementBytes};
  const int64_t panelRowBytes = kPanelColumns * elementBytes;
  const bool fromColumns = getFastestDim(source) + 2 == static_cast<size_t>(rank);

  // A box of the stage: `panels` panels, `depth` k of each.
  int64_t panels = 1;
  if (fromColumns)
    panels = std::clamp<int64_t>(kStageRowBytes / panelRowBytes, 1, piece.count);
  int64_t depth = kStageBytes / (panels * panelRowBytes);
  depth = std::clamp<int64_t>(depth / order.kGroup * order.kGroup, order.kGroup, piece.depth);
  const int64_t stageRowBytes =
      (fromColumns ? panels * panelRowBytes : alignTo(depth * elementBytes, kLineBytes)) +
      kLineBytes;
  stage.resize_for_overwrite(stageRowBytes * (fromColumns ? depth : kPanelColumns));

  bytes.resize_for_overwrite(piece.count * piece.depth * panelRowBytes);
  for (int64_t panel = 0; panel < piece.count; panel += panels) {
    panels = std::min(panels, piece.count - panel);
    const int64_t firstRow = (piece.first + panel) * kPanelColumns;
    const int64_t rows = std::min(panels * kPanelColumns, n - firstRow);
    for (int64_t begin = 0; begin < piece.depth; begin += depth) {
      const int64_t padded = std::min(depth, piece.depth - begin);
      const int64_t count = std::min(padded, k - piece.k - begin);
      // Rows of N and K that do not exist are zeros.
      if (rows < panels * kPanelColumns || count < padded)
        std::fill(stage.begin(), stage.end(), 0);
      int64_t offsets[] = {piece.slab, firstRow, piece.k + begin}, sizes[] = {1, rows, count};
      int64_t strides[] = {0, elementBytes, stageRowBytes};
      if (!fromColumns)
        std::swap(strides[1], strides[2]);
      const size_t skip = rank == 2; // no dimension of slabs
      if (Error error = reader.read(source, ArrayRef(offsets).drop_front(skip),
                                    ArrayRef(sizes).drop_front(skip), stage.data(),
                                    ArrayRef(strides).drop_front(skip)))
        return error;
      for (int64_t i = 0; i < panels; ++i) {
        char *target = bytes.data() + ((panel + i) * piece.depth + begin) * panelRowBytes;
        if (fromColumns)
          packFromColumns(stage.data() + i * panelRowBytes, stageRowBytes, padded / order.kGroup,
                          order, target);
        else
          packFromRows(stage.data(), stageRowBytes, padded / order.kGroup, order, target);
      }
    }
  }
  return Error::success();
}

Error WeightPacker::pack(WeightExprInterface expr, const WeightPiece &piece,
                         SmallVectorImpl<char> &bytes) {
  auto evaluate = [&]() -> Error {
    if (auto pack = dyn_cast<PackAttr>(expr))
      return packPanels(pack, piece, bytes);
    bytes.resize_for_overwrite(piece.count * getElementBytes(expr));
    return reader.readLinear(expr, piece.first, piece.count, bytes.data());
  };
  Error error = evaluate();
  reader.releasePages();
  return error;
}
