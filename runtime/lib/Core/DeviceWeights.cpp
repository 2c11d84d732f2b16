// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/DeviceWeights.h"
#include "lib/Core/OwnedWeights.h"
#include "lib/Core/Weights.h"

using namespace moert;

static moert_status upload(const moert_weights &weights, const std::vector<SlabRange> &owned,
                           DeviceWeights &copy) {
  const struct moert_artifact_v1 &table = *weights.artifact->table;
  for (uint32_t i = 0; i < table.num_weights; ++i) {
    const moert_weight_info &info = table.weights[i];
    const auto [first, count] = owned[i];
    const int64_t before = first * info.slab_stride;
    const int64_t bytes = count ? (count - 1) * info.slab_stride + info.slab_bytes : 0;
    void *memory = nullptr;
    // Straight from the file's pages.
    const char *from = static_cast<const char *>(weights.reader.data(i)) + before;
    MOERT_RETURN_IF_FAILED(
        copy.memory->keep(from, bytes, std::max(count * info.slab_stride, int64_t(1)), memory));
    // An address, since nothing need be there.
    copy.data.push_back(
        reinterpret_cast<const void *>(reinterpret_cast<uintptr_t>(memory) - uintptr_t(before)));
  }
  return success();
}

moert_status DeviceWeightsTable::get(const moert_weights &weights, Accelerator &accelerator,
                                     const GroupBinding *binding,
                                     std::shared_ptr<const DeviceWeights> &copy) {
  std::vector<SlabRange> owned;
  std::string key = accelerator.identity();
  for (uint32_t i = 0; i < weights.artifact->table->num_weights; ++i) {
    owned.push_back(findOwned(*weights.artifact, i, binding));
    key += " " + std::to_string(owned[i].first) + "+" + std::to_string(owned[i].count);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  std::weak_ptr<const DeviceWeights> &known = copies_[key];
  copy = known.lock();
  if (copy)
    return success();
  auto made = std::make_shared<DeviceWeights>();
  MOERT_RETURN_IF_FAILED(accelerator.makeMemory(made->memory));
  MOERT_RETURN_IF_FAILED(upload(weights, owned, *made));
  known = made;
  copy = std::move(made);
  return success();
}
