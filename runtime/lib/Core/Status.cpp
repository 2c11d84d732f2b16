// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Status.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace moert {

moert_status failure(int32_t code, const char *format, ...) {
  moert_status status = success();
  status.code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status.message, sizeof(status.message), format, arguments);
  va_end(arguments);
  return status;
}

moert_status osFailure(int32_t code, int osError, const char *format, ...) {
  moert_status status = success();
  status.code = code;
  status.os_error = osError;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status.message, sizeof(status.message), format, arguments);
  va_end(arguments);
  size_t length = strlen(status.message);
  char reason[128];
  // The GNU variant: returns the text, which need not be in the buffer.
  snprintf(status.message + length, sizeof(status.message) - length, ": %s",
           strerror_r(osError, reason, sizeof(reason)));
  return status;
}

const char *codeName(int32_t code) {
  switch (code) {
  case MOERT_OK:
    return "ok";
  case MOERT_INVALID_ARGUMENT:
    return "invalid argument";
  case MOERT_NOT_FOUND:
    return "not found";
  case MOERT_FAILED_PRECONDITION:
    return "failed precondition";
  case MOERT_INCOMPATIBLE:
    return "incompatible";
  case MOERT_CORRUPT:
    return "corrupt";
  case MOERT_IO:
    return "input/output error";
  case MOERT_OUT_OF_MEMORY:
    return "out of memory";
  case MOERT_RESOURCE_EXHAUSTED:
    return "resource exhausted";
  case MOERT_UNSUPPORTED:
    return "unsupported";
  case MOERT_CANCELLED:
    return "cancelled";
  case MOERT_DEADLINE_EXCEEDED:
    return "deadline exceeded";
  case MOERT_PEER_LOST:
    return "peer lost";
  case MOERT_UNAVAILABLE:
    return "unavailable";
  case MOERT_ABORTED:
    return "aborted";
  case MOERT_INTERNAL:
    return "internal error";
  default:
    return "unknown code";
  }
}

} // namespace moert
