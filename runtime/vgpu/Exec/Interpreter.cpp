// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a warp. Lanes that parted are groups; of those that can go on, the one that is furthest
// behind in the layout of the code runs, so that all meet where their ways do (BlockOrder.h).
#include "vgpu/Exec/Block.h"

#include <algorithm>

namespace moert::vgpu {

namespace {

/// Backward jumps after which another group of the warp gets its turn, in case this one waits for
/// it.
constexpr uint32_t kPatience = 1 << 10;

/// `kCounts`: whether executions of each record are counted.
template <bool kCounts>
class Run {
public:
  Run(Warp &warp, int64_t &budget)
      : warp_(warp), budget_(budget), records_(warp.program->records.data()) {}

  WarpState run() {
    while (choose()) {
      const WarpState state = runGroup();
      if (state != WarpState::Ready)
        return state;
    }
    if (warp_.numGroups == 0)
      return WarpState::Ended;
    return stuckGroups() ? WarpState::Failed : WarpState::Blocked;
  }

private:
  void count(const Record &record, LaneMask lanes) {
    if (!kCounts)
      return;
    Counters &counters = warp_.block->counters[&record - records_];
    ++counters.warps;
    counters.lanes += uint64_t(__builtin_popcount(lanes));
  }

  Group &current() { return warp_.groups[current_]; }

  void remove(uint32_t group) { warp_.groups[group] = warp_.groups[--warp_.numGroups]; }

  /// Joins groups at the same instruction, and makes the ready one that is furthest behind, or the
  /// next one after `Warp::skipped`, the current one. False if none is ready.
  bool choose() {
    for (uint32_t i = 0; i < warp_.numGroups; ++i)
      for (uint32_t j = i + 1; j < warp_.numGroups;) {
        Group &a = warp_.groups[i], &b = warp_.groups[j];
        if (a.next != b.next || a.state == Group::State::AtBarrier ||
            b.state == Group::State::AtBarrier) {
          ++j;
          continue;
        }
        a.lanes |= b.lanes;
        a.state = Group::State::Ready; // perhaps all are here now that are waited for
        remove(j);
      }
    uint32_t best = kLanes;
    bool isBestLate = false;
    for (uint32_t i = 0; i < warp_.numGroups; ++i) {
      const Group &group = warp_.groups[i];
      if (group.state != Group::State::Ready)
        continue;
      const bool isLate = group.next > warp_.skipped;
      if (best == kLanes || isLate > isBestLate ||
          (isLate == isBestLate && group.next < warp_.groups[best].next)) {
        best = i;
        isBestLate = isLate;
      }
    }
    current_ = best;
    if (!isBestLate)
      warp_.skipped = 0; // all have had their turn
    return best != kLanes;
  }

  /// Nobody in the warp is ready: whether that can still change.
  bool stuckGroups() {
    for (uint32_t i = 0; i < warp_.numGroups; ++i)
      if (warp_.groups[i].state == Group::State::AtBarrier)
        return false;
    for (uint32_t i = 0; i < warp_.numGroups; ++i) {
      const Group &group = warp_.groups[i];
      const Record &record = records_[group.next];
      std::string others;
      for (uint32_t j = 0; j < warp_.numGroups; ++j)
        if (j != i)
          others +=
              (others.empty() ? "" : ", ") + std::to_string(records_[warp_.groups[j].next].line);
      fail(warp_, record, uint32_t(__builtin_ctz(group.lanes)),
           "waits for lanes of its warp that are elsewhere" +
               (others.empty() ? std::string(" or have ended") : ", in lines " + others));
      return true;
    }
    return false;
  }

  /// Runs the current group until it ends, waits, or another one shall run.
  WarpState runGroup() {
    const Record *record = records_ + current().next;
    LaneMask lanes = current().lanes;
    for (;;) {
      const Record *first = record;
      for (; record->flow <= Flow::Checked; ++record) {
        const LaneMask active = lanes & warp_.predicate(record->guard);
        if (active == 0)
          continue;
        count(*record, active);
        record->handler(warp_, *record, active);
        if (record->flow == Flow::Checked && warp_.hasFailed)
          return WarpState::Failed;
      }
      budget_ -= record - first + 1;
      count(*record, lanes);
      uint32_t next;
      switch (record->flow) {
      case Flow::Jump:
        next = record->extra;
        break;
      case Flow::Branch: {
        const LaneMask taken = lanes & warp_.predicate(record->guard);
        const auto after = uint32_t(record - records_) + 1;
        if (taken != 0 && taken != lanes) {
          lanes &= ~taken;
          current().lanes = lanes;
          warp_.groups[warp_.numGroups++] = {record->extra, taken, Group::State::Ready, 0};
        }
        next = taken == lanes ? record->extra : after;
        break;
      }
      case Flow::BranchTable:
        return branchByTable(*record, lanes);
      case Flow::Sync:
        if (!isComplete(*record, lanes))
          return warp_.hasFailed ? WarpState::Failed : WarpState::Ready;
        record->handler(warp_, *record, lanes);
        if (warp_.hasFailed)
          return WarpState::Failed;
        next = uint32_t(record - records_) + 1;
        break;
      case Flow::Barrier:
        return arrive(*record, lanes);
      case Flow::Exit:
        end(lanes);
        return WarpState::Ready;
      default:
        fail(warp_, *record, uint32_t(__builtin_ctz(lanes)), "executes 'trap'");
        return WarpState::Failed;
      }
      const bool isBackward = next <= uint32_t(record - records_);
      record = records_ + next;
      const bool isAlone = warp_.numGroups == 1;
      if (isAlone && !isBackward)
        continue;
      current().next = next;
      if (budget_ <= 0 || warp_.block->launch.hasFailed.load(std::memory_order_relaxed))
        return budgetIsSpent();
      if (isAlone)
        continue;
      if (isBackward && ++warp_.backwardJumps % kPatience == 0)
        warp_.skipped = next;
      return WarpState::Ready;
    }
  }

  WarpState budgetIsSpent() {
    return warp_.block->launch.hasFailed.load(std::memory_order_relaxed) ? WarpState::Failed
                                                                         : WarpState::Blocked;
  }

  /// Whether all lanes are here that a .sync instruction names; else the group waits.
  bool isComplete(const Record &record, LaneMask lanes) {
    current().next = uint32_t(&record - records_);
    LaneMask named = warp_.alive;
    if (record.inputs[3] != kNoSlot) {
      const uint32_t *masks = warp_.row<uint32_t>(record.inputs[3]);
      named = 0;
      for (LaneMask left = lanes; left; left &= left - 1) {
        const auto lane = uint32_t(__builtin_ctz(left));
        if (!(masks[lane] >> lane & 1)) {
          fail(warp_, record, lane, "is not in the mask of lanes that it names");
          return false;
        }
        named |= masks[lane];
      }
    }
    if ((named & warp_.alive & ~lanes) == 0)
      return true;
    current().state = Group::State::Waiting;
    return false;
  }

  /// `inputs[0]`: a slot with the barrier's number; `inputs[1]`: with its threads, or none.
  /// `flags`: see kAlignedBarrier.
  WarpState arrive(const Record &record, LaneMask lanes) {
    const auto lane = uint32_t(__builtin_ctz(lanes));
    const bool isAligned = record.flags & kAlignedBarrier, waits = !(record.flags & kArrivesOnly);
    const auto result = BarrierResult(record.flags >> kBarrierResultShift);
    current().next = uint32_t(&record - records_);
    if (isAligned && lanes != warp_.alive) {
      current().state = Group::State::Waiting;
      return WarpState::Ready;
    }
    const uint32_t number = warp_.row<uint32_t>(record.inputs[0])[lane];
    uint32_t expected = 0;
    if (record.inputs[1] != kNoSlot)
      expected = warp_.row<uint32_t>(record.inputs[1])[lane];
    Block &block = *warp_.block;
    if (number >= kBarriers ||
        (record.inputs[1] != kNoSlot && (expected == 0 || expected % kLanes)))
      return refuse(record, lane,
                    "names barrier " + std::to_string(number) + " for " + std::to_string(expected) +
                        " threads; there are 16, for multiples of 32");
    Barrier &barrier = block.barriers[number];
    // All threads, as long as none has ended, may also be given by their number.
    auto resolved = [&](uint32_t count) { return count ? count : block.threadsAlive; };
    if (barrier.arrived > 0 && resolved(barrier.expected) != resolved(expected))
      return refuse(record, lane,
                    "comes to barrier " + std::to_string(number) +
                        " with another number of threads than those who wait there");
    if (barrier.arrived > 0 && barrier.result != result)
      return refuse(record, lane,
                    "comes to barrier " + std::to_string(number) +
                        " with another reduction than those who wait there");
    if (barrier.arrived == 0) {
      barrier.expected = expected;
      barrier.result = result;
    }
    if (result != BarrierResult::None) {
      const LaneMask said = lanes & warp_.predicate(record.inputs[2]);
      barrier.yes += uint32_t(__builtin_popcount(said));
      barrier.no += uint32_t(__builtin_popcount(lanes & ~said));
    }
    // Of a warp that has lost lanes all 32 count where a number is given.
    barrier.arrived += isAligned && expected ? kLanes : uint32_t(__builtin_popcount(lanes));
    if (expected && barrier.arrived > expected)
      return refuse(record, lane,
                    "comes to barrier " + std::to_string(number) +
                        " when all that it is for are there");
    block.clocks.arrive(number, warp_.number, lanes, barrier.expected == 0);
    current().next = uint32_t(&record - records_) + 1;
    if (waits) {
      current().state = Group::State::AtBarrier;
      current().barrier = uint8_t(number);
    }
    block.updateBarrier(number);
    return WarpState::Ready;
  }

  WarpState refuse(const Record &record, uint32_t lane, const std::string &message) {
    fail(warp_, record, lane, message);
    return WarpState::Failed;
  }

  WarpState branchByTable(const Record &record, LaneMask lanes) {
    const std::vector<uint32_t> &targets = warp_.program->branchTables[record.extra];
    const uint32_t *choices = warp_.row<uint32_t>(record.inputs[0]);
    remove(current_);
    for (LaneMask left = lanes; left;) {
      const auto lane = uint32_t(__builtin_ctz(left));
      const uint32_t choice = choices[lane];
      if (choice >= targets.size()) {
        return refuse(record, lane,
                      "jumps to label " + std::to_string(choice) + " of " +
                          std::to_string(targets.size()));
      }
      LaneMask same = 0;
      for (uint32_t i = lane; i < kLanes; ++i)
        same |= LaneMask(choices[i] == choice) << i;
      same &= left;
      left &= ~same;
      warp_.groups[warp_.numGroups++] = {targets[choice], same, Group::State::Ready, 0};
    }
    return budget_ <= 0 ? budgetIsSpent() : WarpState::Ready;
  }

  void end(LaneMask lanes) {
    warp_.alive &= ~lanes;
    warp_.block->threadsAlive -= uint32_t(__builtin_popcount(lanes));
    remove(current_);
    // Those who waited for lanes that have ended now may be complete.
    for (uint32_t i = 0; i < warp_.numGroups; ++i)
      if (warp_.groups[i].state == Group::State::Waiting)
        warp_.groups[i].state = Group::State::Ready;
    warp_.block->updateBarriers();
  }

  Warp &warp_;
  int64_t &budget_;
  const Record *const records_;
  uint32_t current_ = 0;
};

} // namespace

WarpState runWarp(Warp &warp, int64_t &budget) {
  return warp.block->counters ? Run<true>(warp, budget).run() : Run<false>(warp, budget).run();
}

} // namespace moert::vgpu
