// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An artifact ready to run: weights, bound states, and the contexts of concurrent runs.
#ifndef MOERT_LIB_CORE_SESSION_H
#define MOERT_LIB_CORE_SESSION_H

#include "lib/Core/Accelerator.h"
#include "lib/Core/Group.h"
#include "lib/Core/Weights.h"

#include <mutex>

namespace moert {

struct Context;

/// A buffer that lives as long as the session. Length is in rows along the state's axis.
struct BoundState {
  const moert_state_info *info;
  void *data;
  int64_t bytes;
  int64_t capacity;
  int64_t length;
};

} // namespace moert

struct moert_session final : moert::RefCounted<moert_session> {
  moert_session(moert_artifact &artifact, moert_weights *weights)
      : artifact(&artifact), weights(weights), host(artifact.runtime->host) {}
  ~moert_session();

  static moert_status make(moert_artifact &artifact, moert_weights *weights,
                           const moert_session_options *given, moert_session **session);
  static void dispose(moert_session *session);

  /// A context for one run, this thread's until `finishRun`. State lengths are copied into it.
  /// The group, if any, is taken by the run, too.
  moert_status startRun(moert::Context *&context);
  /// Takes the context back; where the run succeeded the lengths of states become permanent.
  void finishRun(moert::Context *context, bool succeeded);

  moert_session_stats stats();
  void trim();
  moert_status stateLength(const char *name, int64_t &rows);
  moert_status truncateState(const char *name, int64_t rows);
  /// Null: none.
  moert_status setGroup(moert_group *group);

  const moert::Ref<moert_artifact> artifact;
  const moert::Ref<moert_weights> weights;
  const moert::Host &host;
  /// Null: the artifact runs on the processor.
  std::unique_ptr<moert::Accelerator> accelerator;
  /// Null without an accelerator, or without weights. Guarded by mutex_, and constant during runs.
  std::shared_ptr<const moert::DeviceWeights> deviceWeights;
  /// Slab 0 of every weight, in the device's memory if there is one.
  moert::Array<const void *> weightData;
  moert::Array<moert::BoundState> states; // lengths are guarded by mutex_
  /// Copies, with names of their own.
  moert::Array<moert_dim_binding> dims;
  int64_t maxPoolBytes = 0;
  bool timesDevice = false;
  /// Null: no group. Guarded by mutex_, and constant during runs.
  moert::GroupBinding *binding = nullptr;

private:
  moert_status takeRun(moert::Context *&idle);
  void returnRun();
  moert_status bindDevice(const char *device, const moert_group *group);
  moert_status bindWeights();
  /// The device's copy of what a rank with `binding` reads, if weights are to be there.
  moert_status uploadWeights(const moert::GroupBinding *binding,
                             std::shared_ptr<const moert::DeviceWeights> &copy) const;
  /// Changes places with the copy that was used before.
  void useWeights(std::shared_ptr<const moert::DeviceWeights> &copy);
  moert_status bindDims(const moert_session_options &options);
  moert_status bindStates(int64_t capacity);
  moert_status allocateState(moert::BoundState &state, int64_t capacity);
  moert::BoundState *findState(const char *name);

  moert::Array<char> dimNames_;
  std::mutex mutex_;
  moert::Context *contexts_ = nullptr; // oldest first, so that the same ones stay in use
  int64_t numContexts_ = 0;
  int64_t inFlight_ = 0;
  int64_t runs_ = 0;
  int64_t failedRuns_ = 0;
  int64_t peakBytes_ = 0;
  int64_t deviceNs_ = 0;
};

#endif // MOERT_LIB_CORE_SESSION_H
