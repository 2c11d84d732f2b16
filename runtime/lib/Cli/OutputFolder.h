// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A folder with one .npy file per output.
#ifndef MOERT_LIB_CLI_OUTPUTFOLDER_H
#define MOERT_LIB_CLI_OUTPUTFOLDER_H

#include "lib/Cli/Npz.h"

#include <string>
#include <vector>

namespace moert::cli {

/// Writes each tensor to `folder`/NAME.npy, making the folder if there is none. IO otherwise.
moert_status writeFolder(const std::string &folder, const std::vector<NamedTensor> &tensors);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_OUTPUTFOLDER_H
