// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sessions whose kernels run on the virtual GPU.
#include "Support.h"
#include "lib/Core/WeightsFile.h"

using namespace moert::test;

namespace {

// y[i] = x[i] * f + 1 by one thread each; kernel "wild" writes beyond its buffer.
const char *const kCode = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 x, .param .u64 y, .param .u64 n, .param .f32 f) {
  .reg .b32 %r<4>; .reg .b64 %d<8>; .reg .f32 %f<4>; .reg .pred %p;
  mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
  mad.lo.u32 %r1, %r1, %r2, %r3; cvt.u64.u32 %d1, %r1;
  ld.param.u64 %d2, [n]; setp.ge.u64 %p, %d1, %d2; @%p bra DONE;
  shl.b64 %d1, %d1, 2; ld.param.u64 %d3, [x]; ld.param.u64 %d4, [y];
  add.u64 %d3, %d3, %d1; add.u64 %d4, %d4, %d1;
  ld.param.f32 %f1, [f]; ld.global.f32 %f2, [%d3]; fma.rn.f32 %f2, %f2, %f1, 0f3F800000;
  st.global.f32 [%d4], %f2;
DONE:
  ret;
}
.visible .entry wild(.param .u64 p) {
  .reg .b64 %d<2>; .reg .b32 %r;
  ld.param.u64 %d1, [p]; mov.u32 %r, 0; st.global.u32 [%d1+1048576], %r; ret;
}
)";
const uint8_t kScaleParameters[] = {8, 8, 8, 4}, kWildParameters[] = {8};
const moert_device_kernel_info kKernels[] = {{"scale", kScaleParameters, 4, 0},
                                             {"wild", kWildParameters, 1, 0}};

/// What the entry does besides its work.
enum Trouble : int64_t {
  kNone,
  kWild,
  kNoKernel,
  kShortRecord,
  kHuge,
  kReleaseTwice,
  kCheck,
  kCheckThenFail,
  kNoCheck,
  kFail
};
int64_t trouble;
/// Where the weight was in the last run.
bool hasWeight;
const void *factors;

struct ScaleRecord {
  const void *x;
  void *y;
  int64_t n;
  float f;
};

void launch(moert_ctx *ctx, uint32_t kernel, const ScaleRecord &record, int64_t bytes) {
  const uint32_t grid[3] = {uint32_t(record.n + 31) / 32, 1, 1}, block[3] = {32, 1, 1};
  ctx->functions->launch(ctx, kernel, 0, grid, block, 0, &record, bytes);
}

/// y = 2 * (x * f + 1) + 1, where f is in the session's memory; appends a row to the state, which
/// counts runs.
int32_t runMain(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions *runtime = ctx->functions;
  static const float kFactor[] = {3};
  float factor = 0;
  runtime->device_read(ctx, &factor, runtime->device_constant(ctx, kFactor, sizeof(kFactor)), 4);
  const int64_t n = inputs[0].sizes[0];
  uint32_t count = 7;
  runtime->device_read(ctx, &count, runtime->device_counter(ctx), 4);
  if (count != 0 || runtime->device_counter(ctx) != runtime->device_counter(ctx))
    runtime->fail(ctx, MOERT_INTERNAL, "the run's counter is not 0, or not one");
  if (hasWeight)
    factors = runtime->weight(ctx, 0);
  void *middle = runtime->alloc(ctx, n * 4);
  int64_t length, capacity;
  auto *state = static_cast<float *>(runtime->state(ctx, 0, &length, &capacity));
  runtime->append_state(ctx, 0, 1);
  const float one = float(length + 1);
  runtime->device_write(ctx, state + length, &one, 4);
  launch(ctx, 0, {inputs[0].data, middle, n, factor}, 28);
  if (trouble == kWild)
    launch(ctx, 1, {middle, nullptr, 1, 0}, 8);
  if (trouble == kNoKernel)
    launch(ctx, 7, {middle, middle, n, 0}, 28);
  if (trouble == kShortRecord)
    launch(ctx, 0, {middle, middle, n, 0}, 24);
  if (trouble == kHuge)
    runtime->alloc(ctx, int64_t(1) << 45);
  void *y = runtime->output(ctx, 0, 1, &n);
  launch(ctx, 0, {middle, y, n, 2}, 28);
  runtime->release(ctx, middle);
  if (trouble == kReleaseTwice)
    runtime->release(ctx, middle);
  if (trouble == kCheck || trouble == kCheckThenFail || trouble == kNoCheck) {
    // As a kernel would.
    const int32_t number = trouble == kNoCheck ? 3 : 2;
    runtime->device_write(ctx, runtime->failed_check(ctx), &number, 4);
  }
  if (trouble == kFail || trouble == kCheckThenFail)
    runtime->fail(ctx, MOERT_INVALID_ARGUMENT, "no such thing");
  return MOERT_OK;
}

const int64_t kAny[] = {-1};
const moert_value_info kInputs[] = {{"x", MOERT_F32, 1, kAny, nullptr}};
const moert_value_info kOutputs[] = {{"y", MOERT_F32, 1, kAny, nullptr}};
const moert_entry_info kEntry = {"main", runMain, 1, 1, kInputs, kOutputs};
const moert_state_info kState = {"runs", MOERT_F32, 1, kAny, nullptr, 0, 1, 4};

const moert_check_info kChecks[] = {{"the first", MOERT_INVALID_ARGUMENT, 0},
                                    {"the second", MOERT_RESOURCE_EXHAUSTED, 0}};

class DeviceSession : public testing::Test {
protected:
  DeviceSession() {
    trouble = kNone;
    hasWeight = false;
    code = {"sm_80", kCode, nullptr, 0, kKernels, 2, 0};
    table = {};
    table.abi_version = MOERT_ABI_VERSION;
    table.size = sizeof(table);
    table.producer = "by hand";
    table.num_entries = 1;
    table.entries = &kEntry;
    table.num_states = 1;
    table.states = &kState;
    table.functions_bytes = sizeof(moert_functions);
    table.device = &code;
    table.checks = kChecks;
    table.num_checks = 2;
    moert_runtime *made = nullptr;
    EXPECT_OK(api().runtime_create(nullptr, &made));
    runtime.reset(made);
  }

  moert_status load() {
    moert_artifact *made = nullptr;
    moert_status status = api().artifact_from_table(runtime.get(), &table, nullptr, &made);
    artifact.reset(made);
    return status;
  }
  moert_status open(const char *device, bool timesDevice = false) {
    moert_session_options options = {};
    options.size = sizeof(options);
    options.device = device;
    options.times_device = timesDevice;
    moert_session *made = nullptr;
    moert_status status = api().session_create(artifact.get(), weights.get(), &options, &made);
    session.reset(made);
    return status;
  }
  /// Runs with x = 0, 1, .. and compares.
  moert_status run(int64_t n) {
    moert_request *made = nullptr;
    EXPECT_OK(api().request_create(session.get(), nullptr, &made));
    Request request(made);
    std::vector<float> x(n);
    for (int64_t i = 0; i < n; ++i)
      x[i] = float(i);
    const std::vector<int64_t> sizes{n};
    moert_tensor input = tensorOf(MOERT_F32, sizes, x.data());
    EXPECT_OK(api().request_set_input(request.get(), "x", &input));
    moert_status status = api().request_run(request.get());
    if (status.code != MOERT_OK)
      return status;
    moert_tensor output = {};
    output.size = sizeof(output);
    EXPECT_OK(api().request_output(request.get(), "y", &output));
    EXPECT_EQ(output.bytes, n * 4);
    for (int64_t i = 0; i < n; ++i)
      EXPECT_EQ(static_cast<const float *>(output.data)[i], 2 * (3 * x[i] + 1) + 1);
    return status;
  }
  int64_t deviceNs() {
    moert_session_stats stats = {};
    stats.size = sizeof(stats);
    EXPECT_OK(api().session_stats(session.get(), &stats));
    return stats.device_ns;
  }
  int64_t rows() {
    int64_t rows = -1;
    EXPECT_OK(api().session_state_length(session.get(), "runs", &rows));
    return rows;
  }

  Environment library{"MOERT_VGPU_LIBRARY", MOERT_TEST_VGPU};
  moert_device_code code;
  struct moert_artifact_v1 table;
  Runtime runtime;
  Artifact artifact;
  Weights weights;
  Session session;
};

TEST_F(DeviceSession, RunsShapesAndKeepsState) {
  ASSERT_OK(load());
  ASSERT_OK(open("virtual"));
  EXPECT_OK(run(5));
  EXPECT_OK(run(1000));
  EXPECT_OK(run(0));
  EXPECT_EQ(rows(), 3);
  EXPECT_OK(run(33));
  EXPECT_FAILS(run(2), MOERT_RESOURCE_EXHAUSTED, "holds 4 of 4 rows");
  EXPECT_OK(api().session_truncate_state(session.get(), nullptr, 1));
  EXPECT_OK(run(2));
  EXPECT_EQ(rows(), 2);
}

TEST_F(DeviceSession, RunsAreTimedOnDemand) {
  ASSERT_OK(load());
  ASSERT_OK(open("virtual"));
  ASSERT_OK(run(3));
  EXPECT_EQ(deviceNs(), 0);
  ASSERT_OK(open("virtual", /*timesDevice=*/true));
  EXPECT_EQ(deviceNs(), 0);
  // A first run that host code ends has no end on the device.
  trouble = kFail;
  EXPECT_FAILS(run(3), MOERT_INVALID_ARGUMENT, "no such thing");
  trouble = kNone;
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(run(100));
    EXPECT_GT(deviceNs(), 0);
    EXPECT_LT(deviceNs(), int64_t(60e9));
  }
  trouble = kFail;
  EXPECT_FAILS(run(3), MOERT_INVALID_ARGUMENT, "no such thing");
  EXPECT_EQ(deviceNs(), 0);
}

TEST_F(DeviceSession, SessionsShareTheDriver) {
  ASSERT_OK(load());
  ASSERT_OK(open("virtual"));
  Session first = std::move(session);
  ASSERT_OK(open("virtual"));
  EXPECT_OK(run(3));
  std::swap(first, session);
  EXPECT_OK(run(4));
  Session none;
  std::swap(none, session);
  EXPECT_FAILS(open("virtual:2"), MOERT_FAILED_PRECONDITION, "in use with other options");
}

TEST_F(DeviceSession, SessionsOfADeviceShareWeights) {
  const moert_weight_info info = {"w", MOERT_F32, 0, 2, 12, MOERT_SLAB_ALIGNMENT};
  table.num_weights = 1;
  table.weights = &info;
  Folder folder;
  const std::string path = folder / "model";
  moert::WeightsWriter writer;
  ASSERT_OK(writer.begin((path + ".weights").c_str(), table.build_id, &info, 1));
  const float slab[] = {1, 2, 3};
  for (int64_t i : {0, 1})
    ASSERT_OK(writer.append(0, i, slab, sizeof(slab)));
  ASSERT_OK(writer.finish());
  moert_artifact *made = nullptr;
  ASSERT_OK(api().artifact_from_table(runtime.get(), &table, path.c_str(), &made));
  artifact.reset(made);
  moert_weights *opened = nullptr;
  ASSERT_OK(api().weights_open(made, nullptr, &opened));
  weights.reset(opened);

  hasWeight = true;
  ASSERT_OK(open("virtual"));
  ASSERT_OK(run(3));
  const void *first = factors;
  Session other = std::move(session);
  ASSERT_OK(open("virtual"));
  ASSERT_OK(run(3));
  EXPECT_EQ(factors, first);
  // The copy stays with the last session that uses it.
  other.reset();
  EXPECT_OK(run(3));
  EXPECT_EQ(factors, first);
  session.reset();
  ASSERT_OK(open("virtual"));
  EXPECT_OK(run(3));
}

TEST_F(DeviceSession, FailuresLeaveTheSessionAsItWas) {
  ASSERT_OK(load());
  ASSERT_OK(open("virtual"));
  ASSERT_OK(run(3));
  const std::tuple<int64_t, int32_t, const char *> cases[] = {
      {kNoKernel, MOERT_INTERNAL, "asks for device kernel 7 of 2"},
      {kShortRecord, MOERT_INTERNAL, "launches 'scale' with 24 bytes of 28"},
      {kHuge, MOERT_OUT_OF_MEMORY, ""},
      {kReleaseTwice, MOERT_INTERNAL, "releases device memory that is not in use"},
      {kCheck, MOERT_RESOURCE_EXHAUSTED, "the second"},
      {kCheckThenFail, MOERT_RESOURCE_EXHAUSTED, "the second"},
      {kNoCheck, MOERT_INTERNAL, "reports check 3 of 2"},
      {kFail, MOERT_INVALID_ARGUMENT, "no such thing"}};
  for (const auto &[what, code, message] : cases) {
    trouble = what;
    EXPECT_FAILS(run(3), code, message);
    trouble = kNone;
    EXPECT_EQ(rows(), 1);
  }
  EXPECT_OK(run(3));
  EXPECT_EQ(rows(), 2);
}

TEST_F(DeviceSession, KernelsAreReported) {
  ASSERT_OK(load());
  ASSERT_OK(open("virtual"));
  trouble = kWild;
  EXPECT_FAILS(run(3), MOERT_INTERNAL, "wild");
  EXPECT_EQ(rows(), 0);
  // As moert.h says: nothing goes on there until all sessions are gone.
  trouble = kNone;
  EXPECT_FAILS(run(3), MOERT_INTERNAL, "");
  session.reset();
  ASSERT_OK(open("virtual"));
  EXPECT_OK(run(3));
}

TEST_F(DeviceSession, DevicesThatAreNone) {
  ASSERT_OK(load());
  for (const char *name :
       {"tpu", "virtual:0", "virtual:x", "virtual:", "cuda:-1", "cuda:99999", ""})
    EXPECT_FAILS(open(name), MOERT_INVALID_ARGUMENT, "no device '");
  {
    Environment none("MOERT_VGPU_LIBRARY", "/nowhere/libmoert-vgpu.so");
    EXPECT_FAILS(open("virtual"), MOERT_UNSUPPORTED, "no CUDA driver: ");
  }
  table.device = nullptr;
  artifact.reset();
  ASSERT_OK(load());
  EXPECT_FAILS(open("virtual"), MOERT_INVALID_ARGUMENT, "takes no device, 'virtual'");
}

TEST_F(DeviceSession, CodeOfAnotherChip) {
  std::string later = kCode;
  later.replace(later.find("sm_80"), 5, "sm_120");
  later.replace(later.find("8.0"), 3, "8.7");
  code.ptx = later.c_str();
  ASSERT_OK(load());
  EXPECT_FAILS(open("virtual"), MOERT_INCOMPATIBLE, "sm_120");
  // Machine code that does not load is no obstacle.
  code.ptx = kCode;
  code.cubin = "no cubin";
  code.cubin_bytes = 8;
  EXPECT_OK(open("virtual"));
  EXPECT_OK(run(7));
}

TEST_F(DeviceSession, TablesThatAreCorrupt) {
  const moert_device_code good = code;
  code.ptx = nullptr;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "device code that is missing");
  code = good;
  code.kernels = nullptr;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "device code without its kernels");
  const uint8_t sizes[] = {3};
  moert_device_kernel_info kernel = {"k", sizes, 1, 0};
  code.kernels = &kernel;
  code.num_kernels = 1;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "has a parameter of a bad size");
  kernel.parameter_bytes = nullptr;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "no parameters, but a number of them");
  kernel.name = "";
  EXPECT_FAILS(load(), MOERT_CORRUPT, "a device kernel without a name");
  code = good;
  const moert_check_info checks[] = {{"fine", MOERT_INVALID_ARGUMENT, 0}, {"code 0", MOERT_OK, 0}};
  table.checks = checks;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "a check without an outcome");
  table.checks = nullptr;
  EXPECT_FAILS(load(), MOERT_CORRUPT, "checks without their table");
  // A table that ends before has none.
  table.size = offsetof(struct moert_artifact_v1, host_work);
  EXPECT_OK(load());
}

} // namespace
