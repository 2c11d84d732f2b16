// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// usage: moert-test-open MODEL.so WEIGHTS mmap|read header|full
//
// Opens both and prints the status of what failed first, "code: message", or "ok".
#include "moert/moert.h"

#include <cstdio>
#include <cstring>

int main(int argc, char **argv) {
  if (argc != 5)
    return 2;
  const moert_api &api = *moert_get_api(MOERT_API_VERSION);
  moert_runtime_options runtimeOptions = {};
  runtimeOptions.size = sizeof(runtimeOptions);
  runtimeOptions.threads = 1;
  moert_weights_options options = {
      sizeof(options), argv[2], strcmp(argv[3], "read") == 0 ? MOERT_LOAD_READ : MOERT_LOAD_MMAP,
      strcmp(argv[4], "full") == 0 ? MOERT_VERIFY_FULL : MOERT_VERIFY_HEADER};
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  moert_status status = api.runtime_create(&runtimeOptions, &runtime);
  if (status.code == MOERT_OK)
    status = api.artifact_open(runtime, argv[1], &artifact);
  if (status.code == MOERT_OK)
    status = api.weights_open(artifact, &options, &weights);
  printf("%s%s%s\n", api.code_name(status.code), status.code ? ": " : "", status.message);
  api.weights_release(weights);
  api.artifact_release(artifact);
  api.runtime_release(runtime);
  return 0;
}
