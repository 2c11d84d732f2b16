// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CallSequence.h"
#include "TestArtifact.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace moert::test {

static constexpr int64_t kMaxAllocation = int64_t(16) << 20;

void wrong(const char *call, const char *what, const char *message) {
  fprintf(stderr, "ApiCalls: %s: %s %s\n", call, what, message);
  abort();
}

void Calls::runtimeCreate() {
  static const int32_t kThreads[] = {1, 1, 1, 1, 1, 2, 3, -1, 5000, INT32_MIN};
  static const char *const kIsa[] = {nullptr, "v2", "", "sse9"};
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = choices_.of(kThreads);
  options.isa = choices_.of(kIsa);
  moert_hooks hooks = host_.hooks;
  options.hooks = &hooks;
  switch (choices_.below(12)) {
  case 0:
    hooks.free = nullptr;
    break;
  case 1:
    hooks.size = 7;
    break;
  case 2:
    hooks.join = [](void *, void *) {};
    break;
  case 3:
    options.size = 7;
    break;
  case 4:
    options.size = offsetof(moert_runtime_options, hooks); // older, without hooks
    break;
  }
  moert_runtime *made = nullptr;
  if (choices_.below(16) == 0)
    check("runtime_create", api().runtime_create(&options, nullptr));
  else
    keep("runtime_create", api().runtime_create(&options, &made), made, runtimes_,
         api().runtime_release);
}

void Calls::runtimeUse() {
  static const uint64_t kInfoSizes[] = {sizeof(moert_runtime_info), 0, 7, 8, 12};
  moert_runtime *runtime = pick(runtimes_, shared_.runtime);
  moert_runtime_info info = {};
  info.size = choices_.of(kInfoSizes);
  moert_status status = api().runtime_info(runtime, choices_.below(8) ? &info : nullptr);
  if (check("runtime_info", status) == MOERT_OK && info.size >= 12 && info.threads < 1)
    wrong("runtime_info", "no threads");
  if ((api().now_ns(runtime) == 0) != (runtime == nullptr))
    wrong("now_ns", "no time");
}

void Calls::artifactMake() {
  moert_runtime *runtime = pick(runtimes_, shared_.runtime);
  moert_artifact *made = nullptr;
  std::string path = place_.folder + "/m";
  struct moert_artifact_v1 bad = *place_.table;
  moert_status status;
  switch (choices_.below(10)) {
  case 0:
    status =
        api().artifact_open(runtime, choices_.below(2) ? place_.folder.c_str() : nullptr, &made);
    break;
  case 1:
    status = api().artifact_open(runtime, (path + ".weights").c_str(), &made);
    break;
  case 2:
    status = api().artifact_from_table(runtime, nullptr, nullptr, &made);
    break;
  case 3:
    bad.abi_version += 1;
    status = api().artifact_from_table(runtime, &bad, nullptr, &made);
    break;
  case 4:
    check("artifact_from_table",
          api().artifact_from_table(runtime, place_.table, nullptr, nullptr));
    return;
  case 5:
    status = api().artifact_from_table(runtime, place_.table, nullptr, &made);
    break;
  case 6:
    status = api().artifact_from_table(runtime, place_.statelessTable, path.c_str(), &made);
    break;
  default:
    status = api().artifact_from_table(runtime, place_.table, path.c_str(), &made);
    break;
  }
  keep("artifact", status, made, artifacts_, api().artifact_release);
}

void Calls::artifactUse() {
  moert_artifact *artifact = pick(artifacts_, shared_.artifact);
  const struct moert_artifact_v1 *table = api().artifact_table(artifact);
  if ((table == nullptr) != (artifact == nullptr))
    wrong("artifact_table", "no table");
}

void Calls::weightsOpen() {
  static const int32_t kModes[] = {0, 0, 0, 1, 1, 2, -1};
  std::string path = place_.folder + (choices_.below(4) ? "/m.weights" : "/absent");
  moert_weights_options options = {};
  options.size = choices_.below(12) ? sizeof(options) : choices_.below(8);
  options.path = choices_.below(3) ? path.c_str() : nullptr;
  options.load = choices_.of(kModes);
  options.verify = choices_.of(kModes);
  moert_weights *made = nullptr;
  moert_artifact *artifact = pick(artifacts_, shared_.artifact);
  moert_status status = api().weights_open(artifact, choices_.below(6) ? &options : nullptr, &made);
  keep("weights_open", status, made, weights_, api().weights_release);
}

void Calls::sessionCreate() {
  static const char *const kDims[] = {"B", "B", "B", "N", "S", "absent", "", nullptr};
  moert_dim_binding dims[3];
  for (moert_dim_binding &dim : dims)
    dim = {choices_.of(kDims), choices_.of(kSizes)};
  if (choices_.below(4))
    dims[0] = {"B", 1};
  moert_session_options options = {};
  options.size = choices_.below(12) ? sizeof(options) : choices_.below(24);
  options.dims = choices_.below(12) ? dims : nullptr;
  options.num_dims = choices_.below(4) ? 1 : choices_.below(4);
  options.state_capacity = choices_.below(3) ? 0 : choices_.of(kSizes);
  static const int64_t kLimits[] = {1, 1000, 4000, 100000, -1, INT64_MAX};
  options.max_pool_bytes = choices_.below(6) ? 0 : choices_.of(kLimits);
  moert_session *made = nullptr;
  moert_artifact *artifact = pick(artifacts_, shared_.artifact);
  moert_weights *weights = pick(weights_, shared_.weights);
  if (choices_.below(12) == 0)
    options.group = groups_[choices_.below(kSlots)];
  const bool isGiven = options.group && options.size == sizeof(options);
  const bool hasOptions = choices_.below(12);
  moert_status status =
      api().session_create(artifact, weights, hasOptions ? &options : nullptr, &made);
  if (made && isGiven && hasOptions)
    wrong("session_create", "an artifact without a grid takes a group");
  keep("session_create", status, made, sessions_, api().session_release);
}

void Calls::sessionUse() {
  moert_session *session = pick(sessions_, shared_.session);
  static const uint64_t kStatsSizes[] = {sizeof(moert_session_stats), 0, 7, 8, 20};
  moert_session_stats stats = {};
  int64_t rows = -1;
  switch (choices_.below(4)) {
  case 0:
    stats.size = choices_.of(kStatsSizes);
    if (check("session_stats",
              api().session_stats(session, choices_.below(8) ? &stats : nullptr)) == MOERT_OK &&
        stats.runs < stats.failed_runs)
      wrong("session_stats", "more failed runs than runs");
    break;
  case 1:
    check("session_trim", api().session_trim(session));
    break;
  case 2:
    if (check("session_state_length",
              api().session_state_length(session, choices_.of(kNames),
                                         choices_.below(8) ? &rows : nullptr)) == MOERT_OK &&
        rows < 0)
      wrong("session_state_length", "negative");
    break;
  case 3:
    check("session_truncate_state",
          api().session_truncate_state(session, choices_.of(kNames), choices_.of(kSizes)));
    break;
  }
}

void Calls::groupCreate() {
  static const int32_t kRanks[] = {1, 2, 3, 0, -1, 1025, INT32_MAX};
  moert_group_options options = {sizeof(options),
                                 choices_.of(kSizes),
                                 choices_.of(kSizes),
                                 choices_.of(kSizes),
                                 choices_.of(kSizes),
                                 nullptr,
                                 nullptr};
  if (choices_.below(12) == 0)
    options.size = choices_.below(24);
  const int32_t ranks = choices_.of(kRanks);
  moert_group *made[3] = {};
  moert_status status = api().group_create_local(pick(runtimes_, shared_.runtime), ranks,
                                                 choices_.below(2) ? &options : nullptr,
                                                 choices_.below(12) ? made : nullptr);
  if (check("group_create_local", status) == MOERT_OK && (ranks < 1 || ranks > 3))
    wrong("group_create_local", "makes a group of no size");
  for (int32_t rank = 0; rank < 3; ++rank) {
    if ((made[rank] != nullptr) != (status.code == MOERT_OK && rank < ranks))
      wrong("group_create_local", "handle and status disagree", status.message);
    if (made[rank] && choices_.below(2))
      std::swap(made[rank], groups_[choices_.below(kSlots)]);
    api().group_release(made[rank]);
  }
}

void Calls::groupUse() {
  static const uint64_t kInfoSizes[] = {sizeof(moert_group_info), 0, 7, 8, 16};
  moert_group *group = pick(groups_, static_cast<moert_group *>(nullptr));
  switch (choices_.below(4)) {
  case 0: {
    moert_group_info info = {};
    info.size = choices_.of(kInfoSizes);
    moert_status status = api().group_info(group, choices_.below(8) ? &info : nullptr);
    if (check("group_info", status) == MOERT_OK && info.size >= 16 &&
        (info.rank < 0 || info.rank >= info.ranks))
      wrong("group_info", "no such rank");
    break;
  }
  case 1: {
    moert_traffic traffic = {};
    traffic.size = choices_.of(kInfoSizes);
    if (check("group_traffic", api().group_traffic(group, choices_.byte() - 5, choices_.byte() - 5,
                                                   &traffic)) == MOERT_OK)
      wrong("group_traffic", "of a group without exchanges");
    break;
  }
  case 2:
    api().group_abort(group);
    break;
  case 3: {
    moert_session *session = pick(sessions_, shared_.session);
    if (check("session_set_group", api().session_set_group(session, group)) == MOERT_OK && group)
      wrong("session_set_group", "an artifact without a grid takes a group");
  }
  }
}

void Calls::names() {
  int32_t number = int32_t(choices_.byte()) - 100;
  for (const char *name :
       {api().code_name(number), api().dtype_name(number), api().isa_name(number), api().version()})
    if (!name || !*name)
      wrong("names", "empty");
  if (moert_get_api(uint32_t(number)) && number != MOERT_API_VERSION)
    wrong("moert_get_api", "speaks another version");
}

void Calls::faults() {
  // Counting starts anew, so that small numbers are met soon.
  host_.count = 0;
  host_.failAfter = choices_.below(2) ? int32_t(choices_.below(40)) : 0;
  host_.again = choices_.below(2);
}

void Calls::release() {
  uint32_t slot = choices_.below(kSlots);
  switch (choices_.below(6)) {
  case 4:
    api().group_release(groups_[slot]);
    groups_[slot] = nullptr;
    break;
  case 0:
    api().runtime_release(runtimes_[slot]);
    runtimes_[slot] = nullptr;
    break;
  case 1:
    api().artifact_release(artifacts_[slot]);
    artifacts_[slot] = nullptr;
    break;
  case 2:
    api().weights_release(weights_[slot]);
    weights_[slot] = nullptr;
    break;
  case 3:
    api().session_release(sessions_[slot]);
    sessions_[slot] = nullptr;
    break;
  default:
    drop(requests_[slot]);
  }
}

void Calls::run() {
  static const Step kSteps[] = {
      &Calls::runtimeCreate, &Calls::artifactMake, &Calls::weightsOpen, &Calls::sessionCreate,
      &Calls::requestCreate, &Calls::setGood,      &Calls::setGood,     &Calls::setGood,
      &Calls::runRequest,    &Calls::runRequest,   &Calls::setBad,      &Calls::setOutput,
      &Calls::fetch,         &Calls::control,      &Calls::sessionUse,  &Calls::release,
      &Calls::faults,        &Calls::names,        &Calls::runtimeUse,  &Calls::artifactUse,
      &Calls::groupCreate,   &Calls::groupUse};
  // Most of the time there is something to call with.
  bool prepared = choices_.below(8) != 0;
  if (prepared) {
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 1;
    options.hooks = &host_.hooks;
    std::string path = place_.folder + "/m";
    moert_dim_binding batch = {"B", 1};
    moert_session_options sessionOptions = {};
    sessionOptions.size = sizeof(sessionOptions);
    sessionOptions.dims = &batch;
    bool stateless = choices_.below(2);
    sessionOptions.num_dims = stateless ? 0 : 1;
    check("runtime_create", api().runtime_create(&options, &runtimes_[0]));
    check("artifact_from_table",
          api().artifact_from_table(runtimes_[0], stateless ? place_.statelessTable : place_.table,
                                    path.c_str(), &artifacts_[0]));
    check("weights_open", api().weights_open(artifacts_[0], nullptr, &weights_[0]));
    check("session_create",
          api().session_create(artifacts_[0], weights_[0], &sessionOptions, &sessions_[0]));
    if (!sessions_[0])
      wrong("session_create", "fails without a reason");
  }
  for (int steps = 0; choices_.more() && steps < 200; ++steps)
    (this->*choices_.of(kSteps))();
  // Any order is right; this one is as good as another.
  for (int slot = 0; slot < kSlots; ++slot) {
    api().runtime_release(runtimes_[slot]);
    api().weights_release(weights_[slot]);
    api().artifact_release(artifacts_[slot]);
    api().session_release(sessions_[slot]);
    api().group_release(groups_[slot]);
    drop(requests_[slot]);
  }
  if (host_.live != 0)
    wrong("release", "memory is left");
}

FailingHost::FailingHost() : hooks() {
  hooks.size = sizeof(hooks);
  hooks.user = this;
  hooks.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
    auto &self = *static_cast<FailingHost *>(user);
    int64_t number = self.count.fetch_add(1) + 1;
    int32_t failAfter = self.failAfter;
    bool fails = failAfter && (self.again ? number % failAfter == 0 : number >= failAfter);
    void *memory = nullptr;
    if (fails || int64_t(bytes) > kMaxAllocation ||
        posix_memalign(&memory, std::max(alignment, sizeof(void *)), bytes) != 0) {
      self.failures += 1;
      return nullptr;
    }
    self.live += int64_t(bytes);
    return memory;
  };
  hooks.free = [](void *user, void *memory, size_t bytes, size_t) {
    static_cast<FailingHost *>(user)->live -= int64_t(bytes);
    free(memory);
  };
}

void makeCalls(const Place &place, const Shared &shared, Choices choices) {
  Calls(place, shared, choices).run();
}

} // namespace moert::test
