//===- TensorData.h - Shapes, types and bytes of tensors --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_TENSORDATA_H
#define MOEC_IMPORT_TENSORDATA_H

#include "lib/Import/ExternalData.h"
#include "lib/Import/ImportContext.h"
#include "lib/Import/OnnxModel.h"

#include <optional>

namespace moec {

/// The product of dimensions without regard to zeros must fit 63 bits, so that no later product of
/// some of them overflows. Nullopt where it does not or where a dimension is negative.
std::optional<uint64_t> countElements(llvm::ArrayRef<int64_t> dims);

/// Checks tensors against their data and reads them. Thread-safe as long as nobody changes
/// `context`.
class TensorReader {
public:
  /// `modelFile` is null for models from memory; it and `context` must outlive the reader.
  TensorReader(const ImportContext &context, const FileSource *modelFile,
               llvm::StringRef externalFolder);

  /// As OnnxModel::tensor. Appends to `unknownKeys`, if given, the keys of external data that are
  /// ignored.
  llvm::Expected<OnnxTensor> check(const onnxpb::TensorProto &proto, llvm::StringRef owner,
                                   std::vector<std::string> *unknownKeys = nullptr);
  /// As OnnxModel::materialise and OnnxModel::strings.
  llvm::Expected<std::vector<char>> materialise(const OnnxTensor &tensor, uint64_t maxBytes) const;
  llvm::Expected<std::vector<llvm::StringRef>> strings(const OnnxTensor &tensor) const;
  /// As OnnxModel::externalFiles.
  std::vector<std::string> externalFiles() const { return external.paths(); }

private:
  llvm::Error checkStorage(OnnxTensor &tensor, llvm::StringRef owner,
                           std::vector<std::string> *unknownKeys);
  llvm::Error checkExternal(OnnxTensor &tensor, llvm::StringRef owner,
                            std::vector<std::string> *unknownKeys);
  llvm::Error checkSha1(const ExternalFile &file, llvm::StringRef expected, llvm::StringRef owner);
  llvm::Error readRange(const OnnxTensor &tensor, std::vector<char> &bytes) const;

  const ImportContext &context;
  const FileSource *modelFile;
  ExternalDataRoot external;
  /// SHA-1 of the external files that have been hashed, by canonical path.
  std::mutex checksumMutex;
  llvm::StringMap<std::string> checksums;
};

} // namespace moec

#endif // MOEC_IMPORT_TENSORDATA_H
