// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Drills: what happens to the other ranks when one ends, stops or is slow.
#ifndef MOERT_LIB_CLI_FAULTS_H
#define MOERT_LIB_CLI_FAULTS_H

#include "moert/moert.h"

#include <functional>
#include <string>
#include <vector>

namespace moert::cli {

struct Fault {
  enum Kind { Kill, Stall, Slow };
  /// A moert_point, or before the run.
  static constexpr int32_t kStart = -1;

  Kind kind = Kill;
  int32_t rank = 0;
  int32_t layer = -1; // exchange of a run, from 0; -1: any
  int32_t point = kStart;
  int64_t time = 0; // the how manieth time that the rank is there; 0: each time if slow, else first
  int64_t milliseconds = 0; // 0: stopped for good

  /// Reads KIND:RANK@[LAYER.]STAGE[#TIME][,MS]; false if `text` is anything else.
  static bool parse(const std::string &text, Fault &fault);
};

/// The faults of a program's ranks.
class Faults {
public:
  /// `isProcess`: each rank is a process, which ends or stops as a whole. `isOver` tells of a rank
  /// whether its group has been given up: then a thread need not stop any longer.
  void set(const std::vector<Fault> &faults, bool isProcess, std::function<bool(int32_t)> isOver);
  bool empty() const { return faults_.empty(); }
  /// Whether a rank may stop, so that others must not wait for ever.
  bool stalls() const;

  /// Lets what is due happen. On the thread of `rank`, which is at this point. MOERT_PEER_LOST if
  /// the rank is gone.
  int32_t reach(int32_t rank, int32_t layer, int32_t point);

private:
  struct Planned {
    Fault fault;
    int64_t seen; // by the thread of its rank only
  };

  std::vector<Planned> faults_;
  bool isProcess_ = false;
  std::function<bool(int32_t)> isOver_;

  void stopThread(int32_t rank, int64_t milliseconds) const;
};

} // namespace moert::cli

#endif // MOERT_LIB_CLI_FAULTS_H
