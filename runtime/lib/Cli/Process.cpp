// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Process.h"
#include "lib/Core/Status.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>

namespace moert::cli {

void prepareProcess() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
      // The lowest free number is this one.
      (void)open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  signal(SIGXFSZ, SIG_IGN);
}

moert_status flushOutput() {
  // A write that failed before has left the mark only.
  errno = 0;
  bool failed = fflush(stdout) != 0;
  if (!failed && !ferror(stdout))
    return success();
  return errno ? osFailure(MOERT_IO, errno, "cannot write to standard output")
               : failure(MOERT_IO, "cannot write to standard output");
}

} // namespace moert::cli
