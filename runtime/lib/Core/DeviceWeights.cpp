// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/DeviceWeights.h"
#include "lib/Core/Weights.h"

using namespace moert;

static moert_status upload(const moert_weights &weights, DeviceWeights &copy) {
  const struct moert_artifact_v1 &table = *weights.artifact->table;
  for (uint32_t i = 0; i < table.num_weights; ++i) {
    const moert_weight_info &info = table.weights[i];
    const int64_t bytes = (info.num_slabs - 1) * info.slab_stride + info.slab_bytes;
    void *memory = nullptr;
    // Straight from the file's pages.
    MOERT_RETURN_IF_FAILED(copy.memory->keep(weights.reader.data(i), bytes,
                                             info.num_slabs * info.slab_stride, memory));
    copy.data.push_back(memory);
  }
  return success();
}

moert_status DeviceWeightsTable::get(const moert_weights &weights, Accelerator &accelerator,
                                     std::shared_ptr<const DeviceWeights> &copy) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::weak_ptr<const DeviceWeights> &known = copies_[accelerator.identity()];
  copy = known.lock();
  if (copy)
    return success();
  auto made = std::make_shared<DeviceWeights>();
  MOERT_RETURN_IF_FAILED(accelerator.makeMemory(made->memory));
  MOERT_RETURN_IF_FAILED(upload(weights, *made));
  known = made;
  copy = std::move(made);
  return success();
}
