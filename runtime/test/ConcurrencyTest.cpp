// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "TestArtifact.h"

#include <thread>

using namespace moert::test;

namespace {

/// The test artifact without its bound state, so that its runs may overlap.
struct moert_artifact_v1 statelessTable() {
  struct moert_artifact_v1 table = moert_artifact_v1;
  table.num_states = 0;
  table.states = nullptr;
  return table;
}

struct Stateless {
  explicit Stateless(int32_t threads) : table(statelessTable()) {
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = threads;
    moert_runtime *newRuntime;
    EXPECT_OK(api().runtime_create(&options, &newRuntime));
    runtime.reset(newRuntime);
    moert_artifact *newArtifact;
    EXPECT_OK(api().artifact_from_table(newRuntime, &table, (folder / "m").c_str(), &newArtifact));
    artifact.reset(newArtifact);
    writeTestWeights(folder / "m.weights");
    moert_weights *newWeights;
    EXPECT_OK(api().weights_open(newArtifact, nullptr, &newWeights));
    weights.reset(newWeights);
  }

  Session session() const {
    moert_session *made = nullptr;
    EXPECT_OK(api().session_create(artifact.get(), weights.get(), nullptr, &made));
    return Session(made);
  }

  Folder folder;
  struct moert_artifact_v1 table;
  Runtime runtime;
  Artifact artifact;
  Weights weights;
};

void runMany(moert_session *session, int runs, int seed) {
  moert_request *request;
  ASSERT_OK(api().request_create(session, "main", &request));
  for (int i = 0; i < runs; ++i) {
    MainCall call(1 + (i * 13 + seed * 5) % 97, float(seed));
    call.set(request);
    ASSERT_OK(api().request_run(request));
    call.expect(request);
  }
  api().request_release(request);
}

TEST(Concurrency, ThreadsShareASession) {
  Stateless model(3);
  Session session = model.session();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] { runMany(session.get(), 200, thread); });
  for (int i = 0; i < 20; ++i) {
    moert_session_stats stats = {};
    stats.size = sizeof(stats);
    EXPECT_OK(api().session_stats(session.get(), &stats));
    EXPECT_LE(stats.contexts, 8);
    EXPECT_OK(api().session_trim(session.get()));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (std::thread &thread : threads)
    thread.join();
  moert_session_stats stats = {};
  stats.size = sizeof(stats);
  EXPECT_OK(api().session_stats(session.get(), &stats));
  EXPECT_EQ(stats.runs, 1600);
  EXPECT_EQ(stats.failed_runs, 0);
}

TEST(Concurrency, SessionsShareARuntime) {
  Stateless model(2);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 10; ++i) {
        Session session = model.session();
        runMany(session.get(), 20, thread);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Concurrency, RuntimesComeAndGo) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([thread] {
      for (int i = 0; i < 10; ++i) {
        Stateless model(2);
        Session session = model.session();
        runMany(session.get(), 5, thread);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Concurrency, ThreadCountDoesNotChangeResults) {
  for (int32_t threads : {1, 2, 4, 8}) {
    Stateless model(threads);
    Session session = model.session();
    runMany(session.get(), 30, 1);
  }
}

} // namespace
