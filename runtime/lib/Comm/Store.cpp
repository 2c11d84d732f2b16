// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Store.h"

namespace moert {

Store::~Store() {
  while (Entry *entry = first_) {
    first_ = entry->next;
    host_.deallocate(entry, entry->bytes(), alignof(Entry));
  }
}

Store::Added Store::add(const void *key, size_t keyBytes, const void *value, size_t valueBytes) {
  Value present;
  if (find(key, keyBytes, present))
    return Added::Exists;
  const size_t bytes = sizeof(Entry) + keyBytes + valueBytes;
  if (bytes > kMostBytes - bytes_)
    return Added::Full;
  auto *entry = static_cast<Entry *>(host_.allocate(bytes, alignof(Entry)));
  if (!entry)
    return Added::NoMemory;
  *entry = {first_, keyBytes, valueBytes};
  memcpy(entry->key(), key, keyBytes);
  if (valueBytes > 0)
    memcpy(entry->key() + keyBytes, value, valueBytes);
  first_ = entry;
  bytes_ += bytes;
  return Added::Yes;
}

bool Store::find(const void *key, size_t keyBytes, Value &value) const {
  for (Entry *entry = first_; entry; entry = entry->next)
    if (entry->keyBytes == keyBytes && memcmp(entry->key(), key, keyBytes) == 0) {
      value = {entry->key() + keyBytes, entry->valueBytes};
      return true;
    }
  return false;
}

} // namespace moert
