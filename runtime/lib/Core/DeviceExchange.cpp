// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the table for exchanges of rows that are in a device's memory. Rows are copied
// to the host, exchanged there as those of the processor are, and copied back. Where an exchange
// begins it waits for the device twice, for offsets and for rows, and once more between them where
// rows are gathered, for which; then once for each round that is returned. As in Functions.cpp, no
// locals with destructors.
#include "lib/Core/DeviceCalls.h"
#include "lib/Core/Functions.h"
#include "lib/Core/Request.h"

#include <algorithm>
#include <cstring>

namespace moert {

namespace {

/// `count` things of `bytes` each, in bytes.
int64_t bytesOf(Context &context, int64_t count, int64_t bytes) {
  int64_t total = 0;
  if (count < 0 || bytes < 0 || __builtin_mul_overflow(count, bytes, &total))
    context.unwind(failure(MOERT_OUT_OF_MEMORY, "no machine has memory for %lld rows of %lld bytes",
                           static_cast<long long>(count), static_cast<long long>(bytes)));
  return total;
}

template <typename T>
T *onHost(Context &context, int64_t count, int64_t each = sizeof(T)) {
  return static_cast<T *>(poolAlloc(&context, bytesOf(context, count, each)));
}

void *onDevice(Context &context, int64_t bytes) {
  void *memory = nullptr;
  require(context, context.device->allocate(bytes, memory));
  return memory;
}

void fromDevice(Context &context, void *to, const void *from, int64_t bytes) {
  if (bytes)
    require(context, context.device->download(to, from, bytes));
}

void toDevice(Context &context, void *to, const void *from, int64_t bytes) {
  if (bytes)
    require(context, context.device->upload(to, from, bytes));
}

void wait(Context &context) { require(context, context.device->finish()); }

/// What `send` points at, on the host, where other ranks can read it.
void stageRows(Context &context, const moert_exchange_info &info, const moert_exchange_rows &send) {
  StagedExchange &staged = context.staged;
  const int64_t numOffsets = int64_t(info.num_experts) + 1;
  staged.offsets = onHost<int32_t>(context, numOffsets);
  fromDevice(context, staged.offsets, send.offsets, numOffsets * int64_t(sizeof(int32_t)));
  int32_t failed = 0;
  if (context.failedCheck)
    fromDevice(context, &failed, context.failedCheck, sizeof(failed));
  wait(context);
  // Others must not wait for a rank whose data is wrong, nor compute with it. The run's end finds
  // the check and says what it says.
  if (failed)
    context.unwind(failure(MOERT_INTERNAL, "a check failed before an exchange"));
  // Offsets that do not ascend are an error below, with no rows read before it.
  const bool ascends =
      staged.offsets[0] == 0 && std::is_sorted(staged.offsets, staged.offsets + numOffsets);
  const int64_t count = ascends ? staged.offsets[info.num_experts] : 0;
  int64_t sources = count;
  if (send.gather && count) {
    staged.gather = onHost<int32_t>(context, count);
    fromDevice(context, staged.gather, send.gather, count * int64_t(sizeof(int32_t)));
    wait(context);
    const auto [least, most] = std::minmax_element(staged.gather, staged.gather + count);
    if (*least < 0)
      context.unwind(failure(MOERT_INTERNAL, "compiled code sends row %d in an exchange", *least));
    sources = int64_t(*most) + 1;
  }
  if (!send.rows) // an error below, unless there are none
    return;
  const int64_t bytes = bytesOf(context, sources, send.row_bytes);
  staged.rows = onHost<char>(context, bytes);
  fromDevice(context, staged.rows, send.rows, bytes);
  if (bytes)
    wait(context);
}

/// Room for the rounds of the exchange that has begun.
void prepareRounds(Context &context) {
  StagedExchange &staged = context.staged;
  const ExchangePlan &plan = context.exchange.transport->plan();
  const int32_t member = context.exchange.transport->member();
  staged.mostRows = 1;
  for (int64_t round = 0; round < plan.rounds(); ++round)
    staged.mostRows =
        std::max(staged.mostRows, plan.roundEnd(member, round) - plan.roundBegin(member, round));
  const int64_t bytes = bytesOf(context, staged.mostRows, staged.rowBytes);
  const int64_t placeBytes = bytesOf(context, staged.window, sizeof(int64_t));
  staged.ranges = onHost<int32_t>(context, staged.numRanges + 1);
  staged.received = onHost<char>(context, bytes);
  staged.places = onHost<int64_t>(context, staged.window);
  staged.deviceRows = onDevice(context, bytes);
  staged.devicePlaces = onDevice(context, placeBytes);
}

/// The rows of a round one after the other, those that are neighbours already in one go.
void collectRows(StagedExchange &staged, const void *base, const int64_t *places) {
  const int64_t step = staged.rowBytes / staged.elementBytes;
  const char *from = static_cast<const char *>(base);
  for (int64_t row = 0, end; row < staged.count; row = end) {
    for (end = row + 1; end < staged.count && places[end] == places[end - 1] + step;)
      ++end;
    memcpy(staged.received + row * staged.rowBytes, from + places[row] * staged.elementBytes,
           size_t((end - row) * staged.rowBytes));
  }
}

/// Gives memory of the exchange back.
void discard(Context &context) {
  StagedExchange &staged = context.staged;
  for (void *memory : {static_cast<void *>(staged.rows), static_cast<void *>(staged.gather),
                       static_cast<void *>(staged.offsets), static_cast<void *>(staged.ranges),
                       static_cast<void *>(staged.received), static_cast<void *>(staged.places),
                       static_cast<void *>(staged.made), static_cast<void *>(staged.results)})
    poolRelease(&context, memory);
  for (void *memory : {staged.deviceRows, staged.devicePlaces})
    if (memory)
      require(context, context.device->release(memory));
  staged = {};
}

} // namespace

void deviceExchangeBegin(moert_ctx *ctx, uint32_t number, const moert_exchange_rows *send,
                         int64_t plan[2]) {
  Context &context = contextOf(ctx);
  const moert_artifact &artifact = *context.session.artifact;
  moert_exchange_rows onHostToo = {};
  // What is wrong with a call is found by the function for the host, before it looks at rows.
  if (send && number < artifact.numExchanges && !context.exchange.transport && send->offsets &&
      send->row_bytes >= 1 && send->row_bytes <= kMostRowBytes) {
    context.staged = {};
    stageRows(context, artifact.exchanges[number], *send);
    onHostToo = {context.staged.rows, send->row_bytes, context.staged.gather,
                 context.staged.offsets, send->element_bytes};
  }
  exchangeBegin(ctx, number, &onHostToo, plan);
  StagedExchange &staged = context.staged;
  const moert_exchange_info &info = artifact.exchanges[number];
  staged.rowBytes = send->row_bytes;
  staged.elementBytes = send->element_bytes;
  staged.numRanges = int64_t(info.num_experts) * info.parts;
  staged.window = plan[1];
  if (plan[0] > 0)
    prepareRounds(context);
}

const void *deviceExchangeReceive(moert_ctx *ctx, int64_t round, int32_t *offsets,
                                  const int64_t **places) {
  Context &context = contextOf(ctx);
  StagedExchange &staged = context.staged;
  const int64_t *hostPlaces = nullptr;
  const void *base = exchangeReceive(ctx, round, staged.ranges, &hostPlaces);
  staged.count = staged.ranges[staged.numRanges];
  if (staged.count > staged.mostRows)
    context.unwind(failure(MOERT_INTERNAL, "a round has %lld rows where its plan has %lld",
                           static_cast<long long>(staged.count),
                           static_cast<long long>(staged.mostRows)));
  collectRows(staged, base, hostPlaces);
  // A first row is always there, for places beyond the rows of the round.
  if (staged.count == 0)
    memset(staged.received, 0, size_t(staged.rowBytes));
  for (int64_t row = 0; row < staged.window; ++row)
    staged.places[row] = row < staged.count ? row * (staged.rowBytes / staged.elementBytes) : 0;
  toDevice(context, offsets, staged.ranges, (staged.numRanges + 1) * int64_t(sizeof(int32_t)));
  toDevice(context, staged.deviceRows, staged.received,
           std::max<int64_t>(staged.count, 1) * staged.rowBytes);
  toDevice(context, staged.devicePlaces, staged.places, staged.window * int64_t(sizeof(int64_t)));
  *places = static_cast<const int64_t *>(staged.devicePlaces);
  return staged.deviceRows;
}

void deviceExchangeReturn(moert_ctx *ctx, int64_t round, const void *rows, int64_t rowBytes,
                          void *results) {
  Context &context = contextOf(ctx);
  StagedExchange &staged = context.staged;
  const RunExchange &exchange = context.exchange;
  // What is wrong with a call is found by the function for the host, before it looks at rows.
  if (!exchange.transport || round != exchange.returned || round >= exchange.received ||
      rowBytes < 1) {
    exchangeReturn(ctx, round, nullptr, rowBytes, nullptr);
    return;
  }
  if (!staged.made) {
    staged.made = onHost<char>(context, staged.mostRows, rowBytes);
    staged.madeBytes = rowBytes;
    staged.resultBytes =
        bytesOf(context, exchange.ownRows, bytesOf(context, exchange.info->parts, rowBytes));
    staged.results = onHost<char>(context, staged.resultBytes);
    staged.deviceResults = results;
  }
  // Rows of another size are found below.
  if (results != staged.deviceResults)
    context.unwind(failure(MOERT_INTERNAL,
                           "compiled code takes the results of an exchange to different places"));
  if (rows && rowBytes == staged.madeBytes)
    fromDevice(context, staged.made, rows, staged.count * rowBytes);
  // For the rows, and for what became of the work that made them.
  wait(context);
  exchangeReturn(ctx, round, rows ? staged.made : nullptr, rowBytes,
                 results ? staged.results : nullptr);
}

void deviceExchangeEnd(moert_ctx *ctx) {
  Context &context = contextOf(ctx);
  exchangeEnd(ctx);
  StagedExchange &staged = context.staged;
  if (staged.results && staged.deviceResults)
    toDevice(context, staged.deviceResults, staged.results, staged.resultBytes);
  discard(context);
}

} // namespace moert
