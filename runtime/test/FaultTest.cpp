// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every allocation of a whole life, failing one at a time: each must come out as a status, leave
// nothing behind, and not stop the next attempt.
#include "Support.h"
#include "TestArtifact.h"

using namespace moert::test;

namespace {

/// Load, session, one run of "main", one step; stops at the first failure.
moert_status live(const moert_hooks *hooks, const std::string &path, bool repeat) {
  moert_runtime_options runtimeOptions = {};
  runtimeOptions.size = sizeof(runtimeOptions);
  runtimeOptions.threads = 2;
  runtimeOptions.hooks = hooks;
  moert_dim_binding dims[] = {{"B", 1}, {"S", 2}};
  moert_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.dims = dims;
  sessionOptions.num_dims = 2;
  moert_weights_options weightsOptions = {};
  weightsOptions.size = sizeof(weightsOptions);
  weightsOptions.load = MOERT_LOAD_READ;
  weightsOptions.verify = MOERT_VERIFY_FULL;
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  moert_session *session = nullptr;
  moert_request *request = nullptr, *step = nullptr;
  MainCall call(5);

  moert_status status = api().runtime_create(&runtimeOptions, &runtime);
  if (status.code == MOERT_OK)
    status = api().artifact_from_table(runtime, &moert_artifact_v1, path.c_str(), &artifact);
  if (status.code == MOERT_OK)
    status = api().weights_open(artifact, &weightsOptions, &weights);
  if (status.code == MOERT_OK)
    status = api().session_create(artifact, weights, &sessionOptions, &session);
  if (status.code == MOERT_OK)
    status = api().request_create(session, "main", &request);
  if (status.code == MOERT_OK) {
    call.set(request);
    status = api().request_run(request);
    // A request whose run found no memory can run again when there is some.
    if (status.code != MOERT_OK && repeat)
      status = api().request_run(request);
    if (status.code == MOERT_OK)
      call.expect(request);
  }
  if (status.code == MOERT_OK)
    status = api().request_create(session, "step", &step);
  if (status.code == MOERT_OK) {
    float rows[4] = {1, 2, 3, 4};
    int64_t wrong = 0;
    std::vector<int64_t> sizes = {2, 2};
    moert_tensor tensor = tensorOf(MOERT_F32, sizes, rows);
    EXPECT_OK(api().request_set_input(step, "rows", &tensor));
    tensor = tensorOf(MOERT_I64, {}, &wrong);
    EXPECT_OK(api().request_set_input(step, "wrong", &tensor));
    status = api().request_run(step);
  }
  api().request_release(step);
  api().request_release(request);
  api().session_release(session);
  api().weights_release(weights);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  return status;
}

TEST(Fault, EveryAllocationMayFail) {
  Folder folder;
  writeTestWeights(folder / "m.weights");
  CountingHost counted;
  ASSERT_OK(live(&counted.hooks, folder / "m", false));
  EXPECT_EQ(counted.liveBlocks, 0);
  int64_t total = counted.allocations;
  EXPECT_GT(total, 20);
  int64_t failures = 0;
  for (int64_t failAt = 0; failAt < total; ++failAt) {
    CountingHost host;
    host.failAt = failAt;
    // Long enough to also fail the second try of the pool.
    host.failCount = 2;
    moert_status status = live(&host.hooks, folder / "m", false);
    if (status.code != MOERT_OK) {
      EXPECT_EQ(status.code, MOERT_OUT_OF_MEMORY) << status.message;
      ++failures;
    }
    EXPECT_EQ(host.liveBlocks, 0) << "allocation " << failAt;
    EXPECT_EQ(host.liveBytes, 0) << "allocation " << failAt;
  }
  EXPECT_GE(failures, total - 1);
}

TEST(Fault, RequestsRecover) {
  Folder folder;
  writeTestWeights(folder / "m.weights");
  CountingHost counted;
  ASSERT_OK(live(&counted.hooks, folder / "m", false));
  int64_t recovered = 0;
  for (int64_t failAt = 0; failAt < counted.allocations; ++failAt) {
    CountingHost host;
    host.failAt = failAt;
    recovered += live(&host.hooks, folder / "m", true).code == MOERT_OK;
    EXPECT_EQ(host.liveBlocks, 0) << "allocation " << failAt;
  }
  // The context, its state lengths, two blocks of its pool, two outputs.
  EXPECT_GE(recovered, 6);
}

TEST(Fault, LoadedObjectsNeedMemoryToo) {
  for (int64_t failAt = 0; failAt < 8; ++failAt) {
    CountingHost host;
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 1;
    options.hooks = &host.hooks;
    moert_runtime *runtime;
    ASSERT_OK(api().runtime_create(&options, &runtime));
    host.failAt = host.allocations + failAt;
    moert_artifact *artifact;
    moert_status status = api().artifact_open(runtime, MOERT_TEST_ARTIFACT, &artifact);
    EXPECT_TRUE(status.code == MOERT_OK || status.code == MOERT_OUT_OF_MEMORY) << status.message;
    EXPECT_EQ(status.code == MOERT_OK, failAt >= 4);
    api().artifact_release(artifact);
    api().runtime_release(runtime);
    EXPECT_EQ(host.liveBlocks, 0);
  }
}

} // namespace
