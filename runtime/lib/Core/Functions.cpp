// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every function here may unwind past itself: no locals with destructors, no locks held.
#include "lib/Core/Functions.h"
#include "lib/Core/Context.h"
#include "lib/Core/Request.h"
#include "lib/Core/Status.h"

#include <limits>

namespace moert {

namespace {

Context &contextOf(moert_ctx *ctx) { return *static_cast<Context *>(ctx); }

[[noreturn]] void badIndex(Context &context, const char *kind, uint32_t index, size_t count) {
  context.unwind(
      failure(MOERT_INTERNAL, "compiled code asks for %s %u of %zu", kind, index, count));
}

/// A kernel of the table with its arguments, as the body of a loop.
struct KernelCall {
  moert_kernel_fn kernel;
  moert_ctx *ctx;
  void *record;

  static void run(void *argument, int64_t begin, int64_t end) {
    auto &call = *static_cast<KernelCall *>(argument);
    call.kernel(call.ctx, call.record, begin, end);
  }
};

} // namespace

void *poolAlloc(moert_ctx *ctx, int64_t bytes) {
  Context &context = contextOf(ctx);
  int32_t code;
  if (void *memory = context.pool.allocate(bytes, code))
    return memory;
  if (code == MOERT_RESOURCE_EXHAUSTED)
    context.unwind(failure(code, "%lld bytes more exceed the session's limit of %lld for a run",
                           static_cast<long long>(bytes),
                           static_cast<long long>(context.session.maxPoolBytes)));
  if (code == MOERT_INVALID_ARGUMENT)
    context.unwind(failure(MOERT_OUT_OF_MEMORY, "no machine has %lld bytes of memory",
                           static_cast<long long>(bytes)));
  context.unwind(failure(code, "no memory for %lld bytes of a run", static_cast<long long>(bytes)));
}

void poolRelease(moert_ctx *ctx, void *memory) {
  Context &context = contextOf(ctx);
  if (memory && !context.pool.release(memory))
    context.unwind(failure(MOERT_INTERNAL, "compiled code releases memory that is not in use"));
}

void parallelForGrain(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units, int64_t grain) {
  Context &context = contextOf(ctx);
  const moert_artifact &artifact = *context.session.artifact;
  // A loop inside a kernel may be on any thread, so it neither unwinds nor looks at the clock.
  if (ThreadPool::insideBody()) {
    KernelCall call = {artifact.kernels[kernel], ctx, record};
    artifact.runtime->pool.run(KernelCall::run, &call, units, grain);
    return;
  }
  if (kernel >= artifact.kernels.size())
    badIndex(context, "kernel", kernel, artifact.kernels.size());
  context.checkInterrupted();
  KernelCall call = {artifact.kernels[kernel], ctx, record};
  const Host &host = context.session.host;
  int64_t begin = host.traces() ? host.now() : 0;
  artifact.runtime->pool.run(KernelCall::run, &call, units, grain);
  if (host.traces())
    context.trace(MOERT_TRACE_KERNEL, artifact.table->kernels[kernel].name, begin, units, record);
  context.checkInterrupted();
}

void parallelFor(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units) {
  parallelForGrain(ctx, kernel, record, units, std::numeric_limits<int64_t>::max());
}

const void *weight(moert_ctx *ctx, uint32_t index) {
  Context &context = contextOf(ctx);
  if (index >= context.session.weightData.size())
    badIndex(context, "weight", index, context.session.weightData.size());
  return context.session.weightData[index];
}

void *output(moert_ctx *ctx, uint32_t index, int64_t rank, const int64_t *sizes) {
  Context &context = contextOf(ctx);
  moert_request &request = *context.request;
  if (index >= request.outputs.size())
    badIndex(context, "output", index, request.outputs.size());
  moert_status status = request.produceOutput(index, rank, sizes);
  if (status.code != MOERT_OK)
    context.unwind(status);
  return request.outputs[index].data;
}

void fail(moert_ctx *ctx, int32_t code, const char *message) {
  bool known = code > MOERT_OK && code <= MOERT_INTERNAL;
  contextOf(ctx).unwind(failure(known ? code : MOERT_INTERNAL, "%s",
                                message && *message ? message : "compiled code gave up"));
}

static BoundState &stateOf(Context &context, uint32_t index) {
  if (index >= context.session.states.size())
    badIndex(context, "state", index, context.session.states.size());
  return context.session.states[index];
}

void *state(moert_ctx *ctx, uint32_t index, int64_t *length, int64_t *capacity) {
  Context &context = contextOf(ctx);
  BoundState &state = stateOf(context, index);
  *length = context.stateLengths[index];
  *capacity = state.capacity;
  return state.data;
}

void appendState(moert_ctx *ctx, uint32_t index, int64_t rows) {
  Context &context = contextOf(ctx);
  const BoundState &state = stateOf(context, index);
  int64_t &length = context.stateLengths[index];
  if (rows < 0)
    context.unwind(failure(MOERT_INTERNAL, "compiled code appends %lld rows to state '%s'",
                           static_cast<long long>(rows), state.info->name));
  if (rows > state.capacity - length)
    context.unwind(failure(MOERT_RESOURCE_EXHAUSTED,
                           "state '%s' holds %lld of %lld rows; %lld more do not fit",
                           state.info->name, static_cast<long long>(length),
                           static_cast<long long>(state.capacity), static_cast<long long>(rows)));
  length += rows;
}

const moert_functions kFunctions = {
    sizeof(moert_functions),
    poolAlloc,
    poolRelease,
    parallelFor,
    weight,
    output,
    fail,
    state,
    appendState,
    nullptr,
    exchangeBegin,
    nullptr,
    parallelForGrain,
    exchangeReceive,
    exchangeReturn,
    exchangeEnd,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

} // namespace moert
