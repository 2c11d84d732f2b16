// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for rows of an exchange, which grows when more is needed and is kept from one exchange to
// the next.
#ifndef MOERT_LIB_COMM_ROWBUFFER_H
#define MOERT_LIB_COMM_ROWBUFFER_H

#include "lib/Core/Host.h"

#include <cstdint>

namespace moert {

class RowBuffer {
public:
  /// `host` must outlive the buffer.
  explicit RowBuffer(const Host &host) : host_(host) {}
  RowBuffer(const RowBuffer &) = delete;
  RowBuffer &operator=(const RowBuffer &) = delete;
  ~RowBuffer();

  /// Room for `rows` rows, aligned to MOERT_ALIGNMENT; what was there is lost if it grows, so
  /// nobody may use it. OUT_OF_MEMORY.
  moert_status reserve(int64_t rows, int64_t rowBytes);
  char *data() const { return data_; }

private:
  const Host &host_;
  char *data_ = nullptr;
  int64_t bytes_ = 0;
};

/// Copies rows `first` to `first + count - 1` of those that a rank takes into an exchange.
void copyRows(char *to, const moert_exchange_rows &from, int64_t first, int64_t count);

} // namespace moert

#endif // MOERT_LIB_COMM_ROWBUFFER_H
