// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Digest.h"

#define XXH_INLINE_ALL
#include <new>
#include <xxhash.h>

namespace moert {

namespace {

WeightsDigest canonical(XXH128_hash_t hash) {
  XXH128_canonical_t form;
  XXH128_canonicalFromHash(&form, hash);
  WeightsDigest digest;
  static_assert(sizeof(form.digest) == sizeof(digest.bytes), "128 bits");
  __builtin_memcpy(digest.bytes, form.digest, sizeof(digest.bytes));
  return digest;
}

XXH3_state_t *typed(unsigned char *state) { return reinterpret_cast<XXH3_state_t *>(state); }

} // namespace

WeightsDigest digestOf(const void *data, size_t bytes) {
  return canonical(XXH3_128bits(data, bytes));
}

StreamingDigest::StreamingDigest() {
  static_assert(sizeof(state_) >= sizeof(XXH3_state_t) && alignof(XXH3_state_t) <= 64, "room");
  XXH3_INITSTATE(new (state_) XXH3_state_t);
  reset();
}

void StreamingDigest::reset() { XXH3_128bits_reset(typed(state_)); }

void StreamingDigest::update(const void *data, size_t bytes) {
  XXH3_128bits_update(typed(state_), data, bytes);
}

WeightsDigest StreamingDigest::value() const {
  return canonical(XXH3_128bits_digest(reinterpret_cast<const XXH3_state_t *>(state_)));
}

} // namespace moert
