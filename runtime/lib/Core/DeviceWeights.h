// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weights in the memory of a device, which sessions with that device share.
#ifndef MOERT_LIB_CORE_DEVICEWEIGHTS_H
#define MOERT_LIB_CORE_DEVICEWEIGHTS_H

#include "lib/Core/Accelerator.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct moert_weights;

namespace moert {

struct GroupBinding;

/// A copy of the weights that a rank reads. Lives as long as the last session that uses it.
struct DeviceWeights {
  std::unique_ptr<DeviceMemory> memory;
  /// Where slab 0 of each is, or would be: there is memory for slabs that the rank owns.
  std::vector<const void *> data;
};

/// The copies of one moert_weights, one for each device and what ranks own. From any thread.
class DeviceWeightsTable {
public:
  /// The copy on the accelerator's device, made now unless there is one. While one is made, others
  /// who want one wait. Without a binding it has all weights.
  moert_status get(const moert_weights &weights, Accelerator &accelerator,
                   const GroupBinding *binding, std::shared_ptr<const DeviceWeights> &copy);

private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const DeviceWeights>> copies_; // guarded by mutex_
};

} // namespace moert

#endif // MOERT_LIB_CORE_DEVICEWEIGHTS_H
