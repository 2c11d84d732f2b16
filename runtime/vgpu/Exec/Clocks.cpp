// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Clocks.h"

namespace moert::vgpu {

void Knowledge::join(uint64_t block, const WarpStamps &stamps) {
  WarpStamps &mine = blocks_[block];
  if (mine.size() < stamps.size())
    mine.resize(stamps.size());
  for (size_t i = 0; i < stamps.size(); ++i)
    mine[i] = std::max(mine[i], stamps[i]);
}

void Knowledge::join(const Knowledge &other, uint64_t exceptBlock) {
  for (const auto &[block, stamps] : other.blocks_)
    if (block != exceptBlock)
      join(block, stamps);
}

const WarpStamps *Knowledge::of(uint64_t block) const {
  const auto found = blocks_.find(block);
  return found == blocks_.end() ? nullptr : &found->second;
}

void SyncTable::publish(uint64_t address, const Knowledge &knowledge, bool replaces) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (replaces)
    places_.erase(address);
  if (!knowledge.isEmpty())
    places_[address].join(knowledge);
}

void SyncTable::learn(uint64_t address, Knowledge &knowledge) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = places_.find(address);
  if (found != places_.end())
    knowledge.join(found->second);
}

Clocks::Clocks(uint64_t block, uint32_t numWarps)
    : block_(block), numWarps_(numWarps), known_(numWarps, WarpStamps(numWarps)), lanes_(numWarps),
      others_(numWarps), fenced_(numWarps), learnt_(numWarps) {
  for (auto &lanes : lanes_)
    lanes.fill(0);
}

bool Clocks::isOrderedAfter(uint32_t warp, uint64_t block, uint32_t otherWarp,
                            uint32_t stamp) const {
  const WarpStamps *stamps = others_[warp].of(block);
  return stamps && otherWarp < stamps->size() && stamp < (*stamps)[otherWarp];
}

bool Clocks::knowsMoreThan(uint32_t warp, uint32_t stamp) const {
  return stamp < allKnown_ || *std::max_element(known_[warp].begin(), known_[warp].end()) > stamp;
}

void Clocks::syncLanes(uint32_t warp, LaneMask lanes) {
  ++now_;
  for (LaneMask left = lanes; left; left &= left - 1)
    lanes_[warp][uint32_t(__builtin_ctz(left))] = now_;
}

Knowledge Clocks::knowledgeOf(uint32_t warp) {
  Knowledge knowledge = others_[warp];
  WarpStamps stamps = known_[warp];
  for (uint32_t &stamp : stamps)
    stamp = std::max(stamp, allKnown_);
  stamps[warp] = ++now_;
  knowledge.join(block_, stamps);
  return knowledge;
}

void Clocks::adopt(uint32_t warp, const Knowledge &knowledge) {
  others_[warp].join(knowledge, block_);
  if (const WarpStamps *stamps = knowledge.of(block_))
    for (uint32_t i = 0; i < numWarps_; ++i)
      known_[warp][i] = std::max(known_[warp][i], (*stamps)[i]);
}

void Clocks::arrive(uint32_t barrier, uint32_t warp, bool isForAll) {
  // All will know of all in the block by one stamp.
  if (!isForAll || knowsOthers(warp))
    barriers_[barrier].join(knowledgeOf(warp));
}

void Clocks::complete(uint32_t barrier, const std::vector<LaneMask> &waiting, bool isForAll) {
  Knowledge &knowledge = barriers_[barrier];
  ++now_;
  if (isForAll)
    allKnown_ = now_;
  if (isForAll && knowledge.isEmpty())
    return;
  for (uint32_t warp = 0; warp < numWarps_; ++warp) {
    if (!waiting[warp])
      continue;
    adopt(warp, knowledge);
    for (LaneMask left = waiting[warp]; left; left &= left - 1)
      lanes_[warp][uint32_t(__builtin_ctz(left))] = now_;
  }
  knowledge.clear();
}

void Clocks::fence(uint32_t warp) {
  adopt(warp, learnt_[warp]);
  learnt_[warp].clear();
  fenced_[warp] = knowledgeOf(warp);
}

void Clocks::publish(uint32_t warp, SyncTable &table, uint64_t address, bool releases,
                     bool replaces) {
  if (releases)
    table.publish(address, knowledgeOf(warp), replaces);
  else if (replaces || !fenced_[warp].isEmpty())
    table.publish(address, fenced_[warp], replaces);
}

void Clocks::learn(uint32_t warp, SyncTable &table, uint64_t address, bool acquires) {
  table.learn(address, learnt_[warp]);
  if (!acquires)
    return;
  adopt(warp, learnt_[warp]);
  learnt_[warp].clear();
}

} // namespace moert::vgpu
