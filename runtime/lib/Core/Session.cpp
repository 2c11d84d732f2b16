// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Session.h"
#include "lib/Core/Context.h"
#include "lib/Core/Options.h"
#include "lib/Core/OwnedWeights.h"

using namespace moert;

moert_session::~moert_session() {
  while (Context *context = contexts_) {
    contexts_ = context->next;
    destroy(host, context);
  }
  destroy(host, binding);
  for (BoundState &state : states)
    if (state.data && !accelerator)
      host.deallocate(state.data, size_t(state.bytes), MOERT_ALIGNMENT);
}

void moert_session::dispose(moert_session *session) {
  Ref<moert_runtime> runtime = session->artifact->runtime;
  destroy(runtime->host, session);
}

moert_status moert_session::make(moert_artifact &artifact, moert_weights *weights,
                                 const moert_session_options *given, moert_session **session) {
  moert_session_options options;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_session_options", options));
  const struct moert_artifact_v1 &table = *artifact.table;
  if (options.state_capacity < 0 || options.max_pool_bytes < 0)
    return failure(MOERT_INVALID_ARGUMENT, "a capacity or limit of the session is negative");
  if (table.num_weights && !weights)
    return failure(MOERT_INVALID_ARGUMENT, "the artifact has weights; open them for the session");
  if (weights && weights->artifact->table != artifact.table)
    return failure(MOERT_INVALID_ARGUMENT, "the weights are those of another artifact");

  if (!options.group && artifact.ranks > 1)
    return failure(MOERT_INVALID_ARGUMENT,
                   "the artifact is for %lld ranks (grid %s): open its sessions with a group",
                   static_cast<long long>(artifact.ranks), artifact.describeGrid().text);

  const Host &host = artifact.runtime->host;
  auto *made = create<moert_session>(host, artifact, weights);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a session");
  made->maxPoolBytes = options.max_pool_bytes;
  made->timesDevice = options.times_device != 0 && artifact.device;
  moert_status status = made->bindDevice(options.device, options.group);
  if (status.code == MOERT_OK)
    status = made->bindWeights();
  if (status.code == MOERT_OK)
    status = made->bindDims(options);
  if (status.code == MOERT_OK)
    status = made->bindStates(options.state_capacity);
  if (status.code == MOERT_OK)
    status = made->setGroup(options.group);
  if (status.code == MOERT_OK)
    *session = made;
  else
    made->release();
  return status;
}

moert_status moert_session::bindDevice(const char *device, const moert_group *group) {
  const moert_device_code *code = artifact->device;
  if (!code)
    return device
               ? failure(MOERT_INVALID_ARGUMENT,
                         "the artifact is for the processor and takes no device, '%.200s'", device)
               : success();
  return openAccelerator(device ? device : "cuda", group ? group->transport->rank() : 0, *code,
                         accelerator);
}

moert_status moert_session::bindWeights() {
  const struct moert_artifact_v1 &table = *artifact->table;
  if (!weightData.allocate(host, table.num_weights))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a session");
  if (!accelerator)
    for (uint32_t i = 0; i < table.num_weights; ++i)
      weightData[i] = weights->reader.data(i);
  return success();
}

moert_status moert_session::uploadWeights(const GroupBinding *rank,
                                          std::shared_ptr<const DeviceWeights> &copy) const {
  return accelerator && weights ? weights->onDevices.get(*weights, *accelerator, rank, copy)
                                : success();
}

void moert_session::useWeights(std::shared_ptr<const DeviceWeights> &copy) {
  for (size_t i = 0; copy && i < copy->data.size(); ++i)
    weightData[i] = copy->data[i];
  std::swap(deviceWeights, copy);
}

/// Counts a run in, with a context that is idle, or null.
moert_status moert_session::takeRun(Context *&idle) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (states.size() && inFlight_)
    return failure(MOERT_FAILED_PRECONDITION,
                   "the session has bound state and another request of it is running");
  if (!binding && artifact->ranks > 1)
    return failure(MOERT_FAILED_PRECONDITION,
                   "the artifact is for %lld ranks (grid %s), and the session has no group",
                   static_cast<long long>(artifact->ranks), artifact->describeGrid().text);
  if (binding)
    MOERT_RETURN_IF_FAILED(binding->group->startRun());
  for (idle = contexts_; idle && !idle->idle; idle = idle->next) {
  }
  if (idle)
    idle->idle = false;
  ++inFlight_;
  return success();
}

/// With the lock held.
void moert_session::returnRun() {
  if (binding)
    binding->group->finishRun();
  --inFlight_;
}

moert_status moert_session::startRun(Context *&context) {
  // Reading a page that is gone from the file would end the process.
  if (weights)
    MOERT_RETURN_IF_FAILED(weights->reader.checkUnchanged());
  Context *idle = nullptr;
  MOERT_RETURN_IF_FAILED(takeRun(idle));
  if (!idle) {
    // Outside the lock: allocation hooks may take their time.
    idle = create<Context>(host, *this);
    bool complete = idle && idle->stateLengths.allocate(host, states.size());
    moert_status status = failure(MOERT_OUT_OF_MEMORY, "no memory for another concurrent run");
    if (complete && accelerator) {
      status = accelerator->makeRun(idle->device);
      complete = status.code == MOERT_OK;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (!complete) {
      returnRun();
      destroy(host, idle);
      return status;
    }
    Context **end = &contexts_;
    while (*end)
      end = &(*end)->next;
    *end = idle;
    ++numContexts_;
  }
  // With states this is the only run, so nobody changes the lengths.
  for (size_t i = 0; i < states.size(); ++i)
    idle->stateLengths[i] = states[i].length;
  context = idle;
  return success();
}

void moert_session::finishRun(Context *context, bool succeeded) {
  context->pool.endRun();
  std::lock_guard<std::mutex> lock(mutex_);
  if (succeeded)
    for (size_t i = 0; i < states.size(); ++i)
      states[i].length = context->stateLengths[i];
  ++runs_;
  failedRuns_ += !succeeded;
  peakBytes_ = std::max(peakBytes_, context->pool.peakBytes());
  deviceNs_ = succeeded ? context->deviceNs : 0;
  context->idle = true;
  returnRun();
}

moert_status moert_session::setGroup(moert_group *group) {
  const auto refusal = [] {
    return failure(MOERT_FAILED_PRECONDITION, "a request of the session is running");
  };
  std::shared_ptr<const DeviceWeights> copy;
  {
    // Before a device takes more weights, which may be long. A request that begins meanwhile is
    // seen below.
    std::lock_guard<std::mutex> lock(mutex_);
    if (inFlight_ > 0)
      return refusal();
    copy = deviceWeights;
  }
  GroupBinding *next = nullptr;
  if (group)
    MOERT_RETURN_IF_FAILED(GroupBinding::make(*artifact, *group, next));
  // Another rank of another group may own other experts. Without a group those that are there stay.
  if (next || !copy)
    if (moert_status status = uploadWeights(next, copy); status.code != MOERT_OK) {
      destroy(host, next);
      return status;
    }
  bool isRefused;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isRefused = inFlight_ > 0;
    if (!isRefused) {
      std::swap(binding, next);
      useWeights(copy);
    }
    if (!isRefused && binding && weights && group->transport->isOfProcesses())
      expectOwned(*weights, *binding);
  }
  // Outside the lock: the group that was there may end with it, and weights with `copy`.
  destroy(host, next);
  return isRefused ? refusal() : success();
}

moert_session_stats moert_session::stats() {
  moert_session_stats stats = {};
  for (const BoundState &state : states)
    stats.state_bytes += state.bytes;
  std::lock_guard<std::mutex> lock(mutex_);
  stats.runs = runs_;
  stats.failed_runs = failedRuns_;
  stats.contexts = numContexts_;
  stats.pool_peak_bytes = peakBytes_;
  stats.device_ns = deviceNs_;
  for (Context *context = contexts_; context; context = context->next) {
    stats.pool_bytes += context->pool.heldBytes();
    stats.pool_peak_bytes = std::max(stats.pool_peak_bytes, context->pool.peakBytes());
  }
  return stats;
}

void moert_session::trim() {
  Context *idle = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (Context **link = &contexts_; Context *context = *link;) {
      if (!context->idle) {
        link = &context->next;
        continue;
      }
      *link = context->next;
      context->next = idle;
      idle = context;
      --numContexts_;
    }
  }
  while (Context *context = idle) {
    idle = context->next;
    destroy(host, context);
  }
}
