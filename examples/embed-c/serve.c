/*===- serve.c - A service in C: two threads generate from one model --------===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// usage: serve MODEL.so PROMPT PROMPT [BYTES]
//
// Loads a model of bytes (examples/tiny-moe-lm, compiled with --state auto) and
// continues two prompts at once, each on a thread and in a session of its own.
// The sessions share threads, code and the mapped weights. C11, no dependency
// but libmoert. Exit code: 0, 2 for usage, 1 with a message for anything else.
//
//===----------------------------------------------------------------------===*/
#include "moert/moert.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const moert_api *api;

/* A prompt and what a thread makes of it. */
struct job {
  moert_artifact *artifact;
  moert_weights *weights;
  const char *prompt;
  int64_t count; /* bytes to generate */
  char *text;    /* [count + 1] */
  moert_status status;
};

static int failed(struct job *job, moert_status status) {
  job->status = status;
  return status.code != MOERT_OK;
}

/* Sets an i64 input of shape [1, count]. The request borrows `values`. */
static moert_status set_ids(moert_request *request, const char *name, int64_t *values,
                            int64_t count) {
  const int64_t sizes[] = {1, count};
  moert_tensor tensor = {.size = sizeof tensor,
                         .data = values,
                         .bytes = count * (int64_t)sizeof *values,
                         .dtype = MOERT_I64,
                         .rank = 2,
                         .sizes = sizes};
  return api->request_set_input(request, name, &tensor);
}

/* The place of the greatest of the last row's scores. */
static moert_status choose(moert_request *request, int64_t *byte) {
  moert_tensor logits = {.size = sizeof logits};
  moert_status status = api->request_output(request, "logits", &logits);
  if (status.code != MOERT_OK)
    return status;
  int64_t width = logits.sizes[logits.rank - 1];
  const float *row = (const float *)((const char *)logits.data + logits.bytes) - width;
  *byte = 0;
  for (int64_t i = 1; i < width; ++i)
    if (row[i] > row[*byte])
      *byte = i;
  return status;
}

static void generate(struct job *job, moert_request *request) {
  int64_t length = (int64_t)strlen(job->prompt);
  int64_t *ids = calloc(2 * (size_t)length, sizeof *ids), *positions = ids + length;
  if (!ids) {
    job->status.code = MOERT_RESOURCE_EXHAUSTED;
    return;
  }
  for (int64_t i = 0; i < length; ++i) {
    ids[i] = (unsigned char)job->prompt[i];
    positions[i] = i;
  }
  /* The first step reads the prompt, each other one byte: the session keeps the rest. */
  int64_t rows = length, next = length;
  for (int64_t i = 0; i < job->count; ++i) {
    if (failed(job, set_ids(request, "input_ids", ids, rows)) ||
        failed(job, set_ids(request, "position_ids", positions, rows)) ||
        failed(job, api->request_run(request)) || failed(job, choose(request, ids)))
      break;
    job->text[i] = (char)ids[0];
    positions[0] = next++;
    rows = 1;
  }
  free(ids);
}

static void *serve(void *argument) {
  struct job *job = argument;
  moert_session_options options = {.size = sizeof options};
  /* One sequence at a time: the batch is the first dimension of the states. */
  const struct moert_artifact_v1 *table = api->artifact_table(job->artifact);
  moert_dim_binding batch = {.size = 1};
  if (table->num_states != 0) {
    batch.name = table->states[0].dim_names[0];
    options.dims = &batch;
    options.num_dims = 1;
  }
  moert_session *session = NULL;
  moert_request *request = NULL;
  if (!failed(job, api->session_create(job->artifact, job->weights, &options, &session)) &&
      !failed(job, api->request_create(session, NULL, &request)))
    generate(job, request);
  api->request_release(request);
  api->session_release(session);
  return NULL;
}

static int report(moert_status status) {
  fprintf(stderr, "serve: %s: %s\n", api->code_name(status.code), status.message);
  return 1;
}

static int serve_both(moert_runtime *runtime, char **arguments, int64_t count) {
  moert_artifact *artifact = NULL;
  moert_weights *weights = NULL;
  moert_weights_options options = {.size = sizeof options};
  moert_status status = api->artifact_open(runtime, arguments[0], &artifact);
  if (status.code == MOERT_OK)
    status = api->weights_open(artifact, &options, &weights);
  int result = status.code == MOERT_OK ? 0 : report(status);

  struct job jobs[2];
  pthread_t threads[2];
  int started = 0;
  for (int i = 0; i < 2 && result == 0; ++i) {
    jobs[i] = (struct job){artifact, weights, arguments[1 + i], count, calloc((size_t)count + 1, 1),
                           {0}};
    if (!jobs[i].text || pthread_create(&threads[i], NULL, serve, &jobs[i]) != 0) {
      fprintf(stderr, "serve: out of memory or threads\n");
      free(jobs[i].text);
      result = 1;
    } else {
      ++started;
    }
  }
  for (int i = 0; i < started; ++i) {
    pthread_join(threads[i], NULL);
    if (jobs[i].status.code != MOERT_OK)
      result = report(jobs[i].status);
    else
      printf("%s%s\n", jobs[i].prompt, jobs[i].text);
    free(jobs[i].text);
  }
  api->weights_release(weights);
  api->artifact_release(artifact);
  return result;
}

int main(int argc, char **argv) {
  long count = argc == 5 ? strtol(argv[4], NULL, 10) : 100;
  if (argc < 4 || argc > 5 || count < 1 || count > 4000 || !argv[2][0] || !argv[3][0]) {
    fprintf(stderr, "usage: serve MODEL.so PROMPT PROMPT [BYTES]\n");
    return 2;
  }
  api = moert_get_api(MOERT_API_VERSION);
  if (!api) {
    fprintf(stderr, "serve: libmoert is too old\n");
    return 1;
  }
  moert_runtime_options options = {.size = sizeof options};
  moert_runtime *runtime = NULL;
  moert_status status = api->runtime_create(&options, &runtime);
  if (status.code != MOERT_OK)
    return report(status);
  int result = serve_both(runtime, argv + 1, count);
  api->runtime_release(runtime);
  return result;
}
