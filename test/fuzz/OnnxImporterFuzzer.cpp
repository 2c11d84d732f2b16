//===- OnnxImporterFuzzer.cpp - libFuzzer entry of the importer -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads any bytes as a model, imports it into the `onnx` dialect and canonicalises it, which folds.
// An input may be refused in any way but must not crash, leak, hang or take much memory; what is
// imported must be valid before and after.
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzOptions.h"

#include "lib/Import/OnnxImporter.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace moec;

namespace {

/// A context keeps every type and attribute it has seen, so that it is made anew now and then.
struct Workplace {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::PassManager passes{&context};
  mlir::ScopedDiagnosticHandler quiet{&context, [](mlir::Diagnostic &) { return mlir::success(); }};
  unsigned executions = 0;

  Workplace() { passes.addPass(mlir::createCanonicalizerPass()); }
};

Workplace &workplace() {
  static std::unique_ptr<Workplace> current;
  if (!current || ++current->executions > 2000) {
    current.reset();
    current = std::make_unique<Workplace>();
  }
  return *current;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(data), size);
  static const ImportOptions options = fuzzOptions();
  auto model = OnnxModel::parse(bytes, "fuzz.onnx", options);
  if (!model) {
    llvm::handleAllErrors(model.takeError(), checkMessage);
    return 0;
  }
  Workplace &place = workplace();
  auto module = importOnnx(*model, &place.context);
  if (!module) {
    llvm::handleAllErrors(module.takeError(), checkMessage);
    return 0;
  }
  if (mlir::failed(place.passes.run(**module)) || mlir::failed(mlir::verify(**module)))
    std::abort();
  return 0;
}
