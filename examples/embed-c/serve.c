/*===- serve.c - A service in C: threads generate from one model ------------===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// usage: serve MODEL.so BYTES PROMPT...
//
// Loads a model of bytes (examples/tiny-moe-lm, compiled with --state auto) and
// continues all prompts at once, each on a thread and in a session of its own.
// The sessions share threads, code and the mapped weights.
//
// A model for several ranks takes as many prompts, one for each rank, or one:
// then this process is the rank that its environment names, among others.
//
// C11, no dependency but libmoert. Exit code: 0, 2 for usage, 1 with a message
// for anything else.
//
//===----------------------------------------------------------------------===*/
#include "moert/moert.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PROMPTS = 64 };

static const moert_api *api;

/* A prompt and what a thread makes of it. */
struct job {
  moert_artifact *artifact;
  moert_weights *weights;
  moert_group *group; /* this rank's end, null for a model without ranks */
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
  moert_session_options options = {.size = sizeof options, .group = job->group};
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
  /* Others would wait for a rank that has failed before its run. */
  if (job->group && job->status.code != MOERT_OK)
    api->group_abort(job->group);
  api->request_release(request);
  api->session_release(session);
  return NULL;
}

static int report(moert_status status) {
  fprintf(stderr, "serve: %s: %s\n", api->code_name(status.code), status.message);
  return 1;
}

/* Fills groups[0] to groups[count - 1], each one rank's end; they stay null without ranks. */
static moert_status join(moert_runtime *runtime, moert_artifact *artifact, int count,
                         moert_group **groups) {
  moert_group_options options = {.size = sizeof options, .silence_ns = 30000000000};
  const struct moert_artifact_v1 *table = api->artifact_table(artifact);
  int64_t ranks = 1;
  for (uint32_t axis = 0; axis < table->grid_rank; ++axis)
    ranks *= table->grid[axis];
  if (ranks == 1)
    return (moert_status){.code = MOERT_OK};
  /* Sessions check that the group is as large as the model's grid. */
  if (count == 1)
    return api->group_create_from_env(runtime, &options, groups);
  return api->group_create_local(runtime, count, &options, groups);
}

/* Runs all jobs, each on a thread. */
static int serve_all(struct job *jobs, int count) {
  pthread_t threads[MOST_PROMPTS];
  int started = 0, result = 0;
  while (started < count && pthread_create(&threads[started], NULL, serve, &jobs[started]) == 0)
    ++started;
  if (started < count) {
    fprintf(stderr, "serve: no more threads\n");
    result = 1;
    if (jobs[started].group)
      api->group_abort(jobs[started].group);
  }
  for (int i = 0; i < started; ++i) {
    pthread_join(threads[i], NULL);
    if (jobs[i].status.code != MOERT_OK)
      result = report(jobs[i].status);
    else
      printf("%s%s\n", jobs[i].prompt, jobs[i].text);
  }
  return result;
}

static int load_and_serve(moert_runtime *runtime, const char *path, int64_t bytes, char **prompts,
                          int count) {
  moert_artifact *artifact = NULL;
  moert_weights *weights = NULL;
  moert_group *groups[MOST_PROMPTS] = {NULL};
  moert_weights_options options = {.size = sizeof options};
  moert_status status = api->artifact_open(runtime, path, &artifact);
  if (status.code == MOERT_OK)
    status = api->weights_open(artifact, &options, &weights);
  if (status.code == MOERT_OK)
    status = join(runtime, artifact, count, groups);
  int result = status.code == MOERT_OK ? 0 : report(status);

  struct job jobs[MOST_PROMPTS] = {{0}};
  for (int i = 0; i < count && result == 0; ++i) {
    jobs[i] = (struct job){.artifact = artifact,
                           .weights = weights,
                           .group = groups[i],
                           .prompt = prompts[i],
                           .count = bytes,
                           .text = calloc((size_t)bytes + 1, 1)};
    if (!jobs[i].text) {
      fprintf(stderr, "serve: out of memory\n");
      result = 1;
    }
  }
  if (result == 0)
    result = serve_all(jobs, count);
  for (int i = 0; i < count; ++i) {
    free(jobs[i].text);
    api->group_release(groups[i]);
  }
  api->weights_release(weights);
  api->artifact_release(artifact);
  return result;
}

int main(int argc, char **argv) {
  long bytes = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
  int count = argc - 3;
  for (int i = 3; i < argc; ++i)
    if (!argv[i][0])
      count = 0;
  if (bytes < 1 || bytes > 4000 || count < 1 || count > MOST_PROMPTS) {
    fprintf(stderr, "usage: serve MODEL.so BYTES PROMPT...\n");
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
  int result = load_and_serve(runtime, argv[1], bytes, argv + 3, count);
  api->runtime_release(runtime);
  return result;
}
