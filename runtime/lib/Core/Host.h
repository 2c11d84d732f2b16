// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The services of the embedding program: its hooks, with defaults where it gave none. All memory of
// the library comes from here, and running out of it is a status, so containers that throw have no
// place inside: Array and create/destroy below are what there is.
#ifndef MOERT_LIB_CORE_HOST_H
#define MOERT_LIB_CORE_HOST_H

#include "moert/moert.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace moert {

class Host {
public:
  /// `hooks` has been read by readOptions, so all fields are there. Null pairs become defaults.
  explicit Host(const moert_hooks &hooks);

  /// Null when out of memory. `bytes` > 0, `alignment` a power of two.
  void *allocate(size_t bytes, size_t alignment) const;
  void deallocate(void *memory, size_t bytes, size_t alignment) const;

  int64_t now() const { return hooks_.now_ns(hooks_.user); }

  bool traces() const { return hooks_.trace != nullptr; }
  /// Fills in the size. Only where `traces`.
  void trace(moert_trace_event event) const;

  [[gnu::format(printf, 3, 4)]] void log(int32_t level, const char *format, ...) const;

  /// 0 or an errno.
  int spawn(void (*body)(void *), void *argument, void **thread) const;
  void join(void *thread) const { hooks_.join(hooks_.user, thread); }

private:
  moert_hooks hooks_;
};

/// A T in memory of `host`, or null when out of memory.
template <typename T, typename... Arguments>
T *create(const Host &host, Arguments &&...arguments) {
  void *memory = host.allocate(sizeof(T), alignof(T));
  return memory ? new (memory) T(std::forward<Arguments>(arguments)...) : nullptr;
}

/// Ends what `create` made. `host` must not live inside `object`.
template <typename T>
void destroy(const Host &host, T *object) {
  if (!object)
    return;
  object->~T();
  host.deallocate(object, sizeof(T), alignof(T));
}

/// A row of zero-initialised, trivial elements whose length is set once.
template <typename T>
class Array {
  static_assert(std::is_trivially_copyable<T>::value, "elements are made and moved by memset");

public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { clear(); }

  /// False when out of memory. The host must outlive the array.
  [[nodiscard]] bool allocate(const Host &host, size_t count) {
    clear();
    if (count == 0)
      return true;
    if (count > PTRDIFF_MAX / sizeof(T))
      return false;
    data_ = static_cast<T *>(host.allocate(count * sizeof(T), alignof(T)));
    if (!data_)
      return false;
    memset(static_cast<void *>(data_), 0, count * sizeof(T));
    host_ = &host;
    size_ = count;
    return true;
  }

  void clear() {
    if (data_)
      host_->deallocate(data_, size_ * sizeof(T), alignof(T));
    data_ = nullptr;
    size_ = 0;
  }

  T *data() { return data_; }
  const T *data() const { return data_; }
  size_t size() const { return size_; }
  T &operator[](size_t index) { return data_[index]; }
  const T &operator[](size_t index) const { return data_[index]; }
  T *begin() { return data_; }
  T *end() { return data_ + size_; }
  const T *begin() const { return data_; }
  const T *end() const { return data_ + size_; }

private:
  const Host *host_ = nullptr;
  T *data_ = nullptr;
  size_t size_ = 0;
};

/// A copy of `text`, ending in NUL. False when out of memory.
[[nodiscard]] bool copyString(const Host &host, const char *text, Array<char> &copy);

} // namespace moert

#endif // MOERT_LIB_CORE_HOST_H
