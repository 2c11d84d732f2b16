// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which weights sessions of ranks bring to a virtual GPU: the experts of their own rank, and when.
#include "ExchangeArtifact.h"
#include "lib/Core/WeightsFile.h"

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace moert::test;

namespace {

const char *const kCode = ".version 8.0\n.target sm_80\n.address_size 64\n";
const moert_device_code kDevice = {"sm_80", kCode, nullptr, 0, nullptr, 0, 0};
/// So large that the neighbours of a weight's memory are none of its slabs.
constexpr int64_t kSlabFloats = 1 << 18;
constexpr int64_t kSlabBytes = kSlabFloats * 4;
const moert_weight_info kWeights[] = {{"experts", MOERT_F32, 1, 4, kSlabBytes, kSlabBytes},
                                      {"common", MOERT_F32, 0, 1, kSlabBytes, kSlabBytes}};

/// Where the weights were in the last run.
const void *experts, *common;
/// Runs wait while this is true.
bool waits, isInside;
std::mutex mutex;
std::condition_variable changed;

/// y[0] = the first number of slab x[0] of "experts", y[1] = that of "common".
int32_t probe(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  {
    std::unique_lock<std::mutex> lock(mutex);
    isInside = true;
    changed.notify_all();
    changed.wait(lock, [] { return !waits; });
    isInside = false;
  }
  int64_t slab;
  f.device_read(ctx, &slab, inputs[0].data, 8);
  experts = f.weight(ctx, 0);
  common = f.weight(ctx, 1);
  const int64_t two = 2;
  auto *y = static_cast<float *>(f.output(ctx, 0, 1, &two));
  float found[2];
  f.device_read(ctx, &found[1], common, 4);
  f.device_read(ctx, &found[0], static_cast<const char *>(experts) + slab * kSlabBytes, 4);
  f.device_write(ctx, y, found, 8);
  return MOERT_OK;
}

const int64_t k1[] = {1}, k2[] = {2};
const moert_value_info kInputs[] = {{"slab", MOERT_I64, 1, k1, nullptr}};
const moert_value_info kOutputs[] = {{"y", MOERT_F32, 1, k2, nullptr}};
const moert_entry_info kEntry = {"probe", probe, 1, 1, kInputs, kOutputs};

struct DeviceOwnedWeights : testing::Test {
  DeviceOwnedWeights() : model({2}, {ModelExchange{4, 16, 1, 0, {0, 1, 1, 0}}}) {
    waits = isInside = false;
    model.table.entries = &kEntry;
    model.table.device = &kDevice;
    model.table.num_weights = 2;
    model.table.weights = kWeights;
    const std::string path = folder / "model";
    moert::WeightsWriter writer;
    EXPECT_OK(writer.begin((path + ".weights").c_str(), model.table.build_id, kWeights, 2));
    std::vector<float> slab(kSlabFloats);
    for (uint32_t weight : {0u, 1u})
      for (int64_t i = 0; i < kWeights[weight].num_slabs; ++i) {
        slab[0] = float(10 * weight + unsigned(i) + 1);
        EXPECT_OK(writer.append(weight, i, slab.data(), kSlabBytes));
      }
    EXPECT_OK(writer.finish());
    moert_runtime *madeRuntime = nullptr;
    EXPECT_OK(api().runtime_create(nullptr, &madeRuntime));
    runtime.reset(madeRuntime);
    moert_artifact *madeArtifact = nullptr;
    EXPECT_OK(api().artifact_from_table(madeRuntime, &model.table, path.c_str(), &madeArtifact));
    artifact.reset(madeArtifact);
    moert_weights *opened = nullptr;
    EXPECT_OK(api().weights_open(madeArtifact, nullptr, &opened));
    weights.reset(opened);
  }

  std::vector<Group> makeGroup() {
    moert_group *made[2] = {};
    EXPECT_OK(api().group_create_local(runtime.get(), 2, nullptr, made));
    return std::vector<Group>(made, made + 2);
  }
  Session open(const Group &group) {
    moert_session_options options = {};
    options.size = sizeof(options);
    options.device = "virtual:1";
    options.group = group.get();
    moert_session *made = nullptr;
    EXPECT_OK(api().session_create(artifact.get(), weights.get(), &options, &made));
    return Session(made);
  }
  /// Slab `slab` of the experts as the session's device has it, or a failure.
  moert_status read(const Session &session, int64_t slab, float &number) {
    moert_request *made = nullptr;
    EXPECT_OK(api().request_create(session.get(), nullptr, &made));
    Request request(made);
    const std::vector<int64_t> sizes{1};
    moert_tensor input = tensorOf(MOERT_I64, sizes, &slab);
    EXPECT_OK(api().request_set_input(made, "slab", &input));
    moert_status status = api().request_run(made);
    if (status.code != MOERT_OK)
      return status;
    moert_tensor output = {};
    output.size = sizeof(output);
    EXPECT_OK(api().request_output(made, "y", &output));
    number = static_cast<const float *>(output.data)[0];
    EXPECT_EQ(static_cast<const float *>(output.data)[1], 11);
    return status;
  }

  Environment library{"MOERT_VGPU_LIBRARY", MOERT_TEST_VGPU};
  Folder folder;
  ExchangeModel model;
  Runtime runtime;
  Artifact artifact;
  Weights weights;
};

TEST_F(DeviceOwnedWeights, AreTheSmallestRangeOfTheRank) {
  // Rank 0 owns experts 0 and 3, so that it has all; rank 1 owns 1 and 2.
  const bool has[2][4] = {{true, true, true, true}, {false, true, true, false}};
  for (size_t rank : {0, 1})
    for (int64_t slab = 0; slab < 4; ++slab) {
      // A group for each, since one whose run has failed is of no use.
      std::vector<Group> group = makeGroup();
      Session session = open(group[rank]);
      float number = 0;
      const moert_status status = read(session, slab, number);
      EXPECT_EQ(status.code == MOERT_OK, has[rank][slab])
          << "rank " << rank << ", slab " << slab << ": " << status.message;
      EXPECT_EQ(number, has[rank][slab] ? float(slab + 1) : 0);
    }
}

TEST_F(DeviceOwnedWeights, StayWithoutAGroup) {
  std::vector<Group> group = makeGroup();
  Session session = open(group[1]);
  float number = 0;
  ASSERT_OK(read(session, 1, number));
  EXPECT_EQ(number, 2);
  const void *before = experts;
  ASSERT_OK(api().session_set_group(session.get(), nullptr));
  EXPECT_FAILS(read(session, 1, number), MOERT_FAILED_PRECONDITION, "the session has no group");
  // The same rank of another group finds its weights where they were.
  std::vector<Group> other = makeGroup();
  ASSERT_OK(api().session_set_group(session.get(), other[1].get()));
  ASSERT_OK(read(session, 2, number));
  EXPECT_EQ(number, 3);
  EXPECT_EQ(experts, before);
  // Another rank has others.
  ASSERT_OK(api().session_set_group(session.get(), nullptr));
  std::vector<Group> third = makeGroup();
  ASSERT_OK(api().session_set_group(session.get(), third[0].get()));
  ASSERT_OK(read(session, 3, number));
  EXPECT_EQ(number, 4);
  EXPECT_NE(experts, before);
}

TEST_F(DeviceOwnedWeights, StayWhileARequestRuns) {
  std::vector<Group> group = makeGroup(), other = makeGroup();
  Session session = open(group[1]);
  waits = true;
  float number = 0;
  moert_status status = {};
  std::thread running([&] { status = read(session, 1, number); });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [] { return isInside; });
  }
  for (moert_group *next : {static_cast<moert_group *>(nullptr), other[0].get()})
    EXPECT_FAILS(api().session_set_group(session.get(), next), MOERT_FAILED_PRECONDITION,
                 "a request of the session is running");
  {
    std::lock_guard<std::mutex> lock(mutex);
    waits = false;
  }
  changed.notify_all();
  running.join();
  EXPECT_OK(status);
  EXPECT_EQ(number, 2);
}

} // namespace
