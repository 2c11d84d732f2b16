// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A prefix sum in one pass: each block publishes the sum of its part and looks back over those
// before it until one has published all that comes before.

constexpr unsigned kPartial = 1, kComplete = 2;

extern "C" __global__ void lookback(const unsigned *in, unsigned count, unsigned *out,
                                    unsigned *nextPart, unsigned long long *parts) {
  __shared__ unsigned ofWarps[32], part, before;
  if (threadIdx.x == 0)
    part = atomicAdd(nextPart, 1); // parts begin in their order, whatever blocks do
  __syncthreads();
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const unsigned i = part * blockDim.x + threadIdx.x;
  const unsigned value = i < count ? in[i] : 0;
  unsigned sum = value;
  for (unsigned step = 1; step < 32; step *= 2) {
    const unsigned other = __shfl_up_sync(0xffffffffu, sum, step);
    sum += lane >= step ? other : 0;
  }
  if (lane == 31)
    ofWarps[warp] = sum;
  __syncthreads();
  unsigned ofBlock = 0, warpsBefore = 0;
  for (unsigned w = 0; w < blockDim.x / 32; ++w) {
    warpsBefore += w < warp ? ofWarps[w] : 0;
    ofBlock += ofWarps[w];
  }
  if (threadIdx.x == 0) {
    // State and sum in one word: who sees one sees the other.
    volatile unsigned long long *states = parts;
    states[part] = (unsigned long long)(part ? kPartial : kComplete) << 32 | ofBlock;
    unsigned total = 0;
    for (unsigned p = part; p > 0;) {
      const unsigned long long state = states[p - 1];
      if (state >> 32 == 0)
        continue;
      total += unsigned(state);
      if (state >> 32 == kComplete)
        break;
      --p;
    }
    if (part)
      states[part] = (unsigned long long)kComplete << 32 | (total + ofBlock);
    before = total;
  }
  __syncthreads();
  if (i < count)
    out[i] = before + warpsBefore + sum;
}
