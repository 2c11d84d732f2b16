// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled model for ranks, by hand, and ranks that run it.
//
// Entry "layers": for each number in `calls` [C], rows x [N,W] go to experts ids [N,K] through the
// exchange of that number, and come back as f64; x becomes the sum over k. y [N,W] is what is left
// at the end, plans [C,2] what exchange_begin has told. `settings` [3]: experts, a mistake or a
// fault (RankTrouble), and the call at which it happens.
#ifndef MOERT_TEST_EXCHANGEARTIFACT_H
#define MOERT_TEST_EXCHANGEARTIFACT_H

#include "Support.h"

#include <functional>

namespace moert::test {

enum RankTrouble : int64_t {
  kNone,
  kFailBeforeBegin,
  kFailAfterBegin,
  kFailAfterReceive,
  kFailAfterReturn,
  kReturnWithinExchange, // the entry ends before the exchange does
  kOtherRowBytes,
  kOtherResultBytes,
  kUnknownExchange,
  kBeginTwice,
  kNullSend,
  kNoRowBytes,
  kHugeRowBytes,
  kHugerRowBytes, // more than any machine has
  kNegativeOffset,
  kDescendingOffsets,
  kNegativeGather,
  kNullRows,
  kOddElements,
  kNoElements,
  kHugeElements,
  kMisalignedRows,
  kElementsBeyondRows,
  kReceiveOutside,
  kReceiveTwice,
  kReceiveBeyond,
  kReturnOutside,
  kReturnUnreceived,
  kReturnNothing,
  kReturnElsewhere,
  kEndOutside,
  kEndEarly,
  kSkipCall,    // leaves this exchange out
  kLoopForever, // before it begins; until cancelled
  kSlowExpert,  // takes kSlowExpertNs for a round
};

/// How a run ends that came to a trouble which is a mistake of compiled code.
struct Mistake {
  RankTrouble trouble;
  int32_t code;
  const char *part; // of the message
};
extern const std::vector<Mistake> kMistakes;

/// When a run has last come to its trouble, in ns of CLOCK_MONOTONIC.
extern std::atomic<int64_t> troubledNs;

/// How many times a run has come to its kLoopForever.
extern std::atomic<int64_t> loopsForever;
constexpr int64_t kSlowExpertNs = 20000000;

struct ModelExchange {
  int32_t experts = 4;
  int64_t windowRows = 1 << 20;
  int64_t chunks = 1;
  uint32_t axes = 0;                // 0: all
  std::vector<int32_t> owners = {}; // empty: range r of n is member r * members / n's
  int64_t parts = 1;                // of an expert, which has as many ranges
};

/// The tables of a model.
struct ExchangeModel {
  explicit ExchangeModel(std::vector<int64_t> grid,
                         std::vector<ModelExchange> exchanges = {ModelExchange()});
  ExchangeModel(const ExchangeModel &) = delete;

  int32_t ranks() const;

  std::vector<int64_t> grid;
  std::vector<ModelExchange> exchanges;
  std::vector<std::string> names;
  std::vector<moert_exchange_info> infos;
  struct moert_artifact_v1 table;
};

/// What one rank gives and gets.
struct RankCall {
  int64_t rows = 0;
  std::vector<float> x;
  std::vector<int32_t> ids;
  std::vector<int64_t> calls;
  std::vector<int64_t> settings; // experts, trouble, the call in which, parts (1)
  moert_status status = {};
  int64_t endedNs = 0; // when the run had ended
  std::vector<float> y;
  std::vector<int64_t> plans;

  /// Rows of `width` numbers that depend on `seed`, to `perRow` of `experts` each.
  static RankCall random(unsigned seed, int64_t rows, int64_t perRow, int32_t experts,
                         int64_t width = 5);
  int64_t width = 5;
  int64_t perRow = 2;

  /// Sets the inputs, runs, and takes the outputs.
  void run(moert_request *request);
};

/// What ranks make of rows, computed without them.
std::vector<float> expectedOf(const RankCall &call);

/// What the ranks of a group are: threads that share memory, or threads each of which behaves like
/// a process, with connections to the others.
enum class GroupKind { Local, Tcp };

/// The ranks of a model, each with a session; without a group where `hasGroup` is false. `device`
/// as in moert_session_options.
struct Ranks {
  explicit Ranks(const ExchangeModel &model, const moert_group_options &options = {},
                 const moert_hooks *hooks = nullptr, int32_t threads = 2, bool hasGroup = true,
                 GroupKind kind = GroupKind::Local, const char *device = nullptr);

  /// Ranks over TCP leave at the same time, since each waits for the others for a moment.
  ~Ranks();

  /// Runs call r on a thread for rank r. A run that fails before it begins does not end those of
  /// other ranks; if `tells`, the rank aborts the group then.
  void run(std::vector<RankCall> &calls, bool tells = false);
  /// Gives the sessions a group of their own again.
  void regroup(const moert_group_options &options = {});
  std::vector<Group> makeGroups(int32_t ranks, const moert_group_options &options) const;
  moert_traffic traffic(int32_t rank, int32_t layer, int32_t peer) const;
  int32_t codeOf(int32_t rank) const;

  GroupKind kind;
  Runtime runtime;
  Artifact artifact;
  std::vector<Group> groups;
  std::vector<Session> sessions;
  std::vector<Request> requests;
};

/// The ranks of a new group over TCP in this process, made each on a thread of its own; null where
/// that failed. `change` may change options of a rank.
std::vector<Group> makeTcpGroups(
    moert_runtime *runtime, int32_t ranks, const moert_group_options &options,
    const std::function<void(moert_tcp_options &)> &change = [](moert_tcp_options &) {},
    std::vector<moert_status> *statuses = nullptr);

} // namespace moert::test

#endif // MOERT_TEST_EXCHANGEARTIFACT_H
