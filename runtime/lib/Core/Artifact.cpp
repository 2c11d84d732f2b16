// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Artifact.h"
#include "lib/Core/SharedObject.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Isa.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

using namespace moert;

moert_artifact::~moert_artifact() {
  if (library_)
    dlclose(library_);
}

void moert_artifact::dispose(moert_artifact *artifact) {
  Ref<moert_runtime> runtime = artifact->runtime;
  destroy(runtime->host, artifact);
}

moert_status moert_artifact::open(moert_runtime &runtime, const char *path,
                                  moert_artifact **artifact) {
  MOERT_RETURN_IF_FAILED(checkSharedObject(path));

  // dlopen searches the library path for names without a slash.
  Array<char> name;
  size_t length = strlen(path);
  if (!name.allocate(runtime.host, length + 3))
    return failure(MOERT_OUT_OF_MEMORY, "no memory to open artifact '%s'", path);
  memcpy(name.data(), "./", 2);
  memcpy(name.data() + (strchr(path, '/') ? 0 : 2), path, length + 1);

  auto *made = create<moert_artifact>(runtime.host, runtime);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory to open artifact '%s'", path);
  moert_status status = success();
  errno = 0;
  made->library_ = dlopen(name.data(), RTLD_NOW | RTLD_LOCAL);
  if (!made->library_) {
    // The loader has many words for running out of memory, and one number.
    int32_t code = errno == ENOMEM ? MOERT_OUT_OF_MEMORY : MOERT_INCOMPATIBLE;
    const char *reason = dlerror();
    status =
        failure(code, "cannot load artifact '%s': %s", path, reason ? reason : "unknown reason");
  } else if (void *symbol = dlsym(made->library_, MOERT_ARTIFACT_SYMBOL)) {
    status = made->adopt(static_cast<const struct moert_artifact_v1 *>(symbol), path);
  } else {
    status = failure(MOERT_INCOMPATIBLE, "'%s' is not a compiled model: it has no symbol %s", path,
                     MOERT_ARTIFACT_SYMBOL);
  }
  if (status.code == MOERT_OK)
    *artifact = made;
  else
    made->release();
  return status;
}

moert_status moert_artifact::wrap(moert_runtime &runtime, const struct moert_artifact_v1 *table,
                                  const char *path, moert_artifact **artifact) {
  auto *made = create<moert_artifact>(runtime.host, runtime);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for an artifact");
  moert_status status = made->adopt(table, path);
  if (status.code == MOERT_OK)
    *artifact = made;
  else
    made->release();
  return status;
}

moert_status moert_artifact::adopt(const struct moert_artifact_v1 *given, const char *from) {
  MOERT_RETURN_IF_FAILED(checkArtifact(*given));
  table = given;
  if (hasGrid(*given) && given->grid_rank) {
    gridRank = given->grid_rank;
    numExchanges = given->num_exchanges;
    grid = given->grid;
    exchanges = given->exchanges;
    ranks = membersAlong(UINT32_MAX);
  }
  if (hasDevice(*given))
    device = given->device;
  if (hasHostWork(*given)) {
    hostWork = given->host_work;
    checks = given->checks;
    numChecks = given->num_checks;
  }
  if (from && !copyString(runtime->host, from, path))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for an artifact");
  return chooseKernels();
}

int64_t moert_artifact::membersAlong(uint32_t axes) const {
  int64_t members = 1;
  for (uint32_t axis = 0; axis < gridRank; ++axis)
    if (axes >> axis & 1)
      members *= grid[axis];
  return members;
}

moert_artifact::GridText moert_artifact::describeGrid() const {
  GridText result = {};
  size_t length = 0;
  for (uint32_t axis = 0; axis < gridRank && length < sizeof(result.text); ++axis)
    length += size_t(snprintf(result.text + length, sizeof(result.text) - length, "%s%lld",
                              axis ? "x" : "", static_cast<long long>(grid[axis])));
  return result;
}

moert_status moert_artifact::chooseKernels() {
  if (!kernels.allocate(runtime->host, table->num_kernels))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for %u kernels", table->num_kernels);
  for (uint32_t i = 0; i < table->num_kernels; ++i) {
    for (int32_t level = runtime->isa; level >= 0 && !kernels[i]; --level)
      kernels[i] = table->kernels[i].levels[level];
    if (!kernels[i])
      return failure(MOERT_INCOMPATIBLE, "kernel '%s' is not built for level %s or a lower one",
                     table->kernels[i].name, isaName(runtime->isa));
  }
  return success();
}

const moert_entry_info *moert_artifact::entry(const char *name) const {
  if (!name)
    return &table->entries[0];
  for (uint32_t i = 0; i < table->num_entries; ++i)
    if (strcmp(table->entries[i].name, name) == 0)
      return &table->entries[i];
  return nullptr;
}
