// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Clocks.h"

namespace moert::vgpu {

namespace {

/// Blocks that knowledge tells apart. All that end by one counter know of all before them, so work
/// grows with their square.
constexpr size_t kMostBlocks = 1024;

} // namespace

void Knowledge::limit() {
  if (blocks_.size() <= kMostBlocks)
    return;
  blocks_.clear();
  isEverything_ = true;
}

void Knowledge::join(uint64_t block, const WarpStamps &stamps) {
  WarpStamps &mine = blocks_[block];
  if (mine.size() < stamps.size())
    mine.resize(stamps.size());
  for (size_t i = 0; i < stamps.size(); ++i)
    mine[i] = std::max(mine[i], stamps[i]);
  limit();
}

void Knowledge::join(const Knowledge &other, uint64_t exceptBlock) {
  isEverything_ |= other.isEverything_;
  for (const auto &[block, stamps] : other.blocks_)
    if (block != exceptBlock && !isEverything_)
      join(block, stamps);
}

const WarpStamps *Knowledge::of(uint64_t block) const {
  const auto found = blocks_.find(block);
  return found == blocks_.end() ? nullptr : &found->second;
}

void SyncTable::publish(uint64_t address, uint64_t thread, const Knowledge &knowledge,
                        bool replaces) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = places_.find(address);
  if (replaces && found != places_.end() && found->second.thread != thread)
    places_.erase(found);
  if (knowledge.isEmpty())
    return;
  Place &place = places_[address];
  place.knowledge.join(knowledge);
  place.thread = thread;
}

void SyncTable::learn(uint64_t address, Knowledge &knowledge) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = places_.find(address);
  if (found != places_.end())
    knowledge.join(found->second.knowledge);
}

Clocks::Clocks(uint64_t block, uint32_t numWarps)
    : block_(block), numWarps_(numWarps), known_(numWarps, WarpStamps(numWarps)), lanes_(numWarps),
      others_(numWarps), fenced_(numWarps), learnt_(numWarps) {
  for (auto &lanes : lanes_)
    lanes.fill(0);
}

bool Clocks::isOrderedAfter(uint32_t warp, uint64_t block, uint32_t otherWarp,
                            uint32_t stamp) const {
  if (others_[warp].isEverything())
    return true;
  const WarpStamps *stamps = others_[warp].of(block);
  return stamps && otherWarp < stamps->size() && stamp < (*stamps)[otherWarp];
}

bool Clocks::knowsMoreThan(uint32_t warp, uint32_t stamp) const {
  return stamp < allKnown_ || *std::max_element(known_[warp].begin(), known_[warp].end()) > stamp;
}

void Clocks::syncLanes(uint32_t warp, LaneMask lanes) { setLanes(warp, lanes, ++now_); }

void Clocks::setLanes(uint32_t warp, LaneMask lanes, uint32_t stamp) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    uint32_t &last = lanes_[warp][uint32_t(__builtin_ctz(left))];
    last = std::max(last, stamp);
  }
}

Knowledge Clocks::knowledgeOf(uint32_t warp, LaneMask lanes) {
  Knowledge knowledge = others_[warp];
  WarpStamps stamps = known_[warp];
  for (uint32_t &stamp : stamps)
    stamp = std::max(stamp, allKnown_);
  stamps[warp] = ++now_;
  setLanes(warp, lanes, now_);
  knowledge.join(block_, stamps);
  return knowledge;
}

void Clocks::adopt(uint32_t warp, LaneMask lanes, const Knowledge &knowledge) {
  others_[warp].join(knowledge, block_);
  if (knowledge.isEverything())
    std::fill(known_[warp].begin(), known_[warp].end(), now_ + 1);
  if (const WarpStamps *stamps = knowledge.of(block_)) {
    for (uint32_t i = 0; i < numWarps_; ++i)
      known_[warp][i] = std::max(known_[warp][i], (*stamps)[i]);
    setLanes(warp, lanes, (*stamps)[warp]);
  }
}

void Clocks::arrive(uint32_t barrier, uint32_t warp, LaneMask lanes, bool isForAll) {
  // All will know of all in the block by one stamp.
  if (!isForAll || knowsOthers(warp))
    barriers_[barrier].join(knowledgeOf(warp, lanes));
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
    adopt(warp, waiting[warp], knowledge);
    setLanes(warp, waiting[warp], now_);
  }
  knowledge.clear();
}

void Clocks::fence(uint32_t warp, LaneMask lanes) {
  adopt(warp, lanes, learnt_[warp]);
  learnt_[warp].clear();
  fenced_[warp] = knowledgeOf(warp, lanes);
}

void Clocks::publish(uint32_t warp, uint32_t lane, SyncTable &table, uint64_t address,
                     bool releases, bool replaces) {
  const uint64_t thread = (block_ << 10) + warp * kLanes + lane;
  if (releases)
    table.publish(address, thread, knowledgeOf(warp, LaneMask(1) << lane), replaces);
  else if (replaces || !fenced_[warp].isEmpty())
    table.publish(address, thread, fenced_[warp], replaces);
}

void Clocks::learn(uint32_t warp, uint32_t lane, SyncTable &table, uint64_t address,
                   bool acquires) {
  table.learn(address, learnt_[warp]);
  if (!acquires)
    return;
  adopt(warp, LaneMask(1) << lane, learnt_[warp]);
  learnt_[warp].clear();
}

} // namespace moert::vgpu
