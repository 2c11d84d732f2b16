//===- MakeEntries.cpp - Models' functions as entries ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"

using namespace mlir;

namespace moec::recognise {
#define GEN_PASS_DEF_MAKEENTRIESPASS
#include "lib/Recognise/Passes.h.inc"

namespace {
/// Attributes of arguments and results: what the importer writes, what rt reads.
constexpr std::pair<StringLiteral, StringLiteral> renamed[] = {
    {"onnx.name", rt::RTDialect::kName}, {"onnx.dim_names", rt::RTDialect::kDimNames}};

struct MakeEntries : impl::MakeEntriesPassBase<MakeEntries> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isPublic() || function.isDeclaration())
        continue;
      bool isModel = false;
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        for (auto [from, to] : renamed)
          if (Attribute attr = function.removeArgAttr(i, from)) {
            function.setArgAttr(i, to, attr);
            isModel = true;
          }
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        for (auto [from, to] : renamed)
          if (Attribute attr =
                  function.removeResultAttr(i, StringAttr::get(function.getContext(), from))) {
            function.setResultAttr(i, to, attr);
            isModel = true;
          }
      if (isModel)
        function->setAttr(rt::RTDialect::kEntry, UnitAttr::get(function.getContext()));
    }
  }
};
} // namespace

} // namespace moec::recognise
