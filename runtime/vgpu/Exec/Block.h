// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A launch, the blocks of it that run, and their warps.
#ifndef MOERT_VGPU_EXEC_BLOCK_H
#define MOERT_VGPU_EXEC_BLOCK_H

#include "vgpu/Exec/Counters.h"
#include "vgpu/Exec/Memory.h"
#include "vgpu/Exec/Program.h"
#include "vgpu/Exec/SharedShadow.h"

#include <memory>

namespace moert::vgpu {

struct Block;

/// What a kernel did that no kernel may do.
struct Report {
  enum class Kind : uint8_t { Other, Address, Alignment, Endless };
  std::string kernel;
  uint32_t line = 0; // of the PTX
  std::array<uint32_t, 3> block{}, thread{};
  std::string message;
  Kind kind = Kind::Other;
  /// "kernel 'k', block (0, 0, 0), thread (5, 0, 0), PTX line 12: ..."
  std::string text() const;
};

/// What is looked for beside bounds, alignment and lifetime of memory.
struct Checks {
  /// Bytes that are read were written before.
  bool written = true;
  /// Accesses of two threads to the same bytes are ordered, if one of them writes.
  bool races = true;
};

/// One launch, as all its blocks see it.
struct Launch {
  const Program *program = nullptr;
  Memory *memory = nullptr;
  std::array<uint32_t, 3> blocks{1, 1, 1}, threads{1, 1, 1};
  /// Numbers of the blocks that run, of a sample; empty: all of the grid.
  std::vector<uint64_t> onlyBlocks;
  /// Static and dynamic.
  uint32_t sharedBytes = 0;
  std::vector<std::byte> parameters;
  /// The number of the launch, another one for each launch that sees the same memory: accesses of
  /// different launches are ordered by their streams, which is not looked at here.
  uint64_t number = 0;
  /// Instructions of warps after which a launch is taken for endless.
  uint64_t mostInstructions = uint64_t(1) << 40;
  /// Chooses among the orders of blocks, warps and lanes that the ISA leaves open.
  uint32_t seed = 0;
  Checks checks;
  /// Whether `counters` are kept, which takes time.
  bool isCounting = false;
  /// What blocks publish to each other at addresses of global memory.
  SyncTable published;

  std::atomic<uint64_t> instructions{0};
  /// Set with the first report; everybody stops then.
  std::atomic<bool> hasFailed{false};
  std::mutex mutex;
  Report report;                  // guarded by mutex
  std::vector<Counters> counters; // of each record of the program; complete at the launch's end

  uint32_t threadsPerBlock() const { return threads[0] * threads[1] * threads[2]; }
  /// The place of a block in the grid.
  std::array<uint32_t, 3> blockIndex(uint64_t number) const {
    return {uint32_t(number % blocks[0]), uint32_t(number / blocks[0] % blocks[1]),
            uint32_t(number / blocks[0] / blocks[1])};
  }
};

/// Lanes of a warp that stand at the same instruction.
struct Group {
  enum class State : uint8_t { Ready, Waiting, AtBarrier };
  uint32_t next; // of Program::records
  LaneMask lanes;
  State state;
  uint8_t barrier;
};

/// A copy on its way to shared memory.
struct PendingCopy {
  uint64_t offset;
  uint32_t record;
  /// Of its lane, in the order in which it made them.
  uint32_t group;
  uint8_t lane, bytes;
  std::byte data[16];
};

struct Warp : WarpRegisters {
  Block *block = nullptr;
  const Program *program = nullptr;
  uint32_t number = 0;
  /// Lanes that have not ended.
  LaneMask alive = 0;
  /// Set by instructions; the launch has the report.
  bool hasFailed = false;
  uint32_t numGroups = 0;
  /// Groups up to this record have had their turn, while others wait for theirs; mostly 0.
  uint32_t skipped = 0;
  uint32_t backwardJumps = 0;
  Group groups[kLanes];
  std::vector<PendingCopy> copies;
  /// The group that copies of each lane are in from now on.
  std::array<uint32_t, kLanes> copyGroups{};
};

/// What `bar.red` gives: whether all, whether any, and how many threads said yes.
enum class BarrierResult : uint8_t { None, All, Any, Count };

/// `Record::flags` of barriers: whether all lanes of a warp come together, whether they go on at
/// once; from kBarrierResultShift on the BarrierResult, with its register in `result` and what a
/// thread says in `inputs[2]`.
constexpr uint8_t kAlignedBarrier = 1, kArrivesOnly = 2, kBarrierResultShift = 2;

/// A barrier of a block: how many threads are there.
struct Barrier {
  uint32_t arrived = 0;
  /// As the first one said; 0 for all threads of the block that have not ended.
  uint32_t expected = 0;
  /// What the first one wants to be told, and of the threads that came how many said yes, and no.
  BarrierResult result = BarrierResult::None;
  uint32_t yes = 0, no = 0;
};
constexpr uint32_t kBarriers = 16;

struct Block {
  Block(Launch &launch, uint64_t number);

  Launch &launch;
  std::array<uint32_t, 3> index;
  std::vector<std::byte> registers;
  std::vector<std::byte> shared, local;
  std::vector<LaneMask> predicates;
  std::unique_ptr<Warp[]> warps;
  uint32_t numWarps;
  uint32_t threadsAlive;
  Barrier barriers[kBarriers];

  uint64_t number;
  /// Of each record, if the launch counts.
  Counters *counters = nullptr;
  Clocks clocks;
  SharedShadow sharedShadow;
  /// Whether bytes of `local` were written.
  std::vector<bool> localWritten;
  /// What warps publish to each other at addresses of shared memory.
  SyncTable published;

  /// Threads have come to a barrier, or ended: frees those whose barrier is complete.
  void updateBarrier(uint32_t barrier);
  /// For those who wait at a barrier that is complete.
  void giveResult(const Barrier &barrier, Warp &warp, const Group &group);
  void updateBarriers();
};

/// What a warp's run ended with.
enum class WarpState : uint8_t { Ready, Blocked, Ended, Failed };

/// Runs a warp until it ends, waits for others, or has run `budget` instructions, of which it
/// leaves what it did not need.
WarpState runWarp(Warp &warp, int64_t &budget);

/// Runs all blocks of a launch on `hostThreads` threads, each with several blocks at a time.
/// False with a report if the kernel did what it must not.
bool runLaunch(Launch &launch, uint32_t hostThreads);

/// Notes what the lane did and stops the launch. Always false.
bool fail(Warp &warp, const Record &record, uint32_t lane, const std::string &message,
          Report::Kind kind = Report::Kind::Other);

/// "(5, 0, 0)".
std::string describe(const std::array<uint32_t, 3> &index);

/// The place of a thread in its block.
std::array<uint32_t, 3> threadIndex(const Launch &launch, uint32_t thread);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_BLOCK_H
