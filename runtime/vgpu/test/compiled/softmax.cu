// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Softmax of rows of any length, a block for each, with the quick approximations.

template <typename Join>
static __device__ float ofBlock(float value, float neutral, Join join) {
  __shared__ float ofWarps[32];
  for (int step = 16; step > 0; step /= 2)
    value = join(value, __shfl_xor_sync(0xffffffffu, value, step));
  if (threadIdx.x % 32 == 0)
    ofWarps[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? ofWarps[threadIdx.x % 32] : neutral;
  for (int step = 16; step > 0; step /= 2)
    value = join(value, __shfl_xor_sync(0xffffffffu, value, step));
  __syncthreads();
  return value;
}

extern "C" __global__ void softmax(const float *in, float *out, int columns) {
  in += size_t(blockIdx.x) * columns;
  out += size_t(blockIdx.x) * columns;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    most = fmaxf(most, in[i]);
  most = ofBlock(most, -INFINITY, [](float a, float b) { return fmaxf(a, b); });
  float sum = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    sum += expf(in[i] - most);
  sum = ofBlock(sum, 0, [](float a, float b) { return a + b; });
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    out[i] = expf(in[i] - most) / sum;
}
