// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Tensor.h"
#include "lib/Core/Descriptor.h"
#include "lib/Core/Status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moert::cli {

void adoptType(Tensor &tensor, int32_t expected) {
  bool isForeign = expected == MOERT_BF16 ||
                   (expected >= MOERT_F8E4M3FN && expected <= MOERT_F8E5M2FNUZ) ||
                   expected == MOERT_F8E8M0;
  bool isRaw =
      tensor.dtype == MOERT_UNDEFINED || tensor.dtype == MOERT_U8 || tensor.dtype == MOERT_U16;
  if (isForeign && isRaw && tensor.elementBytes * 8 == moert_dtype_bits(expected))
    tensor.dtype = expected;
}

moert_status readFile(const std::string &path, Buffer &contents) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0) {
    int error = errno;
    return osFailure(error == ENOENT || error == ENOTDIR ? MOERT_NOT_FOUND : MOERT_IO, error,
                     "cannot open '%s'", path.c_str());
  }
  struct stat info;
  if (fstat(file.value, &info) != 0)
    return osFailure(MOERT_IO, errno, "cannot examine '%s'", path.c_str());
  if (!S_ISREG(info.st_mode))
    return failure(MOERT_IO, "'%s' is not a regular file", path.c_str());
  if (!contents.allocate(info.st_size))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the %lld bytes of '%s'",
                   static_cast<long long>(info.st_size), path.c_str());
  int64_t count = file.readAt(contents.data(), contents.size(), 0);
  if (count < 0)
    return osFailure(MOERT_IO, errno, "cannot read '%s'", path.c_str());
  if (count < contents.size())
    return failure(MOERT_IO, "'%s' shrank while being read", path.c_str());
  return success();
}

/// Writes all parts; an errno, or 0.
static int writeParts(int file, const std::vector<Bytes> &parts) {
  for (const Bytes &part : parts) {
    auto *data = static_cast<const char *>(part.data);
    for (int64_t done = 0; done < part.size;) {
      ssize_t count = write(file, data + done, size_t(part.size - done));
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return errno;
      done += count;
    }
  }
  return 0;
}

moert_status writeFile(const std::string &path, const std::vector<Bytes> &parts) {
  auto failed = [&](int error) {
    return osFailure(MOERT_IO, error, "cannot write '%s'", path.c_str());
  };
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failed(errno);
  struct stat info;
  bool isRegular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  int error = writeParts(file, parts);
  if (close(file) != 0 && !error)
    error = errno;
  if (!error)
    return success();
  if (isRegular) // nobody should take half a tensor for one
    unlink(path.c_str());
  return failed(error);
}

} // namespace moert::cli
