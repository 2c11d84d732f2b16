// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "TestArtifact.h"

#include <immintrin.h>
#include <mutex>

using namespace moert::test;

namespace {

moert_session_stats statsOf(const Loaded &loaded) {
  moert_session_stats stats = {};
  stats.size = sizeof(stats);
  EXPECT_OK(api().session_stats(loaded.session.get(), &stats));
  return stats;
}

TEST(Session, RunsAnyNumberOfRows) {
  Loaded loaded;
  Request request = loaded.request(nullptr);
  for (int64_t rows : {1, 7, 0, 1000, 3}) {
    MainCall call(rows, float(rows));
    call.set(request.get());
    ASSERT_OK(api().request_run(request.get()));
    call.expect(request.get());
  }
  moert_session_stats stats = statsOf(loaded);
  EXPECT_EQ(stats.runs, 5);
  EXPECT_EQ(stats.failed_runs, 0);
  EXPECT_EQ(stats.contexts, 1);
  EXPECT_GT(stats.pool_bytes, 0);
  EXPECT_EQ(stats.pool_peak_bytes, 64 + 1024);
  ASSERT_OK(api().session_trim(loaded.session.get()));
  stats = statsOf(loaded);
  EXPECT_EQ(stats.pool_bytes, 0);
  EXPECT_EQ(stats.contexts, 0);
  EXPECT_EQ(stats.pool_peak_bytes, 64 + 1024);
  MainCall again(2);
  again.set(request.get());
  ASSERT_OK(api().request_run(request.get()));
  again.expect(request.get());
}

TEST(Session, SteadyStateAllocatesNothing) {
  CountingHost host;
  {
    Loaded loaded(2, &host.hooks);
    Request request = loaded.request("main");
    MainCall call(100);
    call.set(request.get());
    ASSERT_OK(api().request_run(request.get()));
    int64_t after = host.allocations;
    for (int i = 0; i < 300; ++i) {
      ASSERT_OK(api().request_reset(request.get()));
      call.set(request.get());
      ASSERT_OK(api().request_run(request.get()));
    }
    call.expect(request.get());
    EXPECT_EQ(host.allocations, after);
  }
  EXPECT_EQ(host.liveBlocks, 0);
  EXPECT_EQ(host.liveBytes, 0);
}

TEST(Session, NamesWhatIsWrongWithAnInput) {
  Loaded loaded;
  Request request = loaded.request("main");
  float data[16] = {};
  const int32_t code = MOERT_INVALID_ARGUMENT;
  auto set = [&](const char *name, int32_t dtype, std::vector<int64_t> sizes) {
    moert_tensor tensor = tensorOf(dtype, sizes, data);
    return api().request_set_input(request.get(), name, &tensor);
  };
  EXPECT_FAILS(api().request_run(request.get()), code, "input 'x' (f32[N,4]) is not set");
  EXPECT_FAILS(set("z", MOERT_F32, {2, 4}), MOERT_NOT_FOUND, "no input named 'z'");
  EXPECT_FAILS(set("x", MOERT_F64, {2, 4}), code,
               "'x' has the wrong element type: expected f32[N,4], got f64[2,4]");
  EXPECT_FAILS(set("x", MOERT_F32, {4}), code,
               "'x' has the wrong rank: expected f32[N,4], got f32[4]");
  EXPECT_FAILS(set("x", MOERT_F32, {2, 5}), code,
               "'x' has the wrong shape: expected f32[N,4], got f32[2,5]");
  EXPECT_FAILS(set("x", MOERT_F32, {-1, 4}), code, "wrong shape");
  std::vector<int64_t> sizes = {2, 4};
  moert_tensor tensor = tensorOf(MOERT_F32, sizes, data);
  auto setTensor = [&] { return api().request_set_input(request.get(), "x", &tensor); };
  tensor.bytes = 31;
  EXPECT_FAILS(setTensor(), code, "comes with 31 bytes; f32[2,4] has 32");
  tensor.bytes = 32;
  tensor.data = nullptr;
  EXPECT_FAILS(setTensor(), code, "without data");
  tensor.data = reinterpret_cast<char *>(data) + 2;
  EXPECT_FAILS(setTensor(), code, "not aligned");
  tensor.data = data;
  tensor.sizes = nullptr;
  EXPECT_FAILS(setTensor(), code, "without its sizes");
  tensor.sizes = sizes.data();
  for (int32_t rank : {-1, 9, INT32_MIN, INT32_MAX}) {
    tensor.rank = rank;
    EXPECT_FAILS(setTensor(), code, "has rank");
  }
  tensor.rank = 2;
  sizes[0] = INT64_MAX;
  EXPECT_FAILS(setTensor(), code, "larger than any memory");
  tensor.size = 3;
  EXPECT_FAILS(setTensor(), code, "moert_tensor.size is 3");
  EXPECT_FAILS(api().request_run(request.get()), code, "input 'x' (f32[N,4]) is not set");
}

TEST(Session, ChecksNamedDimensions) {
  Loaded loaded;
  Request request = loaded.request("main");
  MainCall call(3);
  call.set(request.get());
  std::vector<uint8_t> mask(5);
  std::vector<int64_t> sizes = {5};
  moert_tensor tensor = tensorOf(MOERT_BOOL, sizes, mask.data());
  ASSERT_OK(api().request_set_input(request.get(), "mask", &tensor));
  EXPECT_FAILS(api().request_run(request.get()), MOERT_INVALID_ARGUMENT,
               "dimension 'N' is 3 in input 'x' and 5 in input 'mask'");
  EXPECT_EQ(statsOf(loaded).runs, 0);

  moert_dim_binding dims[] = {{"B", 1}, {"N", 4}};
  moert_session_options options = {};
  options.dims = dims;
  options.num_dims = 2;
  Loaded bound(1, nullptr, options);
  request = bound.request("main");
  call.set(request.get());
  EXPECT_FAILS(api().request_run(request.get()), MOERT_INVALID_ARGUMENT,
               "dimension 'N' is 3 in input 'x', but the session binds it to 4");
  MainCall four(4);
  four.set(request.get());
  EXPECT_OK(api().request_run(request.get()));
}

TEST(Session, ChecksItsOptions) {
  Loaded loaded;
  auto create = [&](moert_session_options options, moert_weights *weights) {
    options.size = sizeof(options);
    moert_session *session;
    moert_status status = api().session_create(loaded.artifact.get(), weights, &options, &session);
    EXPECT_EQ(session == nullptr, status.code != MOERT_OK);
    api().session_release(session);
    return status;
  };
  moert_weights *weights = loaded.weights.get();
  const int32_t code = MOERT_INVALID_ARGUMENT;
  moert_dim_binding dims[] = {{"B", 1}, {"B", 2}};
  moert_session_options options = {};
  EXPECT_FAILS(create(options, weights), code, "needs the size of dimension 'B'");
  options.num_dims = 1;
  EXPECT_FAILS(create(options, weights), code, "dims is null");
  options.dims = dims;
  EXPECT_OK(create(options, weights));
  EXPECT_FAILS(create(options, nullptr), code, "the artifact has weights");
  options.num_dims = 2;
  EXPECT_FAILS(create(options, weights), code, "bound twice");
  dims[1] = {"Z", 1};
  EXPECT_FAILS(create(options, weights), code, "no dimension named 'Z'");
  dims[1] = {"N", -1};
  EXPECT_FAILS(create(options, weights), code, "bound to -1");
  dims[1] = {nullptr, 1};
  EXPECT_FAILS(create(options, weights), code, "no name");
  options.num_dims = 1;
  options.state_capacity = -1;
  EXPECT_FAILS(create(options, weights), code, "negative");
  options.state_capacity = INT64_MAX;
  EXPECT_FAILS(create(options, weights), code, "larger than any memory");
  options.state_capacity = int64_t(1) << 52;
  EXPECT_FAILS(create(options, weights), MOERT_OUT_OF_MEMORY, "no memory for the");
  moert_request *request;
  EXPECT_FAILS(api().request_create(loaded.session.get(), "nope", &request), MOERT_NOT_FOUND,
               "no entry named 'nope'");

  // Weights belong to the artifact that they were opened for.
  const struct moert_artifact_v1 copy = moert_artifact_v1;
  moert_artifact *other;
  ASSERT_OK(api().artifact_from_table(loaded.runtime.get(), &copy, nullptr, &other));
  moert_session *session;
  EXPECT_FAILS(api().session_create(other, weights, nullptr, &session), code,
               "the weights are those of another artifact");
  api().artifact_release(other);
}

TEST(Session, WritesToTheCallersMemory) {
  Loaded loaded;
  Request request = loaded.request("main");
  MainCall call(3);
  call.set(request.get());
  std::vector<float> mine(12);
  moert_tensor buffer = {};
  buffer.size = sizeof(buffer);
  buffer.data = mine.data();
  buffer.bytes = 48;
  buffer.dtype = MOERT_F32;
  auto give = [&] { return api().request_set_output(request.get(), "y", &buffer); };
  ASSERT_OK(give());
  ASSERT_OK(api().request_run(request.get()));
  EXPECT_EQ(mine, call.y);
  call.expect(request.get());
  moert_tensor result = {};
  result.size = sizeof(result);
  ASSERT_OK(api().request_output(request.get(), "y", &result));
  EXPECT_EQ(result.data, mine.data());

  MainCall larger(4);
  larger.set(request.get());
  EXPECT_FAILS(api().request_run(request.get()), MOERT_RESOURCE_EXHAUSTED,
               "output 'y' needs 64 bytes; the buffer given has 48");
  EXPECT_FAILS(api().request_output(request.get(), "y", &result), MOERT_FAILED_PRECONDITION,
               "not run successfully");
  ASSERT_OK(api().request_set_output(request.get(), "y", nullptr));
  ASSERT_OK(api().request_run(request.get()));
  larger.expect(request.get());

  EXPECT_FAILS(api().request_set_output(request.get(), "z", &buffer), MOERT_NOT_FOUND, "'z'");
  buffer.dtype = MOERT_F64;
  EXPECT_FAILS(give(), MOERT_INVALID_ARGUMENT, "is f32; the buffer given is f64");
  buffer.dtype = MOERT_F32;
  buffer.bytes = -1;
  EXPECT_FAILS(give(), MOERT_INVALID_ARGUMENT, "no memory");
  buffer.bytes = 48;
  buffer.data = nullptr;
  EXPECT_FAILS(give(), MOERT_INVALID_ARGUMENT, "no memory");
  buffer.data = reinterpret_cast<char *>(mine.data()) + 1;
  EXPECT_FAILS(give(), MOERT_INVALID_ARGUMENT, "not aligned");
  EXPECT_FAILS(api().request_output(request.get(), "z", &result), MOERT_NOT_FOUND, "'z'");
}

TEST(Session, SurvivesCodeThatFails) {
  CountingHost host;
  {
    Loaded loaded(2, &host.hooks);
    Request request = loaded.request("trouble");
    int64_t trouble = kNoTrouble;
    moert_tensor tensor = tensorOf(MOERT_I64, {}, &trouble);
    ASSERT_OK(api().request_set_input(request.get(), "trouble", &tensor));
    auto run = [&](Trouble what) {
      trouble = what;
      return api().request_run(request.get());
    };
    for (int i = 0; i < 3; ++i) {
      EXPECT_OK(run(kNoTrouble));
      EXPECT_FAILS(run(kFail), MOERT_UNAVAILABLE, "asked to fail");
      EXPECT_FAILS(run(kFailWithoutWhy), MOERT_INTERNAL, "gave up");
      EXPECT_FAILS(run(kReturnCode), MOERT_UNSUPPORTED, "entry 'trouble' ended with code 9");
      EXPECT_FAILS(run(kReturnUnknownCode), MOERT_INTERNAL, "code -3");
      EXPECT_FAILS(run(kNoOutput), MOERT_INTERNAL, "did not produce output 'numbers'");
      EXPECT_FAILS(run(kOutputTwice), MOERT_INTERNAL, "'numbers' twice");
      EXPECT_FAILS(run(kOutputWrongRank), MOERT_INTERNAL, "as u8[]; its signature says u8[4]");
      EXPECT_FAILS(run(kOutputWrongSize), MOERT_INTERNAL, "as u8[5]; its signature says u8[4]");
      EXPECT_FAILS(run(kBadIndexOfOutput), MOERT_INTERNAL, "output 1 of 1");
      EXPECT_FAILS(run(kBadIndexOfWeight), MOERT_INTERNAL, "weight 1 of 1");
      EXPECT_FAILS(run(kBadIndexOfKernel), MOERT_INTERNAL, "kernel 1000 of 4");
      EXPECT_FAILS(run(kBadIndexOfState), MOERT_INTERNAL, "state 1 of 1");
      EXPECT_FAILS(run(kReleaseTwice), MOERT_INTERNAL, "not in use");
      EXPECT_FAILS(run(kNegativeAlloc), MOERT_OUT_OF_MEMORY, "-1 bytes");
      EXPECT_FAILS(run(kHugeAlloc), MOERT_OUT_OF_MEMORY, "bytes of memory");
      EXPECT_FAILS(run(kNegativeAppend), MOERT_INTERNAL, "appends -1 rows to state 'cache'");
    }
    moert_session_stats stats = statsOf(loaded);
    EXPECT_EQ(stats.runs, 51);
    EXPECT_EQ(stats.failed_runs, 48);
    EXPECT_EQ(stats.contexts, 1);
  }
  EXPECT_EQ(host.liveBlocks, 0);
}

TEST(Session, LimitsItsPool) {
  moert_session_options options = {};
  options.max_pool_bytes = 500;
  Loaded loaded(1, nullptr, options);
  Request request = loaded.request("main");
  MainCall call(1);
  call.set(request.get());
  EXPECT_FAILS(api().request_run(request.get()), MOERT_RESOURCE_EXHAUSTED,
               "1000 bytes more exceed the session's limit of 500");
}

TEST(Session, OutputsMayBeTooLargeForAnyMemory) {
  Loaded loaded(1);
  Request request = loaded.request("nested");
  int64_t m = int64_t(1) << 60;
  moert_tensor tensor = tensorOf(MOERT_I64, {}, &m);
  ASSERT_OK(api().request_set_input(request.get(), "m", &tensor));
  EXPECT_FAILS(api().request_run(request.get()), MOERT_OUT_OF_MEMORY,
               "output 'ones', u8[1152921504606846976,16], is larger than any memory");
}

TEST(Session, NestedLoopsDoEachUnitOnce) {
  Loaded loaded(4);
  Request request = loaded.request("nested");
  int64_t m = 100;
  moert_tensor tensor = tensorOf(MOERT_I64, {}, &m);
  ASSERT_OK(api().request_set_input(request.get(), "m", &tensor));
  ASSERT_OK(api().request_run(request.get()));
  moert_tensor ones = {};
  ones.size = sizeof(ones);
  ASSERT_OK(api().request_output(request.get(), "ones", &ones));
  ASSERT_EQ(ones.bytes, 1600);
  for (int i = 0; i < 1600; ++i)
    ASSERT_EQ(static_cast<const uint8_t *>(ones.data)[i], 1);
}

TEST(Session, DoesNotInheritTheFloatingPointMode) {
  Loaded loaded(1);
  Request request = loaded.request("tiny");
  unsigned saved = _mm_getcsr();
  // Flush to zero and denormals are zero, as audio programs have it.
  _mm_setcsr(saved | 0x8040);
  moert_status status = api().request_run(request.get());
  unsigned after = _mm_getcsr();
  _mm_setcsr(saved);
  ASSERT_OK(status);
  EXPECT_EQ(after & 0x8040u, 0x8040u);
  moert_tensor result = {};
  result.size = sizeof(result);
  ASSERT_OK(api().request_output(request.get(), "denormal", &result));
  EXPECT_EQ(*static_cast<const float *>(result.data), 1.17549435e-38f);
}

TEST(Session, TracesLoopsAndRuns) {
  struct Spans {
    std::mutex mutex;
    std::vector<moert_trace_event> events;
  } spans;
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  hooks.user = &spans;
  hooks.trace = [](void *user, const moert_trace_event *event) {
    auto &self = *static_cast<Spans *>(user);
    std::lock_guard<std::mutex> lock(self.mutex);
    self.events.push_back(*event);
  };
  Loaded loaded(2, &hooks);
  Request request = loaded.request("main");
  MainCall call(9);
  call.set(request.get());
  ASSERT_OK(api().request_run(request.get()));
  ASSERT_EQ(spans.events.size(), 2u);
  EXPECT_STREQ(spans.events[0].name, "add");
  EXPECT_EQ(spans.events[0].units, 9);
  EXPECT_NE(spans.events[0].record, nullptr);
  EXPECT_STREQ(spans.events[1].name, "main");
  EXPECT_EQ(spans.events[1].record, nullptr);
  EXPECT_LE(spans.events[1].begin_ns, spans.events[0].begin_ns);
  EXPECT_GE(spans.events[1].end_ns, spans.events[0].end_ns);
}

} // namespace
