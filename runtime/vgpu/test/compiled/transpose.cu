// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A matrix, transposed by way of a tile whose rows are padded against conflicts of banks.

extern "C" __global__ void transpose(const float *in, float *out, int rows, int columns) {
  __shared__ float tile[32][33];
  int column = blockIdx.x * 32 + threadIdx.x;
  for (int i = threadIdx.y; i < 32; i += blockDim.y) {
    const int row = blockIdx.y * 32 + i;
    if (row < rows && column < columns)
      tile[i][threadIdx.x] = in[row * columns + column];
  }
  __syncthreads();
  const int row = blockIdx.y * 32 + threadIdx.x;
  for (int i = threadIdx.y; i < 32; i += blockDim.y) {
    column = blockIdx.x * 32 + i;
    if (row < rows && column < columns)
      out[column * rows + row] = tile[threadIdx.x][i];
  }
}
