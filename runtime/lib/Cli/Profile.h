// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a run spends its time on, as a timeline that Chrome and Perfetto show.
#ifndef MOERT_LIB_CLI_PROFILE_H
#define MOERT_LIB_CLI_PROFILE_H

#include "moert/moert.h"

#include <mutex>
#include <string>
#include <vector>

namespace moert::cli {

/// Collects spans of all ranks of this process, and what they sent.
class Profile {
public:
  /// The trace hook; `user` is a Profile.
  static void record(void *user, const moert_trace_event *event);

  /// What rank `rank` has sent to rank `peer` in exchange `layer` of its runs.
  void addTraffic(int32_t rank, int32_t layer, int32_t peer, const moert_traffic &traffic);

  /// Writes JSON in the trace event format: a process for each rank, with a row for runs, kernels,
  /// and the dispatch, experts and combine of each round; beside it `traffic`, what was sent. IO.
  moert_status write(const std::string &path) const;

private:
  struct Sent {
    int32_t rank, layer, peer;
    moert_traffic traffic;
  };

  mutable std::mutex mutex_;
  std::vector<moert_trace_event> events_; // names live as long as the artifact
  std::vector<Sent> sent_;
};

} // namespace moert::cli

#endif // MOERT_LIB_CLI_PROFILE_H
