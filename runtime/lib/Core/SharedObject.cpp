// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/SharedObject.h"
#include "lib/Core/Descriptor.h"
#include "lib/Core/Seal.h"
#include "lib/Core/Status.h"

#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace moert {

moert_status checkSharedObject(const char *path) {
  // Not blocking: opening a FIFO must not wait for its other end.
  Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0) {
    int error = errno;
    return osFailure(error == ENOENT || error == ENOTDIR ? MOERT_NOT_FOUND : MOERT_IO, error,
                     "cannot open artifact '%s'", path);
  }
  struct stat info;
  if (fstat(file.value, &info) != 0)
    return osFailure(MOERT_IO, errno, "cannot examine artifact '%s'", path);
  if (!S_ISREG(info.st_mode))
    return failure(MOERT_IO, "artifact '%s' is not a regular file", path);

  if (info.st_size == 0)
    return failure(MOERT_CORRUPT, "artifact '%s' is empty", path);
  auto truncated = [&] { return failure(MOERT_CORRUPT, "artifact '%s' is truncated", path); };
  auto readFailed = [&] { return osFailure(MOERT_IO, errno, "cannot read artifact '%s'", path); };
  Elf64_Ehdr header = {};
  int64_t count = file.readAt(&header, sizeof(header), 0);
  if (count < 0)
    return readFailed();
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return failure(MOERT_INCOMPATIBLE, "artifact '%s' is not a shared object", path);
  if (count < int64_t(sizeof(header)))
    return truncated();
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64 || header.e_type != ET_DYN ||
      header.e_phentsize != sizeof(Elf64_Phdr))
    return failure(MOERT_INCOMPATIBLE, "artifact '%s' is not a shared object for this machine",
                   path);
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t offset = header.e_phoff + uint64_t(i) * sizeof(segment);
    if (offset < header.e_phoff || offset > uint64_t(info.st_size))
      return truncated();
    count = file.readAt(&segment, sizeof(segment), int64_t(offset));
    if (count < 0)
      return readFailed();
    if (count < int64_t(sizeof(segment)))
      return truncated();
    if (segment.p_type == PT_LOAD && (segment.p_offset > uint64_t(info.st_size) ||
                                      segment.p_filesz > uint64_t(info.st_size) - segment.p_offset))
      return truncated();
  }
  uint64_t sections = uint64_t(header.e_shnum) * header.e_shentsize;
  if (header.e_shoff > uint64_t(info.st_size) || sections > uint64_t(info.st_size) - header.e_shoff)
    return truncated();
  // Linkers write section headers last, and the seal follows.
  uint64_t trailing = uint64_t(info.st_size) - header.e_shoff - sections;
  if (trailing > 0 && trailing < sizeof(Seal))
    return truncated();
  return checkSeal(file, info.st_size, path);
}

} // namespace moert
