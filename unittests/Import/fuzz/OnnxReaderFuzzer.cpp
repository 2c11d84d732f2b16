//===- OnnxReaderFuzzer.cpp - libFuzzer entry of the reader -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads any bytes as a model, from memory and through the scanner with weights left in place, and
// touches everything a model gives out. An input may be refused in any way but must not crash, leak,
// hang or take much memory.
//
//   cmake --preset asan -DMOEC_FUZZERS=ON && ninja -C build-asan OnnxReaderFuzzer
//   build-asan/bin/OnnxReaderFuzzer -max_len=4096 CORPUS
//
//===----------------------------------------------------------------------===//

#include "lib/Import/OnnxModel.h"
#include "lib/Import/WireScanner.h"

#include <cstdlib>

using namespace moec;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(data), size);
  ImportOptions options;
  options.limits.expandedNodes = 10000;
  options.limits.expandedBytes = 4 << 20;
  options.limits.sparseDenseBytes = 1 << 20;
  options.limits.parsedBytes = 64 << 20;
  options.mappedBytes = 8;
  // There is no such folder: the way to external data is taken up to opening it.
  options.externalDataDir = "/nonexistent";

  auto scanned = scanModel(MemorySource(bytes), "fuzz.onnx", options);
  if (!scanned)
    llvm::consumeError(scanned.takeError());

  auto model = OnnxModel::parse(bytes, "fuzz.onnx", options);
  if (!model) {
    llvm::handleAllErrors(model.takeError(), [](ImportError &error) {
      if (error.message.empty() || error.file.empty() || error.exitCode() < 3)
        std::abort();
    });
    return 0;
  }
  for (const OnnxTensor &tensor : model->initializers()) {
    if (tensor.type->bits) {
      auto read = model->materialise(tensor, 1 << 20);
      if (!read)
        llvm::consumeError(read.takeError());
      else if (read->size() != tensor.bytes)
        std::abort();
    } else {
      auto read = model->strings(tensor);
      if (!read || read->size() != tensor.elements)
        std::abort();
    }
  }
  for (const onnxpb::NodeProto &node : model->graph().node())
    if (node.name().empty() || OnnxModel::opsetVersion(node) < 1)
      std::abort();
  return 0;
}
