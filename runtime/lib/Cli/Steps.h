// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What changes between the steps of a generating loop.
//
// After each run of a model with bound state, input IN of `--feed IN=argmax(OUT)` receives, per
// sequence, the place of the greatest element in OUT's last row. Inputs named by `--advance`
// follow: one whose last dimension is that of IN (the same name; without names the same size) has a
// value for each new row, and is now the last value plus one, as positions are; any other has a
// value for each row so far and receives a one, as masks do.
#ifndef MOERT_LIB_CLI_STEPS_H
#define MOERT_LIB_CLI_STEPS_H

#include "lib/Cli/Inputs.h"

namespace moert::cli {

class Steps {
public:
  /// INVALID_ARGUMENT where options, entry and inputs do not go together.
  static moert_status make(const moert_entry_info &entry, const Options &options, Steps &steps);

  /// Makes up inputs to advance that are not given: positions from 0, masks of ones. To be called
  /// when IN is there; `given` tells which inputs are.
  moert_status complete(Inputs &inputs, std::vector<bool> &given) const;

  /// Number of OUT in the entry's outputs.
  uint32_t output() const { return output_; }
  /// Numbers of the inputs that `next` changes.
  const std::vector<uint32_t> &changed() const { return changed_; }

  /// The inputs of the next step from what OUT is; `tokens` are what IN receives.
  moert_status next(const moert_tensor &out, Inputs &inputs, std::vector<int64_t> &tokens) const;

private:
  bool isTied(uint32_t input, const Inputs &inputs) const;

  const moert_entry_info *entry_ = nullptr;
  uint32_t output_ = 0;
  std::vector<uint32_t> changed_; // IN first
};

/// Per sequence the place of the greatest element in the last row of `logits`, whose rows are those
/// of `sequences` sequences after each other; the first of equal ones, and NaN counts as least.
/// INVALID_ARGUMENT where there is no row or no whole number of rows for each.
moert_status argMaxOfLastRows(const moert_tensor &logits, int64_t sequences,
                              std::vector<int64_t> &places);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_STEPS_H
