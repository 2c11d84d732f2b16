//===- PackedLayoutTests.cpp - Emitters and packer agree --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `!tile.packed` says where kernels read, the layout of `#rt.pack` where the
// packer writes. Neither dialect knows the other, so a test holds them together.
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/WeightBuilders.h"
#include "dialects/RT/IR/WeightLayout.h"
#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec;

TEST(PackedLayout, EmittersAndPackerAgree) {
  MLIRContext context;
  context.loadDialect<rt::RTDialect, tile::TileDialect>();
  Builder b(&context);
  for (Type element : {Type(b.getF32Type()), Type(b.getF16Type()), Type(b.getBF16Type())})
    for (int64_t columns : {1, 2})
      for (int64_t slabs : {1, 3})
        for (int64_t n : {2, 16, 30, 32, 34, 64, 94, 1000})
          for (int64_t k : {1, 2, 7, 64, 255}) {
            auto type = RankedTensorType::get({slabs, n, k}, element);
            auto file = cast<rt::WeightExprInterface>(
                Attribute(rt::FileAttr::get(&context, "w", 0, type)));
            rt::WeightLayout layout = rt::getWeightLayout(rt::packed(file, columns));
            auto packed = tile::PackedType::get(&context, slabs, n, k, element, columns);
            int64_t bytes = element.getIntOrFloatBitWidth() / 8;
            SCOPED_TRACE(::testing::Message() << slabs << "x" << n << "x" << k << " by " << columns
                                              << ", " << bytes << " bytes");
            EXPECT_EQ(layout.numSlabs, packed.getSlabs());
            EXPECT_EQ(layout.panels, packed.getNumPanels());
            EXPECT_EQ(layout.paddedK * rt::kPanelColumns, packed.getPanelElements());
            EXPECT_EQ(layout.slabStride, packed.getSlabElements() * bytes);
          }
}
