// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ExchangeArtifact.h"
#include "Ranks.h"

#include <chrono>
#include <cmath>
#include <random>
#include <thread>

namespace moert::test {

std::atomic<int64_t> loopsForever{0}, troubledNs{0};

const std::vector<Mistake> kMistakes = {
    {kFailBeforeBegin, MOERT_UNAVAILABLE, "asked to fail"},
    {kFailAfterBegin, MOERT_UNAVAILABLE, "asked to fail"},
    {kFailAfterReceive, MOERT_UNAVAILABLE, "asked to fail"},
    {kFailAfterReturn, MOERT_UNAVAILABLE, "asked to fail"},
    {kReturnWithinExchange, MOERT_INTERNAL, "'layers' ended within exchange 'exchange 0'"},
    {kUnknownExchange, MOERT_INTERNAL, "exchange 1000 of 1"},
    {kBeginTwice, MOERT_INTERNAL, "within another one"},
    {kNullSend, MOERT_INTERNAL, "without rows"},
    {kNoRowBytes, MOERT_INTERNAL, "without rows"},
    {kHugerRowBytes, MOERT_INTERNAL, "without rows"},
    {kNullRows, MOERT_INTERNAL, "without rows"},
    {kOddElements, MOERT_INTERNAL, "no elements"},
    {kNoElements, MOERT_INTERNAL, "no elements"},
    {kHugeElements, MOERT_INTERNAL, "no elements"},
    {kMisalignedRows, MOERT_INTERNAL, "no elements"},
    {kElementsBeyondRows, MOERT_INTERNAL, "no elements"},
    {kNegativeOffset, MOERT_INTERNAL, "do not ascend from 0"},
    {kDescendingOffsets, MOERT_INTERNAL, "do not ascend from 0"},
    {kReceiveOutside, MOERT_INTERNAL, "receives rows outside of an exchange"},
    {kReceiveTwice, MOERT_INTERNAL, "out of order"},
    {kReceiveBeyond, MOERT_INTERNAL, "out of order"},
    {kReturnOutside, MOERT_INTERNAL, "returns rows outside of an exchange"},
    {kReturnUnreceived, MOERT_INTERNAL, "has not received"},
    {kReturnNothing, MOERT_INTERNAL, "returns nothing"},
    {kReturnElsewhere, MOERT_INTERNAL, "to different places"},
    {kEndOutside, MOERT_INTERNAL, "has not begun"},
    {kEndEarly, MOERT_INTERNAL, "before all rounds are returned"},
};

namespace {

/// What an expert makes of a number.
double expertOf(int32_t expert, float x) { return std::sqrt(std::abs(double(x))) + expert * 0.37; }

struct ExpertRecord {
  const float *x;
  const int64_t *places; // of rows in x
  const int32_t *offsets;
  int64_t parts;
  int64_t width;
  double *y;
};

void expertKernel(moert_ctx *, void *raw, int64_t begin, int64_t end) {
  auto &record = *static_cast<ExpertRecord *>(raw);
  const int64_t columns = record.width / record.parts; // that a part makes
  for (int64_t range = begin; range < end; ++range)
    for (int64_t row = record.offsets[range]; row < record.offsets[range + 1]; ++row)
      for (int64_t i = 0; i < columns; ++i)
        record.y[row * columns + i] =
            expertOf(int32_t(range / record.parts),
                     record.x[record.places[row] + range % record.parts * columns + i]);
}

void emptyKernel(moert_ctx *, void *, int64_t, int64_t) {}

/// The layer that a call of the entry is at.
struct Layer {
  const moert_functions &f;
  moert_ctx *ctx;
  int64_t rows, perRow, width, experts, parts;
  int64_t trouble;
  float *x;
  const int32_t *ids;

  void fail(RankTrouble when) const {
    if (trouble == when)
      troubledNs = nowNs();
    if (trouble == when)
      f.fail(ctx, MOERT_UNAVAILABLE, "asked to fail");
  }

  /// False where the entry is to end here.
  bool run(int64_t number, int64_t *plan) const {
    const int64_t total = rows * perRow;
    auto *offsets = static_cast<int32_t *>(f.alloc(ctx, (experts + 1) * 4));
    auto *gather = static_cast<int32_t *>(f.alloc(ctx, total * 4));
    auto *places = static_cast<int32_t *>(f.alloc(ctx, total * 4));
    auto *results = static_cast<double *>(f.alloc(ctx, total * width * 8));
    const int64_t *received = nullptr;
    int32_t count = 0;
    for (int32_t expert = 0; expert <= experts; ++expert) {
      offsets[expert] = count;
      for (int64_t i = 0; i < total; ++i)
        if (ids[i] == expert) {
          gather[count] = int32_t(i / perRow);
          places[i] = count++;
        }
    }
    moert_exchange_rows send = {x, width * 4, gather, offsets, 4};
    fail(kFailBeforeBegin);
    if (trouble == kReceiveOutside)
      f.exchange_receive(ctx, 0, offsets, &received);
    if (trouble == kReturnOutside)
      f.exchange_return(ctx, 0, x, 4, results);
    if (trouble == kEndOutside)
      f.exchange_end(ctx);
    if (trouble == kLoopForever)
      troubledNs = nowNs();
    loopsForever += trouble == kLoopForever;
    while (trouble == kLoopForever)
      f.parallel_for(ctx, 1, nullptr, 64);
    if (trouble == kOtherRowBytes || trouble == kNoRowBytes)
      send.row_bytes = trouble == kNoRowBytes ? 0 : 4;
    if (trouble == kHugeRowBytes || trouble == kHugerRowBytes)
      send.row_bytes = trouble == kHugeRowBytes ? int64_t(1) << 40 : (int64_t(1) << 40) + 1;
    if (trouble == kNegativeOffset)
      offsets[0] = -1;
    if (trouble == kDescendingOffsets)
      offsets[1] = offsets[experts] + 1;
    if (trouble == kNegativeGather)
      gather[0] = -1;
    if (trouble == kOddElements)
      send.element_bytes = 3;
    if (trouble == kNoElements || trouble == kHugeElements)
      send.element_bytes = trouble == kNoElements ? 0 : 32;
    if (trouble == kMisalignedRows)
      send.rows = reinterpret_cast<const char *>(x) + 2;
    if (trouble == kElementsBeyondRows) {
      send.row_bytes = 12;
      send.element_bytes = 8;
    }
    if (trouble == kNullRows)
      send.rows = nullptr;
    f.exchange_begin(ctx, trouble == kUnknownExchange ? 1000 : uint32_t(number),
                     trouble == kNullSend ? nullptr : &send, plan);
    if (trouble == kBeginTwice)
      f.exchange_begin(ctx, uint32_t(number), &send, plan);
    fail(kFailAfterBegin);
    if (trouble == kReturnUnreceived)
      f.exchange_return(ctx, 0, x, 8, results);
    if (trouble == kEndEarly)
      f.exchange_end(ctx);
    auto *computed = static_cast<double *>(f.alloc(ctx, plan[1] * width / parts * 8));
    auto *ranges = static_cast<int32_t *>(f.alloc(ctx, (experts * parts + 1) * 4));
    for (int64_t round = 0; round < plan[0]; ++round) {
      auto *window = static_cast<const float *>(f.exchange_receive(ctx, round, ranges, &received));
      if (reinterpret_cast<uintptr_t>(window) % sizeof(float) != 0 || ranges[0] != 0 ||
          ranges[experts * parts] > plan[1])
        f.fail(ctx, MOERT_CORRUPT, "bad rows");
      // Rows that there are none of may be read, too.
      volatile float any;
      for (int64_t row = 0; row < plan[1]; ++row) {
        if (received[row] < 0)
          f.fail(ctx, MOERT_CORRUPT, "a place before all rows");
        any = window[received[row] + width - 1];
      }
      (void)any;
      if (trouble == kReceiveTwice)
        f.exchange_receive(ctx, round, ranges, &received);
      fail(kFailAfterReceive);
      ExpertRecord record = {window, received, ranges, parts, width, computed};
      f.parallel_for(ctx, 0, &record, experts * parts);
      if (trouble == kSlowExpert)
        std::this_thread::sleep_for(std::chrono::nanoseconds(kSlowExpertNs));
      const int64_t bytes = trouble == kOtherResultBytes ? 8 : width / parts * 8;
      f.exchange_return(ctx, round, trouble == kReturnNothing ? nullptr : computed, bytes,
                        trouble == kReturnElsewhere && round ? results + 1 : results);
      fail(kFailAfterReturn);
    }
    if (trouble == kReceiveBeyond)
      f.exchange_receive(ctx, plan[0], ranges, &received);
    if (trouble == kReturnWithinExchange)
      return false;
    f.exchange_end(ctx);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < width; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < perRow; ++k)
          sum += results[places[row * perRow + k] * width + column];
        x[row * width + column] = float(sum);
      }
    for (void *memory :
         {static_cast<void *>(offsets), static_cast<void *>(gather), static_cast<void *>(places),
          static_cast<void *>(results), static_cast<void *>(computed), static_cast<void *>(ranges)})
      f.release(ctx, memory);
    return true;
  }
};

int32_t layersEntry(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  const int64_t rows = inputs[0].sizes[0], width = inputs[0].sizes[1];
  const auto *calls = static_cast<const int64_t *>(inputs[2].data);
  const auto *settings = static_cast<const int64_t *>(inputs[3].data);
  const int64_t planSizes[] = {inputs[2].sizes[0], 2};
  auto *y = static_cast<float *>(f.output(ctx, 0, 2, inputs[0].sizes));
  auto *plans = static_cast<int64_t *>(f.output(ctx, 1, 2, planSizes));
  for (int64_t i = 0; i < rows * width; ++i)
    y[i] = static_cast<const float *>(inputs[0].data)[i];
  for (int64_t call = 0; call < planSizes[0]; ++call) {
    const int64_t trouble = settings[2] == call ? settings[1] : kNone;
    Layer layer = {f,           ctx,
                   rows,        inputs[1].sizes[1],
                   width,       settings[0],
                   settings[3], trouble,
                   y,           static_cast<const int32_t *>(inputs[1].data)};
    if (trouble != kSkipCall && !layer.run(calls[call], plans + 2 * call))
      break;
  }
  return MOERT_OK;
}

const int64_t kMatrix[] = {-1, -1};
const int64_t kVector[] = {-1};
const int64_t kPlans[] = {-1, 2};
const int64_t k4[] = {4};
const char *const kRowNames[] = {"N", nullptr};
const char *const kCallNames[] = {"C", nullptr};
const moert_value_info kInputs[] = {{"x", MOERT_F32, 2, kMatrix, kRowNames},
                                    {"ids", MOERT_I32, 2, kMatrix, kRowNames},
                                    {"calls", MOERT_I64, 1, kVector, kCallNames},
                                    {"settings", MOERT_I64, 1, k4, nullptr}};
const moert_value_info kOutputs[] = {{"y", MOERT_F32, 2, kMatrix, kRowNames},
                                     {"plans", MOERT_I64, 2, kPlans, kCallNames}};
const moert_entry_info kEntries[] = {{"layers", layersEntry, 4, 2, kInputs, kOutputs}};
const moert_kernel_info kKernels[] = {{"expert", {expertKernel}}, {"empty", {emptyKernel}}};

} // namespace

ExchangeModel::ExchangeModel(std::vector<int64_t> givenGrid, std::vector<ModelExchange> given)
    : grid(std::move(givenGrid)), exchanges(std::move(given)), table() {
  for (ModelExchange &exchange : exchanges) {
    if (exchange.axes == 0)
      exchange.axes = (1u << grid.size()) - 1;
    int64_t members = 1;
    for (size_t axis = 0; axis < grid.size(); ++axis)
      members *= exchange.axes >> axis & 1 ? grid[axis] : 1;
    const int64_t ranges = exchange.experts * exchange.parts;
    for (int64_t range = 0; int64_t(exchange.owners.size()) < ranges; ++range)
      exchange.owners.push_back(int32_t(range * members / ranges));
    names.push_back("exchange " + std::to_string(names.size()));
  }
  for (size_t i = 0; i < exchanges.size(); ++i) {
    const ModelExchange &exchange = exchanges[i];
    infos.push_back({names[i].c_str(), exchange.owners.data(), uint32_t(exchange.experts),
                     exchange.axes, exchange.windowRows, exchange.chunks, 0, 0, 0, exchange.parts});
  }
  table.abi_version = MOERT_ABI_VERSION;
  table.size = sizeof(table);
  table.producer = "by hand";
  table.num_entries = 1;
  table.num_kernels = 2;
  table.entries = kEntries;
  table.kernels = kKernels;
  table.functions_bytes = sizeof(moert_functions);
  table.grid_rank = uint32_t(grid.size());
  table.num_exchanges = uint32_t(infos.size());
  table.grid = grid.data();
  table.exchanges = infos.data();
}

int32_t ExchangeModel::ranks() const {
  int64_t ranks = 1;
  for (int64_t size : grid)
    ranks *= size;
  return int32_t(ranks);
}

RankCall RankCall::random(unsigned seed, int64_t rows, int64_t perRow, int32_t experts,
                          int64_t width) {
  std::mt19937 random(seed);
  RankCall call;
  call.rows = rows;
  call.width = width;
  call.perRow = perRow;
  call.calls = {0};
  call.settings = {experts, kNone, 0, 1};
  for (int64_t i = 0; i < rows * width; ++i)
    call.x.push_back(float(random() % 1000) / 7);
  for (int64_t i = 0; i < rows * perRow; ++i)
    call.ids.push_back(int32_t(random() % unsigned(experts)));
  return call;
}

void RankCall::run(moert_request *request) {
  settings.resize(4, 1);
  const std::vector<int64_t> xSizes = {rows, width}, idSizes = {rows, perRow},
                             callSizes = {int64_t(calls.size())}, settingSizes = {4};
  moert_tensor tensors[] = {tensorOf(MOERT_F32, xSizes, x.data()),
                            tensorOf(MOERT_I32, idSizes, ids.data()),
                            tensorOf(MOERT_I64, callSizes, calls.data()),
                            tensorOf(MOERT_I64, settingSizes, settings.data())};
  const char *const names[] = {"x", "ids", "calls", "settings"};
  for (size_t i = 0; i < 4; ++i)
    EXPECT_OK(api().request_set_input(request, names[i], &tensors[i]));
  status = api().request_run(request);
  endedNs = nowNs();
  y.clear();
  plans.clear();
  if (status.code != MOERT_OK)
    return;
  moert_tensor result = {};
  result.size = sizeof(result);
  EXPECT_OK(api().request_output(request, "y", &result));
  auto *numbers = static_cast<const float *>(result.data);
  y.assign(numbers, numbers + rows * width);
  EXPECT_OK(api().request_output(request, "plans", &result));
  auto *told = static_cast<const int64_t *>(result.data);
  plans.assign(told, told + 2 * calls.size());
}

std::vector<float> expectedOf(const RankCall &call) {
  std::vector<float> x = call.x;
  for (size_t i = 0; i < call.calls.size(); ++i)
    for (int64_t row = 0; row < call.rows; ++row)
      for (int64_t column = 0; column < call.width; ++column) {
        float &place = x[size_t(row * call.width + column)];
        double sum = 0;
        for (int64_t k = 0; k < call.perRow; ++k)
          sum += expertOf(call.ids[size_t(row * call.perRow + k)], place);
        place = float(sum);
      }
  return x;
}

Ranks::Ranks(const ExchangeModel &model, const moert_group_options &options,
             const moert_hooks *hooks, int32_t threads, bool hasGroup, GroupKind kind,
             const char *device)
    : kind(kind) {
  moert_runtime_options runtimeOptions = {};
  runtimeOptions.size = sizeof(runtimeOptions);
  runtimeOptions.threads = threads;
  runtimeOptions.hooks = hooks;
  moert_runtime *newRuntime = nullptr;
  EXPECT_OK(api().runtime_create(&runtimeOptions, &newRuntime));
  runtime.reset(newRuntime);
  moert_artifact *newArtifact = nullptr;
  EXPECT_OK(api().artifact_from_table(newRuntime, &model.table, nullptr, &newArtifact));
  artifact.reset(newArtifact);
  if (hasGroup)
    groups = makeGroups(model.ranks(), options);
  for (int32_t rank = 0; rank < model.ranks(); ++rank) {
    moert_session_options sessionOptions = {};
    sessionOptions.size = sizeof(sessionOptions);
    sessionOptions.device = device;
    sessionOptions.group = hasGroup ? groups[size_t(rank)].get() : nullptr;
    moert_session *session = nullptr;
    EXPECT_OK(api().session_create(newArtifact, nullptr, &sessionOptions, &session));
    sessions.emplace_back(session);
    moert_request *request = nullptr;
    EXPECT_OK(api().request_create(session, nullptr, &request));
    requests.emplace_back(request);
  }
}

std::vector<Group> Ranks::makeGroups(int32_t ranks, const moert_group_options &given) const {
  moert_group_options options = given;
  options.size = sizeof(options);
  if (kind == GroupKind::Tcp)
    return makeTcpGroups(runtime.get(), ranks, options);
  std::vector<moert_group *> made(static_cast<size_t>(ranks), nullptr);
  EXPECT_OK(api().group_create_local(runtime.get(), ranks, &options, made.data()));
  return std::vector<Group>(made.begin(), made.end());
}

std::vector<Group> makeTcpGroups(moert_runtime *runtime, int32_t ranks,
                                 const moert_group_options &options,
                                 const std::function<void(moert_tcp_options &)> &change,
                                 std::vector<moert_status> *statuses) {
#ifdef MOERT_TEST_PLUGINS
  Environment path("MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS);
#endif
  const uint16_t port = freePort();
  std::vector<moert_group *> made(static_cast<size_t>(ranks), nullptr);
  std::vector<moert_status> found(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int32_t rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      moert_tcp_options tcp = {};
      tcp.size = sizeof(tcp);
      tcp.rank = rank;
      tcp.ranks = ranks;
      tcp.host = "127.0.0.1";
      tcp.port = port;
      tcp.secret = kSecret;
      tcp.secret_bytes = strlen(kSecret);
      change(tcp);
      found[size_t(rank)] = api().group_create_tcp(runtime, &tcp, &options, &made[size_t(rank)]);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const moert_status &status : found)
    if (!statuses)
      EXPECT_OK(status);
  if (statuses)
    *statuses = found;
  return std::vector<Group>(made.begin(), made.end());
}

void Ranks::regroup(const moert_group_options &options) {
  std::vector<Group> before = makeGroups(int32_t(sessions.size()), options);
  before.swap(groups);
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < sessions.size(); ++rank)
    threads.emplace_back([&, rank] {
      EXPECT_OK(api().session_set_group(sessions[rank].get(), groups[rank].get()));
      if (rank < before.size())
        before[rank].reset();
    });
  for (std::thread &thread : threads)
    thread.join();
}

Ranks::~Ranks() {
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < groups.size(); ++rank)
    threads.emplace_back([&, rank] {
      requests[rank].reset();
      sessions[rank].reset();
      groups[rank].reset();
    });
  for (std::thread &thread : threads)
    thread.join();
}

void Ranks::run(std::vector<RankCall> &calls, bool tells) {
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < calls.size(); ++rank)
    threads.emplace_back([&, rank] {
      calls[rank].run(requests[rank].get());
      if (tells && calls[rank].status.code != MOERT_OK)
        api().group_abort(groups[rank].get());
    });
  for (std::thread &thread : threads)
    thread.join();
}

moert_traffic Ranks::traffic(int32_t rank, int32_t layer, int32_t peer) const {
  moert_traffic traffic = {};
  traffic.size = sizeof(traffic);
  EXPECT_OK(api().group_traffic(groups[size_t(rank)].get(), layer, peer, &traffic));
  return traffic;
}

int32_t Ranks::codeOf(int32_t rank) const {
  moert_group_info info = {};
  info.size = sizeof(info);
  EXPECT_OK(api().group_info(groups[size_t(rank)].get(), &info));
  EXPECT_EQ(info.rank, rank);
  EXPECT_EQ(info.ranks, int32_t(groups.size()));
  return info.code;
}

} // namespace moert::test
