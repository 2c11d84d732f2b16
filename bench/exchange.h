// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What both programs that time an exchange of four ranks do alike: how many rows go where, what is
// in them, when a repetition begins, and when it is over.
//
// A repetition begins when all ranks have come, and is over when the last rank has read every row
// that it received. Between repetitions ranks sleep.
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kRanks = 4 };

/// Memory of all ranks.
struct Shared {
  uint32_t arrived, meetings;
  int64_t bytes, repetitions; // bytes: to each rank on the average; 0: the end
  int64_t begin[kRanks], end[kRanks];
  uint64_t sent[kRanks][kRanks], received[kRanks];
};

/// One rank's end.
struct Rank {
  struct Shared *shared;
  int number;
  int64_t rowBytes;
  int64_t rowsTo[kRanks], rowsFrom[kRanks];
  char *rows; // in the order of the ranks that they go to
};

/// Exchanges the rows of a rank. Calls `meetAndBegin`, and `haveRead` for what it received.
void exchangeRows(struct Rank *rank);
/// Before repetitions of another size.
void prepareExchange(struct Rank *rank);

static void fail(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/// Waits until all ranks have come, asleep or awake.
static void meetSo(struct Shared *shared, int isAwake) {
  const uint32_t meeting = __atomic_load_n(&shared->meetings, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&shared->arrived, 1, __ATOMIC_ACQ_REL) == kRanks) {
    __atomic_store_n(&shared->arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->meetings, meeting + 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &shared->meetings, FUTEX_WAKE, kRanks, NULL, NULL, 0);
  }
  while (__atomic_load_n(&shared->meetings, __ATOMIC_ACQUIRE) == meeting)
    if (isAwake)
      sched_yield();
    else
      syscall(SYS_futex, &shared->meetings, FUTEX_WAIT, meeting, NULL, NULL, 0);
}

static void meet(struct Shared *shared) { meetSo(shared, 0); }

/// Begins a repetition together. Ranks that slept would come 15 to 35 us after each other, most of
/// what is then measured.
static void meetAndBegin(struct Rank *rank) {
  meet(rank->shared);
  meetSo(rank->shared, 1);
  rank->shared->begin[rank->number] = now();
}

/// Reads rows once.
__attribute__((noinline)) static uint64_t sumRows(const uint64_t *words, int64_t bytes) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < bytes / 8; ++i)
    sum += words[i];
  return sum;
}

/// Notes that the rank has read its rows.
static void haveRead(struct Rank *rank, uint64_t sum) {
  rank->shared->received[rank->number] = sum;
  rank->shared->end[rank->number] = now();
}

/// Rows between two ranks: of four, one gets a quarter less and one a quarter more.
static int64_t rowsBetween(int64_t rows, int from, int to) {
  const int step = (to - from + kRanks) % kRanks;
  return step == 1 ? rows - rows / 4 : step == 2 ? rows + rows / 4 : rows;
}

static void prepareRank(struct Rank *rank) {
  const int64_t bytes = rank->shared->bytes;
  rank->rowBytes = bytes <= 1024 ? 64 : 4096;
  int64_t total = 0;
  for (int other = 0; other < kRanks; ++other) {
    rank->rowsTo[other] = rowsBetween(bytes / rank->rowBytes, rank->number, other);
    rank->rowsFrom[other] = rowsBetween(bytes / rank->rowBytes, other, rank->number);
    total += rank->rowsTo[other];
  }
  free(rank->rows);
  rank->rows = aligned_alloc(4096, (size_t)(total * rank->rowBytes + 4095) / 4096 * 4096);
  if (!rank->rows)
    fail("no memory for the rows of an exchange");
  prepareExchange(rank);
}

static void fillRows(struct Rank *rank, uint64_t seed) {
  uint64_t *word = (uint64_t *)rank->rows;
  for (int to = 0; to < kRanks; ++to) {
    uint64_t sum = 0;
    for (int64_t i = 0; i < rank->rowsTo[to] * rank->rowBytes / 8; ++i)
      sum += *word++ = seed += UINT64_C(0x9e3779b97f4a7c15);
    rank->shared->sent[rank->number][to] = sum;
  }
}

/// Nanoseconds of the repetition that has ended.
static int64_t repetitionNs(const struct Shared *shared) {
  int64_t begin = shared->begin[0], end = shared->end[0];
  for (int rank = 0; rank < kRanks; ++rank) {
    begin = shared->begin[rank] < begin ? shared->begin[rank] : begin;
    end = shared->end[rank] > end ? shared->end[rank] : end;
    uint64_t sum = 0;
    for (int from = 0; from < kRanks; ++from)
      sum += shared->sent[from][rank];
    if (sum != shared->received[rank])
      fail("a rank did not receive what was sent");
  }
  return end - begin;
}

/// Keeps the calling rank on one of the processors, which have as many ranks each as any other.
static void bindRank(const struct Rank *rank) {
  cpu_set_t all, mine;
  if (sched_getaffinity(0, sizeof(all), &all))
    fail("cannot tell which processors there are");
  int left = rank->number % CPU_COUNT(&all), processor = 0;
  while (!CPU_ISSET(processor, &all) || left-- > 0)
    ++processor;
  CPU_ZERO(&mine);
  CPU_SET(processor, &mine);
  if (sched_setaffinity(0, sizeof(mine), &mine))
    fail("cannot bind a rank to a processor");
}

/// Lines of stdin, read by rank 0, are BYTES REPETITIONS; the times are a line of stdout.
static void serve(struct Rank *rank) {
  struct Shared *shared = rank->shared;
  for (;;) {
    if (rank->number == 0 &&
        scanf("%" SCNd64 " %" SCNd64, &shared->bytes, &shared->repetitions) != 2)
      shared->bytes = 0;
    meet(shared);
    if (shared->bytes == 0)
      return;
    // Rank 0 may read the next line when the last repetition is over.
    const int64_t repetitions = shared->repetitions;
    prepareRank(rank);
    for (int64_t i = 0; i < repetitions; ++i) {
      fillRows(rank, (uint64_t)(i * kRanks + rank->number));
      exchangeRows(rank);
      meet(shared);
      if (rank->number == 0)
        printf("%" PRId64 "%c", repetitionNs(shared), i + 1 < repetitions ? ' ' : '\n');
      meet(shared);
    }
    if (rank->number == 0)
      fflush(stdout);
  }
}

#endif // BENCH_EXCHANGE_H
