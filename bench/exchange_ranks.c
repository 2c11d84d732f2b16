// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Times libmoert's exchange between ranks that are threads; exchange.h says how. An artifact by
// hand calls what compiled layers call: rows are announced, received, and given back as a word
// each.
// usage: exchange_ranks [bound]
#include "exchange.h"

#include <moert/abi.h>
#include <moert/moert.h>
#include <pthread.h>
#include <string.h>

static struct Shared shared;
static int isBound;
static struct Rank ranks[kRanks];
static moert_request *requests[kRanks];
static _Thread_local struct Rank *current;

static int32_t exchangeEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *outputs) {
  (void)inputs, (void)outputs;
  const moert_functions *f = ctx->functions;
  struct Rank *rank = current;
  int32_t offsets[kRanks + 1] = {0}, ranges[kRanks + 1];
  int64_t received = 0, plan[2];
  for (int other = 0; other < kRanks; ++other) {
    offsets[other + 1] = offsets[other] + (int32_t)rank->rowsTo[other];
    received += rank->rowsFrom[other];
  }
  uint64_t *results = f->alloc(ctx, offsets[kRanks] * 8), *made = f->alloc(ctx, received * 8);
  const moert_exchange_rows send = {rank->rows, rank->rowBytes, NULL, offsets, 8};
  meetAndBegin(rank);
  f->exchange_begin(ctx, 0, &send, plan);
  const int64_t *places;
  const uint64_t *base = f->exchange_receive(ctx, 0, ranges, &places);
  uint64_t sum = 0;
  for (int32_t row = 0; row < ranges[kRanks]; ++row)
    sum += sumRows(base + places[row], rank->rowBytes);
  haveRead(rank, sum);
  if (plan[0] != 1)
    fail("an exchange was cut into rounds");
  for (int64_t row = 0; row < received; ++row)
    made[row] = (uint64_t)row;
  f->exchange_return(ctx, 0, made, 8, results);
  f->exchange_end(ctx);
  return MOERT_OK;
}

static const int32_t kOwners[] = {0, 1, 2, 3};
static const int64_t kGrid[] = {kRanks};
static const moert_exchange_info kExchange = {"exchange", kOwners, kRanks, 1, 1 << 20,
                                              1,          0,       0,      0, 1};
static const moert_entry_info kEntry = {"exchange", exchangeEntry, 0, 0, NULL, NULL};

static void check(moert_status status) {
  if (status.code != MOERT_OK)
    fail(status.message);
}

void prepareExchange(struct Rank *rank) { (void)rank; }

void exchangeRows(struct Rank *rank) {
  current = rank;
  check(moert_get_api(MOERT_API_VERSION)->request_run(requests[rank->number]));
}

static void *serveRank(void *rank) {
  if (isBound)
    bindRank(rank);
  serve(rank);
  return NULL;
}

int main(int argc, char **argv) {
  isBound = argc == 2 && !strcmp(argv[1], "bound");
  const moert_api *api = moert_get_api(MOERT_API_VERSION);
  struct moert_artifact_v1 table = {0};
  table.abi_version = MOERT_ABI_VERSION;
  table.size = sizeof(table);
  table.producer = "bench";
  table.num_entries = 1;
  table.entries = &kEntry;
  table.functions_bytes = sizeof(moert_functions);
  table.grid_rank = table.num_exchanges = 1;
  table.grid = kGrid;
  table.exchanges = &kExchange;
  moert_runtime_options options = {.size = sizeof(options), .threads = 1};
  moert_runtime *runtime;
  moert_artifact *artifact;
  moert_group *groups[kRanks];
  check(api->runtime_create(&options, &runtime));
  check(api->artifact_from_table(runtime, &table, NULL, &artifact));
  check(api->group_create_local(runtime, kRanks, NULL, groups));
  moert_session *sessions[kRanks];
  pthread_t threads[kRanks];
  for (int rank = 0; rank < kRanks; ++rank) {
    moert_session_options with = {.size = sizeof(with), .group = groups[rank]};
    check(api->session_create(artifact, NULL, &with, &sessions[rank]));
    check(api->request_create(sessions[rank], NULL, &requests[rank]));
    ranks[rank].shared = &shared;
    ranks[rank].number = rank;
    if (pthread_create(&threads[rank], NULL, serveRank, &ranks[rank]))
      fail("no threads for ranks");
  }
  for (int rank = 0; rank < kRanks; ++rank) {
    pthread_join(threads[rank], NULL);
    api->request_release(requests[rank]);
    api->session_release(sessions[rank]);
    api->group_release(groups[rank]);
  }
  api->artifact_release(artifact);
  api->runtime_release(runtime);
  return 0;
}
