// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's .npz: a zip archive of .npy files.
#ifndef MOERT_LIB_CLI_NPZ_H
#define MOERT_LIB_CLI_NPZ_H

#include "lib/Cli/Tensor.h"

namespace moert::cli {

/// Reads all arrays of an archive, stored or deflated, zip64 included; checksums are verified.
/// `origin` names it in messages. CORRUPT, UNSUPPORTED or OUT_OF_MEMORY.
moert_status parseNpz(const uint8_t *data, int64_t bytes, const std::string &origin,
                      std::vector<Tensor> &tensors);

/// Writes arrays uncompressed. UNSUPPORTED beyond 4 GiB, IO.
struct NamedTensor {
  const char *name;
  moert_tensor tensor;
};
moert_status writeNpz(const std::string &path, const std::vector<NamedTensor> &tensors);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_NPZ_H
