// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Stack.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <sys/resource.h>

namespace moert::cli {

namespace {

/// The stack that the program's first thread may grow to; child processes inherit the limit.
size_t raiseStackLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0)
    return kProgramStackBytes;
  if (limit.rlim_cur >= kProgramStackBytes)
    return limit.rlim_cur;
  rlimit raised = limit;
  raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, kProgramStackBytes);
  return setrlimit(RLIMIT_STACK, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

struct Call {
  int (*body)(void *);
  void *argument;
  int result;
};

void *callMain(void *raw) {
  auto *call = static_cast<Call *>(raw);
  call->result = call->body(call->argument);
  return nullptr;
}

} // namespace

int runWithStack(const char *program, int (*body)(void *), void *argument) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  size_t bytes = 0;
  // The C library has read the limit before it could be raised.
  if (!error && pthread_attr_getstacksize(&attributes, &bytes) == 0 && bytes < kProgramStackBytes) {
    pthread_attr_setstacksize(&attributes, kProgramStackBytes);
#ifdef __GLIBC__
    pthread_setattr_default_np(&attributes);
#endif
  }
  size_t limit = raiseStackLimit();
  if (limit >= kProgramStackBytes) {
    if (!error)
      pthread_attr_destroy(&attributes);
    return body(argument);
  }
  Call call = {body, argument, 0};
  pthread_t thread;
  if (!error) {
    error = pthread_create(&thread, &attributes, callMain, &call);
    pthread_attr_destroy(&attributes);
  }
  if (error) {
    fprintf(stderr,
            "%s: error: a stack of %zu KiB is too small, and no thread with a larger one can be "
            "started: %s; raise the limit (ulimit -s %zu)\n",
            program, limit >> 10, strerror(error), kProgramStackBytes >> 10);
    return 5;
  }
  pthread_join(thread, nullptr);
  return call.result;
}

} // namespace moert::cli
