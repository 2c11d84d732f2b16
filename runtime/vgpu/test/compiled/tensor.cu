// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A product of bf16 matrices by tensor cores: 64x64 of the result for each block of four warps,
// three stages of cp.async, rows of shared memory with their pieces of 16 bytes exchanged against
// conflicts of banks. a is m x k, b is n x k; m and n are multiples of 64, k of 32.
#include <cuda_bf16.h>

constexpr int kTile = 64, kDepth = 32, kStages = 3;

/// Bytes from the beginning of a tile to a piece of 8 elements.
static __device__ unsigned placeOf(unsigned row, unsigned piece) {
  return row * kDepth * 2 + (piece ^ (row / 2 % 4)) * 16;
}

static __device__ void copyAsync(unsigned to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to),
               "l"(__cvta_generic_to_global(from))
               : "memory");
}

static __device__ void loadMatrices(unsigned (&values)[4], unsigned from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(values[0]), "=r"(values[1]), "=r"(values[2]), "=r"(values[3])
               : "r"(from)
               : "memory");
}

static __device__ void multiply(float (&sums)[4], const unsigned (&a)[4], unsigned b0,
                                unsigned b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
               "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

extern "C" __global__ void __launch_bounds__(128)
    tensor(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int n, int k) {
  __shared__ alignas(128) __nv_bfloat16 tiles[kStages][2][kTile * kDepth];
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const __nv_bfloat16 *sources[2] = {a + size_t(blockIdx.y) * kTile * k,
                                     b + size_t(blockIdx.x) * kTile * k};
  auto fetch = [&](int step) {
    if (step * kDepth < k)
      for (int matrix = 0; matrix < 2; ++matrix) {
        const auto tile = unsigned(__cvta_generic_to_shared(tiles[step % kStages][matrix]));
        for (unsigned i = threadIdx.x; i < kTile * 4; i += 128)
          copyAsync(tile + placeOf(i / 4, i % 4),
                    sources[matrix] + size_t(i / 4) * k + step * kDepth + i % 4 * 8);
      }
    asm volatile("cp.async.commit_group;");
  };
  for (int step = 0; step < kStages - 1; ++step)
    fetch(step);
  float sums[8][4] = {};
  for (int step = 0; step * kDepth < k; ++step) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2) : "memory");
    __syncthreads();
    fetch(step + kStages - 1);
    const auto tileA = unsigned(__cvta_generic_to_shared(tiles[step % kStages][0]));
    const auto tileB = unsigned(__cvta_generic_to_shared(tiles[step % kStages][1]));
    for (unsigned part = 0; part < kDepth / 16; ++part) {
      unsigned fromA[4], fromB[4];
      loadMatrices(fromA, tileA + placeOf(warp * 16 + lane % 16, part * 2 + lane / 16));
      for (unsigned column = 0; column < 4; ++column) {
        loadMatrices(fromB, tileB + placeOf(column * 16 + lane % 16, part * 2 + lane / 16));
        multiply(sums[column * 2], fromA, fromB[0], fromB[2]);
        multiply(sums[column * 2 + 1], fromA, fromB[1], fromB[3]);
      }
    }
  }
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned half = 0; half < 2; ++half) {
      const size_t row = blockIdx.y * kTile + warp * 16 + lane / 4 + half * 8;
      const size_t column = blockIdx.x * kTile + i * 8 + lane % 4 * 2;
      *reinterpret_cast<float2 *>(c + row * n + column) =
          make_float2(sums[i][half * 2], sums[i][half * 2 + 1]);
    }
}
