//===- ExpandMath.cpp - The expand-math pass ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/IsaLevel.h"
#include "lib/CodeGen/MathExpansions.h"
#include "lib/CodeGen/NarrowFloats.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Functions that upstream reduces to others; rsqrt among them, since its
/// approximation is AVX2's alone.
constexpr StringRef expanded[] = {"tan", "fpowi", "ipowi", "round", "rsqrt", "clampf"};

/// Functions that the processor has, at every level.
bool isInstruction(StringRef name) {
  return llvm::is_contained({"math.absf", "math.ceil", "math.copysign", "math.floor", "math.fma",
                             "math.roundeven", "math.sqrt", "math.trunc"},
                            name);
}

/// What the processor or device of a function does itself.
struct Instructions {
  bool fma = false, half = false, bfloat = false;
};

struct ExpandMath : impl::ExpandMathPassBase<ExpandMath> {
  void runOnOperation() override {
    bool isGood = true;
    getOperation()->walk([&](FunctionOpInterface function) {
      if (!function.isExternal())
        isGood &= succeeded(expandFunction(function));
    });
    if (!isGood)
      signalPassFailure();
  }

  LogicalResult expandFunction(FunctionOpInterface function) {
    Instructions has;
    if (isa<gpu::GPUFuncOp>(function)) {
      has = {true, true, true};
    } else if (function->hasAttr(isaAttrName)) {
      const IsaLevel *level = getIsaLevel(&function.getFunctionBody().front().front());
      if (!level)
        return failure();
      has = {level->hasFma, level->features.contains("+f16c"), false};
    }
    if (failed(widenArithmetic(function)))
      return failure();
    return expand(function, has);
  }

  /// Arithmetic on f16 and bf16 becomes arithmetic on f32 with a rounding after
  /// each op, which is what LLVM does too, but by calls.
  LogicalResult widenArithmetic(Operation *function) {
    MLIRContext *context = &getContext();
    Type narrow[] = {Float16Type::get(context), BFloat16Type::get(context)};
    TypeConverter types;
    arith::populateEmulateUnsupportedFloatsConversions(types, narrow, Float32Type::get(context));
    RewritePatternSet patterns(context);
    arith::populateEmulateUnsupportedFloatsPatterns(patterns, types);
    ConversionTarget target(*context);
    arith::populateEmulateUnsupportedFloatsLegality(target, types);
    if (failed(applyPartialConversion(function, target, std::move(patterns))))
      return failure();
    // The patterns allow LLVM to skip these roundings; the result would then
    // depend on what it sees.
    function->walk([](Operation *op) {
      if (auto extension = dyn_cast<arith::ExtFOp>(op))
        extension.removeFastmathAttr();
      else if (auto rounding = dyn_cast<arith::TruncFOp>(op))
        rounding.removeFastmathAttr();
    });
    return success();
  }

  LogicalResult expand(Operation *function, Instructions has) {
    // First, before powers become exponentials: squares, cubes, roots.
    RewritePatternSet simplifications(&getContext());
    populateMathAlgebraicSimplificationPatterns(simplifications);
    if (failed(applyPatternsGreedily(function, std::move(simplifications))))
      return failure();
    RewritePatternSet patterns(&getContext());
    populateMathExpansions(patterns, /*benefit=*/2);
    math::populateExpansionPatterns(patterns, expanded);
    populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; }, /*benefit=*/3);
    populateMathPolynomialApproximationPatterns(
        patterns, [](StringRef name) { return !isInstruction(name); });
    populateNarrowFloatDetours(patterns);
    if (!has.bfloat)
      arith::populateExpandBFloat16Patterns(patterns);
    if (has.fma)
      populateFusedMultiplyAdds(patterns);
    else
      populateFmaExpansions(patterns);
    if (!has.half)
      populateHalfExpansions(patterns);
    return applyPatternsGreedily(function, std::move(patterns));
  }
};
} // namespace

} // namespace moec::codegen
