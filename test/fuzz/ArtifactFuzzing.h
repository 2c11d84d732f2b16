// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parts of ArtifactFuzzer share: the input as numbers, files and memory that fail, and
// what no input may lead to.
#ifndef MOEC_TEST_FUZZ_ARTIFACTFUZZING_H
#define MOEC_TEST_FUZZ_ARTIFACTFUZZING_H

#include "moert/moert.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace moert::fuzz {

constexpr uint8_t kBuild[16] = {1, 2, 3};

inline const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

[[noreturn]] inline void wrong(const char *what, const char *message = "") {
  fprintf(stderr, "ArtifactFuzzer: %s %s\n", what, message);
  abort();
}

/// Well-formed, and one of the codes that refusing input may have.
inline bool accepted(const moert_status &status) {
  if (!memchr(status.message, 0, sizeof(status.message)) ||
      (status.code == MOERT_OK) != (status.message[0] == 0))
    wrong("malformed status");
  if (status.code == MOERT_IO || status.code < 0 || status.code > MOERT_UNSUPPORTED)
    wrong("unexpected status:", status.message);
  return status.code == MOERT_OK;
}

class Input {
public:
  Input(const uint8_t *data, size_t size) : next_(data), left_(size) {}
  size_t left() const { return left_; }
  const uint8_t *rest() const { return next_; }
  template <typename T>
  T number() {
    T value = 0;
    size_t count = std::min(left_, sizeof(T));
    if (count)
      memcpy(&value, next_, count);
    next_ += count;
    left_ -= count;
    return value;
  }
  uint8_t byte() { return number<uint8_t>(); }
  template <typename T, size_t Count>
  const T &of(const T (&values)[Count]) {
    return values[byte() % Count];
  }

private:
  const uint8_t *next_;
  size_t left_;
};

/// A file without a name: /proc gives it one.
class MemoryFile {
public:
  MemoryFile() : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    path_ = "/proc/self/fd/" + std::to_string(file_);
    if (file_ < 0)
      abort();
  }
  const char *hold(const uint8_t *data, size_t size) {
    if (ftruncate(file_, 0) != 0 || pwrite(file_, data, size, 0) != ssize_t(size))
      abort();
    return path_.c_str();
  }
  const char *path() const { return path_.c_str(); }
  std::vector<uint8_t> contents() const {
    std::vector<uint8_t> bytes(size_t(lseek(file_, 0, SEEK_END)));
    if (pread(file_, bytes.data(), bytes.size(), 0) != ssize_t(bytes.size()))
      abort();
    return bytes;
  }

private:
  int file_;
  std::string path_;
};

/// Gives at most 8 MiB at once, and none from a number on.
struct Limits {
  int64_t left = INT64_MAX;
  int64_t live = 0;
  int64_t time = 0;

  moert_hooks hooks() {
    moert_hooks hooks = {};
    hooks.size = sizeof(hooks);
    hooks.user = this;
    hooks.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
      auto &self = *static_cast<Limits *>(user);
      void *memory = nullptr;
      if (--self.left < 0 || bytes > (8u << 20) ||
          posix_memalign(&memory, std::max(alignment, sizeof(void *)), bytes) != 0)
        return nullptr;
      ++self.live;
      return memory;
    };
    hooks.free = [](void *user, void *memory, size_t, size_t) {
      --static_cast<Limits *>(user)->live;
      free(memory);
    };
    // The same in every run, and yet waits end.
    hooks.now_ns = [](void *user) -> int64_t { return static_cast<Limits *>(user)->time += 1000; };
    return hooks;
  }
};

/// Builds an artifact's tables from the input; runs what is accepted.
void makeTables(Input &input);

} // namespace moert::fuzz

#endif // MOEC_TEST_FUZZ_ARTIFACTFUZZING_H
