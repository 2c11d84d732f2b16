//===- GpuTargetTests.cpp - The table of chips ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/GpuTarget.h"

#include "gtest/gtest.h"

namespace moec::codegen {
namespace {

TEST(GpuTarget, ChipsAreFoundByName) {
  for (const GpuTarget &target : getGpuTargets())
    EXPECT_EQ(findGpuTarget(target.chip), &target);
  EXPECT_EQ(findGpuTarget("sm_75"), nullptr);
  EXPECT_EQ(findGpuTarget("80"), nullptr);
  EXPECT_EQ(findGpuTarget(""), nullptr);
}

TEST(GpuTarget, TheBaselineComesFirst) {
  EXPECT_EQ(&getGpuTargets().front(), findGpuTarget(baselineChip));
  EXPECT_EQ(listGpuTargets().substr(0, 12), "sm_80, sm_86");
}

TEST(GpuTarget, RowsAreOfThatArchitecture) {
  for (const GpuTarget &target : getGpuTargets()) {
    // The limits of the CUDA C++ Programming Guide.
    EXPECT_GT(target.sharedBytes, plainSharedBytes);
    EXPECT_LE(target.sharedBytes, 227 << 10);
    EXPECT_TRUE(target.warpsPerSM == 48 || target.warpsPerSM == 64);
    EXPECT_GE(target.numSMs, 1);
    EXPECT_EQ(target.ptxFeature(), "+ptx" + std::to_string(target.ptxVersion));
    // A chip with features of its own differs from the plain one in nothing else.
    if (target.chip.ends_with("a")) {
      const GpuTarget *plain = findGpuTarget(target.chip.drop_back());
      ASSERT_NE(plain, nullptr);
      EXPECT_EQ(plain->sharedBytes, target.sharedBytes);
      EXPECT_EQ(plain->numSMs, target.numSMs);
    }
  }
}

} // namespace
} // namespace moec::codegen
