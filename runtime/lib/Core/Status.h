// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Making statuses. They are plain values; messages are one sentence, cut at the storage's end.
#ifndef MOERT_LIB_CORE_STATUS_H
#define MOERT_LIB_CORE_STATUS_H

#include "moert/moert.h"

namespace moert {

/// Clears what readers look at and leaves the rest of the message storage alone: the success path
/// of every call goes through here.
inline moert_status success() {
  moert_status status;
  status.code = MOERT_OK;
  status.os_error = 0;
  status.message[0] = '\0';
  return status;
}

[[gnu::format(printf, 2, 3)]] moert_status failure(int32_t code, const char *format, ...);

/// A failure of the operating system: appends what `osError` (an errno) means.
[[gnu::format(printf, 3, 4)]] moert_status osFailure(int32_t code, int osError, const char *format,
                                                     ...);

const char *codeName(int32_t code);

} // namespace moert

/// Returns from the enclosing function when `expression`, a moert_status, is not MOERT_OK.
#define MOERT_RETURN_IF_FAILED(expression)                                                         \
  do {                                                                                             \
    if (moert_status status_ = (expression); status_.code != MOERT_OK)                             \
      return status_;                                                                              \
  } while (false)

#endif // MOERT_LIB_CORE_STATUS_H
