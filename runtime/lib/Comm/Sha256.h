// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104): how ranks prove that they share a secret.
//
// XXH3, which checks files, is no cryptographic hash: what it says of a secret can be forged. A
// library of cryptography would be the largest thing that an embedding program gets with this one,
// for two functions that hash some hundred bytes; the published vectors are among the tests.
#ifndef MOERT_LIB_COMM_SHA256_H
#define MOERT_LIB_COMM_SHA256_H

#include <cstddef>
#include <cstdint>

namespace moert {

struct Digest256 {
  static constexpr size_t kBytes = 32;
  uint8_t bytes[kBytes];
};

class Sha256 {
public:
  static constexpr size_t kBlockBytes = 64;

  void update(const void *data, size_t bytes);
  /// Once, after the last update.
  Digest256 finish();

private:
  void compress(const uint8_t *block);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint64_t bytes_ = 0;
  uint8_t block_[kBlockBytes];
};

/// Keyed hash of what is given to update.
class Hmac {
public:
  Hmac(const void *key, size_t bytes);
  explicit Hmac(const Digest256 &key) : Hmac(key.bytes, Digest256::kBytes) {}

  Hmac &update(const void *data, size_t bytes) {
    inner_.update(data, bytes);
    return *this;
  }
  /// Once, after the last update.
  Digest256 finish();

private:
  Sha256 inner_, outer_;
};

/// Takes as long for any two inputs, so that how far a forgery got does not show.
bool equalInConstantTime(const void *a, const void *b, size_t bytes);

/// Overwrites a secret; not left out by the compiler, as a memset before the end would be.
void wipe(void *data, size_t bytes);

} // namespace moert

#endif // MOERT_LIB_COMM_SHA256_H
