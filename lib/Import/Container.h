//===- Container.h - Recognises what is not an ONNX file --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_CONTAINER_H
#define MOEC_IMPORT_CONTAINER_H

#include "lib/Import/ByteSource.h"

#include <string>

namespace moec {

/// What a file is that is certainly not a serialised ModelProto, and what to do with it; empty
/// where it may be one. Looks at the first bytes only.
std::string describeForeignFile(const ByteSource &source);

/// Whether the first bytes are printable text. A binary model can look so by chance: only good for
/// explaining a failure.
bool looksLikeText(const ByteSource &source);

} // namespace moec

#endif // MOEC_IMPORT_CONTAINER_H
