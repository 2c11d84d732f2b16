// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Block.h"

#include <thread>

namespace moert::vgpu {

namespace {

/// Instructions of a warp before the next one of its block gets its turn.
constexpr int64_t kTurn = 2000;
/// Blocks that a host thread runs at a time, so that those that wait for each other get on.
constexpr size_t kResident = 8;

} // namespace

std::string describe(const std::array<uint32_t, 3> &index) {
  return "(" + std::to_string(index[0]) + ", " + std::to_string(index[1]) + ", " +
         std::to_string(index[2]) + ")";
}

std::string Report::text() const {
  return "kernel '" + kernel + "', block " + describe(block) + ", thread " + describe(thread) +
         ", PTX line " + std::to_string(line) + ": " + message;
}

std::array<uint32_t, 3> threadIndex(const Launch &launch, uint32_t thread) {
  return {thread % launch.threads[0], thread / launch.threads[0] % launch.threads[1],
          thread / launch.threads[0] / launch.threads[1]};
}

bool fail(Warp &warp, const Record &record, uint32_t lane, const std::string &message,
          Report::Kind kind) {
  Launch &launch = warp.block->launch;
  warp.hasFailed = true;
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (!launch.hasFailed)
    launch.report = {warp.program->name,
                     record.line,
                     warp.block->index,
                     threadIndex(launch, warp.number * kLanes + lane),
                     message,
                     kind};
  launch.hasFailed = true;
  return false;
}

Block::Block(Launch &launch, uint64_t number)
    : launch(launch), numWarps((launch.threadsPerBlock() + kLanes - 1) / kLanes), number(number),
      clocks(number, numWarps), sharedShadow(launch.sharedBytes) {
  const Program &program = *launch.program;
  index = launch.blockIndex(number);
  threadsAlive = launch.threadsPerBlock();
  const size_t rowBytes = program.numSlots * kSlotBytes;
  registers.resize(numWarps * rowBytes);
  predicates.resize(numWarps * program.numPredicates);
  shared.resize(launch.sharedBytes);
  local.resize(size_t(numWarps) * kLanes * program.localBytes);
  localWritten.resize(local.size());
  warps = std::make_unique<Warp[]>(numWarps);
  for (uint32_t i = 0; i < numWarps; ++i) {
    Warp &warp = warps[i];
    const uint32_t threads = std::min(threadsAlive - i * kLanes, kLanes);
    warp.block = this;
    warp.program = &program;
    warp.number = i;
    warp.rows[0] = registers.data() + i * rowBytes;
    warp.rows[1] = const_cast<std::byte *>(program.constants.data());
    warp.predicates = predicates.data() + i * program.numPredicates;
    warp.predicates[0] = kAllLanes;
    warp.alive = threads == kLanes ? kAllLanes : (LaneMask(1) << threads) - 1;
    warp.groups[warp.numGroups++] = {0, warp.alive, Group::State::Ready, 0};
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const auto place = threadIndex(launch, i * kLanes + lane);
      for (uint16_t axis = 0; axis < 3; ++axis)
        warp.row<uint32_t>(uint16_t(kThreadIndexSlot + axis))[lane] = place[axis];
    }
  }
}

void Block::updateBarrier(uint32_t number) {
  Barrier &barrier = barriers[number];
  const uint32_t expected = barrier.expected ? barrier.expected : threadsAlive;
  if (barrier.arrived == 0 || barrier.arrived < expected)
    return;
  std::vector<LaneMask> waiting(numWarps);
  for (uint32_t i = 0; i < numWarps; ++i)
    for (uint32_t j = 0; j < warps[i].numGroups; ++j) {
      Group &group = warps[i].groups[j];
      if (group.state == Group::State::AtBarrier && group.barrier == number) {
        group.state = Group::State::Ready;
        waiting[i] |= group.lanes;
        if (barrier.result != BarrierResult::None)
          giveResult(barrier, warps[i], group);
      }
    }
  clocks.complete(number, waiting, barrier.expected == 0);
  barrier = {};
}

void Block::giveResult(const Barrier &barrier, Warp &warp, const Group &group) {
  // The record after the barrier is where the group goes on.
  const Record &record = warp.program->records[group.next - 1];
  if (barrier.result == BarrierResult::Count) {
    uint32_t *counts = warp.row<uint32_t>(record.result);
    for (LaneMask left = group.lanes; left; left &= left - 1)
      counts[__builtin_ctz(left)] = barrier.yes;
    return;
  }
  const bool isTrue = barrier.result == BarrierResult::All ? barrier.no == 0 : barrier.yes > 0;
  warp.setPredicate(record.result, group.lanes, isTrue ? kAllLanes : 0);
}

void Block::updateBarriers() {
  for (uint32_t number = 0; number < kBarriers; ++number)
    updateBarrier(number);
}

namespace {

/// Numbers without a pattern, by position.
uint32_t scatter(uint64_t position) {
  position = (position ^ position >> 31) * 0x9e3779b97f4a7c15u;
  return uint32_t(position >> 32);
}

/// A host thread's part of a launch.
class Runner {
public:
  Runner(Launch &launch, std::atomic<uint64_t> &next, uint64_t blocks)
      : launch_(launch), next_(next), numBlocks_(blocks),
        counters_(launch.isCounting ? launch.program->records.size() : 0) {}

  void run() {
    runBlocks();
    if (!launch_.isCounting)
      return;
    std::lock_guard<std::mutex> lock(launch_.mutex);
    launch_.counters.resize(counters_.size());
    for (size_t i = 0; i < counters_.size(); ++i)
      launch_.counters[i] += counters_[i];
  }

private:
  void runBlocks() {
    while (!launch_.hasFailed.load(std::memory_order_relaxed)) {
      while (resident_.size() < kResident) {
        const uint64_t number = next_.fetch_add(1, std::memory_order_relaxed);
        if (number >= numBlocks_)
          break;
        resident_.push_back(std::make_unique<Block>(launch_, inOrder(number)));
        resident_.back()->counters = launch_.isCounting ? counters_.data() : nullptr;
      }
      if (resident_.empty())
        return;
      for (size_t i = 0; i < resident_.size();) {
        if (!runBlock(*resident_[i]))
          return;
        if (resident_[i]->threadsAlive == 0) {
          resident_[i] = std::move(resident_.back());
          resident_.pop_back();
        } else {
          ++i;
        }
      }
    }
  }

  /// The block that comes next: from one that the seed tells on, upwards or downwards.
  uint64_t inOrder(uint64_t number) const {
    const uint64_t first = launch_.seed ? scatter(launch_.seed) % numBlocks_ : 0;
    uint64_t place = (first + number) % numBlocks_;
    if (launch_.seed & 1)
      place = numBlocks_ - 1 - place;
    return launch_.onlyBlocks.empty() ? place : launch_.onlyBlocks[place];
  }

  /// A turn for each warp. False if the launch has failed.
  bool runBlock(Block &block) {
    int64_t executed = 0;
    const uint32_t chance = launch_.seed ? scatter(launch_.seed + (++turns_ << 16)) : 0;
    // Turns of several lengths, so that warps do not meet at the same places.
    const int64_t turn = kTurn >> (chance >> 8 & 7);
    for (uint32_t i = 0; i < block.numWarps; ++i) {
      Warp &warp = block.warps[(i + (chance >> 16)) % block.numWarps];
      if (warp.numGroups == 0)
        continue;
      int64_t budget = turn;
      if (runWarp(warp, budget) == WarpState::Failed)
        return false;
      executed += turn - budget;
    }
    if (executed == 0 && block.threadsAlive > 0)
      return reportDeadlock(block);
    const uint64_t before = launch_.instructions.fetch_add(uint64_t(executed));
    if (before + uint64_t(executed) > launch_.mostInstructions) {
      Warp &warp = firstAlive(block);
      return fail(warp, recordOf(warp), laneOf(warp),
                  "is still running after " + std::to_string(launch_.mostInstructions) +
                      " instructions of all warps",
                  Report::Kind::Endless);
    }
    return true;
  }

  Warp &firstAlive(Block &block) const {
    uint32_t i = 0;
    while (block.warps[i].numGroups == 0)
      ++i;
    return block.warps[i];
  }
  const Record &recordOf(const Warp &warp) const {
    return warp.program->records[warp.groups[0].next];
  }
  uint32_t laneOf(const Warp &warp) const { return uint32_t(__builtin_ctz(warp.groups[0].lanes)); }

  bool reportDeadlock(Block &block) {
    Warp &warp = firstAlive(block);
    uint32_t waiting = 0;
    while (warp.groups[waiting].state != Group::State::AtBarrier && waiting + 1 < warp.numGroups)
      ++waiting;
    const Group &group = warp.groups[waiting];
    const Barrier &barrier = block.barriers[group.barrier];
    const uint32_t expected = barrier.expected ? barrier.expected : block.threadsAlive;
    // The record after the barrier is where the group goes on.
    return fail(warp, warp.program->records[group.next - 1], uint32_t(__builtin_ctz(group.lanes)),
                "waits at barrier " + std::to_string(group.barrier) + " for " +
                    std::to_string(expected) + " threads, of which " +
                    std::to_string(barrier.arrived) + " come");
  }

  Launch &launch_;
  std::atomic<uint64_t> &next_;
  const uint64_t numBlocks_;
  uint64_t turns_ = 0;
  std::vector<Counters> counters_;
  std::vector<std::unique_ptr<Block>> resident_;
};

} // namespace

bool runLaunch(Launch &launch, uint32_t hostThreads) {
  const uint64_t blocks = launch.onlyBlocks.empty() ? uint64_t(launch.blocks[0]) *
                                                          launch.blocks[1] * launch.blocks[2]
                                                    : launch.onlyBlocks.size();
  const uint64_t threads =
      uint64_t(launch.threads[0]) * launch.threads[1] * uint64_t(launch.threads[2]);
  const Program &program = *launch.program;
  if (threads == 0 || threads > program.mostThreads || launch.threads[0] > program.mostThreads ||
      launch.threads[1] > program.mostThreads ||
      (program.requiredThreads[0] && program.requiredThreads != launch.threads)) {
    launch.report.kernel = program.name;
    launch.report.message =
        "is launched with blocks of " + describe(launch.threads) + " threads, which it cannot have";
    launch.hasFailed = true;
    return false;
  }
  launch.memory->beginLaunch(launch.number);
  std::atomic<uint64_t> next{0};
  auto body = [&] { Runner(launch, next, blocks).run(); };
  std::vector<std::thread> helpers;
  for (uint64_t i = 1; i < hostThreads && i < blocks; ++i)
    helpers.emplace_back(body);
  body();
  for (std::thread &helper : helpers)
    helper.join();
  return !launch.hasFailed;
}

} // namespace moert::vgpu
