// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Options.h"
#include "lib/Core/Session.h"
#include "lib/Core/Signature.h"

using namespace moert;

namespace {

bool hasDim(const char *const *names, int32_t rank, const char *name) {
  for (int32_t axis = 0; names && axis < rank; ++axis)
    if (names[axis] && strcmp(names[axis], name) == 0)
      return true;
  return false;
}

bool knowsDim(const struct moert_artifact_v1 &table, const char *name) {
  for (uint32_t e = 0; e < table.num_entries; ++e) {
    const moert_entry_info &entry = table.entries[e];
    for (uint32_t i = 0; i < entry.num_inputs; ++i)
      if (hasDim(entry.inputs[i].dim_names, entry.inputs[i].rank, name))
        return true;
    for (uint32_t i = 0; i < entry.num_outputs; ++i)
      if (hasDim(entry.outputs[i].dim_names, entry.outputs[i].rank, name))
        return true;
  }
  for (uint32_t i = 0; i < table.num_states; ++i)
    if (hasDim(table.states[i].dim_names, table.states[i].rank, name))
      return true;
  return false;
}

} // namespace

moert_status moert_session::bindDims(const moert_session_options &options) {
  if (options.num_dims && !options.dims)
    return failure(MOERT_INVALID_ARGUMENT, "dims is null, but num_dims is not 0");
  size_t nameBytes = 0;
  for (uint64_t i = 0; i < options.num_dims; ++i) {
    const moert_dim_binding &dim = options.dims[i];
    if (!dim.name)
      return failure(MOERT_INVALID_ARGUMENT, "a dimension to bind has no name");
    if (dim.size < 0)
      return failure(MOERT_INVALID_ARGUMENT, "dimension '%s' is bound to %lld", dim.name,
                     static_cast<long long>(dim.size));
    if (!knowsDim(*artifact->table, dim.name))
      return failure(MOERT_INVALID_ARGUMENT, "the artifact has no dimension named '%s'", dim.name);
    for (uint64_t j = 0; j < i; ++j)
      if (strcmp(options.dims[j].name, dim.name) == 0)
        return failure(MOERT_INVALID_ARGUMENT, "dimension '%s' is bound twice", dim.name);
    nameBytes += strlen(dim.name) + 1;
  }
  if (!dims.allocate(host, options.num_dims) || !dimNames_.allocate(host, nameBytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a session");
  char *name = dimNames_.data();
  for (size_t i = 0; i < dims.size(); ++i) {
    size_t bytes = strlen(options.dims[i].name) + 1;
    memcpy(name, options.dims[i].name, bytes);
    dims[i] = {name, options.dims[i].size};
    name += bytes;
  }
  return success();
}

moert_status moert_session::bindStates(int64_t capacity) {
  const struct moert_artifact_v1 &table = *artifact->table;
  if (!states.allocate(host, table.num_states))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a session");
  for (uint32_t i = 0; i < table.num_states; ++i) {
    states[i].info = &table.states[i];
    MOERT_RETURN_IF_FAILED(allocateState(states[i], capacity));
  }
  return success();
}

moert_status moert_session::allocateState(BoundState &state, int64_t capacity) {
  const moert_state_info &info = *state.info;
  int64_t sizes[MOERT_MAX_RANK];
  for (int32_t axis = 0; axis < info.rank; ++axis) {
    sizes[axis] = info.sizes[axis];
    if (axis == info.axis || sizes[axis] >= 0)
      continue;
    for (const moert_dim_binding &dim : dims)
      if (strcmp(dim.name, info.dim_names[axis]) == 0)
        sizes[axis] = dim.size;
    if (sizes[axis] < 0)
      return failure(MOERT_INVALID_ARGUMENT,
                     "state '%s' needs the size of dimension '%s'; bind it for the session",
                     info.name, info.dim_names[axis]);
  }
  state.capacity = capacity ? capacity : info.capacity;
  int64_t rows;
  bool overflow = __builtin_add_overflow(state.capacity, info.granule - 1, &rows);
  sizes[info.axis] = overflow ? -1 : rows / info.granule * info.granule;
  int64_t bytes = tensorBytes(info.dtype, info.rank, sizes);
  if (bytes < 0)
    return failure(MOERT_INVALID_ARGUMENT, "state '%s' of %lld rows is larger than any memory",
                   info.name, static_cast<long long>(state.capacity));
  if (bytes == 0)
    return success();
  if (accelerator) {
    MOERT_RETURN_IF_FAILED(accelerator->memory().keep(nullptr, 0, bytes, state.data));
    state.bytes = bytes;
    return success();
  }
  state.data = host.allocate(size_t(bytes), MOERT_ALIGNMENT);
  if (!state.data)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the %lld bytes of state '%s'",
                   static_cast<long long>(bytes), info.name);
  state.bytes = bytes;
  // Blocks are read whole, beyond the last row; what is read must not vary from run to run.
  memset(state.data, 0, size_t(bytes));
  return success();
}

BoundState *moert_session::findState(const char *name) {
  for (BoundState &state : states)
    if (strcmp(state.info->name, name) == 0)
      return &state;
  return nullptr;
}

moert_status moert_session::stateLength(const char *name, int64_t &rows) {
  const BoundState *state = name ? findState(name) : nullptr;
  if (name && !state)
    return failure(MOERT_NOT_FOUND, "the artifact has no state named '%s'", name);
  std::lock_guard<std::mutex> lock(mutex_);
  rows = state ? state->length : 0;
  if (!name)
    for (const BoundState &each : states)
      rows = std::max(rows, each.length);
  return success();
}

moert_status moert_session::truncateState(const char *name, int64_t rows) {
  if (rows < 0)
    return failure(MOERT_INVALID_ARGUMENT, "cannot shorten state to %lld rows",
                   static_cast<long long>(rows));
  BoundState *state = name ? findState(name) : nullptr;
  if (name && !state)
    return failure(MOERT_NOT_FOUND, "the artifact has no state named '%s'", name);
  std::lock_guard<std::mutex> lock(mutex_);
  if (inFlight_)
    return failure(MOERT_FAILED_PRECONDITION, "a request of the session is running");
  for (BoundState &each : states)
    if (!state || state == &each)
      each.length = std::min(each.length, rows);
  return success();
}
