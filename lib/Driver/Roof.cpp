//===- Roof.cpp - What the machine can do -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Roof.h"

#include "moert/moert.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <vector>

using namespace moec;

namespace {

/// Rounds are short, so that some are not interrupted, and each reads the next part of the memory,
/// which has left the caches since it was read last.
constexpr size_t memoryBytes = size_t(256) << 20;
constexpr int parts = 4, rounds = 20;
constexpr int chains = 12; // more than the latency of a multiply-add times the units for it
constexpr long steps = 500000;

typedef uint64_t Words __attribute__((vector_size(16)));
typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/// The share of one thread.
struct Worker {
  void (*work)(Worker &);
  const char *memory;
  size_t bytes; // of a part; parts follow each other
  int round;
  float sink;
};

void readMemory(Worker &self) {
  const auto *data =
      reinterpret_cast<const Words *>(self.memory + size_t(self.round % parts) * self.bytes);
  Words a = {}, b = {}, c = {}, d = {};
  for (size_t i = 0; i < self.bytes / sizeof(Words); i += 4) {
    a ^= data[i];
    b ^= data[i + 1];
    c ^= data[i + 2];
    d ^= data[i + 3];
  }
  a ^= b ^ c ^ d;
  self.sink = float(a[0] ^ a[1]);
}

// The empty assembly keeps the sums in registers, and each step a step. A function per level, since
// vectors of a level cannot be inlined into code of another.
#define MULTIPLY_ADD(NAME, VECTOR, CONSTRAINT, TARGET)                                             \
  TARGET void NAME(Worker &self) {                                                                 \
    VECTOR factor = VECTOR{} + 0.999f, term = VECTOR{} + 0.001f, sums[chains] = {};                \
    for (long i = 0; i < steps; ++i) {                                                             \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < chains; ++j) {                        \
        sums[j] = sums[j] * factor + term;                                                         \
        __asm__ volatile("" : "+" CONSTRAINT(sums[j]));                                            \
      }                                                                                            \
    }                                                                                              \
    self.sink = 0;                                                                                 \
    for (int j = 0; j < chains; ++j)                                                               \
      self.sink += sums[j][0];                                                                     \
  }
#pragma clang fp contract(fast)
MULTIPLY_ADD(multiplyAdd4, Vector4, "x", )
MULTIPLY_ADD(multiplyAdd8, Vector8, "x", __attribute__((target("avx2,fma"))))
MULTIPLY_ADD(multiplyAdd16, Vector16, "v", __attribute__((target("avx512f"))))
#undef MULTIPLY_ADD

void *start(void *worker) {
  auto &self = *static_cast<Worker *>(worker);
  self.work(self);
  return nullptr;
}

/// The shortest time in which all threads do their work, or 0 where threads cannot be started.
double best(std::vector<Worker> &workers, void (*work)(Worker &)) {
  using Clock = std::chrono::steady_clock;
  double shortest = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<pthread_t> threads;
    bool failed = false;
    auto begin = Clock::now();
    for (Worker &worker : workers) {
      worker.work = work;
      worker.round = round;
      if (&worker == &workers.front()) // this thread's
        continue;
      pthread_t thread;
      if (pthread_create(&thread, nullptr, start, &worker)) {
        failed = true;
        break;
      }
      threads.push_back(thread);
    }
    if (!failed)
      start(&workers.front());
    for (pthread_t thread : threads)
      pthread_join(thread, nullptr);
    if (failed)
      return 0;
    double time = std::chrono::duration<double>(Clock::now() - begin).count();
    shortest = round ? std::min(shortest, time) : time;
  }
  return shortest;
}

} // namespace

double Roof::seconds(double bytes, double operations) const {
  return std::max(bytes / bytesPerSecond, operations / flops);
}

Roof moec::measureRoof(int32_t threads, int32_t isa) {
  Roof roof;
  auto *memory = static_cast<char *>(std::malloc(memoryBytes));
  if (!memory || threads < 1) {
    std::free(memory);
    return roof;
  }
  std::memset(memory, 1, memoryBytes);
  size_t share = memoryBytes / parts / size_t(threads) / 64 * 64;
  std::vector<Worker> workers;
  for (int32_t i = 0; i < threads; ++i)
    workers.push_back({readMemory, memory + size_t(i) * share * parts, share, 0, 0});
  double reading = best(workers, readMemory);
  std::free(memory);
  int lanes = isa == MOERT_ISA_AVX512 ? 16 : isa == MOERT_ISA_AVX2 ? 8 : 4;
  double computing = best(workers, lanes == 16  ? multiplyAdd16
                                   : lanes == 8 ? multiplyAdd8
                                                : multiplyAdd4);
  if (reading > 0 && computing > 0) {
    roof.bytesPerSecond = double(share) * threads / reading;
    roof.flops = 2.0 * lanes * chains * double(steps) * threads / computing;
  }
  return roof;
}
