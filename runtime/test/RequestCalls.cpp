// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CallSequence.h"
#include "TestArtifact.h"

#include <algorithm>

namespace moert::test {

namespace {

constexpr float kSum = 111; // of the weights' slabs, per column

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

} // namespace

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

static moert_tensor tensor(int32_t dtype, const void *data, int64_t bytes, int32_t rank,
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

} // namespace moert::test
