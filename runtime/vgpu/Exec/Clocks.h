// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What happens before what: vector clocks over the warps of a block, and over blocks where atomics
// and fences order them (C. Flanagan, S. Freund: "FastTrack", 2009, with stamps of a whole block).
//
// A block counts its synchronisations; the count is the stamp of an access. A warp knows of each
// other warp a stamp before which everything that that warp did happened before what comes now.
// Warps, not threads, have clocks: what one lane has synchronised with counts for its whole warp.
// Lanes of one warp have the stamp of the last synchronisation that each took part in; what both
// did before the earlier one of two such stamps is taken as ordered.
#ifndef MOERT_VGPU_EXEC_CLOCKS_H
#define MOERT_VGPU_EXEC_CLOCKS_H

#include "vgpu/Exec/Record.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace moert::vgpu {

/// Of a block's warps: everything that they did at smaller stamps is known.
using WarpStamps = std::vector<uint32_t>;

/// What is known of blocks, by their numbers in the grid.
class Knowledge {
public:
  /// Learns what another one knows, but for one block.
  void join(const Knowledge &other, uint64_t exceptBlock = UINT64_MAX);
  void join(uint64_t block, const WarpStamps &stamps);
  /// Whether anything is known of the block; null if not.
  const WarpStamps *of(uint64_t block) const;
  bool isEmpty() const { return blocks_.empty() && !isEverything_; }
  /// Of more blocks than are told apart: then all is taken as known.
  bool isEverything() const { return isEverything_; }
  void clear() { *this = {}; }

private:
  void limit();

  std::map<uint64_t, WarpStamps> blocks_;
  bool isEverything_ = false;
};

/// What was published at places in memory, for those who read there.
class SyncTable {
public:
  /// Adds to what is published at an address, or, for another thread than the one that published
  /// there last, puts it in place of what was.
  void publish(uint64_t address, uint64_t thread, const Knowledge &knowledge, bool replaces);
  /// Adds to `knowledge` what is published at the address.
  void learn(uint64_t address, Knowledge &knowledge);

private:
  std::mutex mutex_;
  struct Place {
    Knowledge knowledge;
    uint64_t thread; // that published last
  };
  std::unordered_map<uint64_t, Place> places_; // guarded by mutex_
};

class Clocks {
public:
  Clocks(uint64_t block, uint32_t numWarps);

  /// The stamp of accesses now.
  uint32_t now() const { return now_; }
  /// Accesses at smaller stamps happened before everything that any warp does now.
  uint32_t allKnown() const { return allKnown_; }
  /// Whether what another thread of the block did happened before what this one does.
  bool isOrdered(uint32_t warp, uint32_t lane, uint32_t otherWarp, uint32_t otherLane,
                 uint32_t stamp) const {
    if (stamp < allKnown_)
      return true;
    if (warp == otherWarp)
      return lane == otherLane || stamp < std::min(lanes_[warp][lane], lanes_[warp][otherLane]);
    return stamp < known_[warp][otherWarp];
  }
  /// Whether what a thread of another block did happened before what this warp does.
  bool isOrderedAfter(uint32_t warp, uint64_t block, uint32_t otherWarp, uint32_t stamp) const;
  /// Whether the warp has learnt of any other block.
  bool knowsOthers(uint32_t warp) const { return !others_[warp].isEmpty(); }
  /// Whether the warp has learnt of another one of the block what it did at that stamp or later.
  bool knowsMoreThan(uint32_t warp, uint32_t stamp) const;

  /// Lanes of a warp have met.
  void syncLanes(uint32_t warp, LaneMask lanes);
  /// A warp is at a barrier, perhaps one for all threads that have not ended; those that wait there
  /// learn what it knows.
  void arrive(uint32_t barrier, uint32_t warp, LaneMask lanes, bool isForAll);
  /// A barrier is complete. `waiting` gives the lanes of each warp that waited there.
  void complete(uint32_t barrier, const std::vector<LaneMask> &waiting, bool isForAll);

  /// A fence of lanes of the warp: what strong writes publish from now on is what it knows now, and
  /// what strong reads have learnt before counts.
  void fence(uint32_t warp, LaneMask lanes);
  /// Before a strong write or update. `releases`: whether it is a fence by itself.
  void publish(uint32_t warp, uint32_t lane, SyncTable &table, uint64_t address, bool releases,
               bool replaces);
  /// After a strong read or update. `acquires`: whether it is a fence by itself.
  void learn(uint32_t warp, uint32_t lane, SyncTable &table, uint64_t address, bool acquires);

private:
  /// What the warp knows, itself among it.
  Knowledge knowledgeOf(uint32_t warp, LaneMask lanes);
  void adopt(uint32_t warp, LaneMask lanes, const Knowledge &knowledge);
  void setLanes(uint32_t warp, LaneMask lanes, uint32_t stamp);

  const uint64_t block_;
  const uint32_t numWarps_;
  uint32_t now_ = 1, allKnown_ = 1;
  std::vector<WarpStamps> known_;
  std::vector<std::array<uint32_t, kLanes>> lanes_; // when each lane last met others of its warp
  std::vector<Knowledge> others_, fenced_, learnt_;
  std::array<Knowledge, 16> barriers_;
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_CLOCKS_H
