//===- ProductTests.cpp - Ragged products, bit for bit ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled products against one chain of multiply-adds per element, k
// ascending: equal bits for every level of this processor, whatever the rows,
// ranges, tails, blocks of k and shares of units.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "Storage.h"

#include "gtest/gtest.h"
#include <cmath>
#include <numeric>

using namespace moec::test;

namespace {

/// One compiled product. Names of types are MLIR's.
struct Product {
  const char *name;
  std::string rowType, weightType, outType;
  int64_t slabs, n, k, columns;
  bool hasGather, hasRanges;
  int64_t blockDepth = 512;

  int64_t resultColumns() const { return n / columns; }
  /// Summands of a panel: even where panels pair them.
  int64_t depth() const { return weightType == "bf16" ? (k + 1) / 2 * 2 : k; }
};

void PrintTo(const Product &product, std::ostream *os) { *os << product.name; }

/// Yields `$value : f32` in the type of outs.
std::string yield(const std::string &value, const std::string &type) {
  if (type == "f32")
    return "tile.yield " + value + " : f32\n";
  return "%rounded = arith.truncf " + value + " : f32 to " + type +
         "\n tile.yield %rounded : " + type + "\n";
}

/// With one column: acc * row_arg + f32(i32 row_arg) + col_arg; with two: acc[0]
/// where it is positive, else -0.5, times acc[1] plus col_arg.
std::string epilogue(const Product &p) {
  if (p.columns == 1)
    return "^bb0(%acc: f32, %row: f32, %flag: i32, %col: f32):\n"
           "%0 = arith.mulf %acc, %row : f32\n"
           "%1 = arith.sitofp %flag : i32 to f32\n"
           "%2 = arith.addf %0, %1 : f32\n"
           "%3 = arith.addf %2, %col : f32\n" +
           yield("%3", p.outType);
  return "^bb0(%a: f32, %b: f32, %row: f32, %flag: i32, %col: f32):\n"
         "%zero = arith.constant 0.0 : f32\n"
         "%half = arith.constant -0.5 : f32\n"
         "%0 = arith.cmpf ogt, %a, %zero : f32\n"
         "%1 = arith.select %0, %a, %half : f32\n"
         "%2 = arith.mulf %1, %b : f32\n"
         "%3 = arith.addf %2, %col : f32\n" +
         yield("%3", p.outType);
}

float applyEpilogue(const Product &p, const float *acc, float row, int32_t flag, float col) {
  if (p.columns == 1) {
    float scaled = acc[0] * row;
    float moved = scaled + static_cast<float>(flag);
    return moved + col;
  }
  float product = (acc[0] > 0 ? acc[0] : -0.5f) * acc[1];
  return product + col;
}

std::string source(const Product &p) {
  std::string rows = "memref<?x" + std::to_string(p.k) + "x" + p.rowType + ">";
  std::string weights = "!tile.packed<" + std::to_string(p.slabs) + "x" + std::to_string(p.n) +
                        "x" + std::to_string(p.k) + "x" + p.weightType +
                        (p.columns == 2 ? ", columns = 2>" : ">");
  std::string width = std::to_string(p.resultColumns());
  std::string cols = "memref<" + std::to_string(p.slabs) + "x" + width + "xf32>";
  std::string outs = "memref<?x" + width + "x" + p.outType + ">";
  return "func.func @run(%parts: index, %x: " + rows +
         ", %idx: memref<?xi32>, %off: memref<?xi32>, %w: " + weights +
         ", %r: memref<?xf32>, %i: memref<?xi32>, %c: " + cols + ", %o: " + outs +
         ") attributes {llvm.emit_c_interface} {\n"
         "  tile.ragged_matmul rows(%x : " +
         rows + ") " + (p.hasGather ? "gather(%idx : memref<?xi32>) " : "") +
         (p.hasRanges ? "ranges(%off : memref<?xi32>) " : "") + "slabs(%w : " + weights +
         ") row_args(%r, %i : memref<?xf32>, memref<?xi32>) col_args(%c : " + cols +
         ") outs(%o : " + outs + ") epilogue {\n" + epilogue(p) + "}\n  return\n}\n";
}

/// The matrices of a product, [slab][column][k], and the same in panels.
struct Weights {
  std::vector<float> values;
  Storage packed;

  Weights(const Product &p, Sequence &sequence)
      : values(p.slabs * p.n * p.k), packed(p.weightType, p.slabs * slabElements(p)) {
    for (float &value : values)
      value = fromBits(toBits(sequence.number(), p.weightType), p.weightType);
    for (int64_t g = 0; g < p.slabs; ++g)
      for (int64_t column = 0; column < p.n; ++column)
        for (int64_t k = 0; k < p.k; ++k)
          packed.set(position(p, g, column, k), at(p, g, column, k));
  }

  float at(const Product &p, int64_t slab, int64_t column, int64_t k) const {
    return values[(slab * p.n + column) * p.k + k];
  }

  /// Slabs start at multiples of 4,096 bytes.
  static int64_t slabElements(const Product &p) {
    int64_t width = p.weightType == "f32" ? 4 : 2;
    int64_t bytes = (p.n + 31) / 32 * 32 * p.depth() * width;
    return (bytes + 4095) / 4096 * 4096 / width;
  }

  /// The layout that `!tile.packed` documents.
  static int64_t position(const Product &p, int64_t slab, int64_t column, int64_t k) {
    int64_t panel = column / 32, lane = column % 32;
    if (p.columns == 2) {
      int64_t result = column / 2;
      panel = result / 16;
      lane = result % 16 + column % 2 * 16;
    }
    int64_t start = slab * slabElements(p) + panel * p.depth() * 32;
    if (p.weightType == "bf16")
      return start + k / 2 * 64 + lane * 2 + k % 2;
    return start + k * 32 + lane;
  }
};

class ProductTest : public testing::TestWithParam<std::tuple<std::string, Product>> {
protected:
  void SetUp() override {
    level = std::get<0>(GetParam());
    product = std::get<1>(GetParam());
    module = CompiledModule::create(source(product), level, product.blockDepth);
    ASSERT_TRUE(module);
  }

  /// Runs ranges of that many rows and compares every element.
  void check(const std::vector<int> &counts, int64_t parts) {
    const Product &p = product;
    Sequence sequence(7);
    if (!weights)
      weights = std::make_unique<Weights>(p, sequence);
    std::vector<int32_t> offsets{0};
    for (int count : counts)
      offsets.push_back(offsets.back() + count);
    int64_t total = offsets.back(), sourceRows = p.hasGather ? total / 2 + 1 : total;

    Storage rows(p.rowType, sourceRows * p.k), rowArg("f32", total),
        colArg("f32", p.slabs * p.resultColumns()),
        outs(p.outType, total * p.resultColumns() + 64, 3);
    for (Storage *storage : {&rows, &rowArg, &colArg})
      for (size_t i = 0; i < storage->size(); ++i)
        storage->set(i, sequence.number());
    std::vector<int32_t> gather, flags;
    for (int64_t r = 0; r < total; ++r) {
      gather.push_back(p.hasGather ? sequence.next() % sourceRows : r);
      flags.push_back(static_cast<int32_t>(sequence.next() % 7) - 3);
    }

    std::vector<float> values(rows.size());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = rows.get(i);

    MemRef<2> x(rows.data(), {sourceRows, p.k}), c(colArg.data(), {p.slabs, p.resultColumns()}),
        o(outs.data(), {total, p.resultColumns()});
    MemRef<1> idx(gather.data(), {total}), off(offsets.data(), {p.slabs + 1}),
        r(rowArg.data(), {total}), i(flags.data(), {total});
    module->run("run", parts, &x, &idx, &off, weights->packed.data(), &r, &i, &c, &o);

    for (int64_t g = 0; g < p.slabs; ++g)
      for (int64_t row = offsets[g]; row < offsets[g + 1]; ++row)
        for (int64_t column = 0; column < p.resultColumns(); ++column) {
          float acc[2] = {0, 0};
          for (int64_t operand = 0; operand < p.columns; ++operand)
            for (int64_t k = 0; k < p.k; ++k)
              acc[operand] =
                  multiplyAdd(values[gather[row] * p.k + k],
                              weights->at(p, g, column * p.columns + operand, k), acc[operand]);
          float expected = applyEpilogue(p, acc, rowArg.get(row), flags[row],
                                         colArg.get(g * p.resultColumns() + column));
          ASSERT_EQ(outs.bits(row * p.resultColumns() + column), toBits(expected, p.outType))
              << "slab " << g << ", row " << row << ", column " << column << ", " << total
              << " rows in all, " << parts << " parts: expected " << expected << ", got "
              << outs.get(row * p.resultColumns() + column);
        }
    for (size_t guard = total * p.resultColumns(); guard < outs.size(); ++guard)
      ASSERT_EQ(outs.get(guard), 3) << "written beyond the last row";
  }

  float multiplyAdd(float lhs, float rhs, float acc) const {
    if (hasFma(level))
      return std::fmaf(lhs, rhs, acc);
    float product = lhs * rhs;
    return acc + product;
  }

  std::string level;
  Product product;
  std::unique_ptr<CompiledModule> module;
  std::unique_ptr<Weights> weights;
};

TEST_P(ProductTest, EqualsChains) {
  auto spread = [&](std::vector<int> counts) {
    if (!product.hasRanges)
      return std::vector<int>{std::accumulate(counts.begin(), counts.end(), 0)};
    counts.resize(product.slabs);
    return counts;
  };
  for (std::vector<int> counts : std::vector<std::vector<int>>{
           {0}, {1}, {0, 2, 0}, {13}, {0, 13, 0, 1, 2}, {5, 24, 3, 0, 12}, {0, 0, 193, 0, 4}})
    for (int64_t parts : {1, 3})
      ASSERT_NO_FATAL_FAILURE(check(spread(counts), parts));
  // Several passes; more parts than panels.
  ASSERT_NO_FATAL_FAILURE(check(spread({400}), 1));
  ASSERT_NO_FATAL_FAILURE(check(spread({9, 37}), 50));
}

std::string nameOf(const testing::TestParamInfo<std::tuple<std::string, Product>> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(
    AllLevels, ProductTest,
    testing::Combine(
        testing::ValuesIn(getLevelsOfThisCpu()),
        testing::Values(
            Product{"F32GatherTailOfPanel", "f32", "f32", "f32", 5, 80, 70, 1, true, true},
            Product{"F32Pairs", "f32", "f32", "f32", 5, 82, 37, 2, false, true},
            Product{"F32Dense", "f32", "f32", "f32", 1, 33, 19, 1, false, false},
            Product{"F32DeepInBlocks", "f32", "f32", "f32", 2, 32, 1030, 1, false, true},
            Product{"F32SmallBlocks", "f32", "f32", "f32", 5, 96, 63, 2, true, true, 16},
            Product{"Bf16OddK", "bf16", "bf16", "bf16", 5, 45, 71, 1, true, true},
            Product{"Bf16PairsDeep", "bf16", "bf16", "f32", 1, 64, 1101, 2, false, false},
            Product{"Bf16SmallBlocks", "f32", "bf16", "bf16", 3, 70, 41, 2, false, true, 6})),
    nameOf);

/// Levels that convert f16 in hardware.
std::vector<std::string> getLevelsWithF16() {
  std::vector<std::string> levels = getLevelsOfThisCpu();
  levels.erase(levels.begin());
  return levels;
}

INSTANTIATE_TEST_SUITE_P(F16, ProductTest,
                         testing::Combine(testing::ValuesIn(getLevelsWithF16()),
                                          testing::Values(Product{"F16", "f16", "f16", "f16", 5, 80,
                                                                  53, 1, true, true},
                                                          Product{"F16Pairs", "f32", "f16", "f16",
                                                                  2, 34, 600, 2, false, true})),
                         nameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ProductTest);

} // namespace
