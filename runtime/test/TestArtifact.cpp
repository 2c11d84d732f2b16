// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled model, written by hand.
//
//   main     y[N,4] = x[N,4] + bias[4] + sum of the 3 slabs of weight "w"; isa[1] is the level run
//   trouble  does what its input says (TestArtifact.h)
//   step     appends rows[S,2] to state "cache" [B,S,2]; total[2] is the sum of all its rows;
//            fails after appending if `wrong` is not 0
//   nested   ones[M,16]: a parallel loop of parallel loops
//   tiny     denormal[1]: the smallest number halved and doubled again, on this thread
#include "TestArtifact.h"

namespace {

struct AddRecord {
  const float *x;
  const float *addend;
  float *y;
  int64_t *isa;
};

template <int64_t Isa>
void addKernel(moert_ctx *, void *raw, int64_t begin, int64_t end) {
  auto &record = *static_cast<AddRecord *>(raw);
  for (int64_t i = begin; i < end; ++i)
    for (int64_t j = 0; j < 4; ++j)
      record.y[4 * i + j] = record.x[4 * i + j] + record.addend[j];
  if (begin == 0)
    *record.isa = Isa;
}

int32_t mainEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *outputs) {
  const moert_functions &f = *ctx->functions;
  int64_t rows = inputs[0].sizes[0];
  auto *addend = static_cast<float *>(f.alloc(ctx, 16));
  auto *unused = f.alloc(ctx, 1000);
  auto *bias = static_cast<const float *>(inputs[1].data);
  auto *slabs = static_cast<const char *>(f.weight(ctx, 0));
  for (int j = 0; j < 4; ++j) {
    addend[j] = bias[j];
    for (int slab = 0; slab < 3; ++slab)
      addend[j] += reinterpret_cast<const float *>(slabs + slab * 4096)[j];
  }
  f.release(ctx, unused);
  int64_t one = 1;
  f.output(ctx, 0, 2, inputs[0].sizes);
  auto *isa = static_cast<int64_t *>(f.output(ctx, 1, 1, &one));
  *isa = -1;
  AddRecord record = {static_cast<const float *>(inputs[0].data), addend,
                      static_cast<float *>(outputs[0].data), isa};
  f.parallel_for(ctx, 0, &record, rows);
  f.release(ctx, addend);
  return MOERT_OK;
}

void emptyKernel(moert_ctx *, void *, int64_t, int64_t) {}

int32_t troubleEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  int64_t four[] = {4};
  int64_t length, capacity;
  void *held = f.alloc(ctx, 100);
  switch (*static_cast<const int64_t *>(inputs[0].data)) {
  case kFail:
    f.alloc(ctx, 5000);
    f.fail(ctx, MOERT_UNAVAILABLE, "asked to fail");
    break;
  case kFailWithoutWhy:
    f.fail(ctx, 4711, nullptr);
    break;
  case kReturnCode:
    return MOERT_UNSUPPORTED;
  case kReturnUnknownCode:
    return -3;
  case kNoOutput:
    return MOERT_OK;
  case kOutputTwice:
    f.output(ctx, 0, 1, four);
    break;
  case kOutputWrongRank:
    f.output(ctx, 0, 0, nullptr);
    break;
  case kOutputWrongSize:
    four[0] = 5;
    break;
  case kBadIndexOfOutput:
    f.output(ctx, 1, 1, four);
    break;
  case kBadIndexOfWeight:
    f.weight(ctx, 1);
    break;
  case kBadIndexOfKernel:
    f.parallel_for(ctx, 1000, nullptr, 1);
    break;
  case kBadIndexOfState:
    f.state(ctx, 1, &length, &capacity);
    break;
  case kReleaseTwice:
    f.release(ctx, held);
    f.release(ctx, held);
    break;
  case kNegativeAlloc:
    f.alloc(ctx, -1);
    break;
  case kHugeAlloc:
    f.alloc(ctx, INT64_MAX);
    break;
  case kNegativeAppend:
    f.append_state(ctx, 0, -1);
    break;
  case kLoopForever:
    for (;;)
      f.parallel_for(ctx, 1, nullptr, 64);
  default:
    break;
  }
  auto *output = static_cast<uint8_t *>(f.output(ctx, 0, 1, four));
  for (int i = 0; i < 4; ++i)
    output[i] = uint8_t(i);
  return MOERT_OK;
}

int32_t stepEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  int64_t rows = inputs[0].sizes[0];
  int64_t before, capacity, length;
  auto *cache = static_cast<float *>(f.state(ctx, 0, &before, &capacity));
  f.append_state(ctx, 0, rows);
  f.state(ctx, 0, &length, &capacity);
  if (length != before + rows)
    f.fail(ctx, MOERT_INTERNAL, "the state did not grow");
  auto *given = static_cast<const float *>(inputs[0].data);
  for (int64_t i = 0; i < 2 * rows; ++i)
    cache[2 * before + i] = given[i];
  if (*static_cast<const int64_t *>(inputs[1].data))
    f.fail(ctx, MOERT_ABORTED, "asked to fail after appending");
  int64_t two = 2;
  auto *total = static_cast<float *>(f.output(ctx, 0, 1, &two));
  total[0] = total[1] = 0;
  for (int64_t i = 0; i < 2 * length; ++i)
    total[i % 2] += cache[i];
  return MOERT_OK;
}

struct NestedRecord {
  uint8_t *ones;
  int64_t row;
};

void innerKernel(moert_ctx *, void *raw, int64_t begin, int64_t end) {
  auto &record = *static_cast<NestedRecord *>(raw);
  for (int64_t i = begin; i < end; ++i)
    record.ones[16 * record.row + i] += 1;
}

void outerKernel(moert_ctx *ctx, void *raw, int64_t begin, int64_t end) {
  NestedRecord record = *static_cast<NestedRecord *>(raw);
  for (record.row = begin; record.row < end; ++record.row)
    ctx->functions->parallel_for(ctx, 3, &record, 16);
}

int32_t nestedEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  int64_t sizes[] = {*static_cast<const int64_t *>(inputs[0].data), 16};
  NestedRecord record = {static_cast<uint8_t *>(f.output(ctx, 0, 2, sizes)), 0};
  for (int64_t i = 0; i < sizes[0] * sizes[1]; ++i)
    record.ones[i] = 0;
  f.parallel_for(ctx, 2, &record, sizes[0]);
  return MOERT_OK;
}

int32_t tinyEntry(moert_ctx *ctx, const moert_buffer *, moert_buffer *) {
  int64_t one = 1;
  auto *result = static_cast<float *>(ctx->functions->output(ctx, 0, 1, &one));
  volatile float smallest = 1.17549435e-38f;
  volatile float half = smallest * 0.5f;
  *result = half * 2;
  return MOERT_OK;
}

const int64_t kBy4[] = {-1, 4};
const int64_t k4[] = {4};
const int64_t k1[] = {1};
const int64_t k2[] = {2};
const int64_t kBy2[] = {-1, 2};
const int64_t kBy16[] = {-1, 16};
const int64_t kCache[] = {-1, -1, 2};
const int64_t kAny[] = {-1};
const char *const kRows[] = {"N", nullptr};
const char *const kSteps[] = {"S", nullptr};
const char *const kBatch[] = {"B", nullptr, nullptr};
const char *const kRow[] = {"N"};

const moert_value_info kMainInputs[] = {{"x", MOERT_F32, 2, kBy4, kRows},
                                        {"bias", MOERT_F32, 1, k4, nullptr},
                                        {"mask", MOERT_BOOL, 1, kAny, kRow}};
const moert_value_info kMainOutputs[] = {{"y", MOERT_F32, 2, kBy4, kRows},
                                         {"isa", MOERT_I64, 1, k1, nullptr}};
const moert_value_info kTroubleInputs[] = {{"trouble", MOERT_I64, 0, nullptr, nullptr}};
const moert_value_info kTroubleOutputs[] = {{"numbers", MOERT_U8, 1, k4, nullptr}};
const moert_value_info kStepInputs[] = {{"rows", MOERT_F32, 2, kBy2, kSteps},
                                        {"wrong", MOERT_I64, 0, nullptr, nullptr}};
const moert_value_info kStepOutputs[] = {{"total", MOERT_F32, 1, k2, nullptr}};
const moert_value_info kNestedInputs[] = {{"m", MOERT_I64, 0, nullptr, nullptr}};
const moert_value_info kNestedOutputs[] = {{"ones", MOERT_U8, 2, kBy16, nullptr}};
const moert_value_info kTinyOutputs[] = {{"denormal", MOERT_F32, 1, k1, nullptr}};

const moert_entry_info kEntries[] = {
    {"main", mainEntry, 3, 2, kMainInputs, kMainOutputs},
    {"trouble", troubleEntry, 1, 1, kTroubleInputs, kTroubleOutputs},
    {"step", stepEntry, 2, 1, kStepInputs, kStepOutputs},
    {"nested", nestedEntry, 1, 1, kNestedInputs, kNestedOutputs},
    {"tiny", tinyEntry, 0, 1, nullptr, kTinyOutputs},
};
const moert_weight_info kWeights[] = {{"w", MOERT_F32, 0, 3, 16, 4096}};
const moert_state_info kStates[] = {{"cache", MOERT_F32, 3, kCache, kBatch, 1, 4, 10}};
const moert_kernel_info kKernels[] = {
    {"add", {addKernel<MOERT_ISA_V2>, addKernel<MOERT_ISA_AVX2>, addKernel<MOERT_ISA_AVX512>}},
    {"empty", {emptyKernel, nullptr, nullptr}},
    {"outer", {outerKernel, nullptr, nullptr}},
    {"inner", {innerKernel, nullptr, nullptr}},
};

} // namespace

extern "C" const struct moert_artifact_v1 moert_artifact_v1 = {
    MOERT_ABI_VERSION,
    sizeof(struct moert_artifact_v1),
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    "by hand",
    5,
    1,
    1,
    4,
    kEntries,
    kWeights,
    kStates,
    kKernels,
    nullptr,
    sizeof(moert_functions),
    0,
    0,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    0,
    0,
};
