// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What --describe prints of a compiled model.
#ifndef MOERT_LIB_CLI_DESCRIBE_H
#define MOERT_LIB_CLI_DESCRIBE_H

#include "moert/abi.h"

#include <string>

namespace moert::cli {

/// Inputs, outputs, weights, state, ranks and target of an artifact that checkArtifact passes; of
/// device code its kernels and what is left to the host. Ends in a newline.
std::string describeText(const struct moert_artifact_v1 &table);

/// The same as JSON.
std::string describeJson(const struct moert_artifact_v1 &table);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_DESCRIBE_H
