/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Runs affine-rows.mlir's artifact and checks its numbers. */
#include "moert/moert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const moert_api *api;

static int failed(const char *what, moert_status status) {
  if (status.code == MOERT_OK)
    return 0;
  printf("%s: %s: %s\n", what, api->code_name(status.code), status.message);
  return 1;
}

static float to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
  memcpy(&value, &bits, 4);
  return value;
}

static void run(moert_session *session, int64_t rows) {
  moert_request *request;
  if (failed("request", api->request_create(session, NULL, &request)))
    return;
  float *x = malloc(rows * 64 * sizeof(float) + 1);
  for (int64_t i = 0; i < rows * 64; ++i)
    x[i] = (float)(i % 97) / 4;
  int64_t sizes[2] = {rows, 64};
  moert_tensor input = {sizeof input, x, rows * 64 * (int64_t)sizeof(float), MOERT_F32, 2, sizes};
  if (failed("input", api->request_set_input(request, "x", &input)))
    return;
  moert_status status = api->request_run(request);
  if (status.code != MOERT_OK) {
    printf("%lld rows: %s: %s\n", (long long)rows, api->code_name(status.code), status.message);
  } else {
    moert_tensor output = {sizeof output, 0, 0, 0, 0, 0};
    if (failed("output", api->request_output(request, "y", &output)))
      return;
    const float *y = output.data;
    int wrong = output.sizes[0] != rows || output.sizes[1] != 64;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < 64; ++c) {
        float expected = x[r * 64 + c] * ((float)c / 8) + 0.5f +
                         to_bf16((float)(2 * 40 + c % 40) / 8);
        wrong += y[r * 64 + c] != expected;
      }
    printf("%lld rows: %d wrong\n", (long long)rows, wrong);
  }
  api->request_release(request);
  free(x);
}

int main(int argc, char **argv) {
  api = moert_get_api(MOERT_API_VERSION);
  moert_runtime *runtime;
  moert_artifact *artifact;
  moert_weights *weights;
  moert_session *session;
  if (argc < 2 || failed("runtime", api->runtime_create(NULL, &runtime)) ||
      failed("artifact", api->artifact_open(runtime, argv[1], &artifact)))
    return 1;
  moert_weights_options options = {sizeof options, NULL, MOERT_LOAD_MMAP, MOERT_VERIFY_FULL};
  if (failed("weights", api->weights_open(artifact, &options, &weights)) ||
      failed("session", api->session_create(artifact, weights, NULL, &session)))
    return 1;
  run(session, 7);
  run(session, 0);
  run(session, 33);
  api->session_release(session);
  api->weights_release(weights);
  api->artifact_release(artifact);
  api->runtime_release(runtime);
  return 0;
}
