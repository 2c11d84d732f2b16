// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"

#include <cstring>

namespace moert {

namespace {

/// Far beyond any disk, and sums of two such numbers do not overflow.
constexpr int64_t kMaxFileBytes = int64_t(1) << 62;

constexpr int64_t alignUp(int64_t value) {
  return (value + MOERT_SLAB_ALIGNMENT - 1) & -int64_t(MOERT_SLAB_ALIGNMENT);
}

/// total += count * bytes, or false beyond kMaxFileBytes. All are >= 0.
bool accumulate(int64_t &total, int64_t count, int64_t bytes) {
  int64_t product;
  if (__builtin_mul_overflow(count, bytes, &product) || product > kMaxFileBytes - total)
    return false;
  total += product;
  return true;
}

} // namespace

moert_status layOutWeights(const moert_weight_info *infos, uint32_t numWeights,
                           WeightsRecord *records, WeightsLayout &layout) {
  auto tooLarge = [](const char *name) {
    return failure(MOERT_INVALID_ARGUMENT, "weight '%s' makes the file larger than 2^62 bytes",
                   name);
  };
  int64_t offset = kWeightsHeaderBytes + int64_t(numWeights) * int64_t(sizeof(WeightsRecord));
  for (uint32_t i = 0; i < numWeights; ++i) {
    const moert_weight_info &info = infos[i];
    if (!info.name || !*info.name)
      return failure(MOERT_INVALID_ARGUMENT, "weight %u has no name", i);
    if (info.num_slabs < 1 || info.slab_bytes < 0 || info.slab_stride < info.slab_bytes ||
        info.slab_stride % MOERT_SLAB_ALIGNMENT != 0)
      return failure(MOERT_INVALID_ARGUMENT,
                     "weight '%s' has %lld slabs of %lld bytes, %lld apart; needs at least one, "
                     "apart by a multiple of %d no less than their size",
                     info.name, static_cast<long long>(info.num_slabs),
                     static_cast<long long>(info.slab_bytes),
                     static_cast<long long>(info.slab_stride), MOERT_SLAB_ALIGNMENT);
    WeightsRecord &record = records[i];
    memset(&record, 0, sizeof(record));
    record.digests_offset = offset;
    record.num_slabs = info.num_slabs;
    record.slab_bytes = info.slab_bytes;
    record.slab_stride = info.slab_stride;
    record.dtype = info.dtype;
    if (!accumulate(offset, info.num_slabs, sizeof(WeightsDigest)))
      return tooLarge(info.name);
  }
  for (uint32_t i = 0; i < numWeights; ++i) {
    size_t nameBytes = strlen(infos[i].name);
    if (nameBytes > UINT32_MAX - 1 || !accumulate(offset, 1, int64_t(nameBytes) + 1))
      return tooLarge(infos[i].name);
    records[i].name_bytes = uint32_t(nameBytes);
    records[i].name_offset = offset - int64_t(nameBytes) - 1;
  }
  offset = alignUp(offset);
  layout.data_offset = offset;
  for (uint32_t i = 0; i < numWeights; ++i) {
    records[i].data_offset = offset;
    if (!accumulate(offset, records[i].num_slabs, records[i].slab_stride))
      return tooLarge(infos[i].name);
  }
  layout.file_bytes = offset;
  return success();
}

} // namespace moert
