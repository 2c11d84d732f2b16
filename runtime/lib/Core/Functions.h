// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The function table compiled code calls through.
#ifndef MOERT_LIB_CORE_FUNCTIONS_H
#define MOERT_LIB_CORE_FUNCTIONS_H

#include "moert/abi.h"

namespace moert {

extern const moert_functions kFunctions;

// In ExchangeFunctions.cpp.
void exchangeBegin(moert_ctx *ctx, uint32_t number, const moert_exchange_rows *send,
                   int64_t plan[2]);
const void *exchangeReceive(moert_ctx *ctx, int64_t round, int32_t *offsets,
                            const int64_t **places);
void exchangeReturn(moert_ctx *ctx, int64_t round, const void *rows, int64_t rowBytes,
                    void *results);
void exchangeEnd(moert_ctx *ctx);

} // namespace moert

#endif // MOERT_LIB_CORE_FUNCTIONS_H
