// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A product of f32 matrices of any size: tiles in dynamic shared memory, 2x2 sums for each thread.

constexpr int kTile = 32, kDepth = 16;

extern "C" __global__ void __launch_bounds__(256)
    matmul(const float *a, const float *b, float *c, int m, int n, int k) {
  extern __shared__ float memory[];
  float (*tileA)[kDepth + 1] = reinterpret_cast<float (*)[kDepth + 1]>(memory);
  float (*tileB)[kTile] = reinterpret_cast<float (*)[kTile]>(memory + kTile * (kDepth + 1));
  const int x = threadIdx.x % 16, y = threadIdx.x / 16;
  const int row = blockIdx.y * kTile, column = blockIdx.x * kTile;
  float sums[2][2] = {};
  for (int first = 0; first < k; first += kDepth) {
    for (int i = threadIdx.x; i < kTile * kDepth; i += 256) {
      const int r = i / kDepth, d = i % kDepth;
      tileA[r][d] = row + r < m && first + d < k ? a[(row + r) * k + first + d] : 0;
      const int e = i / kTile, s = i % kTile;
      tileB[e][s] = first + e < k && column + s < n ? b[(first + e) * n + column + s] : 0;
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; ++d)
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j)
          sums[i][j] += tileA[y + 16 * i][d] * tileB[d][x + 16 * j];
    __syncthreads();
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      if (row + y + 16 * i < m && column + x + 16 * j < n)
        c[(row + y + 16 * i) * n + column + x + 16 * j] = sums[i][j];
}
