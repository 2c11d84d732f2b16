// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Seal.h"
#include "lib/Core/Descriptor.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace moert {

namespace {

/// The digest of the first `bytes` bytes and of the seal's fields. False, with errno, when the file
/// cannot be read; bytes that have gone from it since count as zeros.
bool digestFile(const Descriptor &file, int64_t bytes, const Seal &seal, WeightsDigest &digest) {
  StreamingDigest all;
  uint8_t piece[16384];
  for (int64_t offset = 0; offset < bytes; offset += int64_t(sizeof(piece))) {
    int64_t wanted = std::min<int64_t>(sizeof(piece), bytes - offset);
    int64_t count = file.readAt(piece, wanted, offset);
    if (count < 0)
      return false;
    memset(piece + count, 0, size_t(wanted - count));
    all.update(piece, size_t(wanted));
  }
  all.update(&seal, offsetof(Seal, digest));
  digest = all.value();
  return true;
}

} // namespace

moert_status checkSeal(const Descriptor &file, int64_t size, const char *path) {
  Seal seal = {};
  int64_t start = size - int64_t(sizeof(seal));
  if (start >= 0 && file.readAt(&seal, sizeof(seal), start) < 0)
    return osFailure(MOERT_IO, errno, "cannot read artifact '%s'", path);
  if (memcmp(seal.magic, kSealMagic, sizeof(seal.magic)) != 0)
    return failure(MOERT_INCOMPATIBLE,
                   "'%s' is not a compiled model as moec writes it: it does not end in moec's seal",
                   path);
  WeightsDigest digest;
  if (!digestFile(file, start, seal, digest))
    return osFailure(MOERT_IO, errno, "cannot read artifact '%s'", path);
  bool intact = seal.file_bytes == start && digest == seal.digest;
  // A version that was altered is damage, one that was written is another version.
  if (seal.version != kSealVersion && intact)
    return failure(MOERT_INCOMPATIBLE,
                   "artifact '%s' has a seal of version %u; this runtime "
                   "reads version %u",
                   path, seal.version, kSealVersion);
  if (!intact)
    return failure(MOERT_CORRUPT, "artifact '%s' is altered: its checksum is wrong", path);
  return success();
}

moert_status sealSharedObject(const char *path) {
  auto failed = [&] { return osFailure(MOERT_IO, errno, "cannot seal '%s'", path); };
  Descriptor file(open(path, O_RDWR | O_CLOEXEC));
  struct stat info;
  if (file.value < 0 || fstat(file.value, &info) != 0)
    return failed();
  Seal seal = {};
  memcpy(seal.magic, kSealMagic, sizeof(seal.magic));
  seal.version = kSealVersion;
  seal.file_bytes = info.st_size;
  if (!digestFile(file, info.st_size, seal, seal.digest))
    return failed();
  ssize_t count = pwrite(file.value, &seal, sizeof(seal), info.st_size);
  if (count == ssize_t(sizeof(seal)))
    return success();
  if (count >= 0)
    errno = ENOSPC;
  return failed();
}

} // namespace moert
