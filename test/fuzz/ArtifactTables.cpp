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
  int64_t grid[3];
  int32_t owners[2][16];
  moert_exchange_info exchanges[2];
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
      weight = {text(input),        input.of(kTypes),   uint32_t(input.byte() % 32 ? 0 : 2),
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
    makeGrid(input);
  }

  /// Mostly none, or one that few ranks have.
  void makeGrid(Input &input) {
    for (int64_t &size : grid)
      size = input.byte() % 16 ? 1 + input.byte() % 4 / 3 : input.of(kNumbers);
    for (int e = 0; e < 2; ++e) {
      for (int32_t &owner : owners[e])
        owner = input.byte() % 8 ? 0 : int32_t(input.of(kNumbers));
      exchanges[e] = {text(input),
                      input.byte() % 32 ? owners[e] : nullptr,
                      uint32_t(1 + input.byte() % 4),
                      input.byte() % 8 ? 1u : uint32_t(input.byte() % 9),
                      input.byte() % 8 ? 1 + input.byte() % 8 : input.of(kNumbers),
                      input.byte() % 8 ? input.byte() % 4 : input.of(kNumbers),
                      input.byte() % 8 ? 0 : input.of(kNumbers),
                      0,
                      0,
                      input.byte() % 8 ? 1 : int64_t(input.byte() % 4)};
      if (input.byte() % 32 == 0)
        exchanges[e].parts = input.of(kNumbers) & ~int64_t(0xfffff);
      if (input.byte() % 64 == 0)
        exchanges[e].num_experts = uint32_t(input.of(kNumbers)) & ~7u;
    }
    table.grid_rank = input.byte() % 4 ? 1 + input.byte() % 3 : input.byte() % 36;
    if (table.grid_rank > 3 && table.grid_rank <= 32)
      table.grid_rank = 0;
    table.num_exchanges = input.byte() % 3;
    table.grid = input.byte() % 32 ? grid : nullptr;
    table.exchanges = input.byte() % 32 ? exchanges : nullptr;
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

/// Numbers that are no sizes of rows.
const int64_t kNoSizes[] = {0, -1, INT64_MIN, INT64_MAX, int64_t(1) << 60, (int64_t(1) << 40) + 1};

/// An exchange as it should be, with mistakes now and then.
void exchangeAnything(moert_ctx *ctx, Input &input) {
  const moert_functions &f = *ctx->functions;
  static const uint8_t rows[64 * 16] = {};
  static uint8_t results[64 * 16];
  const uint32_t number = input.byte() % 16 ? 0 : input.byte() % 3;
  const bool exists = number < current->table.num_exchanges;
  const uint32_t experts = exists ? current->exchanges[number].num_experts : 1;
  int32_t offsets[5] = {}, received[5];
  if (experts > 4)
    wrong("experts that a run should not have come to");
  for (uint32_t expert = 0; expert < experts; ++expert)
    offsets[expert + 1] = offsets[expert] + input.byte() % 16;
  if (input.byte() % 16 == 0)
    offsets[input.byte() % (experts + 1)] = -int32_t(1 + input.byte() % 3);
  moert_exchange_rows send = {rows, 1 + input.byte() % 16, nullptr, offsets,
                              input.byte() % 16 ? 1 : input.byte()};
  if (input.byte() % 16 == 0)
    send.row_bytes = input.of(kNoSizes);
  int64_t plan[2];
  f.exchange_begin(ctx, number, &send, plan);
  // Rows are as many as offsets say, and larger ones are not there.
  for (int64_t round = 0; round < plan[0]; ++round) {
    const int64_t told = input.byte() % 16 ? round : input.of(kNumbers);
    const int64_t *places;
    const auto *base =
        static_cast<const uint8_t *>(f.exchange_receive(ctx, told, received, &places));
    if (received[0] != 0 || received[experts] > plan[1] ||
        (received[experts] && base[places[0]] != 0))
      wrong("rows");
    // Those beyond the last may be read, too.
    volatile uint8_t any;
    for (int64_t row = 0; row < plan[1] && row < 1024; ++row)
      any = base[places[row]];
    (void)any;
    const auto *back = input.byte() % 16 ? rows : nullptr;
    f.exchange_return(ctx, told, back, input.byte() % 16 ? 16 : input.of(kNoSizes),
                      input.byte() % 16 ? results : nullptr);
  }
  if (input.byte() % 16)
    f.exchange_end(ctx);
}

int32_t runAnything(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  Input &input = current->behaviour;
  const moert_entry_info &entry = *currentEntry;
  int64_t sizes[MOERT_MAX_RANK + 1];
  (void)inputs;
  for (int steps = input.byte() % 16; steps > 0; --steps)
    switch (input.byte() % 9) {
    case 8:
      exchangeAnything(ctx, input);
      break;
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
  moert_group *groups[4] = {};
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
    // The other ranks never come.
    moert_group_options groupOptions = {sizeof(groupOptions), 1, 0};
    int64_t ranks = input.byte() % 4;
    if (hasGrid(tables.table) && ranks) {
      ranks = 1;
      for (uint32_t axis = 0; axis < tables.table.grid_rank && axis < 3; ++axis)
        ranks *= tables.grid[axis];
      ranks = std::clamp<int64_t>(ranks + input.byte() % 8 / 7, 1, 4);
    }
    if (ranks)
      checkStatus(api().group_create_local(runtime, int32_t(ranks), &groupOptions, groups));
    sessionOptions.group = ranks ? groups[input.byte() % ranks] : nullptr;
    checkStatus(api().session_create(artifact, nullptr, &sessionOptions, &session));
    if (session)
      runTables(tables, input, session);
  }
  for (moert_group *group : groups)
    api().group_release(group);
  api().session_release(session);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  if (limits.live != 0)
    wrong("memory is left");
}
