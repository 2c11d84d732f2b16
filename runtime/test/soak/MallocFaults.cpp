// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// usage: moert-malloc-faults MODEL.so
//
// The whole life of a model with libc's allocator, again and again, while allocation 1, 2, 3... of
// the process fails, alone or with all that follow: in the library, the dynamic loader, the start
// of threads. Each life must end in success or in a status that says so, and give everything back.
#include "CountAllocations.h"
#include "lib/Cli/Inputs.h"

#include <cstdio>
#include <cstring>

using namespace moert;

namespace {

const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

/// Inputs made beforehand, as they are the caller's.
cli::Inputs inputs;

moert_status setInputs(moert_request *request, const moert_entry_info &entry) {
  moert_status status = {};
  for (uint32_t i = 0; i < entry.num_inputs && status.code == MOERT_OK; ++i) {
    cli::Tensor &tensor = inputs.tensors[i];
    moert_tensor given = {sizeof(given), tensor.data.data(),           tensor.data.size(),
                          tensor.dtype,  int32_t(tensor.sizes.size()), tensor.sizes.data()};
    status = api().request_set_input(request, entry.inputs[i].name, &given);
  }
  return status;
}

moert_status live(const char *path, bool makesInputs) {
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = 2;
  moert_weights_options weightsOptions = {};
  weightsOptions.size = sizeof(weightsOptions);
  weightsOptions.load = MOERT_LOAD_READ;
  weightsOptions.verify = MOERT_VERIFY_FULL;
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  moert_session *session = nullptr;
  moert_request *request = nullptr;
  moert_status status = api().runtime_create(&options, &runtime);
  if (status.code == MOERT_OK)
    status = api().artifact_open(runtime, path, &artifact);
  if (status.code == MOERT_OK && api().artifact_table(artifact)->num_weights)
    status = api().weights_open(artifact, &weightsOptions, &weights);
  if (status.code == MOERT_OK)
    status = api().session_create(artifact, weights, nullptr, &session);
  if (status.code == MOERT_OK)
    status = api().request_create(session, nullptr, &request);
  if (status.code == MOERT_OK) {
    const moert_entry_info &entry = api().artifact_table(artifact)->entries[0];
    cli::Options random;
    random.random = true;
    if (makesInputs)
      status = cli::collectInputs(entry, random, nullptr, inputs);
    if (status.code == MOERT_OK)
      status = setInputs(request, entry);
    if (status.code == MOERT_OK)
      status = api().request_run(request);
  }
  api().request_release(request);
  api().session_release(session);
  api().weights_release(weights);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  return status;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: moert-malloc-faults MODEL.so\n");
    return 2;
  }
  moert_status status = live(argv[1], true);
  if (status.code != MOERT_OK) {
    fprintf(stderr, "moert-malloc-faults: %s\n", status.message);
    return 3;
  }
  int64_t lives = 0, refused = 0, wrong = 0;
  for (bool all : {false, true}) {
    int64_t before = soak::countAllocations().liveBytes;
    bool failed = true;
    for (int64_t number = 1; failed; ++number, ++lives) {
      soak::failAllocation(number, all);
      status = live(argv[1], false);
      failed = soak::allocationFailed();
      soak::failAllocation(0, false);
      refused += status.code != MOERT_OK;
      if (status.code == MOERT_OK || status.code == MOERT_OUT_OF_MEMORY ||
          (status.code == MOERT_RESOURCE_EXHAUSTED && strstr(status.message, "start thread")))
        continue;
      ++wrong;
      printf("allocation %lld: %s: %s\n", static_cast<long long>(number),
             api().code_name(status.code), status.message);
    }
    // The dynamic loader leaves some of what it made when it fails half way.
    int64_t left = soak::countAllocations().liveBytes - before;
    if (left > 16384) {
      ++wrong;
      printf("%lld bytes are left\n", static_cast<long long>(left));
    }
  }
  printf("%lld lives, %lld refused, %lld wrong\n", static_cast<long long>(lives),
         static_cast<long long>(refused), static_cast<long long>(wrong));
  return wrong != 0;
}
