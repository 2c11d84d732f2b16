/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Running out of memory is tested, so the sanitizers' allocators must report it as malloc does. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void) {
  return "allocator_may_return_null=1";
}

__attribute__((visibility("default"))) const char *__tsan_default_options(void) {
  return "allocator_may_return_null=1";
}

/* Debian's Gloo is not instrumented: it waits for its own threads by counts of references, of which
 * the thread sanitizer sees nothing. So races with its threads are not reported. */
const char *__tsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void) {
  return "race:libgloo.so\n";
}
