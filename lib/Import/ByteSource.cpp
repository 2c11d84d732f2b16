//===- ByteSource.cpp - Random access to the bytes of a model ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ByteSource.h"
#include "lib/Import/ImportError.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace moec;

static std::error_code lastError() { return {errno, std::generic_category()}; }

Expected<std::unique_ptr<FileSource>> FileSource::open(StringRef path) {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  std::string name = path.str();
  int fd = path.contains('\0') ? (errno = EINVAL, -1)
                               : ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    auto kind = errno == EMFILE || errno == ENFILE || errno == ENOMEM ? ImportError::Resource
                                                                      : ImportError::BadInput;
    return make_error<ImportError>(kind, path, "", "cannot open: " + lastError().message());
  }
  return adopt(fd, path);
}

Expected<std::unique_ptr<FileSource>> FileSource::adopt(int fd, StringRef name) {
  std::unique_ptr<FileSource> source(new FileSource);
  source->fd = fd;
  struct stat status;
  if (fstat(fd, &status) != 0)
    return make_error<ImportError>(ImportError::BadInput, name, "",
                                   "cannot read: " + lastError().message());
  if (S_ISDIR(status.st_mode))
    return make_error<ImportError>(ImportError::BadInput, name, "",
                                   "is a directory; name a file in it");
  if (!S_ISREG(status.st_mode))
    return make_error<ImportError>(ImportError::BadInput, name, "",
                                   "is not a regular file; copy its contents into one");
  source->bytes = status.st_size;
  source->device = status.st_dev;
  source->inode = status.st_ino;
  // The kernel's name of what is open, which no later rename of a link can change under us.
  char path[PATH_MAX];
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  ssize_t length = readlink(link.c_str(), path, sizeof path);
  if (length > 0 && size_t(length) < sizeof path)
    source->canonicalPath.assign(path, length);
  else if (char *resolved = realpath(name.str().c_str(), nullptr)) {
    source->canonicalPath = resolved;
    std::free(resolved);
  } else
    source->canonicalPath = name.str();
  return source;
}

FileSource::~FileSource() {
  if (fd >= 0)
    ::close(fd);
}

std::error_code FileSource::read(uint64_t offset, MutableArrayRef<char> buffer) const {
  while (!buffer.empty()) {
    size_t step = std::min<size_t>(buffer.size(), size_t(1) << 30);
    ssize_t got = pread(fd, buffer.data(), step, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return lastError();
    if (got == 0) // The file has become shorter.
      return std::make_error_code(std::errc::io_error);
    buffer = buffer.drop_front(got);
    offset += got;
  }
  return {};
}

std::error_code MemorySource::read(uint64_t offset, MutableArrayRef<char> buffer) const {
  if (offset > bytes.size() || buffer.size() > bytes.size() - offset)
    return std::make_error_code(std::errc::io_error);
  if (!buffer.empty())
    std::memcpy(buffer.data(), bytes.data() + offset, buffer.size());
  return {};
}
