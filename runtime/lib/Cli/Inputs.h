// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inputs of a run: from files, or made up.
#ifndef MOERT_LIB_CLI_INPUTS_H
#define MOERT_LIB_CLI_INPUTS_H

#include "lib/Cli/Options.h"
#include "lib/Cli/Tensor.h"

#include <map>

namespace moert::cli {

/// One per input of the entry, in its order, and where each came from.
struct Inputs {
  std::vector<Tensor> tensors;
  std::vector<std::string> origins; // file names; empty for made-up inputs
  /// Sizes of named dimensions: bound, then those of given inputs, then 1 for made-up ones.
  std::map<std::string, int64_t> dims;
};

class Steps;

/// INVALID_ARGUMENT where an input is missing, else what the readers say. Whether tensors fit the
/// signature is for request_set_input to check. `steps`, if any, makes up inputs that it advances.
moert_status collectInputs(const moert_entry_info &entry, const Options &options,
                           const Steps *steps, Inputs &inputs);

/// Memory for a tensor of `sizes`, untouched; OUT_OF_MEMORY where there is none.
moert_status reserveRandom(const moert_value_info &info, std::vector<int64_t> sizes,
                           Tensor &tensor);

/// Fills a reserved tensor with numbers that depend on seed, name and place alone. UNSUPPORTED for
/// types that are neither float, integer nor boolean of at least a byte.
moert_status fillRandom(const moert_value_info &info, uint64_t seed, Tensor &tensor);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_INPUTS_H
