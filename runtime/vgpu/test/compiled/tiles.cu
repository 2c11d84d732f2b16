// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cooperative groups: products of rows by tiles of 8 lanes, and a sum of those lanes of a warp that
// came together.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

extern "C" __global__ void tiles(const float *a, const float *b, float *out, int *odd, int rows) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<8>(block);
  const int row = blockIdx.x * (blockDim.x / 8) + tile.meta_group_rank();
  if (row < rows) {
    const float4 x = reinterpret_cast<const float4 *>(a)[row * 8 + tile.thread_rank()];
    const float4 y = reinterpret_cast<const float4 *>(b)[row * 8 + tile.thread_rank()];
    const float sum =
        cg::reduce(tile, x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w, cg::plus<float>());
    if (tile.thread_rank() == 0)
      out[row] = sum;
  }
  block.sync();
  if (threadIdx.x % 2) {
    const auto group = cg::coalesced_threads();
    const int sum = cg::reduce(group, int(threadIdx.x), cg::plus<int>());
    if (group.thread_rank() == 0)
      odd[blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32] = sum;
  }
}
