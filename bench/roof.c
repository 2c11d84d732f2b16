/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: roof THREADS. Prints what this machine can do at this moment: the bandwidth of reading memory in GB/s, and
 * single-precision multiply-adds in registers in GFLOP/s, each the best of several rounds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { maxThreads = 256, rounds = 7, chains = 12 };
static const size_t bytesPerThread = (size_t)256 << 20; /* beyond every cache */
static const long steps = 4000000;

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

/* The shortest time in which all threads do their work. */
static double best(struct worker *workers, int count, void (*work)(struct worker *)) {
  double shortest = 1e9;
  for (int round = 0; round < rounds; ++round) {
    double begin = seconds();
    for (int i = 0; i < count; ++i) {
      workers[i].work = work;
      if (pthread_create(&workers[i].thread, NULL, start, &workers[i]))
        exit(5);
    }
    for (int i = 0; i < count; ++i)
      pthread_join(workers[i].thread, NULL);
    double time = seconds() - begin;
    shortest = time < shortest ? time : shortest;
  }
  return shortest;
}

int main(int argc, char **argv) {
  static struct worker workers[maxThreads];
  int count = argc == 2 ? atoi(argv[1]) : 0;
  if (count < 1 || count > maxThreads) {
    fprintf(stderr, "usage: roof THREADS\n");
    return 2;
  }
  for (int i = 0; i < count; ++i) {
    char *memory = aligned_alloc(4096, bytesPerThread);
    if (!memory)
      return 5;
    memset(memory, i + 1, bytesPerThread);
    workers[i].memory = memory;
  }
  double reading = best(workers, count, readMemory);
  double computing = best(workers, count, multiplyAdd);
  printf("%.2f %.1f\n", 1e-9 * (double)bytesPerThread * count / reading,
         1e-9 * 2.0 * LANES * chains * (double)steps * count / computing);
  return 0;
}
