//===- DeviceRowTests.cpp - Row kernels on the virtual GPU ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled operators against formulas in f64: each shape with its static type and
// with a dynamic one, fused and not, under several seeds, whose results must
// agree in every bit. The kernels are assembled, too.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

namespace moec {
namespace {

constexpr int64_t rows = 5;
const int64_t lengths[] = {1, 31, 33, 64, 1000};
const DType reals[] = {DType::F32, DType::BF16, DType::F16};

/// The result in f64 of the arguments.
using Formula = std::function<void(const std::vector<Tensor> &, Tensor &)>;

std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// In f32 relative 1e-4 and absolute 1e-5; narrower types within one unit for each time that the
/// operator rounds.
double toleranceOf(DType type, double value, int roundings) {
  if (type == DType::F32)
    return 1e-5 + 1e-4 * std::fabs(value);
  double unit = type == DType::F16 ? 0x1p-10 : 0x1p-7;
  return 1e-5 + roundings * unit * std::fabs(value);
}

void expectNear(const Tensor &got, const Tensor &expected, int roundings) {
  ASSERT_EQ(got.shape(), expected.shape());
  for (int64_t i = 0; i < got.numElements(); ++i) {
    if (!isReal(got.dtype()))
      ASSERT_EQ(got.integer(i), expected.integer(i)) << "at " << i;
    else
      ASSERT_NEAR(got.real(i), expected.real(i),
                  toleranceOf(got.dtype(), expected.real(i), roundings))
          << "at " << i;
  }
}

void expectSameBits(const Tensor &got, const Tensor &expected) {
  ASSERT_EQ(got.shape(), expected.shape());
  EXPECT_EQ(std::memcmp(got.bytes(), expected.bytes(), got.numElements() * bytesOf(got.dtype())),
            0);
}

/// Compiles `body`, which makes %r: RESULT of %x: ?xLENGTHxTYPE and what `others` name, and
/// compares with `formula`, or with the reference interpreter where that is null.
void check(const std::string &body, const std::string &others, const std::string &result,
           DType type, int64_t length, const std::vector<Tensor> &arguments, DType resultType,
           std::vector<int64_t> resultShape, const Formula &formula, int roundings = 1) {
  std::string text = "func.func @main(%x: tensor<?xLENGTHxTYPE>" + others + ") -> " + result +
                     " attributes {rt.entry} {\n" + body + "\nreturn %r : " + result + "\n}\n";
  text = replaceAll(text, "TYPE", nameOf(type).str());
  std::optional<Tensor> first;
  for (const std::string &spelled : {std::to_string(length), std::string("?")})
    for (bool fuse : {true, false}) {
      SCOPED_TRACE(replaceAll(text, "LENGTH", spelled) + (fuse ? "" : "not ") + "fused, length " +
                   std::to_string(length));
      DeviceProgram program(replaceAll(text, "LENGTH", spelled), fuse);
      ASSERT_TRUE(program.isCompiled());
      if (length == 33)
        program.expectAssembles();
      for (uint32_t seed : {0u, 1u}) {
        auto results = program.run(arguments, seed, 1 + seed);
        ASSERT_TRUE(results);
        if (first) {
          expectSameBits(results->front(), *first);
          continue;
        }
        first = results->front();
        Tensor expected = *Tensor::create(resultType, resultShape);
        if (formula) {
          formula(arguments, expected);
        } else {
          auto interpreted = program.interpret(arguments);
          ASSERT_TRUE(interpreted);
          expected = interpreted->front();
        }
        ASSERT_NO_FATAL_FAILURE(expectNear(*first, expected, roundings));
      }
    }
}

TEST(DeviceRows, Chain) {
  Formula formula = [](const std::vector<Tensor> &in, Tensor &out) {
    int64_t length = in[0].dim(1);
    for (int64_t i = 0; i < out.numElements(); ++i) {
      double x = in[0].real(i);
      double swish = roundTo(out.dtype(), x * roundTo(out.dtype(), 1 / (1 + std::exp(-x))));
      out.setReal(i, swish + in[1].real(i % length));
    }
  };
  for (DType type : reals)
    for (int64_t length : lengths)
      check(R"mlir(
    %s = onnx.unary sigmoid %x : (tensor<?xLENGTHxTYPE>) -> tensor<?xLENGTHxTYPE>
    %m = onnx.binary mul %x, %s : (tensor<?xLENGTHxTYPE>, tensor<?xLENGTHxTYPE>) -> tensor<?xLENGTHxTYPE>
    %r = onnx.binary add %m, %b : (tensor<?xLENGTHxTYPE>, tensor<LENGTHxTYPE>) -> tensor<?xLENGTHxTYPE>)mlir",
            ", %b: tensor<LENGTHxTYPE>", "tensor<?xLENGTHxTYPE>", type, length,
            {makeNumbers(type, {rows, length}, 1), makeNumbers(type, {length}, 2)}, type,
            {rows, length}, formula);
}

TEST(DeviceRows, BroadcastOfColumns) {
  for (DType type : reals)
    for (int64_t length : lengths)
      check("%r = onnx.binary mul %x, %c : (tensor<?xLENGTHxTYPE>, tensor<?x1xTYPE>) -> "
            "tensor<?xLENGTHxTYPE>",
            ", %c: tensor<?x1xTYPE>", "tensor<?xLENGTHxTYPE>", type, length,
            {makeNumbers(type, {rows, length}, 1), makeNumbers(type, {rows, 1}, 2)}, type,
            {rows, length}, nullptr);
}

TEST(DeviceRows, Transpose) {
  for (DType type : reals)
    for (int64_t length : lengths)
      check("%r = onnx.transpose %x {perm = array<i64: 1, 0>} : (tensor<?xLENGTHxTYPE>) -> "
            "tensor<LENGTHx?xTYPE>",
            "", "tensor<LENGTHx?xTYPE>", type, length, {makeNumbers(type, {rows, length}, 1)}, type,
            {length, rows}, nullptr);
}

TEST(DeviceRows, RMSNorm) {
  for (DType type : reals)
    for (int64_t length : {1, 31, 33, 64, 1000, 2048, 8192})
      check("%r = onnx.rms_norm %x, %w {axis = 1 : i64, epsilon = 1.0e-5 : f32, stash = f32} : "
            "(tensor<?xLENGTHxTYPE>, tensor<LENGTHxTYPE>) -> tensor<?xLENGTHxTYPE>",
            ", %w: tensor<LENGTHxTYPE>", "tensor<?xLENGTHxTYPE>", type, length,
            {makeNumbers(type, {rows, length}, 1), makeNumbers(type, {length}, 2)}, type,
            {rows, length}, nullptr, /*roundings=*/2); // normalised, and scaled
}

TEST(DeviceRows, LayerNorm) {
  for (DType type : reals)
    for (int64_t length : {1, 31, 33, 64, 1000, 5000}) {
      // Larger than what it is added to: where both cancel out, what was rounded before shows.
      Tensor bias = makeNumbers(type, {length}, 3);
      for (int64_t i = 0; i < length; ++i)
        bias.setReal(i, bias.real(i) + 16);
      check("%r = onnx.layer_norm %x, %w, %b {axis = 1 : i64, epsilon = 1.0e-5 : f32, stash = f32} "
            ": (tensor<?xLENGTHxTYPE>, tensor<LENGTHxTYPE>, tensor<LENGTHxTYPE>) -> "
            "tensor<?xLENGTHxTYPE>",
            ", %w: tensor<LENGTHxTYPE>, %b: tensor<LENGTHxTYPE>", "tensor<?xLENGTHxTYPE>", type,
            length, {makeNumbers(type, {rows, length}, 1), makeNumbers(type, {length}, 2), bias},
            type, {rows, length}, nullptr, /*roundings=*/3); // normalised, scaled, shifted
    }
}

TEST(DeviceRows, Softmax) {
  Formula formula = [](const std::vector<Tensor> &in, Tensor &out) {
    int64_t length = in[0].dim(1);
    for (int64_t row = 0; row < in[0].dim(0); ++row) {
      double most = -INFINITY, sum = 0;
      for (int64_t i = 0; i < length; ++i)
        most = std::max(most, in[0].real(row * length + i));
      for (int64_t i = 0; i < length; ++i)
        sum += std::exp(in[0].real(row * length + i) - most);
      for (int64_t i = 0; i < length; ++i)
        out.setReal(row * length + i, std::exp(in[0].real(row * length + i) - most) / sum);
    }
  };
  for (DType type : reals)
    for (int64_t length : lengths)
      check("%r = onnx.softmax %x {axis = 1 : i64} : (tensor<?xLENGTHxTYPE>) -> "
            "tensor<?xLENGTHxTYPE>",
            "", "tensor<?xLENGTHxTYPE>", type, length, {makeNumbers(type, {rows, length}, 1)}, type,
            {rows, length}, formula);
}

TEST(DeviceRows, Casts) {
  for (DType from : reals)
    for (DType to : reals)
      if (from != to)
        for (int64_t length : lengths) {
          std::string result = "tensor<?xLENGTHx" + nameOf(to).str() + ">";
          check("%r = onnx.cast %x : (tensor<?xLENGTHxTYPE>) -> " + result, "", result, from,
                length, {makeNumbers(from, {rows, length}, 1)}, to, {rows, length}, nullptr);
        }
}

/// Rows of a table by number, as embeddings are.
TEST(DeviceRows, Gather) {
  for (DType type : reals)
    for (int64_t length : lengths) {
      Tensor ids = *Tensor::create(DType::I64, {7});
      for (int64_t i = 0; i < 7; ++i)
        ids.setInteger(i, i * 3 % rows - (i % 2 ? rows : 0));
      Formula formula = [](const std::vector<Tensor> &in, Tensor &out) {
        int64_t length = in[0].dim(1);
        for (int64_t i = 0; i < out.numElements(); ++i) {
          int64_t id = in[1].integer(i / length);
          out.setReal(i, in[0].real((id < 0 ? id + rows : id) * length + i % length));
        }
      };
      check("%r = onnx.gather %x, %i {axis = 0 : i64} : (tensor<?xLENGTHxTYPE>, tensor<?xi64>) -> "
            "tensor<?xLENGTHxTYPE>",
            ", %i: tensor<?xi64>", "tensor<?xLENGTHxTYPE>", type, length,
            {makeNumbers(type, {rows, length}, 1), ids}, type, {7, length}, formula);
    }
}

/// Sums over rows, one per column, and the place of the largest entry of a row.
TEST(DeviceRows, OtherReductions) {
  for (int64_t length : lengths) {
    Tensor x = makeNumbers(DType::F32, {rows, length}, 1);
    check("%a = onnx.constant dense<0> : tensor<1xi64>\n"
          "%r = onnx.reduce sum %x, %a : (tensor<?xLENGTHxTYPE>, tensor<1xi64>) -> "
          "tensor<LENGTHxTYPE>",
          "", "tensor<LENGTHxTYPE>", DType::F32, length, {x}, DType::F32, {length},
          [](const std::vector<Tensor> &in, Tensor &out) {
            for (int64_t i = 0; i < out.numElements(); ++i) {
              double sum = 0;
              for (int64_t row = 0; row < rows; ++row)
                sum += in[0].real(row * out.numElements() + i);
              out.setReal(i, sum);
            }
          });
    check("%r = onnx.argmax %x {axis = 1 : i64} : (tensor<?xLENGTHxTYPE>) -> tensor<?xi64>", "",
          "tensor<?xi64>", DType::F32, length, {x}, DType::I64, {rows},
          [](const std::vector<Tensor> &in, Tensor &out) {
            int64_t length = in[0].dim(1);
            for (int64_t row = 0; row < rows; ++row) {
              int64_t best = 0;
              for (int64_t i = 1; i < length; ++i)
                if (in[0].real(row * length + i) > in[0].real(row * length + best))
                  best = i;
              out.setInteger(row, best);
            }
          });
  }
}

} // namespace
} // namespace moec
