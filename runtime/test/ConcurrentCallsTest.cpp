// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads that call everything in any order on the same objects. What each call must and must not
// do is told in ApiCalls.h; what threads must not do to each other, by the thread sanitizer.
#include "ApiCalls.h"
#include "Support.h"
#include "TestArtifact.h"

#include <random>
#include <thread>

using namespace moert::test;

namespace {

/// As many sequences of each thread as a few seconds allow under the thread sanitizer.
constexpr int kThreads = 4;
constexpr int kSequences = 400;

TEST(ConcurrentCalls, KeepTheirPromises) {
  Folder folder;
  writeTestWeights(folder / "m.weights");
  struct moert_artifact_v1 stateless = moert_artifact_v1;
  stateless.num_states = 0;
  stateless.states = nullptr;
  Place place = {folder / ".", &moert_artifact_v1, &stateless};

  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = 2;
  Cancellable cancellable;
  Shared shared;
  shared.cancellable = &cancellable;
  ASSERT_OK(api().runtime_create(&options, &shared.runtime));
  ASSERT_OK(api().artifact_from_table(shared.runtime, &stateless, (folder / "m").c_str(),
                                      &shared.artifact));
  ASSERT_OK(api().weights_open(shared.artifact, nullptr, &shared.weights));
  ASSERT_OK(api().session_create(shared.artifact, shared.weights, nullptr, &shared.session));

  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      std::mt19937 random(unsigned(thread) + 1);
      std::vector<uint8_t> bytes(400);
      for (int sequence = 0; sequence < kSequences; ++sequence) {
        for (uint8_t &byte : bytes)
          byte = uint8_t(random());
        // Every second one on its own, where the model can tell which runs must succeed.
        makeCalls(place, sequence % 2 ? shared : Shared(), Choices(bytes.data(), bytes.size()));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_TRUE(cancellable.requests.empty());

  // All of that left the shared session as it was.
  moert_request *made;
  ASSERT_OK(api().request_create(shared.session, "main", &made));
  Request request(made);
  MainCall call(9);
  call.set(made);
  ASSERT_OK(api().request_run(made));
  call.expect(made);
  request.reset();
  api().session_release(shared.session);
  api().weights_release(shared.weights);
  api().artifact_release(shared.artifact);
  api().runtime_release(shared.runtime);
}

} // namespace
