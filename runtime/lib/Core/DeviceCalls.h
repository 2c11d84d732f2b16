// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the functions of the table for device code have in common.
#ifndef MOERT_LIB_CORE_DEVICECALLS_H
#define MOERT_LIB_CORE_DEVICECALLS_H

#include "lib/Core/Context.h"
#include "lib/Core/Status.h"

namespace moert {

inline Context &contextOf(moert_ctx *ctx) { return *static_cast<Context *>(ctx); }

/// [unwinds] Ends the run unless `status` is a success.
inline void require(Context &context, const moert_status &status) {
  if (status.code != MOERT_OK)
    context.unwind(status);
}

} // namespace moert

#endif // MOERT_LIB_CORE_DEVICECALLS_H
