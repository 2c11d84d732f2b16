// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RowBuffer.h"
#include "lib/Core/Status.h"

namespace moert {

RowBuffer::~RowBuffer() {
  if (data_)
    host_.deallocate(data_, size_t(bytes_), MOERT_ALIGNMENT);
}

moert_status RowBuffer::reserve(int64_t rows, int64_t rowBytes) {
  int64_t bytes;
  if (__builtin_mul_overflow(rows, rowBytes, &bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no machine has memory for %lld rows of %lld bytes",
                   static_cast<long long>(rows), static_cast<long long>(rowBytes));
  if (bytes <= bytes_)
    return success();
  if (data_)
    host_.deallocate(data_, size_t(bytes_), MOERT_ALIGNMENT);
  bytes_ = 0;
  data_ = static_cast<char *>(host_.allocate(size_t(bytes), MOERT_ALIGNMENT));
  if (!data_)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for %lld rows of %lld bytes of an exchange",
                   static_cast<long long>(rows), static_cast<long long>(rowBytes));
  bytes_ = bytes;
  return success();
}

void copyRows(char *to, const moert_exchange_rows &from, int64_t first, int64_t count) {
  const auto *rows = static_cast<const char *>(from.rows);
  if (!from.gather) {
    memcpy(to, rows + first * from.row_bytes, size_t(count * from.row_bytes));
    return;
  }
  for (int64_t row = 0; row < count; ++row, to += from.row_bytes)
    memcpy(to, rows + from.gather[first + row] * from.row_bytes, size_t(from.row_bytes));
}

} // namespace moert
