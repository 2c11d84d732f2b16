// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file descriptor that closes itself.
#ifndef MOERT_LIB_CORE_DESCRIPTOR_H
#define MOERT_LIB_CORE_DESCRIPTOR_H

#include <cerrno>
#include <cstdint>
#include <unistd.h>
#include <utility>

namespace moert {

class Descriptor {
public:
  explicit Descriptor(int value) : value(value) {}
  ~Descriptor() {
    if (value >= 0)
      close(value);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  /// Reads `bytes` bytes at `offset`, or up to the file's end: how many, or -1 with errno set.
  int64_t readAt(void *data, int64_t bytes, int64_t offset) const {
    int64_t done = 0;
    while (done < bytes) {
      ssize_t count =
          pread(value, static_cast<char *>(data) + done, size_t(bytes - done), offset + done);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return -1;
      if (count == 0)
        break;
      done += count;
    }
    return done;
  }

  /// The descriptor, which is the caller's to close now.
  int release() { return std::exchange(value, -1); }

  int value;
};

} // namespace moert

#endif // MOERT_LIB_CORE_DESCRIPTOR_H
