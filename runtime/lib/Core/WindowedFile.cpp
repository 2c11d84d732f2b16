// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/WindowedFile.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>
#include <utility>

namespace moert {

WindowedFile::~WindowedFile() {
  if (file_ < 0)
    return;
  ::close(file_);
  unlink(path_.c_str());
}

moert_status WindowedFile::create(const std::string &path, int64_t bytes) {
  path_ = path;
  MOERT_RETURN_IF_FAILED(takeBuffer());
  file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file_ < 0)
    return osFailure(MOERT_IO, errno, "cannot create '%s'", path_.c_str());
  // Sets the size at once, so gaps that are larger than a window are holes that read as zeros.
  if (ftruncate(file_, bytes) != 0)
    return osFailure(MOERT_IO, errno, "cannot give '%s' its size", path_.c_str());
  return success();
}

/// A buffer for the thread that adds: one that has been written, else a new one. Where all are full
/// it helps writing.
moert_status WindowedFile::takeBuffer() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (failed_.code == MOERT_OK) {
    if (!spare_.empty()) {
      buffer_ = std::move(spare_.back());
      spare_.pop_back();
      return success();
    }
    if (buffers_ < kMostWindows) {
      buffer_.reset(new (std::nothrow) uint8_t[kWindowBytes]);
      if (buffer_) {
        ++buffers_;
        return success();
      }
      if (buffers_ == 0)
        return failure(MOERT_OUT_OF_MEMORY, "no memory to write '%s'", path_.c_str());
    }
    if (writing_)
      written_.wait(lock);
    else
      MOERT_RETURN_IF_FAILED(writeOne(lock));
  }
  return failed_;
}

/// Leaves the window to whoever writes.
void WindowedFile::passOn() {
  std::lock_guard<std::mutex> lock(mutex_);
  full_.push_back({std::move(buffer_), offset_, filled_});
  offset_ += filled_;
  filled_ = 0;
}

moert_status WindowedFile::add(const void *data, int64_t bytes, int64_t offset) {
  const auto *from = static_cast<const uint8_t *>(data);
  MOERT_RETURN_IF_FAILED(advance(offset));
  while (bytes > 0) {
    if (!buffer_)
      MOERT_RETURN_IF_FAILED(takeBuffer());
    int64_t count = std::min(bytes, kWindowBytes - filled_);
    memcpy(buffer_.get() + filled_, from, size_t(count));
    filled_ += count;
    if (filled_ == kWindowBytes)
      passOn();
    from += count;
    bytes -= count;
  }
  return success();
}

moert_status WindowedFile::advance(int64_t offset) {
  if (offset >= offset_ + kWindowBytes) {
    if (filled_ > 0) {
      memset(buffer_.get() + filled_, 0, size_t(kWindowBytes - filled_));
      filled_ = kWindowBytes;
      passOn();
    }
    offset_ = offset / kWindowBytes * kWindowBytes;
  }
  int64_t gap = offset - offset_ - filled_;
  if (gap == 0)
    return success();
  if (!buffer_)
    MOERT_RETURN_IF_FAILED(takeBuffer());
  memset(buffer_.get() + filled_, 0, size_t(gap));
  filled_ += gap;
  return success();
}

/// Writes the first full window, without the lock meanwhile. There is one, and nobody is writing.
moert_status WindowedFile::writeOne(std::unique_lock<std::mutex> &lock) {
  Window window = std::move(full_.front());
  full_.pop_front();
  writing_ = true;
  lock.unlock();
  moert_status status = writeAt(window.buffer.get(), window.bytes, window.offset);
  // The disk starts at once, beside what is still to be filled; where it cannot, it starts later.
  if (status.code == MOERT_OK)
    (void)sync_file_range(file_, window.offset, window.bytes, SYNC_FILE_RANGE_WRITE);
  lock.lock();
  writing_ = false;
  spare_.push_back(std::move(window.buffer));
  if (status.code != MOERT_OK && failed_.code == MOERT_OK)
    failed_ = status;
  written_.notify_all();
  return failed_;
}

moert_status WindowedFile::writeFull() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (failed_.code == MOERT_OK && !writing_ && !full_.empty())
    MOERT_RETURN_IF_FAILED(writeOne(lock));
  return failed_;
}

moert_status WindowedFile::writeRest() {
  MOERT_RETURN_IF_FAILED(writeFull());
  if (filled_ == 0)
    return success();
  passOn();
  return writeFull();
}

moert_status WindowedFile::writeAt(const void *data, int64_t bytes, int64_t offset) {
  const auto *from = static_cast<const uint8_t *>(data);
  while (bytes > 0) {
    ssize_t count = pwrite(file_, from, size_t(bytes), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return osFailure(MOERT_IO, errno, "cannot write '%s'", path_.c_str());
    from += count;
    bytes -= count;
    offset += count;
  }
  return success();
}

moert_status WindowedFile::close() {
  if (::close(std::exchange(file_, -1)) == 0)
    return success();
  int error = errno;
  unlink(path_.c_str());
  return osFailure(MOERT_IO, error, "cannot write '%s'", path_.c_str());
}

} // namespace moert
