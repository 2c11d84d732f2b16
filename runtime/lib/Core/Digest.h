// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// XXH3-128, the checksum of weights files: as fast as memory, and good against accidents (not
// against an adversary, who could alter the code beside the weights just as well).
#ifndef MOERT_LIB_CORE_DIGEST_H
#define MOERT_LIB_CORE_DIGEST_H

#include "lib/Core/WeightsFile.h"

namespace moert {

WeightsDigest digestOf(const void *data, size_t bytes);

inline bool operator==(const WeightsDigest &a, const WeightsDigest &b) {
  return __builtin_memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}
inline bool operator!=(const WeightsDigest &a, const WeightsDigest &b) { return !(a == b); }

/// The digest of data that comes in pieces.
class StreamingDigest {
public:
  StreamingDigest();
  StreamingDigest(const StreamingDigest &) = delete;
  StreamingDigest &operator=(const StreamingDigest &) = delete;

  void reset();
  void update(const void *data, size_t bytes);
  WeightsDigest value() const;

private:
  alignas(64) unsigned char state_[576]; // as large as xxHash's
};

} // namespace moert

#endif // MOERT_LIB_CORE_DIGEST_H
