// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Artifact.h"
#include "lib/Core/Status.h"

using namespace moert;

namespace {

moert_status corrupt(const char *what) {
  return failure(MOERT_CORRUPT, "malformed artifact: %s", what);
}

moert_status corrupt(const char *kind, const char *name, const char *what) {
  return failure(MOERT_CORRUPT, "malformed artifact: %s '%s' %s", kind, name, what);
}

moert_status checkValue(const char *kind, const moert_value_info &info) {
  if (!info.name || !*info.name)
    return corrupt("an input or output without a name");
  if (info.rank < 0 || info.rank > MOERT_MAX_RANK || (info.rank > 0 && !info.sizes))
    return corrupt(kind, info.name, "has a bad rank");
  for (int32_t axis = 0; axis < info.rank; ++axis)
    if (info.sizes[axis] < -1)
      return corrupt(kind, info.name, "has a negative size");
  if (moert_dtype_bits(info.dtype) == 0)
    return failure(MOERT_UNSUPPORTED, "%s '%s' has element type %d, which this runtime cannot pass",
                   kind, info.name, info.dtype);
  return success();
}

moert_status checkEntry(const moert_entry_info &entry) {
  if (!entry.name || !*entry.name)
    return corrupt("an entry without a name");
  if (!entry.fn)
    return corrupt("entry", entry.name, "has no code");
  if ((entry.num_inputs && !entry.inputs) || (entry.num_outputs && !entry.outputs))
    return corrupt("entry", entry.name, "has no signature");
  for (uint32_t i = 0; i < entry.num_inputs; ++i)
    MOERT_RETURN_IF_FAILED(checkValue("input", entry.inputs[i]));
  for (uint32_t i = 0; i < entry.num_outputs; ++i)
    MOERT_RETURN_IF_FAILED(checkValue("output", entry.outputs[i]));
  return success();
}

moert_status checkWeight(const moert_weight_info &weight) {
  if (!weight.name || !*weight.name)
    return corrupt("a weight without a name");
  if (weight.num_slabs < 1 || weight.slab_bytes < 0 || weight.slab_stride < weight.slab_bytes ||
      weight.slab_stride % MOERT_SLAB_ALIGNMENT != 0)
    return corrupt("weight", weight.name, "has bad slabs");
  return success();
}

moert_status checkState(const moert_state_info &state) {
  if (!state.name || !*state.name)
    return corrupt("a state without a name");
  if (state.rank < 1 || state.rank > MOERT_MAX_RANK || !state.sizes || state.axis < 0 ||
      state.axis >= state.rank || state.granule < 1 || state.capacity < 0 ||
      moert_dtype_bits(state.dtype) == 0)
    return corrupt("state", state.name, "has a bad type");
  for (int32_t axis = 0; axis < state.rank; ++axis)
    if (axis != state.axis && state.sizes[axis] < 0 &&
        (state.sizes[axis] != -1 || !state.dim_names || !state.dim_names[axis]))
      return corrupt("state", state.name, "has a size nobody can name");
  return success();
}

/// More ranks than any machine has.
constexpr int64_t kMostRanks = int64_t(1024) * 1024;
constexpr uint32_t kMostExperts = 1 << 20;

moert_status checkGrid(const struct moert_artifact_v1 &table) {
  if (table.grid_rank > 32 || !table.grid)
    return corrupt("a grid of ranks that is missing, or has more than 32 axes");
  int64_t ranks = 1;
  for (uint32_t axis = 0; axis < table.grid_rank; ++axis)
    if (table.grid[axis] < 1 || table.grid[axis] > kMostRanks ||
        (ranks *= table.grid[axis]) > kMostRanks)
      return corrupt("a grid of ranks with a bad size");
  return success();
}

moert_status checkExchange(const struct moert_artifact_v1 &table,
                           const moert_exchange_info &exchange) {
  if (!exchange.name || !*exchange.name)
    return corrupt("an exchange without a name");
  if (exchange.axes == 0 || uint64_t(exchange.axes) >> table.grid_rank != 0)
    return corrupt("exchange", exchange.name, "is along axes that the grid lacks");
  if (exchange.num_experts < 1 || exchange.num_experts > kMostExperts || !exchange.owners)
    return corrupt("exchange", exchange.name, "has a bad number of experts");
  if (exchange.parts < 1 || exchange.parts > kMostExperts / exchange.num_experts)
    return corrupt("exchange", exchange.name, "has experts of a bad number of parts");
  if (exchange.window_rows < 1 || exchange.chunks < 0 || exchange.row_bytes < 0 ||
      exchange.row_bytes > kMostRowBytes || exchange.result_bytes < 0 ||
      exchange.result_bytes > kMostRowBytes || exchange.row_flops < 0)
    return corrupt("exchange", exchange.name, "has a bad size");
  int64_t members = 1;
  for (uint32_t axis = 0; axis < table.grid_rank; ++axis)
    if (exchange.axes >> axis & 1)
      members *= table.grid[axis];
  for (int64_t range = 0; range < exchange.num_experts * exchange.parts; ++range)
    if (exchange.owners[range] < 0 || exchange.owners[range] >= members)
      return corrupt("exchange", exchange.name, "has an expert that nobody owns");
  return success();
}

/// Whose slabs a weight has.
moert_status checkOwners(const struct moert_artifact_v1 &table, const moert_weight_info &weight) {
  if (weight.exchange == 0)
    return success();
  if (!hasGrid(table) || weight.exchange > table.num_exchanges)
    return corrupt("weight", weight.name, "belongs to an exchange that the artifact lacks");
  const moert_exchange_info &exchange = table.exchanges[weight.exchange - 1];
  if (weight.num_slabs % (exchange.num_experts * exchange.parts) != 0)
    return corrupt("weight", weight.name, "has slabs that its owners cannot share");
  return success();
}

moert_status checkOwners(const struct moert_artifact_v1 &table) {
  for (uint32_t i = 0; i < table.num_weights; ++i)
    MOERT_RETURN_IF_FAILED(checkOwners(table, table.weights[i]));
  return success();
}

moert_status checkDevice(const moert_device_code &code) {
  if (!code.chip || !*code.chip || !code.ptx || (!code.cubin && code.cubin_bytes))
    return corrupt("device code that is missing");
  if (code.num_kernels && !code.kernels)
    return corrupt("device code without its kernels");
  for (uint32_t i = 0; i < code.num_kernels; ++i) {
    const moert_device_kernel_info &kernel = code.kernels[i];
    if (!kernel.name || !*kernel.name)
      return corrupt("a device kernel without a name");
    if (kernel.num_parameters && !kernel.parameter_bytes)
      return corrupt("device kernel", kernel.name, "has no parameters, but a number of them");
    for (uint32_t p = 0; p < kernel.num_parameters; ++p)
      if (const uint8_t bytes = kernel.parameter_bytes[p];
          bytes == 0 || bytes > 8 || (bytes & (bytes - 1)))
        return corrupt("device kernel", kernel.name, "has a parameter of a bad size");
  }
  return success();
}

moert_status checkChecks(const struct moert_artifact_v1 &table) {
  if (table.num_checks && !table.checks)
    return corrupt("checks without their table");
  for (uint32_t i = 0; i < table.num_checks; ++i)
    if (const moert_check_info &check = table.checks[i];
        !check.message || check.code <= MOERT_OK || check.code > MOERT_INTERNAL)
      return corrupt("a check without an outcome");
  return success();
}

} // namespace

moert_status moert::checkArtifact(const struct moert_artifact_v1 &table) {
  if (table.abi_version != MOERT_ABI_VERSION)
    return failure(MOERT_INCOMPATIBLE, "the artifact speaks ABI version %u, this runtime %d",
                   table.abi_version, MOERT_ABI_VERSION);
  if (table.size > sizeof(table))
    return failure(MOERT_INCOMPATIBLE,
                   "the artifact was made for a newer runtime: its table has %u bytes, this one "
                   "knows %zu",
                   table.size, sizeof(table));
  // Tables that end here are complete: what version 1 began with. Whatever is appended later is
  // read from tables that are long enough.
  constexpr size_t kFirstBytes = offsetof(struct moert_artifact_v1, metadata) + sizeof(char *);
  if (table.size < kFirstBytes)
    return corrupt("its table is too short");
  constexpr size_t kWithFunctions =
      offsetof(struct moert_artifact_v1, functions_bytes) + sizeof(table.functions_bytes);
  if (table.size >= kWithFunctions && table.functions_bytes > sizeof(moert_functions))
    return failure(MOERT_INCOMPATIBLE,
                   "the artifact was made for a newer runtime: it calls functions in a table of "
                   "%llu bytes, this one has %zu",
                   static_cast<unsigned long long>(table.functions_bytes), sizeof(moert_functions));
  if (table.num_entries < 1 || !table.entries)
    return corrupt("no entry");
  if ((table.num_weights && !table.weights) || (table.num_states && !table.states) ||
      (table.num_kernels && !table.kernels))
    return corrupt("a table is missing");
  for (uint32_t i = 0; i < table.num_entries; ++i)
    MOERT_RETURN_IF_FAILED(checkEntry(table.entries[i]));
  for (uint32_t i = 0; i < table.num_weights; ++i)
    MOERT_RETURN_IF_FAILED(checkWeight(table.weights[i]));
  for (uint32_t i = 0; i < table.num_states; ++i)
    MOERT_RETURN_IF_FAILED(checkState(table.states[i]));
  for (uint32_t i = 0; i < table.num_kernels; ++i)
    if (!table.kernels[i].name || !*table.kernels[i].name)
      return corrupt("a kernel without a name");
  if (hasDevice(table) && table.device)
    MOERT_RETURN_IF_FAILED(checkDevice(*table.device));
  if (hasHostWork(table))
    MOERT_RETURN_IF_FAILED(checkChecks(table));
  if (!hasGrid(table))
    return checkOwners(table);
  if (table.grid_rank)
    MOERT_RETURN_IF_FAILED(checkGrid(table));
  if (table.num_exchanges && (!table.grid_rank || !table.exchanges))
    return corrupt("exchanges without a grid of ranks, or without their table");
  for (uint32_t i = 0; i < table.num_exchanges; ++i)
    MOERT_RETURN_IF_FAILED(checkExchange(table, table.exchanges[i]));
  return checkOwners(table);
}
