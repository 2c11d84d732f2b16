/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The public headers are C11, and the interface works from C. */
#include "moert/moert.h"

#if __STDC_VERSION__ < 201112L
#error "this file is compiled as C11"
#endif

int32_t moert_test_from_c(void) {
  const moert_api *api = moert_get_api(MOERT_API_VERSION);
  moert_runtime_options options = {.size = sizeof options, .threads = 1};
  moert_runtime *runtime;
  moert_status status = api->runtime_create(&options, &runtime);
  moert_runtime_info info = {.size = sizeof info};
  if (status.code == MOERT_OK)
    status = api->runtime_info(runtime, &info);
  api->runtime_release(runtime);
  return status.code == MOERT_OK ? info.threads : -status.code;
}
