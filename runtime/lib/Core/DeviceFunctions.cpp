// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What compiled code with device code may ask of the runtime. Nothing here has a destructor that a
// longjmp would skip.
#include "lib/Core/DeviceCalls.h"
#include "lib/Core/Functions.h"
#include "lib/Core/Request.h"

namespace moert {

namespace {

void *alloc(moert_ctx *ctx, int64_t bytes) {
  Context &context = contextOf(ctx);
  void *memory = nullptr;
  require(context, context.device->allocate(bytes, memory));
  return memory;
}

void release(moert_ctx *ctx, void *memory) {
  Context &context = contextOf(ctx);
  if (memory)
    require(context, context.device->release(memory));
}

void *deviceOutput(moert_ctx *ctx, uint32_t index, int64_t rank, const int64_t *sizes) {
  Context &context = contextOf(ctx);
  // The host's memory is where the result goes in the end.
  output(ctx, index, rank, sizes);
  void *memory = nullptr;
  require(context, context.device->allocate(context.request->outputBytes(index), memory));
  context.deviceOutputs[index] = memory;
  return memory;
}

void launch(moert_ctx *ctx, uint32_t kernel, uint32_t queue, const uint32_t grid[3],
            const uint32_t block[3], uint32_t sharedBytes, const void *record,
            int64_t recordBytes) {
  Context &context = contextOf(ctx);
  if (queue != 0)
    context.unwind(failure(MOERT_INTERNAL, "compiled code asks for queue %u of 1", queue));
  context.checkInterrupted();
  if (grid[0] != 0 && grid[1] != 0 && grid[2] != 0)
    require(context, context.device->launch(kernel, grid, block, sharedBytes, record, recordBytes));
}

const void *deviceConstant(moert_ctx *ctx, const void *data, int64_t bytes) {
  Context &context = contextOf(ctx);
  const void *memory = nullptr;
  require(context, context.session.accelerator->constant(data, bytes, memory));
  return memory;
}

void deviceRead(moert_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Context &context = contextOf(ctx);
  require(context, context.device->download(to, from, bytes));
  require(context, context.device->finish());
}

void deviceWrite(moert_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Context &context = contextOf(ctx);
  require(context, context.device->upload(to, from, bytes));
}

void *deviceCounter(moert_ctx *ctx) {
  Context &context = contextOf(ctx);
  void *memory = nullptr;
  require(context, context.device->counter(memory));
  return memory;
}

void *failedCheck(moert_ctx *ctx) {
  Context &context = contextOf(ctx);
  if (!context.failedCheck) {
    const int32_t none = 0;
    void *memory = nullptr;
    require(context, context.device->allocate(sizeof(none), memory));
    require(context, context.device->upload(memory, &none, sizeof(none)));
    context.failedCheck = memory;
  }
  return context.failedCheck;
}

} // namespace

const moert_functions kDeviceFunctions = {
    sizeof(moert_functions),
    alloc,
    release,
    parallelFor,
    weight,
    deviceOutput,
    fail,
    state,
    appendState,
    launch,
    deviceExchangeBegin,
    nullptr,
    parallelForGrain,
    deviceExchangeReceive,
    deviceExchangeReturn,
    deviceExchangeEnd,
    deviceConstant,
    deviceRead,
    deviceWrite,
    deviceCounter,
    failedCheck,
};

} // namespace moert
