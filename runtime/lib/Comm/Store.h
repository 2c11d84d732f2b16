// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Keys and their values, as ranks tell each other while they set up. A key has the first value that
// came, for good.
#ifndef MOERT_LIB_COMM_STORE_H
#define MOERT_LIB_COMM_STORE_H

#include "lib/Core/Host.h"

namespace moert {

class Store {
public:
  static constexpr size_t kMostBytes = size_t(64) << 20;

  enum class Added { Yes, Exists, Full, NoMemory };
  struct Value {
    const void *data = nullptr;
    size_t bytes = 0;
  };

  /// `host` must outlive the store.
  explicit Store(const Host &host) : host_(host) {}
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;
  ~Store();

  Added add(const void *key, size_t keyBytes, const void *value, size_t valueBytes);
  /// False if there is no such key. What `value` points at stays as long as the store.
  bool find(const void *key, size_t keyBytes, Value &value) const;

private:
  /// In one block with the key and the value, in this order.
  struct Entry {
    Entry *next;
    size_t keyBytes, valueBytes;
    char *key() { return reinterpret_cast<char *>(this + 1); }
    size_t bytes() const { return sizeof(Entry) + keyBytes + valueBytes; }
  };

  const Host &host_;
  Entry *first_ = nullptr;
  size_t bytes_ = 0;
};

} // namespace moert

#endif // MOERT_LIB_COMM_STORE_H
