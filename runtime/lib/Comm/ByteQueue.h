// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytes on their way into or out of a socket, in memory of the host that grows up to a limit.
#ifndef MOERT_LIB_COMM_BYTEQUEUE_H
#define MOERT_LIB_COMM_BYTEQUEUE_H

#include "lib/Core/Host.h"

#include <algorithm>
#include <cstdint>

namespace moert {

class ByteQueue {
public:
  /// `host` must outlive the queue, which never holds more than `most` bytes.
  ByteQueue(const Host &host, size_t most) : host_(host), most_(most) {}
  ByteQueue(const ByteQueue &) = delete;
  ByteQueue &operator=(const ByteQueue &) = delete;
  ~ByteQueue() {
    if (data_)
      host_.deallocate(data_, capacity_, 1);
  }

  size_t size() const { return end_ - begin_; }
  const uint8_t *data() const { return data_ + begin_; }

  /// Makes room for `bytes` more. False where that is beyond the limit, or out of memory.
  [[nodiscard]] bool reserve(size_t bytes) {
    if (bytes > most_ - size())
      return false;
    if (bytes <= capacity_ - end_)
      return true;
    if (size() + bytes <= capacity_) {
      memmove(data_, data_ + begin_, size());
    } else {
      const size_t capacity = std::min(most_, std::max<size_t>(2 * (size() + bytes), 512));
      auto *data = static_cast<uint8_t *>(host_.allocate(capacity, 1));
      if (!data)
        return false;
      if (data_) {
        memcpy(data, data_ + begin_, size());
        host_.deallocate(data_, capacity_, 1);
      }
      data_ = data;
      capacity_ = capacity;
    }
    end_ -= begin_;
    begin_ = 0;
    return true;
  }

  /// Where the next bytes go, and how many fit without reserving more.
  uint8_t *tail() { return data_ + end_; }
  size_t room() const { return capacity_ - end_; }
  void produce(size_t bytes) { end_ += bytes; }

  [[nodiscard]] bool append(const void *bytes, size_t count) {
    if (!reserve(count))
      return false;
    if (count > 0)
      memcpy(tail(), bytes, count);
    produce(count);
    return true;
  }

  void consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }

private:
  const Host &host_;
  const size_t most_;
  uint8_t *data_ = nullptr;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

} // namespace moert

#endif // MOERT_LIB_COMM_BYTEQUEUE_H
