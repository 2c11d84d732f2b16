// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DeviceMirror.h"

#include <algorithm>

namespace moert::test {

namespace {

const char *const kCode = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry wild() {
  .reg .b64 %d<2>; .reg .b32 %r;
  mov.u64 %d1, 64; mov.u32 %r, 0; st.global.u32 [%d1], %r; ret;
}
)";
const moert_device_kernel_info kKernels[] = {{"wild", nullptr, 0, 0}};
const moert_device_code kDevice = {"sm_80", kCode, nullptr, 0, kKernels, 1, 0};

struct Buffer {
  std::unique_ptr<char[]> host;
  char *device;
  int64_t bytes;
};

/// The run of a thread. Functions of the runtime may unwind, so nothing of a run is on the stack.
struct Mirror : moert_ctx {
  moert_ctx *real = nullptr;
  std::vector<Buffer> buffers;
  std::vector<moert_buffer> inputs;
  moert_exchange_rows sent = {};
  int64_t windowRows = 0;
  std::vector<int64_t> places;
  std::vector<char> window;
  void *results = nullptr;

  void *add(void *device, int64_t bytes) {
    buffers.push_back(
        {std::make_unique<char[]>(size_t(bytes) + 1), static_cast<char *>(device), bytes});
    return buffers.back().host.get();
  }
  /// The buffer that an address lies in, or null.
  Buffer *find(const void *host) {
    for (Buffer &buffer : buffers)
      if (host >= buffer.host.get() && host <= buffer.host.get() + buffer.bytes)
        return &buffer;
    return nullptr;
  }
  /// The address beside one of the host.
  template <typename T>
  T *beside(T *host) {
    Buffer *buffer = find(host);
    return buffer
               ? reinterpret_cast<T *>(buffer->device + ((const char *)host - buffer->host.get()))
               : nullptr;
  }
  void toDevice(const void *host) {
    if (Buffer *buffer = find(host))
      real->functions->device_write(real, buffer->device, buffer->host.get(), buffer->bytes);
  }
  void fromDevice(const void *host) {
    if (Buffer *buffer = find(host))
      real->functions->device_read(real, buffer->host.get(), buffer->device, buffer->bytes);
  }
};
thread_local Mirror mirror;

int64_t bytesOf(const moert_value_info &info, int64_t rank, const int64_t *sizes) {
  int64_t bytes = info.dtype == MOERT_I64 ? 8 : 4;
  for (int64_t axis = 0; axis < rank; ++axis)
    bytes *= sizes[axis];
  return bytes;
}

const moert_entry_info *entryOfProcessor;

void *alloc(moert_ctx *, int64_t bytes) {
  return mirror.add(mirror.real->functions->alloc(mirror.real, bytes), bytes);
}

void release(moert_ctx *, void *host) {
  mirror.real->functions->release(mirror.real, mirror.beside(host));
  auto isIt = [&](const Buffer &buffer) { return buffer.host.get() == host; };
  mirror.buffers.erase(std::find_if(mirror.buffers.begin(), mirror.buffers.end(), isIt));
}

void *output(moert_ctx *, uint32_t index, int64_t rank, const int64_t *sizes) {
  return mirror.add(mirror.real->functions->output(mirror.real, index, rank, sizes),
                    bytesOf(entryOfProcessor->outputs[index], rank, sizes));
}

void parallelFor(moert_ctx *, uint32_t kernel, void *record, int64_t units) {
  mirror.real->functions->parallel_for(mirror.real, kernel, record, units);
}

void fail(moert_ctx *, int32_t code, const char *message) {
  mirror.real->functions->fail(mirror.real, code, message);
}

void exchangeBegin(moert_ctx *, uint32_t number, const moert_exchange_rows *send, int64_t plan[2]) {
  const moert_functions &f = *mirror.real->functions;
  if (!send) {
    f.exchange_begin(mirror.real, number, send, plan);
    return;
  }
  for (const void *sent : {send->rows, static_cast<const void *>(send->gather),
                           static_cast<const void *>(send->offsets)})
    mirror.toDevice(sent);
  mirror.sent = *send;
  moert_exchange_rows there = {mirror.beside(static_cast<const char *>(send->rows)),
                               send->row_bytes, mirror.beside(send->gather),
                               mirror.beside(send->offsets), send->element_bytes};
  f.exchange_begin(mirror.real, number, &there, plan);
  mirror.windowRows = plan[1];
}

const void *exchangeReceive(moert_ctx *, int64_t round, int32_t *offsets, const int64_t **places) {
  const moert_functions &f = *mirror.real->functions;
  const int64_t *there = nullptr;
  const void *rows = f.exchange_receive(mirror.real, round, mirror.beside(offsets), &there);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(rows) % 256, 0u);
  mirror.fromDevice(offsets);
  mirror.places.resize(size_t(mirror.windowRows));
  f.device_read(mirror.real, mirror.places.data(), there, mirror.windowRows * 8);
  const int64_t last = *std::max_element(mirror.places.begin(), mirror.places.end());
  mirror.window.resize(size_t(last * mirror.sent.element_bytes + mirror.sent.row_bytes));
  f.device_read(mirror.real, mirror.window.data(), rows, int64_t(mirror.window.size()));
  // One after the other, as is promised.
  const int32_t count = offsets[mirror.find(offsets)->bytes / 4 - 1];
  for (int32_t row = 0; row < count; ++row)
    EXPECT_EQ(mirror.places[size_t(row)] * mirror.sent.element_bytes, row * mirror.sent.row_bytes);
  *places = mirror.places.data();
  return mirror.window.data();
}

void exchangeReturn(moert_ctx *, int64_t round, const void *rows, int64_t rowBytes, void *results) {
  mirror.toDevice(rows);
  mirror.results = results;
  mirror.real->functions->exchange_return(mirror.real, round,
                                          mirror.beside(static_cast<const char *>(rows)), rowBytes,
                                          mirror.beside(static_cast<char *>(results)));
}

void exchangeEnd(moert_ctx *) {
  mirror.real->functions->exchange_end(mirror.real);
  // Where there were no rounds nothing has been written.
  if (mirror.results)
    mirror.fromDevice(mirror.results);
  mirror.results = nullptr;
}

const moert_functions &mirrored() {
  static const moert_functions functions = [] {
    moert_functions functions = {};
    functions.size = sizeof(functions);
    functions.alloc = alloc;
    functions.release = release;
    functions.parallel_for = parallelFor;
    functions.output = output;
    functions.fail = fail;
    functions.exchange_begin = exchangeBegin;
    functions.exchange_receive = exchangeReceive;
    functions.exchange_return = exchangeReturn;
    functions.exchange_end = exchangeEnd;
    return functions;
  }();
  return functions;
}

int32_t runMirrored(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *outputs) {
  mirror.functions = &mirrored();
  mirror.real = ctx;
  mirror.buffers.clear();
  mirror.results = nullptr;
  mirror.inputs.assign(inputs, inputs + entryOfProcessor->num_inputs);
  for (uint32_t i = 0; i < entryOfProcessor->num_inputs; ++i) {
    moert_buffer &input = mirror.inputs[i];
    input.data =
        mirror.add(input.data, bytesOf(entryOfProcessor->inputs[i], input.rank, input.sizes));
    mirror.fromDevice(input.data);
  }
  if (wildLaunches > 0 && wildLaunches-- > 0) {
    const uint32_t one[3] = {1, 1, 1};
    ctx->functions->launch(ctx, 0, 0, one, one, 0, nullptr, 0);
  }
  const int32_t code = entryOfProcessor->fn(&mirror, mirror.inputs.data(), outputs);
  // The outputs, among others.
  for (const Buffer &buffer : mirror.buffers)
    ctx->functions->device_write(ctx, buffer.device, buffer.host.get(), buffer.bytes);
  return code;
}

} // namespace

std::atomic<int64_t> wildLaunches{0};

void useDevice(ExchangeModel &model) {
  static const moert_entry_info entry = [&] {
    entryOfProcessor = model.table.entries;
    moert_entry_info entry = *entryOfProcessor;
    entry.fn = runMirrored;
    return entry;
  }();
  model.table.entries = &entry;
  model.table.device = &kDevice;
}

} // namespace moert::test
