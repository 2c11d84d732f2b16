// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reference counting for the objects behind the interface's handles.
#ifndef MOERT_LIB_CORE_REF_H
#define MOERT_LIB_CORE_REF_H

#include <atomic>
#include <utility>

namespace moert {

/// Base of T, which has a `static void dispose(T *)` that ends it. Starts with one reference.
template <typename T>
class RefCounted {
public:
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      T::dispose(static_cast<T *>(this));
  }

private:
  std::atomic<int> references_{1};
};

template <typename T>
class Ref {
public:
  Ref() = default;
  /// Shares `object`.
  explicit Ref(T *object) : object_(object) {
    if (object_)
      object_->retain();
  }
  Ref(const Ref &other) : Ref(other.object_) {}
  Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_)
      object_->release();
  }

  T *get() const { return object_; }
  T *operator->() const { return object_; }
  T &operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

private:
  T *object_ = nullptr;
};

} // namespace moert

#endif // MOERT_LIB_CORE_REF_H
