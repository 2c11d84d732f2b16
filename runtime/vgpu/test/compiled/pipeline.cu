// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One warp fetches, three compute: named barriers say which of two buffers is full, which empty.

constexpr int kFull = 1, kEmpty = 3, kThreads = 128;

static __device__ void wait(int barrier) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "n"(kThreads) : "memory");
}
static __device__ void arrive(int barrier) {
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "n"(kThreads) : "memory");
}

extern "C" __global__ void __launch_bounds__(kThreads)
    pipeline(const float *in, float *out, int steps) {
  __shared__ float buffers[2][96];
  in += size_t(blockIdx.x) * steps * 96;
  if (threadIdx.x < 32) {
    for (int step = 0; step < steps; ++step) {
      if (step >= 2)
        wait(kEmpty + step % 2);
      for (int i = threadIdx.x; i < 96; i += 32)
        buffers[step % 2][i] = in[step * 96 + i];
      arrive(kFull + step % 2);
    }
  } else {
    const int i = threadIdx.x - 32;
    float sum = 0;
    for (int step = 0; step < steps; ++step) {
      wait(kFull + step % 2);
      sum = sum * 0.5f + buffers[step % 2][95 - i];
      if (step + 2 < steps)
        arrive(kEmpty + step % 2);
    }
    out[blockIdx.x * 96 + i] = sum;
  }
}
