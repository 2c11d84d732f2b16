//===- OpenBelow.cpp - Opens a file below a folder only ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/OpenBelow.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

using namespace moec;

// O_NONBLOCK: opening a named pipe must not wait for a writer.
static constexpr int fileFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
static constexpr int folderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

/// Closes a descriptor without touching errno.
static void closeQuietly(int fd) {
  int error = errno;
  close(fd);
  errno = error;
}

static int openEachComponent(int folder, const std::string &relative) {
  size_t begin = 0;
  int current = folder;
  while (true) {
    size_t slash = relative.find('/', begin);
    bool isLast = slash == std::string::npos;
    std::string component = relative.substr(begin, isLast ? slash : slash - begin);
    int next = openat(current, component.c_str(), isLast ? fileFlags : folderFlags);
    if (current != folder)
      closeQuietly(current);
    if (next < 0 || isLast)
      return next;
    current = next;
    begin = slash + 1;
  }
}

int moec::openBelow(const std::string &root, const std::string &relative, OpenMethod method) {
  int folder = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return -1;
  int file = -1;
  errno = ENOSYS;
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
  if (method == OpenMethod::Best) {
    struct open_how how = {};
    how.flags = fileFlags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    file = static_cast<int>(syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how));
  }
#endif
  // Filters that do not know the call answer EPERM.
  if (file < 0 && (errno == ENOSYS || errno == EPERM))
    file = openEachComponent(folder, relative);
  closeQuietly(folder);
  return file;
}
