// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prefix sums of parts of 512 by trees, up and down, each level between barriers; what comes before
// each number, without itself.
#include "Clang.h"

constexpr int kCount = 512;

extern "C" __global__ void blelloch(const long *in, long *out, long *sums) {
  __shared__ long tree[kCount];
  const int thread = threadIndex();
  in += blockIndex() * kCount;
  out += blockIndex() * kCount;
  tree[2 * thread] = in[2 * thread];
  tree[2 * thread + 1] = in[2 * thread + 1];
  int step = 1;
  for (int nodes = kCount / 2; nodes > 0; nodes /= 2, step *= 2) {
    barrier();
    if (thread < nodes)
      tree[step * (2 * thread + 2) - 1] += tree[step * (2 * thread + 1) - 1];
  }
  if (thread == 0) {
    sums[blockIndex()] = tree[kCount - 1];
    tree[kCount - 1] = 0;
  }
  for (int nodes = 1; nodes < kCount; nodes *= 2) {
    step /= 2;
    barrier();
    if (thread < nodes) {
      const int left = step * (2 * thread + 1) - 1, right = step * (2 * thread + 2) - 1;
      const long before = tree[right];
      tree[right] += tree[left];
      tree[left] = before;
    }
  }
  barrier();
  out[2 * thread] = tree[2 * thread];
  out[2 * thread + 1] = tree[2 * thread + 1];
}
