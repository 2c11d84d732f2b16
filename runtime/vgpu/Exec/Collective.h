// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions in which lanes of a warp see each other's registers. Lanes that take part are those
// of the mask that each names; the interpreter has them together (Flow::Sync).
#ifndef MOERT_VGPU_EXEC_COLLECTIVE_H
#define MOERT_VGPU_EXEC_COLLECTIVE_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// Of `shfl.sync`, in Record::flags.
enum class Shuffle : uint8_t { Up, Down, Butterfly, Index };
/// Of `vote.sync`, in Record::flags.
enum class Vote : uint8_t { All, Any, Uniform, Ballot };
/// Of `redux.sync`, in Record::flags.
enum class Redux : uint8_t { AddU32, MinU32, MaxU32, MinS32, MaxS32, And, Or, Xor };

// inputs[3] is the slot of the mask of lanes.

/// inputs: a, b, c of `shfl.sync`; extra: a predicate that tells whether b was in range, or 0.
void shuffle(Warp &warp, const Record &record, LaneMask lanes);
/// inputs[0]: a predicate; the result is one too, but for a ballot.
void vote(Warp &warp, const Record &record, LaneMask lanes);
/// inputs[0]: a value of 32 or 64 bits (flags: 0, 1); the result is a mask of lanes.
void matchAny(Warp &warp, const Record &record, LaneMask lanes);
/// As before; extra: a predicate that tells whether all are equal, or 0.
void matchAll(Warp &warp, const Record &record, LaneMask lanes);
void redux(Warp &warp, const Record &record, LaneMask lanes);
/// The result is the leader's number; extra: a predicate that is true for the leader, or 0.
void elect(Warp &warp, const Record &record, LaneMask lanes);
/// The result is the mask of those that are here; no lanes are waited for.
void activeMask(Warp &warp, const Record &record, LaneMask lanes);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_COLLECTIVE_H
