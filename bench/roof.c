/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What this machine can do at this moment: the bandwidth of reading a gigabyte, and the speed of
 * single-precision multiply-adds in registers. A library, so that the bench's own thread takes part:
 * after it has slept, memory and waking are slow for milliseconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { maxThreads = 256, chains = 12 };
enum { pageBytes = 2 << 20 };
static const size_t totalBytes = (size_t)1 << 30; /* beyond every cache */
static size_t bytesPerThread;
static const long steps = 6000000;

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vector __attribute__((vector_size(4 * LANES)));

struct worker {
  pthread_t thread;
  void (*work)(struct worker *);
  const char *memory;
  float sink;
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void readMemory(struct worker *self) {
  typedef uint64_t words __attribute__((vector_size(4 * LANES)));
  const words *data = (const words *)self->memory;
  words sums[8] = {{0}};
  for (size_t i = 0; i < bytesPerThread / sizeof(words); i += 8)
    for (int j = 0; j < 8; ++j)
      sums[j] ^= data[i + j];
  for (int j = 1; j < 8; ++j)
    sums[0] ^= sums[j];
  self->sink = (float)sums[0][0];
}

static void multiplyAdd(struct worker *self) {
  vector sums[chains], factor = {0}, term = {0};
  for (int lane = 0; lane < LANES; ++lane) {
    factor[lane] = 0.999f;
    term[lane] = 0.001f;
  }
  memset(sums, 0, sizeof(sums));
  for (long i = 0; i < steps; ++i) {
    for (int j = 0; j < chains; ++j)
      sums[j] = sums[j] * factor + term;
    /* Keeps the sums in registers, and each step a step. */
    __asm__ volatile("" : "+v"(sums[0]), "+v"(sums[1]), "+v"(sums[2]), "+v"(sums[3]), "+v"(sums[4]), "+v"(sums[5]));
    __asm__ volatile("" : "+v"(sums[6]), "+v"(sums[7]), "+v"(sums[8]), "+v"(sums[9]), "+v"(sums[10]), "+v"(sums[11]));
  }
  self->sink = 0;
  for (int j = 0; j < chains; ++j)
    self->sink += sums[j][0];
}

static void *start(void *argument) {
  struct worker *self = argument;
  self->work(self);
  return NULL;
}

static struct worker workers[maxThreads];
static int count;

/* The time in which all threads, the caller among them, do their work; negative without threads. */
static double timeOf(void (*work)(struct worker *)) {
  double begin = seconds();
  int started = 1, failed = 0;
  for (; started < count && !failed; started += !failed) {
    workers[started].work = work;
    failed = pthread_create(&workers[started].thread, NULL, start, &workers[started]);
  }
  work(&workers[0]);
  for (int i = 1; i < started; ++i)
    pthread_join(workers[i].thread, NULL);
  return failed ? -1 : seconds() - begin;
}

/* Makes the memory that `threads` threads will read; 0, or -1 without memory or for a wrong number. */
int prepareRoof(int threads) {
  if (threads < 1 || threads > maxThreads)
    return -1;
  count = threads;
  bytesPerThread = totalBytes / (size_t)count / pageBytes * pageBytes;
  for (int i = 0; i < count; ++i) {
    char *memory = aligned_alloc(pageBytes, bytesPerThread);
    if (!memory)
      return -1;
    madvise(memory, bytesPerThread, MADV_HUGEPAGE); /* a wish only */
    memset(memory, i + 1, bytesPerThread);
    workers[i].memory = memory;
  }
  return 0;
}

/* Bytes and operations per second; negative if no thread could be started. */
void measureRoof(double *bandwidth, double *peak) {
  *peak = 2.0 * LANES * chains * (double)steps * count / timeOf(multiplyAdd);
  *bandwidth = (double)bytesPerThread * count / timeOf(readMemory);
}
