//===- CheckedPrograms.cpp - Programs that mutants are made of --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/CheckedPrograms.h"

#include "unittests/Device/DeviceProgram.h"
#include "unittests/Mutants/RowPrograms.h"

#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cmath>

namespace moec {
namespace {

/// Numbers in [-2, 2), but each 32nd row begins with an infinite one: a row that is read behind
/// another one's end shows, even if it is multiplied by zeros. 32 columns are a panel.
Tensor makePoisoned(DType type, llvm::ArrayRef<int64_t> shape, uint32_t seed) {
  Tensor numbers = makeNumbers(type, shape, seed);
  for (int64_t row = 0; row < numbers.numElements() / shape.back(); row += 32)
    numbers.setReal(row * shape.back(), INFINITY);
  return numbers;
}

/// A constant, since weights are known when a program is compiled.
std::string makeWeights(const std::string &name, const Tensor &numbers) {
  llvm::ArrayRef<uint8_t> bytes(numbers.bytes(), numbers.numElements() * bytesOf(numbers.dtype()));
  return name + " = arith.constant dense<\"0x" + llvm::toHex(bytes) + "\"> : tensor<" +
         shapeToString(numbers.dtype(), numbers.shape()) + ">\n";
}

/// Rows in ranges, each times the matrix of its range. A check has a run for each list of where
/// ranges end.
CheckedProgram makeProduct(DType type, int64_t n, const std::vector<std::vector<int64_t>> &runs) {
  // Steps of K are 128 bytes: three whole ones, and all of a fourth but a copy of 16 bytes.
  int64_t count = runs[0].size(), k = (4 * 128 - 16) / bytesOf(type);
  Tensor matrices = makePoisoned(type, {count, n, k}, 77);
  std::string weights = "tensor<" + shapeToString(type, matrices.shape()) + ">";
  std::string offsets = "tensor<" + std::to_string(count + 1) + "xi32>";
  std::string rows = "tensor<?x" + std::to_string(k) + "xTYPE>";
  std::string result = "tensor<?x" + std::to_string(n) + "xTYPE>";
  std::string text = "func.func @main(%x: " + rows + ", %o: " + offsets + ") -> " + result +
                     " attributes {rt.entry} {\n" + makeWeights("%w", matrices) +
                     "%r = moe.grouped_matmul %x, %o, %w : " + rows + ", " + offsets + ", " +
                     weights + " -> " + result + "\nreturn %r : " + result + "\n}\n";
  CheckedProgram checked{fill(text, type), {}, nullptr, roundingOf(type), 1e-5};
  for (const std::vector<int64_t> &ends : runs)
    checked.runs.push_back(
        {makePoisoned(type, {ends.back(), k}, 5),
         makeIntegers(DType::I32, {count + 1}, [&](int64_t i) { return i ? ends[i - 1] : 0; })});
  return checked;
}

/// `count` ranges of which some have no rows, some one, some little more than a tile, the last one
/// a tile and one row, others less than a tile.
std::vector<int64_t> makeRanges(int64_t count, int64_t tile) {
  std::vector<int64_t> ends;
  for (int64_t i = 0, end = 0; i < count; ++i) {
    int64_t size = i % 2 ? tile + 1 + i % 3 : tile - i * 37 % 61;
    if (i % 11 == 3 || i % 11 == 4)
      size = i % 11 - 3;
    if (i == count - 1)
      size = tile + 1;
    ends.push_back(end += size);
  }
  return ends;
}

/// Few rows and 11 panels, fewer than wide tiles have: small tiles, and more of them than the 324
/// blocks that the device holds; more ranges than a warp has lanes. Then fewer tiles than blocks.
CheckedProgram makeStreamProduct(DType type) {
  return makeProduct(type, 328, {makeRanges(48, 64), std::vector<int64_t>(48, 9)});
}

/// As many rows as make large tiles worthwhile, 64 times the ranges, and tiles for more than the
/// 108 blocks that the device holds; then all in one range.
CheckedProgram makeTileProduct(DType type) {
  return makeProduct(type, 776, {makeRanges(12, 128), std::vector<int64_t>(12, 12 * 64 + 1)});
}

/// Of about the size that makes products of `terms` summands as large as their factors.
Tensor makeScaled(DType type, llvm::ArrayRef<int64_t> shape, uint32_t seed, double terms) {
  Tensor numbers = makeNumbers(type, shape, seed);
  for (int64_t i = 0; i < numbers.numElements(); ++i)
    numbers.setReal(i, numbers.real(i) / std::sqrt(terms));
  return numbers;
}

/// Router, dispatch, experts with gate and up and biases.
CheckedProgram makeLayer(DType type) {
  std::string text = R"mlir(
func.func @main(%x: tensor<?x136xTYPE>, %z: tensor<?x40xf32>)
    -> (tensor<?x136xTYPE>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>) attributes {rt.entry} {
)mlir" + makeWeights("%w1", makeScaled(type, {40, 144, 136}, 3, 136)) +
                     makeWeights("%b1", makeNumbers(type, {40, 144}, 4)) +
                     makeWeights("%w2", makeScaled(type, {40, 136, 72}, 5, 72)) +
                     makeWeights("%b2", makeNumbers(type, {40, 136}, 6)) + R"mlir(
  %ids, %weights = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<?x40xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 40}
    : tensor<?x136xTYPE>, tensor<?x2xi32> -> tensor<?x136xTYPE>, tensor<41xi32>, tensor<?x2xi32>
  %h = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<40x144xTYPE>) b2(%b2 : tensor<40x136xTYPE>)
    {activation = #moe.activation<silu>, gate = #moe.gate<interleaved_gate_even>}
    : tensor<?x136xTYPE>, tensor<41xi32>, tensor<40x144x136xTYPE>, tensor<40x136x72xTYPE> -> tensor<?x136xTYPE>
  return %h, %ids, %weights, %positions : tensor<?x136xTYPE>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>
})mlir";
  return {fill(text, type),
          {{makeNumbers(type, {75, 136}, 1), makeNumbers(DType::F32, {75, 40}, 2)}},
          nullptr,
          2 * roundingOf(type),
          roundingOf(type) / 2};
}

/// Queries see the keys up to their own, and no more than 70 before it.
std::vector<Tensor> attend(const std::vector<Tensor> &in) {
  const Tensor &q = in[0], &k = in[1], &v = in[2];
  int64_t heads = q.dim(1), length = q.dim(2), size = q.dim(3), valueSize = v.dim(3);
  int64_t group = heads / k.dim(1);
  Tensor out = *Tensor::create(q.dtype(), {q.dim(0), heads, length, valueSize});
  for (int64_t row = 0; row < q.dim(0) * heads * length; ++row) {
    int64_t position = row % length, first = row / length / group * k.dim(2);
    std::vector<double> sums(valueSize);
    double total = 0;
    for (int64_t j = std::max<int64_t>(position - 70, 0); j <= position; ++j) {
      double score = 0;
      for (int64_t c = 0; c < size; ++c)
        score += q.real(row * size + c) * k.real((first + j) * size + c);
      double weight = std::exp(8 * score);
      total += weight;
      for (int64_t c = 0; c < valueSize; ++c)
        sums[c] += weight * v.real((first + j) * valueSize + c);
    }
    for (int64_t c = 0; c < valueSize; ++c)
      out.setReal(row * valueSize + c, sums[c] / total);
  }
  return {out};
}

/// Two heads of queries share a head of keys. Sizes and lengths leave tails everywhere. Each head
/// of keys has an infinite entry at the start of another row, which must not become a part of the
/// row before it: queries before that row are finite.
CheckedProgram makeAttention(DType type) {
  std::string q = "tensor<?x8x?x80xTYPE>", k = "tensor<?x4x?x80xTYPE>", v = "tensor<?x4x?x72xTYPE>",
              o = "tensor<?x8x?x72xTYPE>";
  std::string text =
      "func.func @main(%q: " + q + ", %k: " + k + ", %v: " + v + ") -> " + o +
      " attributes {rt.entry} {\n%r = onnx.attention %q, %k, %v {causal, left_window "
      "= 70 : i64, scale = 8.0 : f32} : (" +
      q + ", " + k + ", " + v + ") -> " + o + "\nreturn %r : " + o + "\n}\n";
  CheckedProgram checked{fill(text, type),
                         {},
                         attend,
                         roundingOf(type),
                         // Scores of 100 are off by more than their rounding.
                         std::max(roundingOf(type) / 2, 1e-3)};
  for (auto [queries, held] : {std::pair<int64_t, int64_t>(79, 83), {66, 66}}) {
    Tensor keys = makeNumbers(type, {2, 4, held, 80}, 2);
    for (int64_t head = 0; head < 8; ++head)
      for (int64_t row : {8 * head + 16, queries}) // nobody sees the second one
        if (row < held)
          keys.setReal((head * held + row) * 80, INFINITY);
    checked.runs.push_back(
        {makeNumbers(type, {2, 8, queries, 80}, 1), keys, makeNumbers(type, {2, 4, held, 72}, 3)});
  }
  return checked;
}

} // namespace

const std::vector<NamedProgram> &getCheckedPrograms() {
  static const std::vector<NamedProgram> programs = [] {
    std::vector<NamedProgram> all;
    for (DType type : {DType::F32, DType::BF16, DType::F16}) {
      std::string suffix = "_" + nameOf(type).str();
      all.push_back({"stream_product" + suffix, [=] { return makeStreamProduct(type); }});
      all.push_back({"tile_product" + suffix, [=] { return makeTileProduct(type); }});
    }
    for (DType type : {DType::F32, DType::BF16})
      all.push_back({"attention_" + nameOf(type).str(), [=] { return makeAttention(type); }});
    all.push_back({"layer_bf16", [] { return makeLayer(DType::BF16); }});
    for (const NamedProgram &rows : getRowPrograms())
      all.push_back(rows);
    return all;
  }();
  return programs;
}

} // namespace moec
