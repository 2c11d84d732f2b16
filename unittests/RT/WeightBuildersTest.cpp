//===- WeightBuildersTest.cpp - Normal form of weight expressions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/WeightBuilders.h"
#include "dialects/RT/IR/WeightLayout.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec::rt;

namespace {
struct WeightBuilders : testing::Test {
  WeightBuilders() { context.loadDialect<RTDialect>(); }

  /// The expression that `text` writes, as it is written.
  WeightExprInterface parse(const char *text) {
    return dyn_cast_or_null<WeightExprInterface>(parseAttribute(text, &context));
  }

  WeightExprInterface file(ArrayRef<int64_t> shape, int64_t offset = 0) {
    return FileAttr::get(&context, "w", offset,
                         RankedTensorType::get(shape, Float32Type::get(&context)));
  }

  MLIRContext context;
};
} // namespace

TEST_F(WeightBuilders, StackOfAllExpertsIsTheWhole) {
  WeightExprInterface w = file({8, 6, 4});
  SmallVector<WeightExprInterface> experts;
  for (int64_t e = 0; e < 8; ++e)
    experts.push_back(reshaped(sliced(w, {e, 0, 0}, {1, 6, 4}), {6, 4}));
  EXPECT_EQ(stacked(experts), w);
  // Some of them are a slice, in another order a stack.
  EXPECT_EQ(stacked(ArrayRef(experts).slice(2, 3)), sliced(w, {2, 0, 0}, {3, 6, 4}));
  std::swap(experts[0], experts[1]);
  EXPECT_FALSE(isa<FileAttr>(stacked(experts)));
  EXPECT_EQ(stacked(experts).getExprType(), w.getExprType());
}

TEST_F(WeightBuilders, StackOfTransposedExperts) {
  WeightExprInterface w = file({8, 6, 4});
  SmallVector<WeightExprInterface> experts;
  for (int64_t e = 0; e < 8; ++e)
    experts.push_back(casted(transposed(reshaped(sliced(w, {e, 0, 0}, {1, 6, 4}), {6, 4}), {1, 0}),
                             BFloat16Type::get(&context)));
  EXPECT_EQ(stacked(experts), casted(transposed(w, {0, 2, 1}), BFloat16Type::get(&context)));
  // Casts that tell overflow are others than those that do not.
  SmallVector<WeightExprInterface> finite, mixed;
  for (int64_t e = 0; e < 8; ++e) {
    WeightExprInterface slice = reshaped(sliced(w, {e, 0, 0}, {1, 6, 4}), {6, 4});
    finite.push_back(casted(slice, BFloat16Type::get(&context), /*finite=*/true));
    mixed.push_back(casted(slice, BFloat16Type::get(&context), /*finite=*/e % 2 == 0));
  }
  EXPECT_EQ(stacked(finite), casted(w, BFloat16Type::get(&context), /*finite=*/true));
  EXPECT_NE(stacked(finite), casted(w, BFloat16Type::get(&context)));
  EXPECT_TRUE(isa<StackAttr>(stacked(mixed)));
}

TEST_F(WeightBuilders, TransposesCompose) {
  WeightExprInterface w = file({2, 3, 4});
  WeightExprInterface once = transposed(w, {1, 2, 0});
  EXPECT_EQ(once.getExprType().getShape(), ArrayRef<int64_t>({3, 4, 2}));
  EXPECT_EQ(transposed(once, {2, 0, 1}), w);
  EXPECT_EQ(transposed(once, {1, 2, 0}), transposed(w, {2, 0, 1}));
}

TEST_F(WeightBuilders, ReshapesAndCastsCollapse) {
  WeightExprInterface w = file({6, 4});
  EXPECT_EQ(reshaped(reshaped(w, {24}), {6, 4}), w);
  EXPECT_EQ(casted(w, Float32Type::get(&context)), w);
  Type bf16 = BFloat16Type::get(&context);
  EXPECT_EQ(transposed(casted(w, bf16), {1, 0}), casted(transposed(w, {1, 0}), bf16));
  // Rounding twice is not rounding once.
  EXPECT_TRUE(isa<CastAttr>(casted(casted(w, bf16), Float32Type::get(&context))));
}

TEST_F(WeightBuilders, SlicesMoveInwards) {
  WeightExprInterface w = file({6, 4});
  EXPECT_EQ(sliced(sliced(w, {1, 0}, {4, 4}), {2, 1}, {1, 2}), sliced(w, {3, 1}, {1, 2}));
  EXPECT_EQ(sliced(transposed(w, {1, 0}), {0, 2}, {4, 3}),
            transposed(sliced(w, {2, 0}, {3, 4}), {1, 0}));
  EXPECT_EQ(sliced(w, {0, 0}, {6, 4}), w);
  WeightExprInterface a = file({3, 4}), b = file({3, 4}, 64);
  EXPECT_EQ(sliced(stacked({a, b}), {1, 0, 0}, {1, 3, 4}), reshaped(b, {1, 3, 4}));
  EXPECT_EQ(reshaped(sliced(stacked({a, b}), {1, 0, 0}, {1, 3, 4}), {3, 4}), b);
  EXPECT_EQ(sliced(concatenated(0, {a, b}), {3, 0}, {3, 4}), b);
  EXPECT_EQ(sliced(concatenated(0, {a, b}), {2, 1}, {2, 3}),
            concatenated(0, {sliced(a, {2, 1}, {1, 3}), sliced(b, {0, 1}, {1, 3})}));
  EXPECT_EQ(sliced(reshaped(w, {1, 6, 1, 4}), {0, 2, 0, 0}, {1, 2, 1, 4}),
            reshaped(sliced(w, {2, 0}, {2, 4}), {1, 2, 1, 4}));
}

TEST_F(WeightBuilders, ConcatenationMergesAndFlattens) {
  WeightExprInterface w = file({6, 4}), v = file({2, 4}, 128);
  EXPECT_EQ(concatenated(0, {sliced(w, {0, 0}, {2, 4}), sliced(w, {2, 0}, {4, 4})}), w);
  EXPECT_EQ(concatenated(1, {sliced(w, {0, 0}, {6, 1}), sliced(w, {0, 1}, {6, 3})}), w);
  EXPECT_EQ(concatenated(0, {v, concatenated(0, {w, v})}), concatenated(0, {v, w, v}));
  EXPECT_EQ(concatenated(1, {transposed(w, {1, 0}), transposed(v, {1, 0})}),
            transposed(concatenated(0, {w, v}), {1, 0}));
  // Apart, or of different shapes across, boxes do not merge.
  EXPECT_TRUE(
      isa<ConcatAttr>(concatenated(0, {sliced(w, {0, 0}, {2, 4}), sliced(w, {3, 0}, {3, 4})})));
}

TEST_F(WeightBuilders, NormalFormOfWrittenExpressions) {
  WeightExprInterface written = parse(
      "#rt.pack<#rt.stack<[#rt.reshape<#rt.slice<#rt.file<\"w\", 0, tensor<2x6x4xf32>>, [0, 0, 0], "
      "[1, 6, 4]>, [6, 4]>, #rt.reshape<#rt.slice<#rt.file<\"w\", 0, tensor<2x6x4xf32>>, "
      "[1, 0, 0], [1, 6, 4]>, [6, 4]>]>, 2>");
  ASSERT_TRUE(written);
  EXPECT_EQ(normalised(written), packed(file({2, 6, 4}), 2));
  WeightExprInterface dense = parse("#rt.transpose<dense<1.0> : tensor<2x3xf32>, [0, 1]>");
  ASSERT_TRUE(dense);
  EXPECT_TRUE(isa<DenseElementsAttr>(normalised(dense)));
}

TEST_F(WeightBuilders, LayoutOfPackedWeights) {
  WeightLayout f32 = getWeightLayout(packed(file({8, 40, 5}), 1));
  EXPECT_EQ(f32.numSlabs, 8);
  EXPECT_EQ(f32.panels, 2);
  EXPECT_EQ(f32.slabBytes, 2 * 5 * 32 * 4);
  EXPECT_EQ(f32.slabStride, 4096);
  WeightLayout bf16 =
      getWeightLayout(packed(casted(file({40, 5}), BFloat16Type::get(&context)), 2));
  EXPECT_EQ(bf16.numSlabs, 1);
  EXPECT_EQ(bf16.panels, 2);
  EXPECT_EQ(bf16.paddedK, 6);
  EXPECT_EQ(bf16.slabBytes, 2 * 6 * 32 * 2);
  WeightLayout plain = getWeightLayout(file({3, 5}));
  EXPECT_EQ(plain.numSlabs, 1);
  EXPECT_EQ(plain.slabBytes, 60);
  EXPECT_EQ(plain.slabStride, 4096);
}
