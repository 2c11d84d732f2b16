// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Weights.h"
#include "lib/Core/Options.h"

#include <cstdlib>

using namespace moert;

namespace {

/// The path to open: `given`, MOERT_WEIGHTS, or beside the artifact.
moert_status findPath(const moert_artifact &artifact, const char *given, Array<char> &path) {
  static constexpr char kSuffix[] = ".weights";
  const Host &host = artifact.runtime->host;
  auto noMemory = [] { return failure(MOERT_OUT_OF_MEMORY, "no memory to open weights"); };
  if (!given) {
    given = getenv("MOERT_WEIGHTS");
    if (given && !*given)
      given = nullptr;
  }
  if (given)
    return copyString(host, given, path) ? success() : noMemory();
  if (artifact.path.size() == 0)
    return failure(MOERT_INVALID_ARGUMENT,
                   "the artifact has no path to find its weights beside; give the weights' path or "
                   "set MOERT_WEIGHTS");
  size_t length = artifact.path.size() - 1;
  if (!path.allocate(host, length + sizeof(kSuffix)))
    return noMemory();
  memcpy(path.data(), artifact.path.data(), length);
  memcpy(path.data() + length, kSuffix, sizeof(kSuffix));
  return success();
}

} // namespace

moert_status moert_weights::open(moert_artifact &artifact, const moert_weights_options *given,
                                 moert_weights **weights) {
  moert_weights_options options;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_weights_options", options));
  if (options.load != MOERT_LOAD_MMAP && options.load != MOERT_LOAD_READ)
    return failure(MOERT_INVALID_ARGUMENT, "unknown load mode %d", options.load);
  if (options.verify != MOERT_VERIFY_HEADER && options.verify != MOERT_VERIFY_FULL)
    return failure(MOERT_INVALID_ARGUMENT, "unknown verify mode %d", options.verify);
  Array<char> path;
  MOERT_RETURN_IF_FAILED(findPath(artifact, options.path, path));

  const Host &host = artifact.runtime->host;
  auto *made = create<moert_weights>(host, artifact);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory to open weights");
  const auto &table = *artifact.table;
  moert_status status = made->reader.open(path.data(), table.build_id, table.weights,
                                          table.num_weights, options.load);
  if (status.code == MOERT_OK && options.verify == MOERT_VERIFY_FULL)
    status = made->reader.verify(artifact.runtime->pool);
  if (status.code != MOERT_OK) {
    made->release();
    return status;
  }
  host.log(MOERT_LOG_INFO, "moert: weights '%s', %lld bytes", path.data(),
           static_cast<long long>(made->reader.fileBytes()));
  *weights = made;
  return status;
}

void moert_weights::dispose(moert_weights *weights) {
  Ref<moert_artifact> artifact = weights->artifact;
  destroy(artifact->runtime->host, weights);
}
