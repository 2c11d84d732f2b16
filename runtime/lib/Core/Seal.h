// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The end of every shared object that moec makes: a checksum of all bytes before it.
//
// The dynamic loader trusts what it loads, and so does the processor: one altered byte of code or
// of a relocation is undefined behaviour, which no later check can undo. So the checksum is
// compared before the loader sees the file. Bytes behind an object's section headers mean nothing
// to loaders and debuggers; tools that rewrite objects (strip) drop them, and such a file is
// refused.
#ifndef MOERT_LIB_CORE_SEAL_H
#define MOERT_LIB_CORE_SEAL_H

#include "lib/Core/Digest.h"

namespace moert {

class Descriptor;

constexpr char kSealMagic[8] = {'M', 'O', 'E', 'R', 'T', 'S', 'E', 'L'};
constexpr uint32_t kSealVersion = 1;

struct Seal {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  int64_t file_bytes;   // before the seal
  WeightsDigest digest; // of those and of the fields above
};
static_assert(sizeof(Seal) == 40, "no padding");

/// Whether the last bytes of the file's `size` bytes are the seal of those before it.
///   INCOMPATIBLE  no seal, or one of another version
///   CORRUPT       the seal is that of other bytes
///   IO            the file cannot be read
moert_status checkSeal(const Descriptor &file, int64_t size, const char *path);

/// Appends the seal; for compilers. IO when that fails.
moert_status sealSharedObject(const char *path);

} // namespace moert

#endif // MOERT_LIB_CORE_SEAL_H
