//===- Passes.h - Finding structure in onnx ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_PASSES_H
#define MOEC_LIB_RECOGNISE_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace moec::recognise {

#define GEN_PASS_DECL
#include "lib/Recognise/Passes.h.inc"

struct LayerForms;

/// The pass, which also adds both forms of each layer it finds to `forms` (MoE/LayerForms.h),
/// unless that is null.
std::unique_ptr<mlir::Pass> createRecogniseMoEPass(const RecogniseMoEPassOptions &options,
                                                   std::vector<LayerForms> *forms);

#define GEN_PASS_REGISTRATION
#include "lib/Recognise/Passes.h.inc"

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_PASSES_H
