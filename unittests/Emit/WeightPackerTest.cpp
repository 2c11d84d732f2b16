//===- WeightPackerTest.cpp - Packed weights against a naive evaluation -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WeightPacker.h"

#include "lib/Emit/FloatConversion.h"
#include "lib/Emit/RoundingError.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace moec;
using namespace moec::rt;

namespace {

/// Bits of the element of `expr` at `index`, one element at a time, without any of the packer's
/// code.
uint64_t evaluate(WeightExprInterface expr, SmallVector<int64_t> index, StringRef file) {
  ArrayRef<int64_t> shape = expr.getExprType().getShape();
  unsigned bytes = expr.getExprType().getElementTypeBitWidth() / 8;
  int64_t position = 0;
  for (auto [i, size] : llvm::zip_equal(index, shape))
    position = position * size + i;
  if (auto e = dyn_cast<FileAttr>(expr)) {
    uint64_t bits = 0;
    std::memcpy(&bits, file.data() + e.getOffset() + position * bytes, bytes);
    return bits;
  }
  if (auto e = dyn_cast<DenseFPElementsAttr>(expr))
    return e.getValues<APFloat>()[position].bitcastToAPInt().getZExtValue();
  if (auto e = dyn_cast<DenseIntElementsAttr>(expr))
    return e.getValues<APInt>()[position].getZExtValue();
  if (auto e = dyn_cast<TransposeAttr>(expr)) {
    SmallVector<int64_t> source(index.size());
    for (auto [dim, from] : llvm::enumerate(e.getPermutation()))
      source[from] = index[dim];
    return evaluate(e.getSource(), source, file);
  }
  if (auto e = dyn_cast<ReshapeAttr>(expr)) {
    ArrayRef<int64_t> from = e.getSource().getExprType().getShape();
    SmallVector<int64_t> source(from.size());
    for (size_t dim = from.size(); dim-- > 0; position /= from[dim])
      source[dim] = position % from[dim];
    return evaluate(e.getSource(), source, file);
  }
  if (auto e = dyn_cast<SliceAttr>(expr)) {
    for (auto [i, offset] : llvm::zip_equal(index, e.getOffsets()))
      i += offset;
    return evaluate(e.getSource(), index, file);
  }
  if (auto e = dyn_cast<StackAttr>(expr))
    return evaluate(e.getElements()[index[0]], SmallVector<int64_t>(ArrayRef(index).drop_front()),
                    file);
  if (auto e = dyn_cast<ConcatAttr>(expr)) {
    for (WeightExprInterface element : e.getElements()) {
      int64_t size = element.getExprType().getDimSize(e.getAxis());
      if (index[e.getAxis()] < size)
        return evaluate(element, index, file);
      index[e.getAxis()] -= size;
    }
    ADD_FAILURE() << "index beyond the concatenation";
    return 0;
  }
  auto e = cast<CastAttr>(expr);
  auto getSemantics = [](Type type) -> const llvm::fltSemantics & {
    return cast<FloatType>(type).getFloatSemantics();
  };
  Type from = e.getSource().getExprType().getElementType();
  APFloat value(getSemantics(from),
                APInt(from.getIntOrFloatBitWidth(), evaluate(e.getSource(), index, file)));
  bool losesInfo;
  value.convert(getSemantics(e.getElementType()), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

/// A slab as codegen.md lays it down, computed element by element.
std::vector<uint64_t> packNaively(PackAttr pack, int64_t slab, StringRef file) {
  RankedTensorType type = pack.getExprType();
  int64_t rank = type.getRank(), n = type.getDimSize(rank - 2), k = type.getDimSize(rank - 1);
  bool pairs = type.getElementType().isBF16();
  int64_t columns = pack.getColumns(), perOperand = 32 / columns;
  int64_t panels = (n / columns + perOperand - 1) / perOperand;
  int64_t depth = pairs ? (k + 1) / 2 * 2 : k;
  std::vector<uint64_t> result(panels * depth * 32, 0);
  for (int64_t row = 0; row < n; ++row)
    for (int64_t i = 0; i < k; ++i) {
      int64_t column = row / columns, operand = row % columns;
      int64_t panel = column / perOperand, place = operand * perOperand + column % perOperand;
      int64_t position = pairs ? ((panel * (depth / 2) + i / 2) * 32 + place) * 2 + i % 2
                               : (panel * depth + i) * 32 + place;
      SmallVector<int64_t> index{slab, row, i};
      if (rank == 2)
        index.erase(index.begin());
      result[position] = evaluate(pack.getSource(), index, file);
    }
  return result;
}

struct WeightPackerTest : testing::Test {
  WeightPackerTest() { context.loadDialect<RTDialect>(); }

  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("moec-weights", directory));
    SmallString<128> path(directory);
    llvm::sys::path::append(path, "w");
    for (int index = 0; index < 20000; ++index)
      contents.push_back(static_cast<char>(index * 31 + index / 251));
    // Plain numbers in the first part: no infinities or NaNs after narrowing.
    for (int index = 0; index < 2000; ++index) {
      float value = static_cast<float>(index % 509 - 250) / 7;
      std::memcpy(&contents[4 * index], &value, 4);
    }
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << contents;
    ASSERT_FALSE(code);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  WeightExprInterface parse(const std::string &text) {
    return dyn_cast_or_null<WeightExprInterface>(parseAttribute(text, &context));
  }

  /// Evaluates `expr` in pieces of about `pieceBytes`.
  llvm::Error pack(WeightExprInterface expr, int64_t pieceBytes, std::vector<std::string> &slabs) {
    slabs.assign(getWeightLayout(expr).numSlabs, "");
    PackOptions options;
    options.baseDirectory = directory.str().str();
    WeightFiles files(options);
    WeightPacker packer(files);
    WeightPieces pieces(expr, pieceBytes);
    SmallVector<char, 0> bytes;
    while (std::optional<WeightPiece> piece = pieces.next()) {
      if (llvm::Error error = packer.pack(expr, *piece, bytes))
        return error;
      slabs[piece->slab].append(bytes.begin(), bytes.end());
    }
    return llvm::Error::success();
  }

  /// Packs `text` with pieces of several sizes and compares every slab.
  void check(const std::string &text) {
    SCOPED_TRACE(text);
    WeightExprInterface expr = parse(text);
    ASSERT_TRUE(expr);
    WeightLayout layout = getWeightLayout(expr);
    unsigned bytes = expr.getExprType().getElementTypeBitWidth() / 8;
    for (int64_t pieceBytes : {1, 100, 1000, 1 << 20}) {
      std::vector<std::string> slabs;
      llvm::Error error = pack(expr, pieceBytes, slabs);
      ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
      for (int64_t slab = 0; slab < layout.numSlabs; ++slab) {
        std::vector<uint64_t> expected;
        if (auto pack = dyn_cast<PackAttr>(expr)) {
          expected = packNaively(pack, slab, contents);
        } else {
          ArrayRef<int64_t> shape = expr.getExprType().getShape();
          for (int64_t i = 0; i < expr.getExprType().getNumElements(); ++i) {
            SmallVector<int64_t> index(shape.size());
            int64_t rest = i;
            for (size_t dim = shape.size(); dim-- > 0; rest /= shape[dim])
              index[dim] = rest % shape[dim];
            expected.push_back(evaluate(expr, index, contents));
          }
        }
        ASSERT_EQ(static_cast<int64_t>(slabs[slab].size()), layout.slabBytes);
        ASSERT_EQ(slabs[slab].size(), expected.size() * bytes);
        for (size_t i = 0; i < expected.size(); ++i) {
          uint64_t bits = 0;
          std::memcpy(&bits, slabs[slab].data() + i * bytes, bytes);
          ASSERT_EQ(bits, expected[i]) << "element " << i << " of slab " << slab;
        }
      }
    }
  }

  std::string fail(const std::string &text) {
    std::vector<std::string> slabs;
    return llvm::toString(pack(parse(text), 1 << 20, slabs));
  }

  MLIRContext context;
  SmallString<128> directory;
  std::string contents;
};

} // namespace

TEST_F(WeightPackerTest, LeavesOfEveryType) {
  for (const char *type : {"f32", "f16", "bf16", "f64", "i8", "i16", "i32", "i64"})
    check(std::string("#rt.file<\"w\", 3, tensor<5x7x") + type + ">>");
  check("dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xbf16>");
  check("dense<-7> : tensor<2x3xi16>");
  check("#rt.transpose<dense<1.5> : tensor<2x3xf32>, [1, 0]>");
  check("#rt.file<\"w\", 8, tensor<f32>>");
}

TEST_F(WeightPackerTest, EveryOperation) {
  const std::string f = "#rt.file<\"w\", 8, tensor<5x6x7xf32>>",
                    g = "#rt.file<\"w\", 400, tensor<5x2x7xf32>>";
  for (const char *permutation : {"[0, 2, 1]", "[2, 1, 0]", "[1, 2, 0]", "[2, 0, 1]", "[1, 0, 2]"})
    check("#rt.transpose<" + f + ", " + permutation + ">");
  check("#rt.reshape<" + f + ", [3, 70]>");
  check("#rt.reshape<#rt.transpose<" + f + ", [2, 0, 1]>, [30, 7]>");
  check("#rt.transpose<#rt.reshape<" + f + ", [14, 15]>, [1, 0]>");
  check("#rt.transpose<#rt.reshape<#rt.transpose<" + f + ", [1, 0, 2]>, [14, 15]>, [1, 0]>");
  check("#rt.slice<" + f + ", [1, 2, 3], [3, 4, 2]>");
  check("#rt.slice<#rt.reshape<" + f + ", [14, 15]>, [2, 3], [7, 9]>");
  check("#rt.stack<[" + f + ", " + f +
        ", #rt.slice<#rt.file<\"w\", 0, tensor<6x6x7xf32>>, [1, 0, 0], [5, 6, 7]>]>");
  check("#rt.concat<1, [" + f + ", " + g + ", " + f + "]>");
  check("#rt.transpose<#rt.concat<1, [" + f + ", " + g + "]>, [1, 0, 2]>");
  for (const char *type : {"f16", "bf16", "f64"})
    check("#rt.transpose<#rt.cast<" + f + ", " + type + ">, [2, 0, 1]>");
  check("#rt.cast<#rt.file<\"w\", 8000, tensor<40x3xf16>>, bf16>");
  check("#rt.cast<#rt.concat<0, [#rt.file<\"w\", 0, tensor<4xf32>>, #rt.file<\"w\", 8, "
        "tensor<3xf32>>]>, bf16>");
}

/// Dimensions that are split, merged, and both, of sources in any order.
TEST_F(WeightPackerTest, Reshapes) {
  const std::string f = "#rt.file<\"w\", 8, tensor<6x4x10xf32>>";
  for (const char *permutation : {"[0, 1, 2]", "[0, 2, 1]", "[2, 1, 0]", "[1, 2, 0]"})
    for (const char *shape :
         {"[240]", "[24, 10]", "[6, 40]", "[10, 24]", "[1, 6, 2, 2, 1, 10]", "[3, 2, 4, 1, 5, 2]",
          "[2, 1, 3, 2, 2, 2, 5]", "[6, 4, 10, 1, 1]", "[15, 16]", "[1, 1, 3, 80]"}) {
      const std::string reshaped =
          "#rt.reshape<#rt.transpose<" + f + ", " + permutation + ">, " + shape + ">";
      check(reshaped);
      // Back again, in another order and in part.
      check("#rt.slice<#rt.reshape<" + reshaped + ", [4, 6, 10]>, [1, 0, 3], [2, 5, 6]>");
    }
  check("#rt.reshape<#rt.file<\"w\", 8, tensor<f32>>, [1, 1]>");
}

/// The two operands of an exported layer, one after the other in its file, and columns of a pair
/// here.
TEST_F(WeightPackerTest, PanelsOfOperandsThatWereApart) {
  for (const char *type : {"f32", "bf16"})
    for (int width : {1, 16, 35})
      for (const char *order : {"", "transposed"}) {
        const std::string w = std::to_string(width), both = std::to_string(2 * width);
        std::string source = std::string("#rt.file<\"w\", 8, tensor<3x") +
                             (*order ? "5x" + both : both + "x5") + "x" + type + ">>";
        if (*order)
          source = "#rt.transpose<" + source + ", [0, 2, 1]>";
        check("#rt.pack<#rt.reshape<#rt.transpose<#rt.reshape<" + source + ", [3, 2, " + w +
              ", 5]>, [0, 2, 1, 3]>, [3, " + both + ", 5]>, 2>");
      }
}

/// Both orders of a matrix in its file, which are packed by different loops.
TEST_F(WeightPackerTest, PanelsOfEveryTypeAndRaggedSize) {
  for (const char *type : {"f32", "f16", "bf16"}) {
    for (const char *shape : {"3x33x5", "2x32x4", "1x1x1", "2x70x1", "40x7", "64x64", "35x37"})
      check(std::string("#rt.pack<#rt.file<\"w\", 8, tensor<") + shape + "x" + type + ">>, 1>");
    for (const char *shape : {"3x5x33", "2x4x32", "2x1x70"})
      check(std::string("#rt.pack<#rt.transpose<#rt.file<\"w\", 8, tensor<") + shape + "x" + type +
            ">>, [0, 2, 1]>, 1>");
    for (const char *shape : {"7x40", "64x64", "37x35"})
      check(std::string("#rt.pack<#rt.transpose<#rt.file<\"w\", 8, tensor<") + shape + "x" + type +
            ">>, [1, 0]>, 1>");
  }
}

TEST_F(WeightPackerTest, PanelsOfPairs) {
  for (const char *type : {"f32", "f16", "bf16"}) {
    for (const char *shape : {"3x34x5", "2x32x4", "1x2x1", "2x70x3", "66x7", "46x37"})
      check(std::string("#rt.pack<#rt.file<\"w\", 8, tensor<") + shape + "x" + type + ">>, 2>");
    for (const char *shape : {"3x5x34", "2x4x32", "1x1x2", "2x3x70"})
      check(std::string("#rt.pack<#rt.transpose<#rt.file<\"w\", 8, tensor<") + shape + "x" + type +
            ">>, [0, 2, 1]>, 2>");
  }
  check("#rt.pack<#rt.cast<#rt.transpose<#rt.file<\"w\", 0, tensor<2x9x40xf32>>, [0, 2, 1]>, "
        "bf16>, 2>");
}

TEST_F(WeightPackerTest, PanelsOfEveryOperation) {
  const std::string f = "#rt.file<\"w\", 8, tensor<5x6x42xf32>>",
                    t = "#rt.transpose<#rt.file<\"w\", 16, tensor<5x42x6xf32>>, [0, 2, 1]>";
  for (const char *columns : {"1", "2"})
    for (const std::string &source : {f, t}) {
      auto pack = [&](const std::string &expr) {
        check("#rt.pack<" + expr + ", " + columns + ">");
      };
      pack("#rt.slice<" + source + ", [1, 2, 3], [3, 4, 35]>");
      pack("#rt.stack<[#rt.slice<#rt.reshape<" + source +
           ", [30, 42]>, [1, 0], [28, 42]>, "
           "#rt.file<\"w\", 400, tensor<28x42xf32>>]>");
      pack("#rt.concat<1, [" + source + ", #rt.file<\"w\", 400, tensor<5x20x42xf32>>]>");
      pack("#rt.concat<2, [" + source + ", #rt.file<\"w\", 400, tensor<5x6x7xf32>>]>");
      pack("#rt.reshape<" + source + ", [42, 30]>");
      pack("#rt.cast<" + source + ", bf16>");
      pack("#rt.transpose<#rt.cast<" + source + ", f16>, [1, 2, 0]>");
    }
}

TEST_F(WeightPackerTest, EmptyWeights) {
  check("#rt.file<\"w\", 8, tensor<0x6xf32>>");
  check("#rt.pack<#rt.file<\"w\", 8, tensor<2x0x6xf32>>, 1>");
  check("#rt.pack<#rt.file<\"w\", 8, tensor<2x6x0xbf16>>, 1>");
}

TEST_F(WeightPackerTest, FilesThatAreMissingOrShort) {
  EXPECT_NE(fail("#rt.file<\"nowhere\", 0, tensor<4xf32>>").find("cannot open"), std::string::npos);
  EXPECT_NE(fail("#rt.file<\"w\", 19999, tensor<4xf32>>")
                .find("have 20000 bytes, but the model places 16 bytes at offset 19999"),
            std::string::npos);
  EXPECT_NE(fail("#rt.file<\".\", 0, tensor<4xf32>>").find("is a directory"), std::string::npos);
}

TEST_F(WeightPackerTest, FiniteNumbersStayFinite) {
  const std::string numbers = "dense<[[1.0, 65519.0], [-70000.0, 2.0]]> : tensor<2x2xf32>";
  EXPECT_EQ(fail("#rt.pack<#rt.cast<" + numbers + ", f16, finite = true>, 1>"),
            "the number -70000 does not fit f16, whose largest is 65504");
  EXPECT_EQ(fail("#rt.pack<#rt.cast<" + numbers + ", bf16, finite = true>, 1>"), "");
  EXPECT_EQ(fail("#rt.pack<#rt.cast<" + numbers + ", f16>, 1>"), "");
  EXPECT_EQ(fail("#rt.cast<dense<3.4e+38> : tensor<f32>, bf16, finite = true>"),
            "the number 3.4e+38 does not fit bf16, whose largest is 3.38953e+38");
  EXPECT_EQ(fail("#rt.cast<dense<0x7F800000> : tensor<3xf32>, f16, finite = true>"), "");
}

TEST_F(WeightPackerTest, RoundingError) {
  // 1 + 2^-9 lies half a unit from 1 in bf16; 2^-134 is half the least subnormal, 2^-133 it.
  PackOptions options;
  options.baseDirectory = directory.str().str();
  WeightFiles files(options);
  WeightReader reader(files);
  auto measured = measureRounding(
      reader, cast<rt::CastAttr>(parse("#rt.cast<dense<[1.001953125, 2.0, 4.591774807899561e-41, "
                                       "9.183549615799121e-41, 3.4e+38, 0x7F800000, 0.0]> : "
                                       "tensor<7xf32>, bf16>")));
  ASSERT_TRUE(static_cast<bool>(measured));
  EXPECT_EQ(measured->elements, 6);
  EXPECT_EQ(measured->overflows, 1);
  EXPECT_EQ(measured->subnormals, 1);
  EXPECT_EQ(measured->flushes, 1);
  EXPECT_DOUBLE_EQ(measured->maxRelative, std::ldexp(1.0, -9) / (1 + std::ldexp(1.0, -9)));
  EXPECT_FLOAT_EQ(measured->largest, 3.4e+38f);
  EXPECT_GT(measured->rms(), 0);
  RoundingError twice = *measured;
  twice += *measured;
  EXPECT_EQ(twice.elements, 12);
  EXPECT_EQ(twice.rms(), measured->rms());
}
