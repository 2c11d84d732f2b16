//===- ShapeOperators.cpp - Import of constants and movement ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;
using namespace moec;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// Constants and shapes
//===----------------------------------------------------------------------===//

static void importConstant(NodeImporter &n) {
  Builder &b = n.builder;
  if (DenseElementsAttr value = n.tensor("value"))
    return n.results(n.constant(value));
  if (n.has("value_float"))
    return n.results(n.scalar(b.getF32Type(), n.number("value_float", 0)));
  if (n.has("value_int"))
    return n.results(n.constant(DenseElementsAttr::get(RankedTensorType::get({}, b.getI64Type()),
                                                       n.integer("value_int", 0))));
  if (std::optional<SmallVector<float>> values = n.numbers("value_floats"))
    return n.results(n.constant(DenseElementsAttr::get(
        RankedTensorType::get(values->size(), b.getF32Type()), ArrayRef<float>(*values))));
  if (std::optional<SmallVector<int64_t>> values = n.integers("value_ints"))
    return n.results(n.constant(*values));
  if (n.ok() && !n.has("value_string") && !n.has("value_strings"))
    n.bad("has no value");
  n.unsupported("constants of strings");
}

static void constantOfShape(NodeImporter &n) {
  Value shape = n.input(0);
  DenseElementsAttr value = n.tensor("value");
  if (!value)
    value = DenseElementsAttr::get(RankedTensorType::get({1}, n.builder.getF32Type()), 0.0f);
  n.results(n.make<ConstantOfShapeOp>(shape, value));
}

static void shape(NodeImporter &n) {
  Value x = n.input(0);
  int64_t start = n.integer("start", 0);
  IntegerAttr end = n.has("end") ? n.builder.getI64IntegerAttr(n.integer("end", 0)) : IntegerAttr();
  n.results(n.make<ShapeOp>(x, n.builder.getI64IntegerAttr(start), end));
}

static void size(NodeImporter &n) { n.results(n.make<SizeOp>(n.input(0))); }

static void range(NodeImporter &n) {
  Value start = n.input(0), limit = n.input(1), delta = n.input(2);
  n.text("stash_type", "");
  n.results(n.make<RangeOp>(start, limit, delta));
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

static void reshape(NodeImporter &n) {
  Value x = n.input(0), shape = n.input(1);
  n.results(n.make<ReshapeOp>(x, shape, n.unit(n.flag("allowzero", false))));
}

static void flatten(NodeImporter &n) {
  Value x = n.input(0);
  int64_t axis = n.integer("axis", 1);
  if (axis < 0)
    axis += n.rank(x);
  n.results(n.make<FlattenOp>(x, n.builder.getI64IntegerAttr(axis)));
}

static void transpose(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<SmallVector<int64_t>> perm = n.integers("perm");
  if (!perm)
    perm = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, n.rank(x))));
  n.results(n.make<TransposeOp>(x, n.builder.getDenseI64ArrayAttr(*perm)));
}

static void squeeze(NodeImporter &n) {
  Value x = n.input(0), axes = n.optional(1);
  n.results(n.make<SqueezeOp>(x, axes));
}

static void squeeze1(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<SmallVector<int64_t>> axes = n.integers("axes");
  n.results(n.make<SqueezeOp>(x, axes ? n.constant(*axes) : Value()));
}

static void unsqueeze(NodeImporter &n) {
  Value x = n.input(0), axes = n.input(1);
  n.results(n.make<UnsqueezeOp>(x, axes));
}

static void unsqueeze1(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<SmallVector<int64_t>> axes = n.integers("axes");
  if (!axes)
    return n.bad("attribute 'axes' is missing");
  n.results(n.make<UnsqueezeOp>(x, n.constant(*axes)));
}

static void expand(NodeImporter &n) {
  Value x = n.input(0), shape = n.input(1);
  n.results(n.make<ExpandOp>(x, shape));
}

static void tile(NodeImporter &n) {
  Value x = n.input(0), repeats = n.input(1);
  n.results(n.make<TileOp>(x, repeats));
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

static void concat(NodeImporter &n) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < std::max(1u, n.numInputs()); ++i)
    inputs.push_back(n.input(i));
  int64_t axis = n.integer("axis");
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(inputs.front()));
  n.results(n.make<ConcatOp>(inputs, n.builder.getI64IntegerAttr(axis)));
}

static void makeSplit(NodeImporter &n, Value split) {
  Value x = n.input(0);
  int64_t axis = n.integer("axis", 0);
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(x));
  unsigned count = n.node.output_size();
  if (n.has("num_outputs")) {
    int64_t stated = n.integer("num_outputs", 0);
    if (stated != count)
      n.bad("num_outputs is " + Twine(stated) + ", but the node has " + Twine(count) + " outputs");
    if (split)
      n.bad("expects either the input 'split' or num_outputs");
  }
  if (!n.ok())
    return;
  SmallVector<Type> types(count, n.open);
  auto op = n.finish(
      SplitOp::create(n.builder, n.loc, types, x, split, n.builder.getI64IntegerAttr(axis)));
  if (n.ok())
    n.results(SmallVector<Value>(op->getResults()));
}

static void split(NodeImporter &n) {
  n.input(0);
  makeSplit(n, n.optional(1));
}

static void split1(NodeImporter &n) {
  std::optional<SmallVector<int64_t>> sizes = n.integers("split");
  makeSplit(n, sizes ? n.constant(*sizes) : Value());
}

/// The first axes, for a slice that does not name its own.
static Value firstAxes(NodeImporter &n, Value x, Value starts) {
  int64_t rank = n.rank(x);
  Type type = n.elementTypeOf(starts);
  if (!type.isSignlessInteger(32) && !type.isSignlessInteger(64)) {
    n.bad("has starts of type " + debugString(type) + "; they must be integers of 32 or 64 bits");
    return {};
  }
  std::optional<int64_t> count = n.facts(starts).getNumElements();
  if (!count) {
    n.unsupported("starts of unknown length without axes");
    return {};
  }
  if (*count > rank) {
    n.bad("has " + Twine(*count) + " starts for rank " + Twine(rank));
    return {};
  }
  // Operands of a slice have one element type.
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, *count));
  return n.constant(getIntegerConstant(RankedTensorType::get({*count}, type), axes));
}

static void slice(NodeImporter &n) {
  Value x = n.input(0), starts = n.input(1), ends = n.input(2);
  Value axes = n.optional(3), steps = n.optional(4);
  if (!n.ok())
    return;
  if (!axes)
    axes = firstAxes(n, x, starts);
  n.results(n.make<SliceOp>(x, starts, ends, axes, steps));
}

static void slice1(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<SmallVector<int64_t>> starts = n.integers("starts"), ends = n.integers("ends");
  std::optional<SmallVector<int64_t>> axes = n.integers("axes");
  if (!starts || !ends)
    return n.bad("attributes 'starts' and 'ends' are required");
  Value first = n.constant(*starts), last = n.constant(*ends);
  n.results(
      n.make<SliceOp>(x, first, last, axes ? n.constant(*axes) : firstAxes(n, x, first), Value()));
}

//===----------------------------------------------------------------------===//
// Borders and triangles
//===----------------------------------------------------------------------===//

static void makePad(NodeImporter &n, Value x, Value pads, Value value, Value axes) {
  StringRef name = n.text("mode", "constant");
  std::optional<PadMode> mode = symbolizePadMode(name);
  if (!mode)
    return n.bad("mode " + quoteName(name) + " is unknown");
  // Files may give a value that the mode does not read.
  if (*mode != PadMode::Constant)
    value = Value();
  n.results(n.make<PadOp>(x, pads, value, axes, PadModeAttr::get(n.builder.getContext(), *mode)));
}

static void pad(NodeImporter &n) {
  Value x = n.input(0), pads = n.input(1), value = n.optional(2), axes = n.optional(3);
  makePad(n, x, pads, value, axes);
}

static void pad2(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<SmallVector<int64_t>> pads = n.integers("pads");
  float value = n.number("value", 0);
  if (!pads)
    return n.bad("attribute 'pads' is missing");
  if (!n.ok())
    return;
  makePad(n, x, n.constant(*pads), n.scalar(n.elementTypeOf(x), value), Value());
}

static void trilu(NodeImporter &n) {
  Value x = n.input(0), k = n.optional(1);
  n.results(n.make<TriluOp>(x, k, n.builder.getBoolAttr(n.flag("upper", true))));
}

ArrayRef<OperatorRow> moec::shapeOperators() {
  static constexpr OperatorRow rows[] = {
      {"", "Concat", 4, newestOpset, concat},
      {"", "Constant", 1, newestOpset, importConstant},
      {"", "ConstantOfShape", 9, newestOpset, constantOfShape},
      {"", "Expand", 8, newestOpset, expand},
      {"", "Flatten", 1, newestOpset, flatten},
      {"", "Pad", 2, 10, pad2},
      {"", "Pad", 11, newestOpset, pad},
      {"", "Range", 11, newestOpset, range},
      {"", "Reshape", 5, newestOpset, reshape},
      {"", "Shape", 1, newestOpset, shape},
      {"", "Size", 1, newestOpset, size},
      {"", "Slice", 1, 9, slice1},
      {"", "Slice", 10, newestOpset, slice},
      {"", "Split", 2, 12, split1},
      {"", "Split", 13, newestOpset, split},
      {"", "Squeeze", 1, 12, squeeze1},
      {"", "Squeeze", 13, newestOpset, squeeze},
      {"", "Tile", 6, newestOpset, tile},
      {"", "Transpose", 1, newestOpset, transpose},
      {"", "Trilu", 14, newestOpset, trilu},
      {"", "Unsqueeze", 1, 12, unsqueeze1},
      {"", "Unsqueeze", 13, newestOpset, unsqueeze},
  };
  return rows;
}
