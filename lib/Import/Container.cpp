//===- Container.cpp - Recognises what is not an ONNX file ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Container.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace llvm;
using namespace moec;

static std::string readHead(const ByteSource &source) {
  std::string head(std::min<uint64_t>(source.size(), 256), '\0');
  if (source.read(0, MutableArrayRef<char>(head.data(), head.size())))
    head.clear();
  return head;
}

std::string moec::describeForeignFile(const ByteSource &source) {
  if (source.size() == 0)
    return "the file is empty; export or copy it again";
  std::string bytes = readHead(source);
  StringRef head = bytes;
  if (head.starts_with("\x1f\x8b"))
    return "the file is compressed with gzip; unpack it first with gunzip";
  if (head.starts_with("\x28\xb5\x2f\xfd"))
    return "the file is compressed with zstd; unpack it first with unzstd";
  if (head.starts_with(StringRef("\xfd"
                                 "7zXZ",
                                 5)))
    return "the file is compressed with xz; unpack it first with unxz";
  if (head.starts_with("PK\x03\x04"))
    return "the file is a zip archive, such as a PyTorch checkpoint; unpack it, or export the "
           "model "
           "to ONNX";
  // Flatbuffers begin with a small offset; the zeros rule out a producer of that name in a model.
  bool isFlatbuffer = head.substr(2).starts_with(StringRef("\0\0", 2));
  if (isFlatbuffer && head.substr(4).starts_with("ORTM"))
    return "the file is in ONNX Runtime's .ort format; give the .onnx file it was made from";
  if (isFlatbuffer && head.substr(4).starts_with("TFL3"))
    return "the file is a TensorFlow Lite model; convert it to ONNX first";
  if (head.starts_with("GGUF"))
    return "the file is a GGUF model; export the original model to ONNX";
  if (head.starts_with("\x89HDF"))
    return "the file is an HDF5 file; export the model to ONNX";
  if (head.starts_with("\x93NUMPY"))
    return "the file is a NumPy array; give the model here and the array as an input";
  if (head.substr(6).starts_with(StringRef("\0\0{\"", 4)))
    return "the file is a safetensors file, which holds weights without a graph; export the model "
           "to "
           "ONNX";
  if (head.starts_with("version https://git-lfs"))
    return "the file is a Git LFS pointer; fetch the model with git lfs pull";
  if (head.starts_with("ML\xefR"))
    return "the file is MLIR bytecode; name it .mlirbc and pass it as MLIR";
  return {};
}

bool moec::looksLikeText(const ByteSource &source) {
  std::string head = readHead(source);
  return !head.empty() && all_of(head, [](char c) { return isPrint(c) || isSpace(c); });
}
