// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A stable radix sort of one block's keys: digits of 4 bits, counted by atomics in shared memory,
// ranked in each warp by the lanes that have the same digit.

extern "C" __global__ void __launch_bounds__(256) sort(unsigned *keys, unsigned *values) {
  __shared__ unsigned counts[8][16], starts[8][16], sortedKeys[256], sortedValues[256];
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  keys += blockIdx.x * 256;
  values += blockIdx.x * 256;
  unsigned key = keys[threadIdx.x], value = values[threadIdx.x];
  for (int shift = 0; shift < 32; shift += 4) {
    if (threadIdx.x < 128)
      counts[threadIdx.x / 16][threadIdx.x % 16] = 0;
    __syncthreads();
    const unsigned digit = key >> shift & 15;
    atomicAdd(&counts[warp][digit], 1);
    __syncthreads();
    if (threadIdx.x < 16) {
      unsigned total = 0;
      for (int w = 0; w < 8; ++w)
        total += counts[w][threadIdx.x];
      unsigned start = total;
      for (unsigned step = 1; step < 16; step *= 2) {
        const unsigned other = __shfl_up_sync(0xffffu, start, step, 16);
        start += threadIdx.x >= step ? other : 0;
      }
      start -= total;
      for (int w = 0; w < 8; ++w) {
        starts[w][threadIdx.x] = start;
        start += counts[w][threadIdx.x];
      }
    }
    __syncthreads();
    const unsigned same = __match_any_sync(0xffffffffu, digit);
    const unsigned place = starts[warp][digit] + __popc(same & ((1u << lane) - 1));
    sortedKeys[place] = key;
    sortedValues[place] = value;
    __syncthreads();
    key = sortedKeys[threadIdx.x];
    value = sortedValues[threadIdx.x];
    __syncthreads();
  }
  keys[threadIdx.x] = key;
  values[threadIdx.x] = value;
}
