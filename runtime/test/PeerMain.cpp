// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A rank of a group that is a process, for tests that kill it. With arguments it is a compiled
// program for two ranks (ExchangeArtifact.h) like any other. Without, it reads commands, a line
// each, and answers each with a line:
//
//   make RANK RANKS PORT GENERATION  "made" when its session has a group, or "failed CODE MESSAGE"
//   run COUNT WIDTH                  "fine" after so many runs, with right results, or "wrong";
//                                    "lost NANOSECONDS CODE RANK MESSAGE" with the time of
//                                    CLOCK_MONOTONIC at which one failed, and whose fault it was
#include "ExchangeArtifact.h"
#include "Ranks.h"
#include "moert/cli.h"

using namespace moert::test;

namespace {

/// The session stays from one group to the next.
struct Peer {
  std::unique_ptr<ExchangeModel> model;
  Runtime runtime;
  Artifact artifact;
  Group group;
  Session session;
  Request request;
  int rank = 0;

  moert_status make(int newRank, int count, int port, int generation) {
    rank = newRank;
    if (!runtime) {
      moert_runtime *made = nullptr;
      EXPECT_OK(api().runtime_create(nullptr, &made));
      runtime.reset(made);
    }
    moert_tcp_options tcp = {};
    tcp.size = sizeof(tcp);
    tcp.rank = rank;
    tcp.ranks = count;
    tcp.host = "127.0.0.1";
    tcp.port = port;
    tcp.secret = kSecret;
    tcp.secret_bytes = strlen(kSecret);
    tcp.generation = uint64_t(generation);
    moert_group *made = nullptr;
    moert_status status = api().group_create_tcp(runtime.get(), &tcp, nullptr, &made);
    group.reset(made);
    if (status.code != MOERT_OK)
      return status;
    return session ? api().session_set_group(session.get(), made) : open(count);
  }

  moert_status open(int count) {
    model = std::make_unique<ExchangeModel>(
        std::vector<int64_t>{count}, std::vector<ModelExchange>{{4, 16, 3}, {4, 1 << 20, 1}});
    moert_artifact *newArtifact = nullptr;
    EXPECT_OK(api().artifact_from_table(runtime.get(), &model->table, nullptr, &newArtifact));
    artifact.reset(newArtifact);
    moert_session_options options = {};
    options.size = sizeof(options);
    options.group = group.get();
    moert_session *newSession = nullptr;
    moert_status status = api().session_create(newArtifact, nullptr, &options, &newSession);
    session.reset(newSession);
    moert_request *newRequest = nullptr;
    if (status.code == MOERT_OK)
      status = api().request_create(newSession, nullptr, &newRequest);
    request.reset(newRequest);
    return status;
  }

  void run(int count, int width) {
    for (int i = 0; i < count; ++i) {
      RankCall call = RankCall::random(unsigned(i * 16 + rank), 9 + rank, 2, 4, width);
      call.calls = {0, 1, 0};
      call.run(request.get());
      if (call.status.code != MOERT_OK) {
        int culprit = -1;
        sscanf(call.status.message, "rank %d of", &culprit);
        printf("lost %lld %d %d %s\n", static_cast<long long>(nowNs()), call.status.code, culprit,
               call.status.message);
        return;
      }
      if (call.y != expectedOf(call)) {
        printf("wrong\n");
        return;
      }
    }
    printf("fine\n");
  }
};

} // namespace

int main(int argc, char **argv) {
  if (argc > 1) {
    ExchangeModel model({2}, {ModelExchange{4, 5, 2}});
    return moert_main(&model.table, argc, argv);
  }
  Peer peer;
  char line[256];
  while (fgets(line, sizeof(line), stdin)) {
    int a = 0, b = 0, port = 0, generation = 0;
    if (sscanf(line, "make %d %d %d %d", &a, &b, &port, &generation) == 4) {
      const moert_status status = peer.make(a, b, port, generation);
      if (status.code == MOERT_OK)
        printf("made\n");
      else
        printf("failed %d %s\n", status.code, status.message);
    } else if (sscanf(line, "run %d %d", &a, &b) == 2 && peer.request) {
      peer.run(a, b);
    } else {
      printf("what?\n");
    }
    fflush(stdout);
  }
  return 0;
}
