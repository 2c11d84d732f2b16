// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/OwnedWeights.h"

namespace moert {

namespace {

/// The system counts ranges of memory with advice of their own, and lets a process have 65,530 by
/// default. Where experts make more than these, they keep what lies around them.
constexpr int64_t kMostRanges = 8192;

/// Calls `visit` with each weight that has owners, and its owners, adjacent ones that are alike
/// together: (weight, first slab, slabs, whether this rank owns them).
template <typename Visit>
void visitRuns(const moert_artifact &artifact, const GroupBinding &binding, Visit visit) {
  for (uint32_t index = 0; index < artifact.table->num_weights; ++index) {
    const moert_weight_info &weight = artifact.table->weights[index];
    if (weight.exchange == 0)
      continue;
    const moert_exchange_info &info = artifact.exchanges[weight.exchange - 1];
    const int32_t member = binding.exchanges[weight.exchange - 1]->member();
    const int64_t ranges = info.num_experts * info.parts;
    const int64_t each = weight.num_slabs / ranges;
    for (int64_t range = 0, end; range < ranges; range = end) {
      const bool isOwn = info.owners[range] == member;
      for (end = range + 1; end < ranges && (info.owners[end] == member) == isOwn;)
        ++end;
      visit(index, range * each, (end - range) * each, isOwn);
    }
  }
}

} // namespace

SlabRange findOwned(const moert_artifact &artifact, uint32_t index, const GroupBinding *binding) {
  const moert_weight_info &weight = artifact.table->weights[index];
  if (weight.exchange == 0 || !binding)
    return {0, weight.num_slabs};
  const moert_exchange_info &info = artifact.exchanges[weight.exchange - 1];
  const int32_t member = binding->exchanges[weight.exchange - 1]->member();
  const int64_t ranges = info.num_experts * info.parts;
  const int64_t each = weight.num_slabs / ranges;
  int64_t first = 0, end = ranges;
  while (first < end && info.owners[first] != member)
    ++first;
  while (end > first && info.owners[end - 1] != member)
    --end;
  return {first * each, (end - first) * each};
}

void expectOwned(const moert_weights &weights, const GroupBinding &binding) {
  const moert_artifact &artifact = *weights.artifact;
  int64_t ranges = 0;
  visitRuns(artifact, binding, [&](uint32_t, int64_t, int64_t, bool) { ++ranges; });
  const bool isFew = ranges <= kMostRanges;
  visitRuns(artifact, binding, [&](uint32_t weight, int64_t first, int64_t count, bool isOwn) {
    weights.reader.expect(weight, first, count, isOwn || !isFew);
  });
}

} // namespace moert
