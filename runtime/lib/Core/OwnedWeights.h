// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which weights a rank reads: those of its own experts, and what belongs to nobody.
#ifndef MOERT_LIB_CORE_OWNEDWEIGHTS_H
#define MOERT_LIB_CORE_OWNEDWEIGHTS_H

#include "lib/Core/Group.h"
#include "lib/Core/Weights.h"

namespace moert {

/// Says of mapped weights that this process reads what the rank owns, and nothing of other ranks:
/// without it pages at the borders of experts bring others with them, as large as the system keeps
/// files in memory. For ranks that are processes of their own; changes no result.
void expectOwned(const moert_weights &weights, const GroupBinding &binding);

/// Slabs of a weight, one after the other.
struct SlabRange {
  int64_t first;
  int64_t count;
};

/// The smallest range with all slabs of weight `index` that the rank may read; without a binding
/// all. May be empty, and has slabs of other ranks where those of this one do not lie together.
SlabRange findOwned(const moert_artifact &artifact, uint32_t index, const GroupBinding *binding);

} // namespace moert

#endif // MOERT_LIB_CORE_OWNEDWEIGHTS_H
