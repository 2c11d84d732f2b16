// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX's TensorProto (.pb files of test cases), read without protobuf.
#ifndef MOERT_LIB_CLI_TENSORPROTO_H
#define MOERT_LIB_CLI_TENSORPROTO_H

#include "lib/Cli/Tensor.h"

namespace moert::cli {

/// Reads a serialised TensorProto, with raw or typed data; `origin` names it in messages. Unknown
/// fields are skipped. CORRUPT; UNSUPPORTED for strings, segments and external data; OUT_OF_MEMORY.
/// Memory taken is bounded by eight times `bytes`.
moert_status parseTensorProto(const uint8_t *data, int64_t bytes, const std::string &origin,
                              Tensor &tensor);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_TENSORPROTO_H
