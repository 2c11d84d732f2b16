//===- DeviceProductTests.cpp - Products of matrices on a device -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products in f32 are one chain of fused multiply-adds per element, so every bit
// is known. Those of matrix instructions are compared with sums in f64, within
// what sums in f32 may lose, and bit by bit with themselves: no element may
// depend on other rows, on the schedule or on the order of blocks.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstdio>
#include <cstring>

namespace moec {
namespace {

/// One program: what is static of a product.
struct Product {
  DType rows, slabs, outs;
  int64_t slabCount, n, k;
  int64_t columns = 1; // operands of a result
  bool gathers = false;
  /// Rows, columns and elements take part in the epilogue.
  bool hasArguments = false;
  bool allowsTf32 = false;

  int64_t resultColumns() const { return n / columns; }
  bool usesTf32() const { return allowsTf32 && rows == DType::F32 && slabs == DType::F32; }
  bool usesMma() const { return usesTf32() || (rows == slabs && bytesOf(rows) == 2); }
};

std::string tensorOf(const std::string &shape, DType type) {
  return "tensor<" + shape + "x" + nameOf(type).str() + ">";
}

/// To 10 bits of fraction, ties away from zero.
float roundToTf32(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = (bits + 0x1000) & ~0x1fffu;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

class DeviceProduct : public testing::Test {
protected:
  void TearDown() override {
    if (!file.empty())
      std::remove(file.c_str());
  }

  /// Compiles `product` with random weights.
  void compile(const Product &made) {
    product = made;
    weights = makeNumbers(product.slabs, {product.slabCount, product.n, product.k}, 77);
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("product", "bin", path));
    file = path.str().str();
    std::FILE *stream = std::fopen(file.c_str(), "wb");
    ASSERT_TRUE(stream);
    size_t bytes = weights.numElements() * bytesOf(product.slabs);
    ASSERT_EQ(std::fwrite(weights.bytes(), 1, bytes, stream), bytes);
    std::fclose(stream);
    program.emplace(makeText());
    ASSERT_TRUE(program->isCompiled());
  }

  std::string makeText() const {
    auto number = [](int64_t value) { return std::to_string(value); };
    std::string shape = number(product.slabCount) + "x" + number(product.n) + "x" +
                        number(product.k) + "x" + nameOf(product.slabs).str();
    std::string packed = "!tile.packed<" + shape + (product.columns == 2 ? ", columns = 2>" : ">");
    std::string rows = tensorOf("?x" + number(product.k), product.rows);
    std::string outs = tensorOf("?x" + number(product.resultColumns()), product.outs);
    std::string ranges = "tensor<" + number(product.slabCount + 1) + "xi32>";
    std::string bias =
        tensorOf(number(product.slabCount) + "x" + number(product.resultColumns()), product.outs);
    std::string text = "rt.weight @w : " + packed + " = #rt.pack<#rt.file<\"" + file +
                       "\", 0, tensor<" + shape + ">>, " + number(product.columns) + ">\n";
    text += "func.func @main(%x: " + rows + ", %g: tensor<?xi32>, %off: " + ranges +
            ", %scale: tensor<?xf32>, %bias: " + bias + ", %e: " + outs + ") -> " + outs +
            " attributes {rt.entry} {\n%c0 = arith.constant 0 : index\n"
            "%n = tensor.dim %g, %c0 : tensor<?xi32>\n%w = rt.get_weight @w : " +
            packed + "\n%o = tensor.empty(%n) : " + outs +
            "\n%y = tile.ragged_matmul rows(%x : " + rows + ")";
    if (product.gathers)
      text += " gather(%g : tensor<?xi32>)";
    if (product.slabCount > 1)
      text += " ranges(%off : " + ranges + ")";
    text += " slabs(%w : " + packed + ")";
    if (product.hasArguments)
      text += " row_args(%scale : tensor<?xf32>) col_args(%bias : " + bias +
              ") elem_args(%e : " + outs + ")";
    text += " outs(%o : " + outs + ")" + (product.allowsTf32 ? " {tile.allow_tf32}" : "") + " -> " +
            outs + " epilogue {\n^bb0(%a0: f32";
    std::string type = nameOf(product.outs).str();
    if (product.columns == 2)
      text += ", %a1: f32";
    if (product.hasArguments)
      text += ", %s: f32, %b: " + type + ", %r: " + type;
    text += "):\n";
    std::string value = "%a0";
    if (product.columns == 2) {
      text += "%paired = arith.mulf %a0, %a1 : f32\n";
      value = "%paired";
    }
    auto widen = [&](const std::string &name) {
      if (product.outs == DType::F32)
        return name;
      text += name + "w = arith.extf " + name + " : " + type + " to f32\n";
      return name + "w";
    };
    if (product.hasArguments) {
      text += "%scaled = arith.mulf " + value + ", %s : f32\n";
      std::string b = widen("%b"), r = widen("%r");
      text += "%moved = arith.addf %scaled, " + b + " : f32\n%last = arith.addf %moved, " + r +
              " : f32\n";
      value = "%last";
    }
    if (product.outs != DType::F32) {
      text += "%narrow = arith.truncf " + value + " : f32 to " + type + "\n";
      value = "%narrow";
    }
    return text + "tile.yield " + value + " : " + type + "\n}\nreturn %y : " + outs + "\n}\n";
  }

  /// Operands for ranges that end at `ends`.
  std::vector<Tensor> makeArguments(const std::vector<int64_t> &ends) const {
    int64_t count = ends.back(), held = product.gathers ? count / 2 + 3 : count;
    Tensor gather = *Tensor::create(DType::I32, {count});
    for (int64_t i = 0; i < count; ++i)
      gather.setInteger(i, product.gathers ? i * 13 % held : i);
    Tensor offsets = *Tensor::create(DType::I32, {product.slabCount + 1});
    offsets.setInteger(0, 0);
    for (int64_t i = 0; i < product.slabCount; ++i)
      offsets.setInteger(i + 1, ends[i]);
    return {makeNumbers(product.rows, {held, product.k}, 5),
            gather,
            offsets,
            makeNumbers(DType::F32, {count}, 6),
            makeNumbers(product.outs, {product.slabCount, product.resultColumns()}, 7),
            makeNumbers(product.outs, {count, product.resultColumns()}, 8)};
  }

  /// Runs and compares with sums that are made here.
  std::optional<Tensor> check(const std::vector<int64_t> &ends, uint32_t seed = 0,
                              uint32_t hostThreads = 1) {
    SCOPED_TRACE(std::to_string(ends.back()) + " rows");
    std::vector<Tensor> arguments = makeArguments(ends);
    auto results = program->run(arguments, seed, hostThreads);
    if (!results) {
      ADD_FAILURE() << "does not run";
      return std::nullopt;
    }
    const Tensor &result = results->front();
    int64_t slab = 0;
    for (int64_t row = 0; row < ends.back(); ++row) {
      while (row >= ends[slab])
        ++slab;
      for (int64_t column = 0; column < product.resultColumns(); ++column)
        if (!checkElement(arguments, result, slab, row, column))
          return std::nullopt;
    }
    return result;
  }

  /// What a matrix instruction makes of an operand.
  double round(double value) const {
    return product.usesTf32() ? roundToTf32(static_cast<float>(value)) : value;
  }

  bool checkElement(const std::vector<Tensor> &arguments, const Tensor &result, int64_t slab,
                    int64_t row, int64_t column) {
    const Tensor &x = arguments[0];
    int64_t source = arguments[1].integer(row), at = row * product.resultColumns() + column;
    float sums[2] = {0, 0};
    double error = 0; // what sums in f32 may be off
    for (int64_t i = 0; i < product.columns; ++i) {
      // Source column `columns * n + i` is operand i.
      int64_t first = (slab * product.n + column * product.columns + i) * product.k;
      double exact = 0, magnitude = 0;
      float chain = 0;
      for (int64_t k = 0; k < product.k; ++k) {
        double a = round(x.real(source * product.k + k)), b = round(weights.real(first + k));
        chain = std::fma(static_cast<float>(a), static_cast<float>(b), chain);
        exact += a * b;
        magnitude += std::fabs(a * b);
      }
      sums[i] = product.usesMma() ? static_cast<float>(exact) : chain;
      error = std::max(error, product.usesMma() ? magnitude * product.k * 6e-8 : 0);
    }
    float value = sums[0], slope = 1;
    if (product.columns == 2) {
      slope = std::fabs(sums[0]) + std::fabs(sums[1]) + 1;
      value *= sums[1];
    }
    if (product.hasArguments) {
      float scale = arguments[3].real(row);
      value *= scale;
      slope *= std::fabs(scale) + 1;
      value += static_cast<float>(arguments[4].real(slab * product.resultColumns() + column));
      value += static_cast<float>(arguments[5].real(at));
    }
    double expected = roundTo(product.outs, value), got = result.real(at);
    double step = product.outs == DType::F32 ? 0 : product.outs == DType::F16 ? 1e-3 : 8e-3;
    double tolerance =
        product.usesMma() ? 2 * error * slope + step * std::fabs(expected) + step * 1e-4 : 0;
    if (std::fabs(got - expected) <= tolerance)
      return true;
    ADD_FAILURE() << "row " << row << " of slab " << slab << ", column " << column << ": " << got
                  << ", expected " << expected << " within " << tolerance;
    return false;
  }

  /// Expects one launch with blocks, of that kernel.
  void expectKernel(const std::vector<int64_t> &ends, const std::string &name) {
    KernelCounters counters;
    ASSERT_TRUE(program->run(makeArguments(ends), 0, 2, &counters));
    ASSERT_EQ(counters.size(), 1u);
    EXPECT_EQ(counters.begin()->first, name);
  }

  void expectSameRow(const Tensor &one, int64_t row, const Tensor &other, int64_t otherRow) {
    for (int64_t column = 0; column < product.resultColumns(); ++column)
      ASSERT_EQ(one.real(row * product.resultColumns() + column),
                other.real(otherRow * product.resultColumns() + column))
          << "row " << row << ", column " << column;
  }

  Product product;
  Tensor weights;
  std::string file;
  std::optional<DeviceProgram> program;
};

constexpr DType F32 = DType::F32, BF16 = DType::BF16, F16 = DType::F16;

/// Row counts around the heights of matrix instructions and of tiles.
void checkRowCounts(const std::function<void(int64_t)> &check) {
  for (int64_t rows : {0, 1, 7, 15, 16, 17, 33, 63, 64, 65, 130})
    check(rows);
}

struct DeviceProductTypes : DeviceProduct, testing::WithParamInterface<std::pair<DType, DType>> {};
/// The same for types that a loop of their own is for.
struct DeviceProductLoops : DeviceProductTypes {};

TEST_P(DeviceProductLoops, OneMatrix) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, rows, 1, 96, 160});
  program->expectAssembles();
  checkRowCounts([&](int64_t count) { check({count}); });
}

TEST_P(DeviceProductTypes, OddSizes) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, F32, 1, 45, 71});
  checkRowCounts([&](int64_t count) { check({count}); });
}

TEST_P(DeviceProductTypes, RangesGathersAndArguments) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, rows, 5, 72, 136, 1, true, true});
  check({1, 1, 1, 1, 1}, /*seed=*/1);
  check({0, 3, 20, 20, 21}, /*seed=*/2, /*hostThreads=*/2);
  check({64, 64, 129, 200, 216});
  check({0, 0, 0, 0, 0});
}

TEST_P(DeviceProductLoops, GateAndUp) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, rows, 3, 2 * 40, 128, 2, true});
  program->expectAssembles();
  check({2, 2, 19}, /*seed=*/3);
  check({70, 90, 100});
}

std::string nameOfTypes(const testing::TestParamInfo<std::pair<DType, DType>> &info) {
  return (nameOf(info.param.first) + "x" + nameOf(info.param.second)).str();
}

INSTANTIATE_TEST_SUITE_P(Types, DeviceProductTypes,
                         testing::Values(std::pair(F32, F32), std::pair(BF16, BF16),
                                         std::pair(F16, F16), std::pair(F32, BF16),
                                         std::pair(F32, F16), std::pair(BF16, F32),
                                         std::pair(F16, BF16)),
                         nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Types, DeviceProductLoops,
                         testing::Values(std::pair(F32, F32), std::pair(BF16, BF16),
                                         std::pair(F16, F16), std::pair(F32, BF16)),
                         nameOfTypes);

struct DeviceProductSchedules : DeviceProduct, testing::WithParamInterface<DType> {};

/// Many rows take large tiles, few take small ones: bits are the same.
TEST_P(DeviceProductSchedules, RowsHaveTheSameBits) {
  DType type = GetParam();
  compile({type, type, type, 1, 3584, 64});
  std::optional<Tensor> many = check({520}), few = check({70}, /*seed=*/1);
  ASSERT_TRUE(many && few);
  for (int64_t row : {0, 16, 37, 63, 64, 69})
    expectSameRow(*many, row, *few, row);
  std::optional<Tensor> one = check({1});
  ASSERT_TRUE(one);
  expectSameRow(*many, 0, *one, 0);
}

/// Some rows per range, and many columns.
TEST_P(DeviceProductTypes, WideTiles) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, rows, 27, 1024, 72, 1, true, true});
  program->expectAssembles();
  std::vector<int64_t> ends;
  for (int64_t i = 0; i < 27; ++i)
    ends.push_back(i < 9 ? i * i : i < 20 ? 81 : 81 + (i - 19) * 5);
  check(ends, /*seed=*/1, /*hostThreads=*/2);
  expectKernel(ends, "ragged_matmul_wide");
}

/// Fewer rows take small tiles: bits are the same.
TEST_P(DeviceProductTypes, WideTilesHaveTheSameBits) {
  auto [rows, slabs] = GetParam();
  compile({rows, slabs, rows, 27, 2 * 512, 136, 2});
  std::vector<int64_t> many, few;
  for (int64_t i = 0; i < 27; ++i) {
    many.push_back(40 + 4 * i);
    few.push_back(40 + 2 * i);
  }
  std::optional<Tensor> wide = check(many), narrow = check(few, /*seed=*/2);
  ASSERT_TRUE(wide && narrow);
  expectKernel(many, "ragged_matmul_wide");
  expectKernel(few, "ragged_matmul_stream");
  // From 4 rows per range on.
  std::vector<int64_t> ends(27, 4 * 27);
  expectKernel(ends, "ragged_matmul_wide");
  ends.assign(27, 4 * 27 - 1);
  expectKernel(ends, "ragged_matmul_stream");
  for (int64_t row : {0, 1, 15, 16, 39})
    expectSameRow(*wide, row, *narrow, row);
}

TEST_P(DeviceProductSchedules, SeedsAndThreadsHaveTheSameBits) {
  DType type = GetParam();
  compile({type, type, F32, 9, 512, 192, 2, true});
  std::vector<int64_t> ends{70, 71, 71, 133, 150, 210, 240, 330, 331};
  std::optional<Tensor> first = check(ends);
  ASSERT_TRUE(first);
  for (uint32_t seed : {1, 2}) {
    auto results = program->run(makeArguments(ends), seed, /*hostThreads=*/2);
    ASSERT_TRUE(results);
    for (int64_t row = 0; row < ends.back(); ++row)
      expectSameRow(*first, row, results->front(), row);
  }
}

/// What a layer may cost: no bank of shared memory waits for another, operands are read as often as
/// tiles imply, and few matrix instructions work for nobody.
TEST_P(DeviceProductSchedules, CostsWhatTilesImply) {
  DType type = GetParam();
  int64_t k = 512, n = 256, slabs = 4, bytes = bytesOf(type);
  compile({type, type, type, slabs, n, k, 2, true});
  struct Case {
    std::vector<int64_t> ends;
    int64_t readPanels; // how often each slab with rows is read
  };
  for (const Case &test : {Case{{1, 1, 2, 2}, 1}, Case{{40, 61, 121, 122}, 1}}) {
    KernelCounters counters;
    int64_t count = test.ends.back(), filled = 0, start = 0, blocks = 0;
    ASSERT_TRUE(program->run(makeArguments(test.ends), 0, 1, &counters));
    for (int64_t end : test.ends) {
      filled += end > start;
      blocks += (end - start + 15) / 16;
      start = end;
    }
    ASSERT_EQ(counters.size(), 1u);
    const moert::vgpu::Counters &cost = counters.begin()->second;
    EXPECT_EQ(cost.bankConflicts, 0u);
    int64_t panels = filled * n * k * bytes * test.readPanels;
    int64_t rows = count * k * bytes * (n / 64), result = count * n / 2 * bytes;
    EXPECT_GE(static_cast<int64_t>(cost.globalBytesRead), panels + rows);
    EXPECT_LE(cost.globalBytesRead, 1.02 * (panels + rows) + 4096 * 4);
    EXPECT_EQ(static_cast<int64_t>(cost.globalBytesWritten), result);
    if (product.usesMma())
      EXPECT_EQ(static_cast<int64_t>(cost.matrixOperations), 2 * blocks * 16 * n * k);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, DeviceProductSchedules, testing::Values(F32, BF16, F16),
                         [](const auto &info) { return nameOf(info.param).str(); });

/// Where it is allowed, and both operands are f32.
struct DeviceProductTf32 : DeviceProduct {
  void compileAllowed(Product made) {
    made.allowsTf32 = true;
    compile(made);
    EXPECT_EQ(program->getPtx().find("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32") !=
                  std::string::npos,
              made.slabs == F32 && made.rows == F32);
  }
};

TEST_F(DeviceProductTf32, AnyShape) {
  compileAllowed({F32, F32, F32, 1, 96, 160});
  program->expectAssembles();
  checkRowCounts([&](int64_t count) { check({count}); });
  compileAllowed({F32, F32, F32, 1, 45, 71});
  checkRowCounts([&](int64_t count) { check({count}); });
}

TEST_F(DeviceProductTf32, RangesGathersAndPairs) {
  compileAllowed({F32, F32, F32, 5, 72, 136, 1, true, true});
  check({1, 1, 1, 1, 1}, /*seed=*/1);
  check({0, 3, 20, 20, 21}, /*seed=*/2, /*hostThreads=*/2);
  check({64, 64, 129, 200, 216});
  compileAllowed({F32, F32, F32, 3, 2 * 40, 128, 2, true});
  program->expectAssembles();
  check({70, 90, 100});
}

TEST_F(DeviceProductTf32, RowsHaveTheSameBits) {
  compileAllowed({F32, F32, F32, 1, 3584, 64});
  std::optional<Tensor> many = check({520}), few = check({70}, /*seed=*/1), one = check({1});
  ASSERT_TRUE(many && few && one);
  for (int64_t row : {0, 16, 37, 63, 64, 69})
    expectSameRow(*many, row, *few, row);
  expectSameRow(*many, 0, *one, 0);
}

TEST_F(DeviceProductTf32, NoBankConflicts) {
  compileAllowed({F32, F32, F32, 4, 256, 512, 2, true});
  KernelCounters counters;
  ASSERT_TRUE(program->run(makeArguments({40, 61, 121, 122}), 0, 1, &counters));
  const moert::vgpu::Counters &cost = counters.begin()->second;
  EXPECT_EQ(cost.bankConflicts, 0u);
  EXPECT_EQ(static_cast<int64_t>(cost.matrixOperations), 2 * (3 + 2 + 4 + 1) * 16 * 256 * 512);
}

/// Other types do not change.
TEST_F(DeviceProductTf32, OtherTypesStay) {
  compileAllowed({BF16, BF16, BF16, 1, 96, 160});
  check({33});
  compileAllowed({F32, BF16, F32, 1, 96, 160});
  check({33});
}

} // namespace
} // namespace moec
