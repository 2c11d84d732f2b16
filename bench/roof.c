/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: roof THREADS. Prints what this machine can do at this moment: the bandwidth of reading a
 * gigabyte in GB/s, and single-precision multiply-adds in registers in GFLOP/s: of the median
 * round, then of the best.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { maxThreads = 256, rounds = 15, chains = 12 };
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

/* The time in which all threads do their work. */
static double timeOf(struct worker *workers, int count, void (*work)(struct worker *)) {
  double begin = seconds();
  for (int i = 0; i < count; ++i) {
    workers[i].work = work;
    if (pthread_create(&workers[i].thread, NULL, start, &workers[i]))
      exit(5);
  }
  for (int i = 0; i < count; ++i)
    pthread_join(workers[i].thread, NULL);
  return seconds() - begin;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
  static struct worker workers[maxThreads];
  int count = argc == 2 ? atoi(argv[1]) : 0;
  if (count < 1 || count > maxThreads) {
    fprintf(stderr, "usage: roof THREADS\n");
    return 2;
  }
  bytesPerThread = totalBytes / (size_t)count / pageBytes * pageBytes;
  for (int i = 0; i < count; ++i) {
    char *memory = aligned_alloc(pageBytes, bytesPerThread);
    if (!memory)
      return 5;
    madvise(memory, bytesPerThread, MADV_HUGEPAGE); /* a wish only */
    memset(memory, i + 1, bytesPerThread);
    workers[i].memory = memory;
  }
  double reading[rounds], computing[rounds];
  for (int round = 0; round < rounds;
       ++round) { /* in turn, so that an interruption spoils not all of one */
    reading[round] = timeOf(workers, count, readMemory);
    computing[round] = timeOf(workers, count, multiplyAdd);
  }
  qsort(reading, rounds, sizeof(double), compare);
  qsort(computing, rounds, sizeof(double), compare);
  double gigabytes = 1e-9 * (double)bytesPerThread * count;
  double operations = 1e-9 * 2.0 * LANES * chains * (double)steps * count;
  printf("%.2f %.1f %.2f %.1f\n", gigabytes / reading[rounds / 2],
         operations / computing[rounds / 2], gigabytes / reading[0], operations / computing[0]);
  return 0;
}
