// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A batch over the ranks of a group, and their outputs as one.
#ifndef MOERT_LIB_CLI_RANKS_H
#define MOERT_LIB_CLI_RANKS_H

#include "lib/Cli/Inputs.h"

#include <set>
#include <string>

namespace moert::cli {

/// What one rank runs on.
struct RankInputs {
  Inputs inputs;
  /// Entries of the batch that are this rank's.
  int64_t batch = 0;
  /// Names of dimensions that the model gives the batch, and those of other dimensions of inputs.
  std::set<std::string> batchNames, otherNames;
};

/// Gives each of `count` ranks its part of the batch: dimension 0 of the first input and of the
/// inputs `named`, or, if there are none, of every input whose dimension 0 is dynamic and has the
/// same size; not another name, but such names as exporters make up (s43) count for none. Parts are
/// consecutive, the first ones an entry longer where it does not divide evenly, the last ones empty
/// where there are too few. Other inputs are the same on every rank. INVALID_ARGUMENT where an
/// input has no batch, or has the batch's size by another name, so that only `named` tells.
moert_status splitBatch(const moert_entry_info &entry, const Inputs &inputs, int32_t count,
                        const std::vector<std::string> &named, std::vector<RankInputs> &ranks);

/// Output `info` of all ranks as one. What has a fixed number of rows for each entry of the batch
/// is put together in the order of ranks; the rest is taken once, if it is the same on every rank.
/// So is what has the name of another dimension of inputs. UNSUPPORTED for anything else, and where
/// nothing tells: several rows for each entry, of no name that is known, and the same on every
/// rank.
moert_status joinBatches(const moert_value_info &info, const std::vector<moert_tensor> &parts,
                         const std::vector<RankInputs> &ranks, Tensor &whole);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_RANKS_H
