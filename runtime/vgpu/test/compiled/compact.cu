// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Keeps what is above a limit: a vote counts for the warp, one lane reserves places for it.

extern "C" __global__ void compact(const int *in, unsigned count, int limit, int *out,
                                   unsigned *kept) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
  const int value = i < count ? in[i] : 0;
  const bool keeps = i < count && value > limit;
  const unsigned keeping = __ballot_sync(0xffffffffu, keeps);
  unsigned first = 0;
  if (keeping == 0)
    return;
  const int leader = __ffs(keeping) - 1;
  if (lane == leader)
    first = atomicAdd(kept, __popc(keeping));
  first = __shfl_sync(0xffffffffu, first, leader);
  if (keeps)
    out[first + __popc(keeping & ((1u << lane) - 1))] = value;
}
