// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for the rows of a round.
#ifndef MOERT_LIB_COMM_WINDOW_H
#define MOERT_LIB_COMM_WINDOW_H

#include "lib/Core/Host.h"
#include "lib/Core/Status.h"

namespace moert {

/// Grows when more rows are needed, and keeps its memory otherwise.
class Window {
public:
  /// `host` must outlive the window.
  explicit Window(const Host &host) : host_(host) {}
  Window(const Window &) = delete;
  Window &operator=(const Window &) = delete;
  ~Window() { clear(); }

  /// Makes room; what was in it is lost where there was less. OUT_OF_MEMORY.
  moert_status grow(int64_t rows, int64_t rowBytes) {
    int64_t bytes;
    if (__builtin_mul_overflow(rows, rowBytes, &bytes))
      return failure(MOERT_OUT_OF_MEMORY, "no machine has memory for %lld rows of %lld bytes",
                     static_cast<long long>(rows), static_cast<long long>(rowBytes));
    if (bytes <= bytes_)
      return success();
    clear();
    data_ = static_cast<char *>(host_.allocate(size_t(bytes), MOERT_ALIGNMENT));
    if (!data_)
      return failure(MOERT_OUT_OF_MEMORY, "no memory for %lld rows of %lld bytes of an exchange",
                     static_cast<long long>(rows), static_cast<long long>(rowBytes));
    bytes_ = bytes;
    return success();
  }

  /// Aligned to MOERT_ALIGNMENT.
  char *data() { return data_; }
  const char *data() const { return data_; }

private:
  void clear() {
    if (data_)
      host_.deallocate(data_, size_t(bytes_), MOERT_ALIGNMENT);
    data_ = nullptr;
    bytes_ = 0;
  }

  const Host &host_;
  char *data_ = nullptr;
  int64_t bytes_ = 0;
};

} // namespace moert

#endif // MOERT_LIB_COMM_WINDOW_H
