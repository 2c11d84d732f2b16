// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Host.h"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <pthread.h>

namespace moert {

namespace {

void *defaultAlloc(void *, size_t bytes, size_t alignment) {
  if (alignment < sizeof(void *))
    alignment = sizeof(void *);
  void *memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

void defaultFree(void *, void *memory, size_t, size_t) { free(memory); }

int64_t defaultNow(void *) {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// What a new thread needs, alive until it has read it.
struct Start {
  void (*body)(void *);
  void *argument;
};

void *threadMain(void *raw) {
  Start start = *static_cast<Start *>(raw);
  free(raw);
  start.body(start.argument);
  return nullptr;
}

/// Kernels may use MOERT_KERNEL_STACK_BYTES; the rest is room for nested inline loops.
constexpr size_t kStackBytes = size_t(2) << 20;

int32_t defaultSpawn(void *, void (*body)(void *), void *argument, void **thread) {
  auto *start = static_cast<Start *>(malloc(sizeof(Start)));
  if (!start)
    return ENOMEM;
  *start = {body, argument};
  pthread_attr_t attributes;
  if (int error = pthread_attr_init(&attributes)) {
    free(start);
    return error;
  }
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The process's signals are for the threads of the program, never for ours.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pthread_t handle;
  int error = pthread_create(&handle, &attributes, threadMain, start);
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  pthread_attr_destroy(&attributes);
  if (error) {
    free(start);
    return error;
  }
  static_assert(sizeof(pthread_t) == sizeof(void *), "a thread's handle fits a pointer");
  memcpy(thread, &handle, sizeof(handle));
  return 0;
}

void defaultJoin(void *, void *thread) {
  pthread_t handle;
  memcpy(&handle, &thread, sizeof(handle));
  pthread_join(handle, nullptr);
}

} // namespace

Host::Host(const moert_hooks &hooks) : hooks_(hooks) {
  if (!hooks_.alloc) {
    hooks_.alloc = defaultAlloc;
    hooks_.free = defaultFree;
  }
  if (!hooks_.now_ns)
    hooks_.now_ns = defaultNow;
  if (!hooks_.spawn) {
    hooks_.spawn = defaultSpawn;
    hooks_.join = defaultJoin;
  }
}

void *Host::allocate(size_t bytes, size_t alignment) const {
  return hooks_.alloc(hooks_.user, bytes, alignment);
}

void Host::deallocate(void *memory, size_t bytes, size_t alignment) const {
  hooks_.free(hooks_.user, memory, bytes, alignment);
}

void Host::trace(moert_trace_event event) const {
  event.size = sizeof(event);
  hooks_.trace(hooks_.user, &event);
}

void Host::log(int32_t level, const char *format, ...) const {
  if (!hooks_.log)
    return;
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  hooks_.log(hooks_.user, level, message);
}

int Host::spawn(void (*body)(void *), void *argument, void **thread) const {
  return hooks_.spawn(hooks_.user, body, argument, thread);
}

bool copyString(const Host &host, const char *text, Array<char> &copy) {
  size_t bytes = strlen(text) + 1;
  if (!copy.allocate(host, bytes))
    return false;
  memcpy(copy.data(), text, bytes);
  return true;
}

} // namespace moert
