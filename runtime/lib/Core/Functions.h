// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The function table compiled code calls through.
#ifndef MOERT_LIB_CORE_FUNCTIONS_H
#define MOERT_LIB_CORE_FUNCTIONS_H

#include "moert/abi.h"

namespace moert {

/// On the processor.
extern const moert_functions kFunctions;
/// With device code, which runs elsewhere.
extern const moert_functions kDeviceFunctions;

// In Functions.cpp; for both.
/// [unwinds] Memory of the run on the host, as moert_functions.alloc gives it on the processor.
void *poolAlloc(moert_ctx *ctx, int64_t bytes);
/// Null is allowed.
void poolRelease(moert_ctx *ctx, void *memory);
void parallelFor(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units);
void parallelForGrain(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units, int64_t grain);
const void *weight(moert_ctx *ctx, uint32_t index);
void *output(moert_ctx *ctx, uint32_t index, int64_t rank, const int64_t *sizes);
void fail(moert_ctx *ctx, int32_t code, const char *message);
void *state(moert_ctx *ctx, uint32_t index, int64_t *length, int64_t *capacity);
void appendState(moert_ctx *ctx, uint32_t index, int64_t rows);

// In ExchangeFunctions.cpp.
void exchangeBegin(moert_ctx *ctx, uint32_t number, const moert_exchange_rows *send,
                   int64_t plan[2]);
const void *exchangeReceive(moert_ctx *ctx, int64_t round, int32_t *offsets,
                            const int64_t **places);
void exchangeReturn(moert_ctx *ctx, int64_t round, const void *rows, int64_t rowBytes,
                    void *results);
void exchangeEnd(moert_ctx *ctx);

// In DeviceExchange.cpp: the same for rows in a device's memory.
void deviceExchangeBegin(moert_ctx *ctx, uint32_t number, const moert_exchange_rows *send,
                         int64_t plan[2]);
const void *deviceExchangeReceive(moert_ctx *ctx, int64_t round, int32_t *offsets,
                                  const int64_t **places);
void deviceExchangeReturn(moert_ctx *ctx, int64_t round, const void *rows, int64_t rowBytes,
                          void *results);
void deviceExchangeEnd(moert_ctx *ctx);

} // namespace moert

#endif // MOERT_LIB_CORE_FUNCTIONS_H
