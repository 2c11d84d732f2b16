// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An artifact's tables, of an input: names, types and sizes from short lists, so that some fit each
// other, and an entry that does as its table says, mostly.
#include "ArtifactFuzzing.h"

#include "lib/Core/Artifact.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <array>
#include <cstddef>

using namespace moert;
using namespace moert::fuzz;

namespace {

const char *const kTexts[] = {nullptr, "", "x", "y", "z", "N", "M", "B", "x y\n"};
const int64_t kNumbers[] = {-1,
                            0,
                            1,
                            2,
                            3,
                            4,
                            16,
                            -2,
                            4096,
                            8192,
                            65536,
                            INT64_MAX,
                            INT64_MIN,
                            int64_t(1) << 32,
                            int64_t(1) << 60};
const int32_t kTypes[] = {MOERT_F32,  MOERT_I64,    MOERT_BOOL, MOERT_U4, MOERT_C128,
                          MOERT_BF16, MOERT_STRING, 0,          -1,       77};

/// Does as the table of the entry says, and sometimes not.
int32_t runAnything(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *);
void kernel(moert_ctx *, void *, int64_t, int64_t) {}

struct Tables {
  struct Value {
    int64_t sizes[MOERT_MAX_RANK + 1];
    const char *names[MOERT_MAX_RANK + 1];
  };
  struct moert_artifact_v1 table = {};
  moert_entry_info entries[2];
  moert_value_info inputs[2][3], outputs[2][2];
  moert_weight_info weights[2];
  moert_state_info states[2];
  moert_kernel_info kernels[2];
  std::array<Value, 12> values;
  size_t usedValues = 0;
  /// What runAnything does.
  Input behaviour{nullptr, 0};

  explicit Tables(Input &input) {
    for (int e = 0; e < 2; ++e) {
      for (moert_value_info &info : inputs[e])
        info = value(input);
      for (moert_value_info &info : outputs[e])
        info = value(input);
      entries[e] = {text(input),
                    input.byte() % 32 ? runAnything : nullptr,
                    uint32_t(input.byte() % 4),
                    uint32_t(input.byte() % 3),
                    input.byte() % 32 ? inputs[e] : nullptr,
                    input.byte() % 32 ? outputs[e] : nullptr};
    }
    for (moert_weight_info &weight : weights)
      weight = {text(input),        input.of(kTypes),   0,
                input.of(kNumbers), input.of(kNumbers), input.of(kNumbers)};
    for (moert_state_info &state : states) {
      moert_value_info info = value(input);
      state = {info.name,
               info.dtype,
               info.rank,
               info.sizes,
               info.dim_names,
               int32_t(input.of(kNumbers)),
               int32_t(input.of(kNumbers)),
               input.of(kNumbers)};
    }
    for (moert_kernel_info &info : kernels) {
      info = {text(input), {}};
      for (auto &level : info.levels)
        level = input.byte() % 2 ? kernel : nullptr;
    }
    table.abi_version = input.byte() % 64 ? MOERT_ABI_VERSION : input.byte();
    table.size = input.byte() % 64 ? uint32_t(sizeof(table)) : input.byte();
    memcpy(table.build_id, kBuild, sizeof(kBuild));
    table.producer = text(input);
    table.num_entries = input.byte() % 3;
    table.num_weights = input.byte() % 8 ? 0 : input.byte() % 3;
    table.num_states = input.byte() % 3;
    table.num_kernels = input.byte() % 3;
    table.entries = input.byte() % 32 ? entries : nullptr;
    table.weights = input.byte() % 32 ? weights : nullptr;
    table.states = input.byte() % 32 ? states : nullptr;
    table.kernels = input.byte() % 32 ? kernels : nullptr;
    table.metadata = text(input);
  }

  static const char *text(Input &input) { return kTexts[(2 + input.byte() % 16) % 9]; }

  moert_value_info value(Input &input) {
    Value &value = values[usedValues++ % values.size()];
    for (int i = 0; i <= MOERT_MAX_RANK; ++i) {
      // Mostly small, so that something runs.
      value.sizes[i] = input.byte() % 8 ? int64_t(input.byte() % 5) - 1 : input.of(kNumbers);
      value.names[i] = text(input);
    }
    static const int32_t kRanks[] = {0, 1, 2, 2, 3, 8, 9, -1};
    return {text(input), input.of(kTypes), input.of(kRanks),
            input.byte() % 32 ? value.sizes : nullptr, input.byte() % 4 ? value.names : nullptr};
  }
};

Tables *current;
const moert_entry_info *currentEntry;

int32_t runAnything(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  Input &input = current->behaviour;
  const moert_entry_info &entry = *currentEntry;
  int64_t sizes[MOERT_MAX_RANK + 1];
  (void)inputs;
  for (int steps = input.byte() % 16; steps > 0; --steps)
    switch (input.byte() % 8) {
    case 0:
      f.alloc(ctx, input.of(kNumbers));
      break;
    case 1:
      f.release(ctx, f.alloc(ctx, input.byte()));
      break;
    case 2:
      f.parallel_for(ctx, input.byte() % 3, nullptr, input.of(kNumbers));
      break;
    case 3:
      f.weight(ctx, input.byte() % 3);
      break;
    case 4: {
      uint32_t index = input.byte() % 3;
      int64_t length, capacity;
      void *data = f.state(ctx, index, &length, &capacity);
      const moert_state_info &state = current->states[index];
      if (length < 0 || length > capacity || (capacity > 0 && !data && state.rank == 1))
        wrong("state");
      break;
    }
    case 5:
      f.append_state(ctx, input.byte() % 3, input.of(kNumbers));
      break;
    case 6:
      f.fail(ctx, input.byte(), kTexts[input.byte() % 9]);
      break;
    default:
      for (int64_t &size : sizes)
        size = input.of(kNumbers);
      f.output(ctx, input.byte() % 3, input.byte() % 10, sizes);
    }
  // The outputs as they should be.
  for (uint32_t i = 0; i < entry.num_outputs; ++i) {
    const moert_value_info &info = entry.outputs[i];
    for (int32_t axis = 0; axis < info.rank; ++axis)
      sizes[axis] = info.sizes[axis] < 0 ? input.byte() % 4 : info.sizes[axis];
    auto *data = static_cast<uint8_t *>(f.output(ctx, i, info.rank, sizes));
    int64_t bytes = tensorBytes(info.dtype, info.rank, sizes);
    if (bytes > 0)
      data[0] = data[bytes - 1] = 1;
  }
  return input.byte() % 16 ? MOERT_OK : input.byte();
}

void checkStatus(const moert_status &status) {
  if (!memchr(status.message, 0, sizeof(status.message)) || status.code < 0 ||
      status.code > MOERT_INTERNAL || (status.code == MOERT_OK) != (status.message[0] == 0))
    wrong("malformed status");
}

void runTables(Tables &tables, Input &input, moert_session *session) {
  for (uint32_t e = 0; e < tables.table.num_entries; ++e) {
    const moert_entry_info &entry = tables.table.entries[e];
    moert_request *request = nullptr;
    checkStatus(api().request_create(session, entry.name, &request));
    if (!request)
      continue;
    static uint8_t data[1 << 16];
    for (uint32_t i = 0; i < entry.num_inputs; ++i) {
      const moert_value_info &info = entry.inputs[i];
      int64_t sizes[MOERT_MAX_RANK];
      for (int32_t axis = 0; axis < info.rank; ++axis)
        sizes[axis] = info.sizes[axis] < 0 ? 1 + input.byte() % 2 : info.sizes[axis];
      int64_t bytes = tensorBytes(info.dtype, info.rank, sizes);
      if (bytes > int64_t(sizeof(data)))
        continue;
      moert_tensor tensor = {sizeof(tensor), data, bytes, info.dtype, info.rank, sizes};
      checkStatus(api().request_set_input(request, info.name, &tensor));
    }
    tables.behaviour = input;
    current = &tables;
    currentEntry = &entry;
    moert_status status = api().request_run(request);
    input = tables.behaviour;
    checkStatus(status);
    for (uint32_t i = 0; i < entry.num_outputs; ++i) {
      moert_tensor tensor = {};
      tensor.size = sizeof(tensor);
      moert_status fetched = api().request_output(request, entry.outputs[i].name, &tensor);
      checkStatus(fetched);
      if (status.code != MOERT_OK && fetched.code == MOERT_OK)
        wrong("an output of a run that failed");
    }
    api().request_release(request);
  }
}

} // namespace

void moert::fuzz::makeTables(Input &input) {
  Limits limits;
  moert_hooks hooks = limits.hooks();
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = 1;
  options.hooks = &hooks;
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_session *session = nullptr;
  checkStatus(api().runtime_create(&options, &runtime));
  if (uint8_t left = input.byte(); left < 64)
    limits.left = left;
  Tables tables(input);
  if (accepted(api().artifact_from_table(runtime, &tables.table, nullptr, &artifact))) {
    moert_dim_binding dims[] = {{"N", input.byte() % 4}, {"B", 1}, {"M", 2}};
    moert_session_options sessionOptions = {};
    sessionOptions.size = sizeof(sessionOptions);
    sessionOptions.dims = dims;
    sessionOptions.num_dims = input.byte() % 4;
    sessionOptions.state_capacity = input.byte() % 4 ? input.byte() % 8 : input.of(kNumbers);
    checkStatus(api().session_create(artifact, nullptr, &sessionOptions, &session));
    if (session)
      runTables(tables, input, session);
  }
  api().session_release(session);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  if (limits.live != 0)
    wrong("memory is left");
}
