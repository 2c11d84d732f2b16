// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled code, loaded and checked: its tables, and its kernels for the runtime's level.
#ifndef MOERT_LIB_CORE_ARTIFACT_H
#define MOERT_LIB_CORE_ARTIFACT_H

#include "lib/Core/Runtime.h"

struct moert_artifact final : moert::RefCounted<moert_artifact> {
  explicit moert_artifact(moert_runtime &runtime) : runtime(&runtime) {}
  ~moert_artifact();

  static moert_status open(moert_runtime &runtime, const char *path, moert_artifact **artifact);
  static moert_status wrap(moert_runtime &runtime, const struct moert_artifact_v1 *table,
                           const char *path, moert_artifact **artifact);
  static void dispose(moert_artifact *artifact);

  /// Entry `name`, the first for null, or null.
  const moert_entry_info *entry(const char *name) const;

  const moert::Ref<moert_runtime> runtime;
  const struct moert_artifact_v1 *table = nullptr;
  /// Where the artifact came from; of length 0 when it has no path.
  moert::Array<char> path;
  /// One per kernel of the table: the highest level built that the runtime allows.
  moert::Array<moert_kernel_fn> kernels;
  /// What tables have at their end, with what counts where they lack it.
  uint32_t gridRank = 0;
  uint32_t numExchanges = 0;
  const int64_t *grid = nullptr;
  const moert_exchange_info *exchanges = nullptr;
  const moert_device_code *device = nullptr;
  const moert_host_work *hostWork = nullptr; // [num_entries], or null
  const moert_check_info *checks = nullptr;
  uint32_t numChecks = 0;
  /// Ranks of the grid; 1 without.
  int64_t ranks = 1;

  /// Members of an exchange along `axes` of the grid.
  int64_t membersAlong(uint32_t axes) const;
  struct GridText {
    char text[128];
  };
  /// Like "2x4".
  GridText describeGrid() const;

private:
  moert_status adopt(const struct moert_artifact_v1 *given, const char *from);
  moert_status chooseKernels();

  void *library_ = nullptr;
};

namespace moert {

/// Bytes of a row of an exchange at most; sums of a few do not overflow.
constexpr int64_t kMostRowBytes = int64_t(1) << 40;

/// Whether a table reaches as far as the fields for ranks.
inline bool hasGrid(const struct moert_artifact_v1 &table) {
  return table.size >= offsetof(struct moert_artifact_v1, exchanges) + sizeof(void *);
}

/// Whether a table reaches as far as device code.
inline bool hasDevice(const struct moert_artifact_v1 &table) {
  return table.size >= offsetof(struct moert_artifact_v1, device) + sizeof(void *);
}

/// Whether a table reaches as far as what is known of host code with device code.
inline bool hasHostWork(const struct moert_artifact_v1 &table) {
  return table.size >= offsetof(struct moert_artifact_v1, num_checks) + sizeof(table.num_checks);
}

/// Checks everything in the tables that libmoert relies on, down to the last pointer and number.
moert_status checkArtifact(const struct moert_artifact_v1 &table);

} // namespace moert

#endif // MOERT_LIB_CORE_ARTIFACT_H
