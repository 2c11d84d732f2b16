//===- IsaLevel.cpp - Instruction-set levels of x86 ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/IsaLevel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace moec::codegen {

// Block heights: 12 rows x 2 registers of 16 lanes leave 8 of 32 registers for
// the panel's row and broadcasts; 6 x 2 of 8 lanes and 4 x 2 of 4 lanes leave 4
// and 8 of 16.
static const IsaLevel levels[] = {
    {"v2", "+cx16,+popcnt,+sahf,+sse3,+sse4.1,+sse4.2,+ssse3", 4, 8, 4, false, 256 << 10},
    {"avx2", "+avx,+avx2,+bmi,+bmi2,+cx16,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sahf,+xsave", 8, 12, 6,
     true, 256 << 10},
    {"avx512",
     "+avx,+avx2,+avx512bw,+avx512cd,+avx512dq,+avx512f,+avx512vl,+bmi,+bmi2,+cx16,+f16c,+fma,"
     "+lzcnt,+movbe,+popcnt,+sahf,+xsave",
     16, 24, 12, true, 1 << 20},
};

ArrayRef<IsaLevel> getIsaLevels() { return levels; }

const IsaLevel *findIsaLevel(StringRef name) {
  for (const IsaLevel &level : levels)
    if (level.name == name)
      return &level;
  return nullptr;
}

void setIsaLevel(Operation *function, const IsaLevel &level) {
  Builder builder(function->getContext());
  function->setAttr(isaAttrName, builder.getStringAttr(level.name));
  SmallVector<StringRef> names;
  level.features.split(names, ',');
  function->setAttr("target_features",
                    LLVM::TargetFeaturesAttr::get(function->getContext(), names));
  function->setAttr("prefer_vector_width", builder.getStringAttr(std::to_string(level.lanes * 32)));
  // Without this LLVM would split 512-bit vectors where it thinks them costly.
  function->setAttr("passthrough",
                    builder.getArrayAttr({builder.getStrArrayAttr(
                        {"min-legal-vector-width", std::to_string(level.lanes * 32)})}));
}

const IsaLevel *getIsaLevel(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  auto attr = function ? function->getAttrOfType<StringAttr>(isaAttrName) : StringAttr();
  if (!attr) {
    op->emitOpError(
        "stands in no function of an instruction-set level; run clone-isa-levels first");
    return nullptr;
  }
  if (const IsaLevel *level = findIsaLevel(attr.getValue()))
    return level;
  function->emitError("unknown instruction-set level '") << attr.getValue() << "'";
  return nullptr;
}

} // namespace moec::codegen
