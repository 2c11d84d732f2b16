// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layer normalisation of rows in f16, a warp for each, 4 elements at a time, sums in f32.
#include <cuda_fp16.h>

extern "C" __global__ void layernorm(const __half *in, const float *scale, const float *shift,
                                     __half *out, int rows, int columns, float epsilon) {
  const int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= rows)
    return;
  const uint2 *from = reinterpret_cast<const uint2 *>(in + size_t(row) * columns);
  uint2 *to = reinterpret_cast<uint2 *>(out + size_t(row) * columns);
  auto unpack = [](uint2 bits) {
    const float2 low = __half22float2(*reinterpret_cast<const __half2 *>(&bits.x));
    const float2 high = __half22float2(*reinterpret_cast<const __half2 *>(&bits.y));
    return make_float4(low.x, low.y, high.x, high.y);
  };
  float sum = 0, squares = 0;
  for (int i = lane; i < columns / 4; i += 32) {
    const float4 x = unpack(from[i]);
    sum += x.x + x.y + x.z + x.w;
  }
  for (int step = 16; step > 0; step /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, step);
  const float mean = sum / columns;
  for (int i = lane; i < columns / 4; i += 32) {
    const float4 x = unpack(from[i]);
    squares += (x.x - mean) * (x.x - mean) + (x.y - mean) * (x.y - mean) +
               (x.z - mean) * (x.z - mean) + (x.w - mean) * (x.w - mean);
  }
  for (int step = 16; step > 0; step /= 2)
    squares += __shfl_xor_sync(0xffffffffu, squares, step);
  const float factor = rsqrtf(squares / columns + epsilon);
  for (int i = lane; i < columns / 4; i += 32) {
    const float4 x = unpack(from[i]), a = reinterpret_cast<const float4 *>(scale)[i],
                 b = reinterpret_cast<const float4 *>(shift)[i];
    const __half2 low =
        __floats2half2_rn((x.x - mean) * factor * a.x + b.x, (x.y - mean) * factor * a.y + b.y);
    const __half2 high =
        __floats2half2_rn((x.z - mean) * factor * a.z + b.z, (x.w - mean) * factor * a.w + b.w);
    to[i] = make_uint2(*reinterpret_cast<const unsigned *>(&low),
                       *reinterpret_cast<const unsigned *>(&high));
  }
}
