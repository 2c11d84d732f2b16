// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Barriers that count and join what threads say.

extern "C" __global__ void votes(const int *in, int *counts, int *flags) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int positive = __syncthreads_count(in[i] > 0);
  const int any = __syncthreads_or(in[i] == 77);
  const int all = __syncthreads_and(in[i] > -1000);
  counts[i] = positive * (threadIdx.x + 1);
  flags[i] = (any ? 1 : 0) + (all ? 2 : 0);
}
