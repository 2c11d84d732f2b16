//===- LayerFormsTest.cpp - Cutting a layer out of its model ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/LayerForms.h"

#include "dialects/RT/IR/RT.h"
#include "lib/Recognise/MoE/Layer.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

namespace {

/// A function of the hidden state %a, the logits %l, which depend on it, and another input %b. The
/// first operand of its return is what a layer computes, the second what it was replaced by.
class LayerFormsTest : public testing::Test {
protected:
  LayerFormsTest() { context.loadDialect<func::FuncDialect, onnx::ONNXDialect, rt::RTDialect>(); }

  LayerForms cut(StringRef body) {
    std::string text = R"(
rt.weight @router : tensor<8x3xf32> = dense<1.0> : tensor<8x3xf32>
rt.weight @scale : tensor<8xf32> = dense<2.0> : tensor<8xf32>
rt.weight @unused : tensor<8xf32> = dense<2.0> : tensor<8xf32>
func.func @main(%x: tensor<?x?x8xf32> {onnx.name = "x", onnx.dim_names = ["batch", "rows", ""]},
                %b: tensor<?x?xf32> {onnx.name = "b", onnx.dim_names = ["batch", "rows"]})
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %k = onnx.constant dense<2> : tensor<1xi64>
  %to2d = onnx.constant dense<[-1, 8]> : tensor<2xi64>
  %minus = onnx.constant dense<[-1, 1]> : tensor<2xi64>
  %hidden = onnx.unary relu %x : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %a = onnx.reshape %hidden, %to2d : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %router = rt.get_weight @router : tensor<8x3xf32>
  %l = onnx.matmul %a, %router : (tensor<?x8xf32>, tensor<8x3xf32>) -> tensor<?x3xf32>
  %v, %i = onnx.topk %l, %k {axis = 1 : i64} : (tensor<?x3xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %w = rt.get_weight @scale : tensor<8xf32>
  %new = onnx.binary mul %a, %w : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
)" + body.str() + R"(
  return %old, %new : tensor<?x8xf32>, tensor<?x8xf32>
})";
    module = parseSourceString<ModuleOp>(text, &context);
    auto function = *module->getOps<func::FuncOp>().begin();
    Facts facts(function);
    ChoiceFact choice;
    LayerForm form;
    for (Operation &op : function.front()) {
      EXPECT_TRUE(succeeded(facts.visit(&op)));
      if (auto topk = dyn_cast<onnx::TopKOp>(op)) {
        choice = {topk, 2, 3};
        form.router.logits = topk.getX();
      } else if (isa<onnx::MatMulOp>(op)) {
        form.x = op.getOperand(0);
      }
    }
    Operation *end = function.front().getTerminator();
    form.original = end->getOperand(0);
    form.replacement = end->getOperand(1);
    return cutLayer(facts, choice, form);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(LayerFormsTest, TwoFunctionsOfHiddenStateLogitsAndSizes) {
  // The shape of another input is a size of the hidden state, too.
  LayerForms forms = cut(R"(
  %one = onnx.constant dense<1> : tensor<1xi64>
  %first = onnx.shape %b {end = 1 : i64} : (tensor<?x?xf32>) -> tensor<1xi64>
  %second = onnx.shape %b {end = 2 : i64, start = 1 : i64} : (tensor<?x?xf32>) -> tensor<1xi64>
  %tokens = onnx.binary mul %first, %second : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %size = onnx.concat %tokens, %eight {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %sum = onnx.reduce sum %v, %one {keepdims} : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %r = onnx.reshape %hidden, %size : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %old = onnx.binary add %r, %sum : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>)");
  ASSERT_TRUE(forms.module) << forms.problem;
  EXPECT_TRUE(succeeded(verify(*forms.module)));
  EXPECT_EQ(forms.experts, 3);
  EXPECT_EQ(forms.k, 2);
  EXPECT_FALSE(forms.areScores);
  // Of the weights, those that are read between inputs and result.
  EXPECT_TRUE(forms.module->lookupSymbol("scale"));
  EXPECT_FALSE(forms.module->lookupSymbol("router"));
  EXPECT_FALSE(forms.module->lookupSymbol("unused"));
  for (StringRef name : {"original", "recognised"}) {
    auto function = forms.module->lookupSymbol<func::FuncOp>(name);
    ASSERT_TRUE(function) << name.str();
    ASSERT_EQ(function.getNumArguments(), 3u);
    // The hidden state is the tensor that the tokens are a view of.
    EXPECT_EQ(cast<RankedTensorType>(function.getArgumentTypes()[0]).getRank(), 3);
    EXPECT_EQ(function.getArgAttrOfType<StringAttr>(1, "onnx.name"), "logits");
    bool hasMatMul = false;
    function.walk([&](onnx::MatMulOp) { hasMatMul = true; });
    EXPECT_FALSE(hasMatMul);
  }
  ASSERT_EQ(forms.sizes.size(), 7u);
  for (const LayerSizes &sizes : forms.sizes) {
    EXPECT_EQ(sizes.hidden[0] * sizes.hidden[1], sizes.tokens);
    EXPECT_EQ(sizes.logits, SmallVector<int64_t>({sizes.tokens, 3}));
    ASSERT_EQ(sizes.elements.size(), 1u);
    EXPECT_EQ(sizes.elements[0], SmallVector<int64_t>({sizes.tokens, 8}));
  }
}

TEST_F(LayerFormsTest, OtherValues) {
  LayerForms forms = cut(R"(
  %m = onnx.reshape %b, %minus : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %old = onnx.binary mul %a, %m : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>)");
  EXPECT_FALSE(forms.module);
  EXPECT_EQ(forms.problem, "it also depends on input 'b'");
}

} // namespace
