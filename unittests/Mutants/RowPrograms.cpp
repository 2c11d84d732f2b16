//===- RowPrograms.cpp - Programs of one op ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/RowPrograms.h"

#include "unittests/Device/DeviceProgram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moec {

std::string fill(std::string text, DType type) {
  for (size_t at = 0; (at = text.find("TYPE", at)) != std::string::npos;)
    text.replace(at, 4, nameOf(type).str());
  return text;
}

double roundingOf(DType type) {
  return type == DType::F32 ? 1e-5 : type == DType::F16 ? 0x1p-10 : 0x1p-7;
}

Tensor makeIntegers(DType type, llvm::ArrayRef<int64_t> shape,
                    llvm::function_ref<int64_t(int64_t)> at) {
  Tensor tensor = *Tensor::create(type, shape);
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    tensor.setInteger(i, at(i));
  return tensor;
}

namespace {

/// One op on rows of %x.
CheckedProgram makeRows(DType type, const std::string &body, const std::string &parameters,
                        const std::string &result, std::vector<Tensor> arguments, Formula formula) {
  std::string text = "func.func @main(%x: " + parameters + ") -> " + result +
                     " attributes {rt.entry} {\n" + body + "\nreturn %r : " + result + "\n}\n";
  return {fill(text, type), {std::move(arguments)}, std::move(formula), 3 * roundingOf(type), 1e-5};
}

CheckedProgram makeSoftmax() {
  Formula formula = [](const std::vector<Tensor> &in) {
    Tensor out = *Tensor::create(DType::F32, in[0].shape());
    int64_t length = out.dim(1);
    for (int64_t row = 0; row < out.dim(0); ++row) {
      double sum = 0;
      for (int64_t i = 0; i < length; ++i)
        sum += std::exp(in[0].real(row * length + i));
      for (int64_t i = 0; i < length; ++i)
        out.setReal(row * length + i, std::exp(in[0].real(row * length + i)) / sum);
    }
    return std::vector<Tensor>{out};
  };
  // Of two large entries, anywhere: their exponentials overflow if the maximum is not found.
  Tensor x = makeNumbers(DType::F32, {40, 1001}, 1);
  for (int64_t row = 0; row < 40; ++row)
    for (int64_t i : {0, 1})
      x.setReal(row * 1001 + (row * 733 + i * 370) % 1001, 200 - i);
  return makeRows(DType::F32,
                  "%r = onnx.softmax %x {axis = 1 : i64} : (tensor<?x1001xTYPE>) -> "
                  "tensor<?x1001xTYPE>",
                  "tensor<?x1001xTYPE>", "tensor<?x1001xTYPE>", {x}, formula);
}

CheckedProgram makeNorm() {
  Formula formula = [](const std::vector<Tensor> &in) {
    Tensor out = *Tensor::create(DType::BF16, in[0].shape());
    int64_t length = out.dim(1);
    for (int64_t row = 0; row < out.dim(0); ++row) {
      double mean = 0, variance = 0;
      for (int64_t i = 0; i < length; ++i)
        mean += in[0].real(row * length + i) / length;
      for (int64_t i = 0; i < length; ++i)
        variance += std::pow(in[0].real(row * length + i) - mean, 2) / length;
      for (int64_t i = 0; i < length; ++i)
        out.setReal(row * length + i, (in[0].real(row * length + i) - mean) /
                                              std::sqrt(variance + 1e-5) * in[1].real(i) +
                                          in[2].real(i));
    }
    return std::vector<Tensor>{out};
  };
  Tensor x = makeNumbers(DType::BF16, {5, 1000}, 1);
  for (int64_t i = 0; i < x.numElements(); ++i)
    x.setReal(i, x.real(i) + 3);
  // Larger than what it is added to: where both cancel out, what was rounded before shows.
  Tensor bias = makeNumbers(DType::BF16, {1000}, 3);
  for (int64_t i = 0; i < 1000; ++i)
    bias.setReal(i, bias.real(i) + 8);
  return makeRows(
      DType::BF16,
      "%r = onnx.layer_norm %x, %w, %b {axis = 1 : i64, epsilon = 1.0e-5 : f32, stash = f32} : "
      "(tensor<?x1000xTYPE>, tensor<1000xTYPE>, tensor<1000xTYPE>) -> tensor<?x1000xTYPE>",
      "tensor<?x1000xTYPE>, %w: tensor<1000xTYPE>, %b: tensor<1000xTYPE>", "tensor<?x1000xTYPE>",
      {x, makeNumbers(DType::BF16, {1000}, 2), bias}, formula);
}

/// The `k` largest entries of rows and their places. Of equal entries lower places come first.
CheckedProgram makeTopK() {
  int64_t rows = 9, columns = 75, k = 7;
  Tensor x = makeNumbers(DType::F32, {rows, columns}, 1);
  for (int64_t i = 0; i < x.numElements(); i += 5)
    x.setReal(i, 1.0);
  Formula formula = [=](const std::vector<Tensor> &in) {
    Tensor values = *Tensor::create(DType::F32, {rows, k});
    Tensor places = *Tensor::create(DType::I64, {rows, k});
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<int64_t> order(columns);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t one, int64_t other) {
        return in[0].real(row * columns + one) > in[0].real(row * columns + other);
      });
      for (int64_t i = 0; i < k; ++i) {
        values.setReal(row * k + i, in[0].real(row * columns + order[i]));
        places.setInteger(row * k + i, order[i]);
      }
    }
    return std::vector<Tensor>{values, places};
  };
  return {"func.func @main(%x: tensor<?x75xf32>) -> (tensor<?x7xf32>, tensor<?x7xi64>) attributes "
          "{rt.entry} {\n%k = onnx.constant dense<7> : tensor<1xi64>\n"
          "%v, %i = onnx.topk %x, %k {axis = 1 : i64} : (tensor<?x75xf32>, tensor<1xi64>) -> "
          "(tensor<?x7xf32>, tensor<?x7xi64>)\n"
          "return %v, %i : tensor<?x7xf32>, tensor<?x7xi64>\n}\n",
          {{x}},
          formula,
          0,
          0};
}

/// Places of the entries of columns that are sorted as a whole.
CheckedProgram makeSort() {
  int64_t rows = 75, columns = 3;
  Tensor x = makeNumbers(DType::F32, {rows, columns}, 1);
  for (int64_t i = 0; i < x.numElements(); i += 5)
    x.setReal(i, 1.0);
  Formula formula = [=](const std::vector<Tensor> &in) {
    Tensor out = *Tensor::create(DType::I64, {rows, columns});
    for (int64_t column = 0; column < columns; ++column) {
      std::vector<int64_t> order(rows);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t one, int64_t other) {
        return in[0].real(one * columns + column) > in[0].real(other * columns + column);
      });
      for (int64_t i = 0; i < rows; ++i)
        out.setInteger(i * columns + column, order[i]);
    }
    return std::vector<Tensor>{out};
  };
  return makeRows(DType::F32,
                  "%k = onnx.constant dense<75> : tensor<1xi64>\n"
                  "%v, %r = onnx.topk %x, %k {axis = 0 : i64} : (tensor<75x3xTYPE>, tensor<1xi64>) "
                  "-> (tensor<75x3xTYPE>, tensor<75x3xi64>)",
                  "tensor<75x3xTYPE>", "tensor<75x3xi64>", {x}, formula);
}

CheckedProgram makeScan() {
  Formula formula = [](const std::vector<Tensor> &in) {
    Tensor out = *Tensor::create(DType::F32, in[0].shape());
    double sum = 0;
    for (int64_t i = 0; i < out.numElements(); ++i) {
      sum = i % out.dim(1) == 0 ? 0 : sum;
      out.setReal(i, sum);
      sum += in[0].real(i);
    }
    return std::vector<Tensor>{out};
  };
  return makeRows(DType::F32,
                  "%a = onnx.constant dense<1> : tensor<i64>\n"
                  "%r = onnx.cumsum %x, %a {exclusive} : (tensor<?x300xTYPE>, tensor<i64>) -> "
                  "tensor<?x300xTYPE>",
                  "tensor<?x300xTYPE>", "tensor<?x300xTYPE>",
                  {makeNumbers(DType::F32, {3, 300}, 1)}, formula);
}

CheckedProgram makeScatter() {
  Formula formula = [](const std::vector<Tensor> &in) {
    int64_t columns = in[0].dim(1);
    std::vector<double> sums = in[0].reals<double>();
    for (int64_t i = 0; i < in[2].numElements(); ++i)
      sums[in[1].integer(i / columns) * columns + i % columns] += in[2].real(i);
    Tensor out = *Tensor::create(DType::F32, in[0].shape());
    for (int64_t i = 0; i < out.numElements(); ++i)
      out.setReal(i, sums[i]);
    return std::vector<Tensor>{out};
  };
  return makeRows(DType::F32,
                  "%r = tile.scatter updates(%u : tensor<?x50xTYPE>) places(%i : tensor<?xi64>) "
                  "outs(%x : tensor<?x50xTYPE>) {combine = #tile.combine<add>} -> "
                  "tensor<?x50xTYPE>",
                  "tensor<?x50xTYPE>, %i: tensor<?xi64>, %u: tensor<?x50xTYPE>",
                  "tensor<?x50xTYPE>",
                  {makeNumbers(DType::F32, {61, 50}, 1),
                   makeIntegers(DType::I64, {70}, [](int64_t i) { return i * 17 % 61; }),
                   makeNumbers(DType::F32, {70, 50}, 2)},
                  formula);
}

/// Sums of some rows by weights; places below zero have none.
CheckedProgram makeCombine() {
  int64_t tokens = 11, choices = 3, held = 17, columns = 72;
  Formula formula = [=](const std::vector<Tensor> &in) {
    Tensor out = *Tensor::create(DType::BF16, {tokens, columns});
    for (int64_t i = 0; i < out.numElements(); ++i) {
      double sum = 0;
      for (int64_t choice = i / columns * choices; choice < (i / columns + 1) * choices; ++choice)
        if (in[1].integer(choice) >= 0)
          sum += in[2].real(choice) * in[0].real(in[1].integer(choice) * columns + i % columns);
      out.setReal(i, sum);
    }
    return std::vector<Tensor>{out};
  };
  return makeRows(DType::BF16,
                  "%c0 = arith.constant 0 : index\n%t = tensor.dim %p, %c0 : tensor<?x3xi32>\n"
                  "%o = tensor.empty(%t) : tensor<?x72xTYPE>\n"
                  "%r = tile.weighted_gather rows(%x : tensor<?x72xTYPE>) places(%p : "
                  "tensor<?x3xi32>) weights(%w : tensor<?x3xf32>) outs(%o : tensor<?x72xTYPE>) -> "
                  "tensor<?x72xTYPE>",
                  "tensor<?x72xTYPE>, %p: tensor<?x3xi32>, %w: tensor<?x3xf32>",
                  "tensor<?x72xTYPE>",
                  {makeNumbers(DType::BF16, {held, columns}, 1),
                   makeIntegers(DType::I32, {tokens, choices},
                                [=](int64_t i) { return i % 4 == 3 ? -1 : i * 5 % held; }),
                   makeNumbers(DType::F32, {tokens, choices}, 2)},
                  formula);
}

} // namespace

std::vector<NamedProgram> getRowPrograms() {
  return {{"softmax", makeSoftmax}, {"layer_norm", makeNorm}, {"topk", makeTopK},
          {"sort", makeSort},       {"scan", makeScan},       {"scatter", makeScatter},
          {"combine", makeCombine}};
}

} // namespace moec
