// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Sha256.h"

#include <algorithm>
#include <cstring>

namespace moert {

namespace {

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr uint32_t kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotate(uint32_t value, int by) { return value >> by | value << (32 - by); }

uint32_t loadBigEndian(const uint8_t *from) {
  uint32_t value;
  memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}

} // namespace

void Sha256::compress(const uint8_t *block) {
  uint32_t w[64];
  for (size_t i = 0; i < 16; ++i)
    w[i] = loadBigEndian(block + 4 * i);
  for (int i = 16; i < 64; ++i) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  // a to h of the standard.
  uint32_t v[8];
  memcpy(v, state_, sizeof(v));
  for (int i = 0; i < 64; ++i) {
    uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t t1 = v[7] + s1 + choice + kConstants[i] + w[i];
    uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    memmove(v + 1, v, 7 * sizeof(v[0]));
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; ++i)
    state_[i] += v[i];
}

void Sha256::update(const void *data, size_t bytes) {
  const auto *from = static_cast<const uint8_t *>(data);
  while (bytes > 0) {
    const size_t held = size_t(bytes_ % kBlockBytes);
    if (held == 0 && bytes >= kBlockBytes) {
      compress(from);
      from += kBlockBytes;
      bytes -= kBlockBytes;
      bytes_ += kBlockBytes;
      continue;
    }
    const size_t taken = std::min(bytes, kBlockBytes - held);
    memcpy(block_ + held, from, taken);
    from += taken;
    bytes -= taken;
    bytes_ += taken;
    if (held + taken == kBlockBytes)
      compress(block_);
  }
}

Digest256 Sha256::finish() {
  const uint64_t bits = __builtin_bswap64(bytes_ * 8);
  // A one, zeros, and the length at the end of a block.
  static constexpr uint8_t kPadding[kBlockBytes] = {0x80};
  const size_t held = size_t(bytes_ % kBlockBytes);
  update(kPadding, (held < 56 ? 56 : 120) - held);
  update(&bits, sizeof(bits));
  Digest256 digest;
  for (size_t i = 0; i < 8; ++i) {
    const uint32_t word = __builtin_bswap32(state_[i]);
    memcpy(digest.bytes + 4 * i, &word, sizeof(word));
  }
  return digest;
}

Hmac::Hmac(const void *key, size_t bytes) {
  uint8_t block[Sha256::kBlockBytes] = {};
  if (bytes > sizeof(block)) {
    Sha256 hash;
    hash.update(key, bytes);
    const Digest256 digest = hash.finish();
    memcpy(block, digest.bytes, Digest256::kBytes);
  } else if (bytes > 0) {
    memcpy(block, key, bytes);
  }
  for (uint8_t &byte : block)
    byte ^= 0x36;
  inner_.update(block, sizeof(block));
  for (uint8_t &byte : block)
    byte ^= 0x36 ^ 0x5c;
  outer_.update(block, sizeof(block));
  wipe(block, sizeof(block));
}

Digest256 Hmac::finish() {
  const Digest256 inner = inner_.finish();
  outer_.update(inner.bytes, Digest256::kBytes);
  return outer_.finish();
}

bool equalInConstantTime(const void *a, const void *b, size_t bytes) {
  const auto *left = static_cast<const volatile uint8_t *>(a);
  const auto *right = static_cast<const volatile uint8_t *>(b);
  uint8_t difference = 0;
  for (size_t i = 0; i < bytes; ++i)
    difference |= uint8_t(left[i] ^ right[i]);
  return difference == 0;
}

void wipe(void *data, size_t bytes) {
  if (bytes > 0)
    explicit_bzero(data, bytes);
}

} // namespace moert
