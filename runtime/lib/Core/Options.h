// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing the structures of the interface that begin with their size.
#ifndef MOERT_LIB_CORE_OPTIONS_H
#define MOERT_LIB_CORE_OPTIONS_H

#include "lib/Core/Status.h"

#include <algorithm>
#include <cstring>

namespace moert {

/// Copies a caller's structure of any age into today's: what the caller does not have is zero. A
/// caller newer than this library may have more fields, as long as it does not use them.
template <typename T>
moert_status readOptions(const T *given, const char *type, T &options) {
  memset(static_cast<void *>(&options), 0, sizeof(T));
  if (!given)
    return success();
  if (given->size < sizeof(given->size))
    return failure(MOERT_INVALID_ARGUMENT, "%s.size is %llu; set it to sizeof(%s)", type,
                   static_cast<unsigned long long>(given->size), type);
  const auto *bytes = reinterpret_cast<const unsigned char *>(given);
  for (uint64_t i = sizeof(T); i < given->size; ++i)
    if (bytes[i])
      return failure(MOERT_UNSUPPORTED, "%s uses fields that this version of libmoert lacks", type);
  memcpy(static_cast<void *>(&options), given, size_t(std::min<uint64_t>(given->size, sizeof(T))));
  return success();
}

/// Fills a caller's structure as far as it reaches. `values.size` is set to what was filled.
template <typename T>
moert_status writeStructure(T values, const char *type, T *out) {
  if (!out)
    return failure(MOERT_INVALID_ARGUMENT, "%s is null", type);
  if (out->size < sizeof(out->size))
    return failure(MOERT_INVALID_ARGUMENT, "%s.size is %llu; set it to sizeof(%s)", type,
                   static_cast<unsigned long long>(out->size), type);
  uint64_t bytes = std::min<uint64_t>(out->size, sizeof(T));
  values.size = bytes;
  memcpy(static_cast<void *>(out), &values, size_t(bytes));
  return success();
}

} // namespace moert

#endif // MOERT_LIB_CORE_OPTIONS_H
