//===- OnnxReaderFuzzer.cpp - libFuzzer entry of the reader -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads any bytes as a model, from memory and through the scanner with weights left in place, and
// touches everything a model gives out. An input may be refused in any way but must not crash,
// leak, hang or take much memory.
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/FuzzOptions.h"

#include "lib/Import/OnnxModel.h"
#include "lib/Import/WireScanner.h"

using namespace moec;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(data), size);
  static const ImportOptions options = fuzzOptions();

  auto scanned = scanModel(MemorySource(bytes), "fuzz.onnx", options);
  if (!scanned)
    llvm::consumeError(scanned.takeError());

  auto model = OnnxModel::parse(bytes, "fuzz.onnx", options);
  if (!model) {
    llvm::handleAllErrors(model.takeError(), checkMessage);
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
