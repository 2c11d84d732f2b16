// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups and what may run with them.
#include "ExchangeArtifact.h"

#include <cstring>
#include <thread>

using namespace moert::test;

namespace {

struct GroupTest : testing::Test {
  GroupTest() {
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 1;
    moert_runtime *made = nullptr;
    EXPECT_OK(api().runtime_create(&options, &made));
    runtime.reset(made);
  }

  std::vector<Group> groupOf(int32_t ranks) {
    std::vector<moert_group *> made(static_cast<size_t>(ranks), nullptr);
    EXPECT_OK(api().group_create_local(runtime.get(), ranks, nullptr, made.data()));
    return std::vector<Group>(made.begin(), made.end());
  }

  Artifact wrap(const struct moert_artifact_v1 &table) {
    moert_artifact *made = nullptr;
    EXPECT_OK(api().artifact_from_table(runtime.get(), &table, nullptr, &made));
    return Artifact(made);
  }

  moert_status open(const Artifact &artifact, const Group &group, Session &session) {
    moert_session_options options = {};
    options.size = sizeof(options);
    options.group = group.get();
    moert_session *made = nullptr;
    moert_status status = api().session_create(artifact.get(), nullptr, &options, &made);
    EXPECT_EQ(made != nullptr, status.code == MOERT_OK);
    session.reset(made);
    return status;
  }

  Runtime runtime;
};

TEST_F(GroupTest, IsMadeOfRanks) {
  std::vector<Group> groups = groupOf(5);
  for (int32_t rank = 0; rank < 5; ++rank) {
    moert_group_info info = {};
    info.size = sizeof(info);
    ASSERT_OK(api().group_info(groups[size_t(rank)].get(), &info));
    EXPECT_EQ(info.rank, rank);
    EXPECT_EQ(info.ranks, 5);
    EXPECT_EQ(info.code, MOERT_OK);
    EXPECT_EQ(info.layers, 0);
  }
  // Any order of release is right, also after the runtime.
  runtime.reset();
  groups[3].reset();
  groups[0].reset();
}

TEST_F(GroupTest, RefusesWrongArguments) {
  moert_group *groups[2] = {};
  for (int32_t ranks : {-1, 0, 1025})
    EXPECT_FAILS(api().group_create_local(runtime.get(), ranks, nullptr, groups),
                 MOERT_INVALID_ARGUMENT, "a group has 1 to 1024 ranks");
  EXPECT_FAILS(api().group_create_local(runtime.get(), 2, nullptr, nullptr), MOERT_INVALID_ARGUMENT,
               "groups is null");
  EXPECT_FAILS(api().group_create_local(nullptr, 2, nullptr, groups), MOERT_INVALID_ARGUMENT,
               "runtime is null");
  moert_group_options options = {sizeof(options), -1, 0, 0, 0, nullptr, nullptr};
  EXPECT_FAILS(api().group_create_local(runtime.get(), 2, &options, groups), MOERT_INVALID_ARGUMENT,
               "is negative");
  options = {sizeof(options), 0, -1, 0, 0, nullptr, nullptr};
  EXPECT_FAILS(api().group_create_local(runtime.get(), 2, &options, groups), MOERT_INVALID_ARGUMENT,
               "is negative");
  options.size = 3;
  EXPECT_FAILS(api().group_create_local(runtime.get(), 2, &options, groups), MOERT_INVALID_ARGUMENT,
               "moert_group_options.size");
  moert_group_info info = {};
  EXPECT_FAILS(api().group_info(nullptr, &info), MOERT_INVALID_ARGUMENT, "group is null");
  moert_traffic traffic = {};
  EXPECT_FAILS(api().group_traffic(nullptr, 0, 0, &traffic), MOERT_INVALID_ARGUMENT,
               "group is null");
  EXPECT_FAILS(api().session_set_group(nullptr, nullptr), MOERT_INVALID_ARGUMENT,
               "session is null");
  api().group_release(nullptr);
  api().group_abort(nullptr);
  std::vector<Group> good = groupOf(1);
  EXPECT_FAILS(api().group_info(good[0].get(), &info), MOERT_INVALID_ARGUMENT,
               "moert_group_info.size");
  EXPECT_FAILS(api().group_traffic(good[0].get(), 0, 0, &traffic), MOERT_INVALID_ARGUMENT,
               "have had 0 exchanges at most");
}

TEST_F(GroupTest, HasAsManyRanksAsTheGrid) {
  ExchangeModel model({2, 2});
  Artifact artifact = wrap(model.table);
  std::vector<Group> three = groupOf(3), four = groupOf(4);
  Session session;
  EXPECT_FAILS(open(artifact, three[0], session), MOERT_INVALID_ARGUMENT,
               "the artifact is for 4 ranks (grid 2x2); the group has 3");
  EXPECT_FAILS(open(artifact, Group(), session), MOERT_INVALID_ARGUMENT,
               "the artifact is for 4 ranks (grid 2x2)");
  ASSERT_OK(open(artifact, four[1], session));
  EXPECT_FAILS(api().session_set_group(session.get(), three[0].get()), MOERT_INVALID_ARGUMENT,
               "the group has 3");
  ASSERT_OK(api().session_set_group(session.get(), nullptr));
  moert_request *made = nullptr;
  ASSERT_OK(api().request_create(session.get(), nullptr, &made));
  Request request(made);
  RankCall call = RankCall::random(0, 2, 2, 4);
  call.run(made);
  EXPECT_FAILS(call.status, MOERT_FAILED_PRECONDITION, "the session has no group");

  // Artifacts without a grid, also those from before there were grids.
  struct moert_artifact_v1 old = model.table;
  std::vector<Group> one = groupOf(1);
  for (size_t size : {sizeof(old), offsetof(struct moert_artifact_v1, grid_rank),
                      offsetof(struct moert_artifact_v1, functions_bytes)}) {
    old.size = uint32_t(size);
    if (size == sizeof(old))
      old.grid_rank = old.num_exchanges = 0;
    else
      old.grid_rank = 999;
    Artifact single = wrap(old);
    EXPECT_OK(open(single, Group(), session));
    EXPECT_FAILS(open(single, one[0], session), MOERT_INVALID_ARGUMENT, "take no group");
  }
  // A grid of one rank may have a group, or none.
  ExchangeModel alone({1});
  Artifact lonely = wrap(alone.table);
  EXPECT_OK(open(lonely, Group(), session));
  EXPECT_OK(open(lonely, one[0], session));
}

TEST_F(GroupTest, HasOneRunAtATimeOnEachRank) {
  ExchangeModel model({1});
  Artifact artifact = wrap(model.table);
  std::vector<Group> group = groupOf(1);
  Session first, second;
  ASSERT_OK(open(artifact, group[0], first));
  ASSERT_OK(open(artifact, group[0], second));
  Request requests[3];
  for (int i = 0; i < 3; ++i) {
    moert_request *made = nullptr;
    ASSERT_OK(api().request_create(i == 1 ? second.get() : first.get(), nullptr, &made));
    requests[i].reset(made);
  }
  RankCall call = RankCall::random(0, 5, 2, 4), long_ = call;
  long_.settings[1] = kLoopForever;
  const int64_t before = loopsForever;
  std::thread running([&] { long_.run(requests[0].get()); });
  while (loopsForever == before)
    std::this_thread::yield();
  for (int i : {1, 2}) {
    call.run(requests[i].get());
    EXPECT_FAILS(call.status, MOERT_FAILED_PRECONDITION,
                 "another request of this rank's group is running");
  }
  EXPECT_FAILS(api().session_set_group(first.get(), nullptr), MOERT_FAILED_PRECONDITION,
               "a request of the session is running");
  api().request_cancel(requests[0].get());
  running.join();
  EXPECT_FAILS(long_.status, MOERT_CANCELLED, "was cancelled");
  // The run had begun, so the group is given up; the other session gets a new one.
  call.run(requests[1].get());
  EXPECT_FAILS(call.status, MOERT_ABORTED, "rank 0 of 1 gave up: cancelled");
  group = groupOf(1);
  ASSERT_OK(api().session_set_group(second.get(), group[0].get()));
  call.run(requests[1].get());
  EXPECT_OK(call.status);
  EXPECT_EQ(call.y, expectedOf(call));
}

TEST_F(GroupTest, StaysWhenARunDoesNotBegin) {
  ExchangeModel model({1});
  Artifact artifact = wrap(model.table);
  std::vector<Group> group = groupOf(1);
  Session session;
  ASSERT_OK(open(artifact, group[0], session));
  moert_request *made = nullptr;
  ASSERT_OK(api().request_create(session.get(), nullptr, &made));
  Request request(made);
  EXPECT_FAILS(api().request_run(made), MOERT_INVALID_ARGUMENT, "is not set");
  RankCall call = RankCall::random(0, 5, 2, 4);
  api().request_cancel(made);
  call.run(made);
  EXPECT_FAILS(call.status, MOERT_CANCELLED, "was cancelled");
  EXPECT_OK(api().request_reset(made));
  EXPECT_OK(api().request_set_deadline(made, 1));
  call.run(made);
  EXPECT_FAILS(call.status, MOERT_DEADLINE_EXCEEDED, "deadline");
  EXPECT_OK(api().request_reset(made));
  call.run(made);
  EXPECT_OK(call.status);
}

TEST_F(GroupTest, NeedsMemory) {
  ExchangeModel model({3});
  for (int64_t failAt = 0;; ++failAt) {
    CountingHost counting;
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 1;
    options.hooks = &counting.hooks;
    moert_runtime *made = nullptr;
    ASSERT_OK(api().runtime_create(&options, &made));
    moert_artifact *artifact = nullptr;
    ASSERT_OK(api().artifact_from_table(made, &model.table, nullptr, &artifact));
    counting.failAt = counting.allocations + failAt;
    moert_group *groups[3];
    moert_session *session = nullptr;
    moert_session_options sessionOptions = {};
    sessionOptions.size = sizeof(sessionOptions);
    moert_group_options groupOptions = {sizeof(groupOptions), 0, 1000, 0, 0, nullptr, nullptr};
    moert_status status = api().group_create_local(made, 3, &groupOptions, groups);
    if (status.code == MOERT_OK) {
      sessionOptions.group = groups[1];
      status = api().session_create(artifact, nullptr, &sessionOptions, &session);
      api().session_release(session);
      for (moert_group *group : groups)
        api().group_release(group);
    } else {
      for (moert_group *group : groups)
        EXPECT_EQ(group, nullptr);
    }
    api().artifact_release(artifact);
    api().runtime_release(made);
    EXPECT_EQ(counting.liveBlocks, 0) << failAt;
    if (counting.allocations <= counting.failAt) {
      EXPECT_OK(status);
      EXPECT_GT(failAt, 10);
      break;
    }
    EXPECT_EQ(status.code, MOERT_OUT_OF_MEMORY) << failAt << status.message;
  }
}

} // namespace
