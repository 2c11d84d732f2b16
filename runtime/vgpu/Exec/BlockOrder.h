// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order in which blocks of instructions are laid out.
#ifndef MOERT_VGPU_EXEC_BLOCKORDER_H
#define MOERT_VGPU_EXEC_BLOCKORDER_H

#include <cstdint>
#include <vector>

namespace moert::vgpu {

/// All blocks that block 0 reaches, such that each comes after its predecessors but for those that
/// jump back to the head of a loop, and the blocks of a loop are together. So if a warp always runs
/// those of its lanes that are furthest behind, lanes that parted meet at the first block that all
/// of them reach. A weak topological order (F. Bourdoncle: "Efficient chaotic iteration strategies
/// with widenings", 1993): strongly connected components in topological order, each by its head,
/// then by what is left of it without the head.
std::vector<uint32_t> orderBlocks(const std::vector<std::vector<uint32_t>> &successors);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_BLOCKORDER_H
