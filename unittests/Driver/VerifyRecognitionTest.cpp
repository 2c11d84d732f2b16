//===- VerifyRecognitionTest.cpp - Differing forms are found ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/VerifyRecognition.h"

#include "lib/Driver/ExitCode.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec;
using recognise::LayerForms;

namespace {

/// Two forms of a layer of three experts and rows of four, from the bodies of functions of
/// %hidden: tensor<?x4xELEMENT> and %logits: tensor<?x3xELEMENT> that return %y.
class TwoForms {
public:
  TwoForms(StringRef original, StringRef recognised, StringRef element = "f32",
           StringRef result = "tensor<?x4xELEMENT>") {
    SmallString<128> path;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("forms", "mlir", path));
    llvm::FileRemover remover(path);
    std::string text =
        function("original", original, result) + function("recognised", recognised, result);
    for (size_t at; (at = text.find("ELEMENT")) != std::string::npos;)
      text.replace(at, 7, element.str());
    {
      std::error_code code;
      llvm::raw_fd_ostream file(path, code);
      EXPECT_FALSE(code);
      file << text;
    }
    EXPECT_EQ(whole.read(path), exitSuccess) << text;
    LayerForms forms(whole.getModule().getLoc());
    forms.module = OwningOpRef<ModuleOp>(whole.getModule().clone());
    forms.experts = 3;
    forms.k = 1;
    for (int64_t tokens = 1; tokens <= 3; ++tokens)
      forms.sizes.push_back({tokens, {tokens, 4}, {tokens, 3}, {}});
    layers.push_back(std::move(forms));
  }

  LayerVerdict compare() { return compareForms(whole, layers.front()); }

  /// The exit code, and what is said.
  std::pair<int, std::string> verify(bool quiet = false) {
    testing::internal::CaptureStderr();
    int code = verifyRecognition(whole, layers, quiet);
    return {code, testing::internal::GetCapturedStderr()};
  }

  Compilation whole;
  std::vector<LayerForms> layers;

private:
  static std::string function(StringRef name, StringRef body, StringRef result) {
    return ("func.func @" + name +
            "(%hidden: tensor<?x4xELEMENT> {onnx.name = \"hidden\", onnx.dim_names = [\"t\", "
            "\"\"]}, "
            "%logits: tensor<?x3xELEMENT> {onnx.name = \"logits\", onnx.dim_names = [\"t\", "
            "\"\"]}) "
            "-> (" +
            result + " {onnx.name = \"y\"}) {\n" + body + "\n  return %y : " + result + "\n}\n")
        .str();
  }
};

/// %y is a factor times the hidden state.
std::string times(StringRef factor) {
  return ("%f = onnx.constant dense<" + factor +
          "> : tensor<ELEMENT>\n"
          "%y = onnx.binary mul %hidden, %f : (tensor<?x4xELEMENT>, tensor<ELEMENT>) -> "
          "tensor<?x4xELEMENT>")
      .str();
}

constexpr StringLiteral twice = "%y = onnx.binary add %hidden, %hidden : (tensor<?x4xELEMENT>, "
                                "tensor<?x4xELEMENT>) -> tensor<?x4xELEMENT>";

/// %y is the number of the best expert; of those that tie, the first.
constexpr StringLiteral firstBest =
    "%k = onnx.constant dense<1> : tensor<1xi64>\n"
    "%v, %i = onnx.topk %logits, %k {axis = 1 : i64} : (tensor<?x3xf32>, tensor<1xi64>) -> "
    "(tensor<?x1xf32>, tensor<?x1xi64>)\n"
    "%y = onnx.cast %i : (tensor<?x1xi64>) -> tensor<?x1xf32>";

/// The same, but of those that tie the last.
constexpr StringLiteral lastBest =
    "%k = onnx.constant dense<1> : tensor<1xi64>\n"
    "%o = onnx.constant dense<[2, 1, 0]> : tensor<3xi64>\n"
    "%t = onnx.constant dense<2.0> : tensor<f32>\n"
    "%r = onnx.gather %logits, %o {axis = 1 : i64} : (tensor<?x3xf32>, tensor<3xi64>) -> "
    "tensor<?x3xf32>\n"
    "%v, %i = onnx.topk %r, %k {axis = 1 : i64} : (tensor<?x3xf32>, tensor<1xi64>) -> "
    "(tensor<?x1xf32>, tensor<?x1xi64>)\n"
    "%f = onnx.cast %i : (tensor<?x1xi64>) -> tensor<?x1xf32>\n"
    "%y = onnx.binary sub %t, %f : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>";

TEST(VerifyRecognition, EqualForms) {
  TwoForms forms(twice, times("2.0"));
  LayerVerdict verdict = forms.compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Same) << verdict.detail;
  EXPECT_EQ(verdict.runs, 12u);
  EXPECT_EQ(verdict.largest, 0);
  auto [code, said] = forms.verify();
  EXPECT_EQ(code, exitSuccess);
  EXPECT_NE(said.find("layer verified: 12 runs"), std::string::npos) << said;
  EXPECT_NE(said.find("1 of 1 recognised layers verified"), std::string::npos) << said;
  EXPECT_EQ(forms.verify(/*quiet=*/true).second, "");
}

TEST(VerifyRecognition, OtherValues) {
  TwoForms forms(twice, times("2.001"));
  LayerVerdict verdict = forms.compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Different);
  EXPECT_NEAR(verdict.largest, 0.0005, 1e-6);
  auto [code, said] = forms.verify(/*quiet=*/true);
  EXPECT_EQ(code, exitWrongResult);
  for (StringRef part : {"the layer was recognised wrongly: with ", " element [",
                         "differs by 0.0005 of its row's largest element", "--no-recognise"})
    EXPECT_NE(said.find(part), std::string::npos) << said;
}

TEST(VerifyRecognition, NarrowTypesMayRoundOtherwise) {
  // A step of bf16 at 2 is 2^-7 of it.
  EXPECT_EQ(TwoForms(twice, times("2.015625"), "bf16").compare().kind, LayerVerdict::Same);
  EXPECT_EQ(TwoForms(twice, times("2.125"), "bf16").compare().kind, LayerVerdict::Different);
  EXPECT_EQ(TwoForms(twice, times("2.001953125"), "f16").compare().kind, LayerVerdict::Same);
  EXPECT_EQ(TwoForms(twice, times("2.015625"), "f16").compare().kind, LayerVerdict::Different);
}

TEST(VerifyRecognition, OtherTies) {
  LayerVerdict verdict = TwoForms(firstBest, lastBest, "f32", "tensor<?x1xf32>").compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Different);
  EXPECT_NE(verdict.detail.find("ties between experts"), std::string::npos) << verdict.detail;
  verdict = TwoForms(lastBest, lastBest, "f32", "tensor<?x1xf32>").compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Same) << verdict.detail;
}

TEST(VerifyRecognition, OtherShapes) {
  TwoForms forms("%y = tensor.cast %hidden : tensor<?x4xf32> to tensor<?x?xf32>",
                 "%y = tensor.cast %logits : tensor<?x3xf32> to tensor<?x?xf32>", "f32",
                 "tensor<?x?xf32>");
  LayerVerdict verdict = forms.compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Different);
  EXPECT_EQ(verdict.detail, "with 1 token and experts of their own for each token the file's form "
                            "gives 1x4xf32, the recognised one 1x3xf32");
}

/// Reshapes to rows of 8, which one token does not fill.
constexpr StringLiteral fails =
    "%s = onnx.constant dense<[2, -1]> : tensor<2xi64>\n"
    "%p = onnx.reshape %hidden, %s : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<2x?xf32>\n"
    "%w = onnx.constant dense<1.0> : tensor<8x4xf32>\n"
    "%y = onnx.matmul %p, %w : (tensor<2x?xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>";

TEST(VerifyRecognition, FormsThatDoNotRun) {
  TwoForms original(fails, twice), recognised(twice, fails);
  LayerVerdict verdict = original.compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Unknown);
  EXPECT_NE(verdict.detail.find("the file's form does not run with 1 token"), std::string::npos)
      << verdict.detail;
  verdict = recognised.compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Different);
  EXPECT_NE(verdict.detail.find("the recognised one does not with 1 token"), std::string::npos)
      << verdict.detail;
}

TEST(VerifyRecognition, NothingThatCanBeCompared) {
  TwoForms forms("%l = onnx.unary log %hidden : (tensor<?x4xf32>) -> tensor<?x4xf32>\n"
                 "%y = onnx.binary sub %l, %l : (tensor<?x4xf32>, tensor<?x4xf32>) -> "
                 "tensor<?x4xf32>",
                 twice);
  EXPECT_EQ(forms.compare().kind, LayerVerdict::Different);
  std::string nan = "%n = onnx.constant dense<0x7FC00000> : tensor<f32>\n"
                    "%y = onnx.binary mul %hidden, %n : (tensor<?x4xf32>, tensor<f32>) -> "
                    "tensor<?x4xf32>";
  LayerVerdict verdict = TwoForms(nan, nan).compare();
  EXPECT_EQ(verdict.kind, LayerVerdict::Unknown);
  EXPECT_EQ(verdict.detail, "no result was a finite number");
}

TEST(VerifyRecognition, FormsThatDoNotCompile) {
  TwoForms forms("%i = onnx.cast %hidden : (tensor<?x4xf32>) -> tensor<?x4xui8>\n"
                 "%t = onnx.einsum %i {equation = \"ij->ji\"} : (tensor<?x4xui8>) -> "
                 "tensor<4x?xui8>\n"
                 "%y = onnx.cast %t : (tensor<4x?xui8>) -> tensor<4x?xf32>",
                 "%y = onnx.transpose %hidden {perm = array<i64: 1, 0>} : (tensor<?x4xf32>) -> "
                 "tensor<4x?xf32>",
                 "f32", "tensor<4x?xf32>");
  auto [code, said] = forms.verify();
  EXPECT_EQ(code, exitUnsupported);
  EXPECT_NE(said.find("layer not verified: its two forms cannot be compiled on their own"),
            std::string::npos)
      << said;
}

TEST(VerifyRecognition, LayersThatCouldNotBeCutOut) {
  TwoForms forms(twice, twice);
  LayerForms without(forms.layers.front().where);
  without.problem = "it also depends on input 'mask'";
  forms.layers.push_back(std::move(without));
  auto [code, said] = forms.verify();
  EXPECT_EQ(code, exitUnsupported);
  EXPECT_NE(said.find("layer not verified: it also depends on input 'mask'"), std::string::npos)
      << said;
  EXPECT_NE(said.find("1 of 2 recognised layers verified"), std::string::npos) << said;
}

} // namespace
