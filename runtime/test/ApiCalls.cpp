// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ApiCalls.h"
#include "TestArtifact.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace moert::test {

namespace {

constexpr int64_t kMaxAllocation = int64_t(16) << 20;
constexpr int kSlots = 3;
constexpr int64_t kMaxRows = 64;
constexpr float kSum = 111; // of the weights' slabs, per column

const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

[[noreturn]] void wrong(const char *call, const char *what, const char *message = "") {
  fprintf(stderr, "ApiCalls: %s: %s %s\n", call, what, message);
  abort();
}

/// Data of inputs: constant, so that requests may borrow it for as long as they like.
struct Data {
  float x[4 * kMaxRows];
  float bias[4] = {0.25f, 0.5f, 0.75f, 1};
  uint8_t mask[kMaxRows] = {};
  int64_t troubles[kLoopForever + 1];
  int64_t counts[6] = {0, 1, 5, -1, INT64_MAX, int64_t(1) << 40};

  Data() {
    for (int64_t i = 0; i < 4 * kMaxRows; ++i)
      x[i] = float(i);
    for (int64_t i = 0; i <= kLoopForever; ++i)
      troubles[i] = i;
  }
};
const Data kData;

const char *const kEntries[] = {"main", "trouble", "step", "nested", "tiny"};
const char *const kNames[] = {"x",        "bias",  "mask",   "trouble", "rows",  "wrong",
                              "m",        "y",     "isa",    "numbers", "total", "ones",
                              "denormal", "cache", "absent", nullptr,   ""};
const int64_t kSizes[] = {0, 1, 2, 3, 4, 7, 64, -1, INT64_MAX, INT64_MIN, int64_t(1) << 62, 5};

struct RequestModel {
  moert_request *request = nullptr;
  int session = -1; // slot; -1: the shared one
  int entry = -1;
  bool cancelled = false;
  bool deadline = false;
  bool givenOutput = false;
  int64_t xRows = -1, maskRows = -1;
  bool bias = false;
  bool disturbed = false; // an illegal call may have changed what is set
  float output[4 * kMaxRows];
};

class Calls {
public:
  Calls(const Place &place, const Shared &shared, Choices &choices)
      : place_(place), shared_(shared), choices_(choices) {}

  void run();

private:
  using Step = void (Calls::*)();

  template <typename T>
  T *pick(T *(&slots)[kSlots], T *shared, int *slot = nullptr) {
    uint32_t choice = choices_.below(kSlots + 3);
    if (slot)
      *slot = choice < kSlots ? int(choice) : -1;
    return choice < kSlots ? slots[choice] : choice == kSlots + 2 ? nullptr : shared;
  }

  /// A status must be well-formed, whatever it says.
  int32_t check(const char *call, const moert_status &status) {
    if (status.code < MOERT_OK || status.code > MOERT_INTERNAL)
      wrong(call, "unknown code");
    if (!memchr(status.message, 0, sizeof(status.message)))
      wrong(call, "message without end");
    if ((status.code == MOERT_OK) != (status.message[0] == 0))
      wrong(call, "message where it is OK, or none where it is not", status.message);
    return status.code;
  }
  /// A call that makes a handle: exactly when it succeeds.
  template <typename T>
  void keep(const char *call, const moert_status &status, T *made, T *(&slots)[kSlots],
            void (*release)(T *)) {
    if ((check(call, status) == MOERT_OK) != (made != nullptr))
      wrong(call, "handle and status disagree", status.message);
    T *&slot = slots[choices_.below(kSlots)];
    release(slot);
    slot = made;
  }

  void runtimeCreate();
  void runtimeUse();
  void artifactMake();
  void artifactUse();
  void weightsOpen();
  void sessionCreate();
  void sessionUse();
  void requestCreate();
  void requestRelease();
  void setGood();
  void setBad();
  void setOutput();
  void control();
  void runRequest();
  void fetch();
  void names();
  void faults();
  void release();

  RequestModel &someRequest() { return requests_[choices_.below(kSlots)]; }
  void drop(RequestModel &model);
  bool mustSucceed(const RequestModel &model) const;
  void checkMain(const RequestModel &model);

  const Place &place_;
  const Shared &shared_;
  Choices &choices_;
  FailingHost host_;
  moert_runtime *runtimes_[kSlots] = {};
  moert_artifact *artifacts_[kSlots] = {};
  moert_weights *weights_[kSlots] = {};
  moert_session *sessions_[kSlots] = {};
  RequestModel requests_[kSlots];
};

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
  moert_status status =
      api().session_create(artifact, weights, choices_.below(12) ? &options : nullptr, &made);
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

void Calls::drop(RequestModel &model) {
  if (model.request && shared_.cancellable) {
    // Nobody may cancel it any more.
    std::lock_guard<std::mutex> lock(shared_.cancellable->mutex);
    auto &all = shared_.cancellable->requests;
    all.erase(std::remove(all.begin(), all.end(), model.request), all.end());
  }
  api().request_release(model.request);
  model = {};
}

void Calls::requestCreate() {
  RequestModel &model = someRequest();
  drop(model);
  int slot;
  moert_session *session = pick(sessions_, shared_.session, &slot);
  uint32_t entry = choices_.below(8);
  const char *name = entry < 5 ? kEntries[entry] : entry == 5 ? "absent" : nullptr;
  moert_request *made = nullptr;
  moert_status status = api().request_create(session, name, &made);
  if ((check("request_create", status) == MOERT_OK) != (made != nullptr))
    wrong("request_create", "handle and status disagree", status.message);
  model.request = made;
  model.session = slot;
  model.entry = entry < 5 ? int(entry) : 0;
  if (made && shared_.cancellable) {
    std::lock_guard<std::mutex> lock(shared_.cancellable->mutex);
    shared_.cancellable->requests.push_back(made);
  }
}

moert_tensor tensor(int32_t dtype, const void *data, int64_t bytes, int32_t rank,
                    const int64_t *sizes) {
  return {sizeof(moert_tensor), const_cast<void *>(data), bytes, dtype, rank, sizes};
}

/// Sets an input as it should be: that must work.
void Calls::setGood() {
  RequestModel &model = someRequest();
  int64_t rows = 1 + choices_.below(8);
  uint32_t which = choices_.below(3);
  if (!model.request)
    return;
  int64_t sizes[] = {rows, 4};
  int64_t two[] = {rows, 2};
  int64_t four[] = {4};
  moert_tensor given = {};
  const char *name = nullptr;
  switch (model.entry) {
  case 0:
    name = kNames[which];
    given = which == 0   ? tensor(MOERT_F32, kData.x, 16 * rows, 2, sizes)
            : which == 1 ? tensor(MOERT_F32, kData.bias, 16, 1, four)
                         : tensor(MOERT_BOOL, kData.mask, rows, 1, sizes);
    (which == 0 ? model.xRows : model.maskRows) = which == 1 ? model.maskRows : rows;
    model.bias |= which == 1;
    break;
  case 1: {
    // What loops for ever needs an end that is there already.
    uint32_t trouble = choices_.below(model.cancelled ? kLoopForever + 1 : kLoopForever);
    name = "trouble";
    given = tensor(MOERT_I64, &kData.troubles[trouble], 8, 0, nullptr);
    break;
  }
  case 2:
    name = which ? "rows" : "wrong";
    given = which ? tensor(MOERT_F32, kData.x, 8 * rows, 2, two)
                  : tensor(MOERT_I64, &kData.counts[choices_.below(2)], 8, 0, nullptr);
    break;
  case 3:
    name = "m";
    given = tensor(MOERT_I64, &kData.counts[choices_.below(6)], 8, 0, nullptr);
    break;
  default:
    return;
  }
  moert_status status = api().request_set_input(model.request, name, &given);
  if (check("request_set_input", status) != MOERT_OK)
    wrong("request_set_input", "refuses what is right:", status.message);
}

/// Sets something, mostly wrong; what is right by accident must not loop for ever.
void Calls::setBad() {
  RequestModel &model = someRequest();
  static const int32_t kTypes[] = {MOERT_F32, MOERT_BOOL, MOERT_I64, 0, -1, 77, MOERT_STRING};
  static const int32_t kRanks[] = {0, 1, 2, 3, 8, 9, -1, INT32_MAX};
  static const int64_t kBytes[] = {0, 1, 8, 16, 32, 64, -1, INT64_MAX};
  int64_t sizes[MOERT_MAX_RANK];
  for (int i = 0; i < 2; ++i)
    sizes[i] = choices_.of(kSizes);
  std::fill(sizes + 2, sizes + MOERT_MAX_RANK, sizes[0]);
  moert_tensor given = tensor(choices_.of(kTypes), kData.x, choices_.of(kBytes),
                              choices_.of(kRanks), choices_.below(8) ? sizes : nullptr);
  uint32_t change = choices_.below(8);
  if (change == 0)
    given.data = nullptr;
  else if (change == 1)
    given.data = reinterpret_cast<char *>(given.data) + 1;
  else if (change == 2)
    given.size = choices_.below(8);
  const char *name = choices_.of(kNames);
  moert_status status =
      api().request_set_input(model.request, name, choices_.below(8) ? &given : nullptr);
  // Accepted by accident: then the model does not know what runs yield.
  if (check("request_set_input", status) == MOERT_OK)
    model.disturbed = true;
}

void Calls::setOutput() {
  RequestModel &model = someRequest();
  static const int64_t kBytes[] = {0, 4, 16, 64, sizeof(model.output), -1};
  static const int32_t kTypes[] = {MOERT_F32, MOERT_F32, MOERT_I64, MOERT_U8, 99};
  moert_tensor given = tensor(choices_.of(kTypes), model.output, choices_.of(kBytes), 0, nullptr);
  if (choices_.below(8) == 0)
    given.data = nullptr;
  bool takeBack = choices_.below(4) == 0;
  const char *name = choices_.of(kNames);
  moert_status status = api().request_set_output(model.request, name, takeBack ? nullptr : &given);
  if (check("request_set_output", status) == MOERT_OK && !takeBack)
    model.givenOutput = true;
}

void Calls::control() {
  RequestModel &model = someRequest();
  switch (choices_.below(4)) {
  case 0:
    api().request_cancel(model.request);
    model.cancelled = true;
    break;
  case 1: {
    static const int64_t kDeadlines[] = {0, 1, -1, INT64_MIN, INT64_MAX};
    int64_t deadline = choices_.of(kDeadlines);
    if (check("request_set_deadline", api().request_set_deadline(model.request, deadline)) ==
        MOERT_OK)
      model.deadline = deadline != 0;
    break;
  }
  case 2: {
    moert_request *request = model.request;
    if (check("request_reset", api().request_reset(request)) != MOERT_OK)
      break;
    RequestModel fresh;
    fresh.request = request;
    fresh.session = model.session;
    fresh.entry = model.entry;
    model = fresh;
    break;
  }
  default:
    // Another thread's.
    if (shared_.cancellable) {
      std::lock_guard<std::mutex> lock(shared_.cancellable->mutex);
      auto &all = shared_.cancellable->requests;
      if (!all.empty())
        api().request_cancel(all[choices_.below(uint32_t(all.size()))]);
    }
  }
}

bool Calls::mustSucceed(const RequestModel &model) const {
  // Requests of sessions with state may meet others, and those that may be cancelled anything.
  return model.entry == 0 && model.xRows > 0 && model.xRows == model.maskRows && model.bias &&
         !model.disturbed && !model.cancelled && !model.deadline && !model.givenOutput &&
         !shared_.cancellable && host_.failAfter == 0;
}

void Calls::checkMain(const RequestModel &model) {
  moert_tensor y = {};
  y.size = sizeof(y);
  moert_status status = api().request_output(model.request, "y", &y);
  if (check("request_output", status) != MOERT_OK)
    wrong("request_output", "no output of a run that succeeded:", status.message);
  if (y.dtype != MOERT_F32 || y.rank != 2 || y.sizes[0] != model.xRows || y.sizes[1] != 4 ||
      y.bytes != 16 * model.xRows)
    wrong("request_output", "has another type");
  auto *values = static_cast<const float *>(y.data);
  for (int64_t i = 0; i < 4 * model.xRows; ++i)
    if (values[i] != kData.x[i] + (kData.bias[i % 4] + kSum * float(i % 4 + 1)))
      wrong("request_run", "another result");
}

void Calls::runRequest() {
  RequestModel &model = someRequest();
  moert_status status = api().request_run(model.request);
  int32_t code = check("request_run", status);
  if (!model.request && code != MOERT_INVALID_ARGUMENT)
    wrong("request_run", "of null");
  // Bound dimensions and limits of a session are its own affair.
  bool refused = code == MOERT_INVALID_ARGUMENT || code == MOERT_RESOURCE_EXHAUSTED;
  if (code != MOERT_OK && model.request && mustSucceed(model) && !(refused && model.session >= 0))
    wrong("request_run", "a legal run fails:", status.message);
  if (code != MOERT_OK || model.entry != 0 || model.disturbed)
    return;
  if (model.xRows < 0 || model.xRows != model.maskRows || !model.bias)
    wrong("request_run", "runs without its inputs");
  checkMain(model);
}

void Calls::fetch() {
  RequestModel &model = someRequest();
  static const uint64_t kTensorSizes[] = {sizeof(moert_tensor), 0, 7, 8, 24};
  moert_tensor result = {};
  result.size = choices_.of(kTensorSizes);
  const char *name = choices_.of(kNames);
  moert_status status =
      api().request_output(model.request, name, choices_.below(8) ? &result : nullptr);
  if (check("request_output", status) != MOERT_OK || result.size != sizeof(moert_tensor))
    return;
  // Every byte must be there to read.
  uint32_t sum = 0;
  for (int64_t i = 0; i < result.bytes; ++i)
    sum += static_cast<const uint8_t *>(result.data)[i];
  static std::atomic<uint32_t> sink;
  sink.store(sum, std::memory_order_relaxed);
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
  switch (choices_.below(5)) {
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
      &Calls::faults,        &Calls::names,        &Calls::runtimeUse,  &Calls::artifactUse};
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
    drop(requests_[slot]);
  }
  if (host_.live != 0)
    wrong("release", "memory is left");
}

} // namespace

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
