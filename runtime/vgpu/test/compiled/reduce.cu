// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A sum of the whole grid: warps by shuffles, blocks by shared memory, and the block that comes
// last adds what the others have left.

static __device__ float sumOfBlock(float value) {
  __shared__ float ofWarps[32];
  for (int step = 16; step > 0; step /= 2)
    value += __shfl_down_sync(0xffffffffu, value, step);
  if (threadIdx.x % 32 == 0)
    ofWarps[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < blockDim.x / 32 ? ofWarps[threadIdx.x] : 0;
  if (threadIdx.x < 32)
    for (int step = 16; step > 0; step /= 2)
      value += __shfl_down_sync(0xffffffffu, value, step);
  __syncthreads();
  return value;
}

extern "C" __global__ void reduce(const float *in, unsigned count, float *partial, unsigned *ticket,
                                  float *out) {
  __shared__ bool isLast;
  float sum = 0;
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
    sum += in[i];
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    isLast = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!isLast)
    return;
  sum = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x)
    sum += partial[i];
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0)
    *out = sum;
}
