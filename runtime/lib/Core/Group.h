// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One rank's end of a group: who may run with it, and what it has sent.
#ifndef MOERT_LIB_CORE_GROUP_H
#define MOERT_LIB_CORE_GROUP_H

#include "lib/Comm/ExchangeTransport.h"
#include "lib/Core/Artifact.h"

struct moert_group final : moert::RefCounted<moert_group> {
  explicit moert_group(moert_runtime &runtime) : runtime(&runtime) {}
  ~moert_group();

  /// Fills groups[0] to groups[ranks - 1].
  static moert_status makeLocal(moert_runtime &runtime, int32_t ranks,
                                const moert_group_options *given, moert_group **groups);
  /// This rank's end of a group of processes.
  static moert_status makeTcp(moert_runtime &runtime, const moert_tcp_options *tcp,
                              const moert_group_options *given, moert_group *&group);
  static moert_status makeFromEnvironment(moert_runtime &runtime, const moert_group_options *given,
                                          moert_group *&group);
  static void dispose(moert_group *group);

  moert_group_info info() const;
  moert_status traffic(int32_t layer, int32_t peer, moert_traffic *traffic) const;
  void abort() { transport->giveUp(MOERT_ABORTED); }

  /// One run at a time. FAILED_PRECONDITION; why the group was given up.
  moert_status startRun();
  void finishRun() { running_.store(false, std::memory_order_release); }

  /// Counts an exchange that has ended. OUT_OF_MEMORY, the first time that it is one of `layer`.
  moert_status count(uint32_t layer, const moert::ExchangeTransport &exchange, int64_t rowBytes,
                     int64_t resultBytes);

  const moert::Ref<moert_runtime> runtime;
  moert::GroupTransport *transport = nullptr; // never null once made
  int64_t silenceNs = 0;
  int64_t windowRows = 0, chunks = 0; // in place of the artifact's, where not 0
  decltype(moert_group_options::at_point) atPoint = nullptr;
  void *pointUser = nullptr;

private:
  static moert_status readGroupOptions(const moert_group_options *given,
                                       moert_group_options &options);
  /// Takes `end`. OUT_OF_MEMORY.
  static moert_status wrap(moert_runtime &runtime, moert::GroupTransport &end,
                           const moert_group_options &options, moert_group *&group);
  static moert_status makeRemote(moert_runtime &runtime, const moert_tcp_options &tcp,
                                 const moert_group_options &options, moert_group *&group);

  /// What was sent in one exchange of a run, to each rank.
  struct Layer {
    Layer *next = nullptr;
    moert::Array<moert_traffic> peers;
  };

  std::atomic<bool> running_{false};
  Layer *layers_ = nullptr; // of exchange 0 first
  std::atomic<int32_t> numLayers_{0};
};

namespace moert {

/// A session's way to its group: where the artifact's exchanges go.
struct GroupBinding {
  /// Checks that the artifact is for as many ranks as `group` has. INVALID_ARGUMENT.
  static moert_status make(const moert_artifact &artifact, moert_group &group,
                           GroupBinding *&binding);

  Ref<moert_group> group;
  Array<ExchangeTransport *> exchanges; // of the artifact's table
};

} // namespace moert

#endif // MOERT_LIB_CORE_GROUP_H
