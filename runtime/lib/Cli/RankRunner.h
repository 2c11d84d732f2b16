// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model on all ranks of this process, each with a session and a request of its own.
#ifndef MOERT_LIB_CLI_RANKRUNNER_H
#define MOERT_LIB_CLI_RANKRUNNER_H

#include "lib/Cli/Profile.h"
#include "lib/Cli/RankThreads.h"
#include "lib/Cli/Ranks.h"
#include "lib/Cli/ReleaseHandle.h"
#include "lib/Cli/Steps.h"

namespace moert::cli {

class RankRunner {
public:
  /// Ranks that `artifact` is for; with --ranks another number is INVALID_ARGUMENT.
  static moert_status countRanks(const struct moert_artifact_v1 &artifact, const Options &options,
                                 int32_t &count);
  /// Whether this process is to be one rank of `count` because its environment says so; then
  /// `label` names it. INVALID_ARGUMENT where the environment is wrong or names another number.
  static moert_status findOwnRank(int32_t count, bool &isRank, std::string &label);

  /// Splits the inputs and makes what each rank needs; with `isRank` what this process needs, whose
  /// inputs are its own. `badInput` tells a failure of an input's
  /// file from other ones. The handles outlive this object.
  moert_status create(moert_runtime *runtime, moert_artifact *artifact, moert_weights *weights,
                      const Options &options, int32_t count, bool isRank, Inputs inputs,
                      bool &badInput);

  /// Forgets what bound states hold.
  moert_status restart();
  moert_status run();
  /// Makes the inputs of the next step; `tokens` are what all sequences receive, in their order.
  moert_status advance(const Steps &steps, std::vector<int64_t> &tokens);
  /// Output `index` of all ranks as one; it stays until the next call for the same output.
  moert_status fetch(uint32_t index, moert_tensor &tensor);

  /// Adds what ranks have sent.
  moert_status collectTraffic(Profile &profile) const;

private:
  struct Rank {
    Handle<moert_group> group;
    Handle<moert_session> session;
    Handle<moert_request> request;
  };

  moert_status createGroup(moert_runtime *runtime, const Options &options, bool isRank);
  moert_status createSession(size_t rank, moert_artifact *artifact, moert_weights *weights,
                             const Options &options);
  moert_status runRank(int32_t rank);
  moert_status setInputs(size_t rank, bool &badInput);
  moert_status setInput(size_t rank, uint32_t index);
  moert_status fetchPart(size_t rank, uint32_t index, moert_tensor &tensor);

  const moert_api &api_ = *moert_get_api(MOERT_API_VERSION);
  const struct moert_artifact_v1 *table_ = nullptr;
  const moert_entry_info *entry_ = nullptr;
  bool isRank_ = false;            // of several processes
  std::vector<RankInputs> inputs_; // borrowed by the requests
  std::vector<Tensor> whole_;      // outputs of several ranks, put together
  std::vector<Rank> ranks_;
  int32_t firstRank_ = 0; // the rank of ranks_[0]
  Faults faults_;
  RankThreads threads_;
};

} // namespace moert::cli

#endif // MOERT_LIB_CLI_RANKRUNNER_H
