// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How often each byte occurs: atomics in shared memory, then in global memory.

extern "C" __global__ void histogram(const uchar4 *in, unsigned count, unsigned *out) {
  __shared__ unsigned bins[256];
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x)
    bins[i] = 0;
  __syncthreads();
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const uchar4 bytes = in[i];
    atomicAdd(&bins[bytes.x], 1);
    atomicAdd(&bins[bytes.y], 1);
    atomicAdd(&bins[bytes.z], 1);
    atomicAdd(&bins[bytes.w], 1);
  }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x)
    if (bins[i])
      atomicAdd(&out[i], bins[i]);
}
