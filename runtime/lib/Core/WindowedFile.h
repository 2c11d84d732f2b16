// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A new file that is written in windows, so that one thread fills some while another's go to disk.
//
// Windows begin at multiples of their size, so that file systems can keep the file in huge pages,
// which readers can then map as such: a first use of the weights has far fewer faults.
#ifndef MOERT_LIB_CORE_WINDOWEDFILE_H
#define MOERT_LIB_CORE_WINDOWEDFILE_H

#include "moert/moert.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace moert {

class WindowedFile {
public:
  static constexpr int64_t kWindowBytes = int64_t(2) << 20;
  /// Windows that may be in memory: adding waits for writing where there are more.
  static constexpr size_t kMostWindows = 8;

  WindowedFile() = default;
  /// Removes a file that has not been closed.
  ~WindowedFile();
  WindowedFile(const WindowedFile &) = delete;
  WindowedFile &operator=(const WindowedFile &) = delete;

  /// Makes the file, of `bytes` zeros. OUT_OF_MEMORY without memory for a window, IO otherwise.
  moert_status create(const std::string &path, int64_t bytes);

  /// Adds what belongs at `offset`, which is not before the end of what was added last; what lies
  /// between becomes zeros. Writes nothing while there is memory for what is added. By one thread
  /// at a time.
  moert_status add(const void *data, int64_t bytes, int64_t offset);
  /// As `add` of no bytes.
  moert_status advance(int64_t offset);

  /// Writes windows that are full, unless another thread does so already. By any thread, also
  /// while another adds.
  moert_status writeFull();

  /// Writes all that was added. Only when no other thread adds or writes any more.
  moert_status writeRest();

  /// Writes at once, past the windows.
  moert_status writeAt(const void *data, int64_t bytes, int64_t offset);

  /// Closes the file, which stays from now on; one that cannot be closed is removed.
  moert_status close();

  const char *path() const { return path_.c_str(); }

private:
  using Buffer = std::unique_ptr<uint8_t[]>;
  struct Window {
    Buffer buffer;
    int64_t offset, bytes;
  };

  moert_status takeBuffer();
  void passOn();
  moert_status writeOne(std::unique_lock<std::mutex> &lock);

  std::string path_;
  int file_ = -1;

  // The bytes at [offset_, offset_ + filled_): the window of the thread that adds. Its buffer is
  // there as soon as it has bytes.
  Buffer buffer_;
  int64_t offset_ = 0;
  int64_t filled_ = 0;

  std::mutex mutex_; // of what follows
  std::condition_variable written_;
  std::deque<Window> full_;
  std::vector<Buffer> spare_;
  size_t buffers_ = 0;
  bool writing_ = false;
  moert_status failed_ = {}; // of the first write that failed
};

} // namespace moert

#endif // MOERT_LIB_CORE_WINDOWEDFILE_H
