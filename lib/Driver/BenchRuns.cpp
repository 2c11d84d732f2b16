//===- BenchRuns.cpp - Timed runs of an artifact ----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/BenchRuns.h"

#include "lib/Cli/Inputs.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

using namespace moec;
using moert::failure;
using moert::success;
using moert::cli::Tensor;

struct BenchRuns::Request {
  Request(const moert_api &api, const moert_entry_info &entry) : api(api), entry(entry) {}
  ~Request() {
    api.request_release(request);
    api.session_release(session);
  }
  const moert_api &api;
  const moert_entry_info &entry;
  moert_session *session = nullptr;
  moert_request *request = nullptr;
  std::vector<Tensor> tensors;
};

BenchRuns::~BenchRuns() {
  api.weights_release(weights);
  api.artifact_release(artifact);
  api.runtime_release(runtime);
}

const char *BenchRuns::getIsa() const { return api.isa_name(isa); }

void BenchRuns::trace(void *user, const moert_trace_event *event) {
  auto &runs = *static_cast<BenchRuns *>(user);
  if (!runs.tracing || event->kind > MOERT_TRACE_KERNEL)
    return;
  TracedEvent &traced = runs.events.emplace_back();
  traced = {event->name, event->begin_ns, event->end_ns, event->units, {}};
  // A run as a whole has no arguments; launches come one after the other, from the running thread.
  if (!event->record)
    return;
  KernelTime &kernel = runs.traced[event->name];
  kernel.calls += 1;
  kernel.milliseconds += double(event->end_ns - event->begin_ns) * 1e-6;
  kernel.units += double(event->units);
  auto work = runs.options.kernels.find(event->name);
  if (work == runs.options.kernels.end() || work->second.arguments.empty() || event->units == 0)
    return;
  traced.work = work->second.count(event->record);
  kernel.isKnown = true;
  kernel.node = work->second.node;
  kernel.work.bytes += traced.work.bytes;
  kernel.work.operations += traced.work.operations;
  if (runs.options.roof.flops > 0)
    kernel.least += 1e3 * runs.options.roof.seconds(traced.work.bytes, traced.work.operations);
}

moert_status BenchRuns::open(const moert_artifact_v1 *table, const std::string &path) {
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  hooks.user = this;
  hooks.trace = options.profile ? trace : nullptr;
  moert_runtime_options runtimeOptions = {};
  runtimeOptions.size = sizeof(runtimeOptions);
  runtimeOptions.threads = options.threads;
  runtimeOptions.isa = options.isa.empty() ? nullptr : options.isa.c_str();
  runtimeOptions.hooks = &hooks;
  MOERT_RETURN_IF_FAILED(api.runtime_create(&runtimeOptions, &runtime));
  moert_runtime_info info = {};
  info.size = sizeof(info);
  MOERT_RETURN_IF_FAILED(api.runtime_info(runtime, &info));
  threads = info.threads;
  isa = info.isa;
  if (table)
    MOERT_RETURN_IF_FAILED(api.artifact_from_table(runtime, table, nullptr, &artifact));
  else
    MOERT_RETURN_IF_FAILED(api.artifact_open(runtime, path.c_str(), &artifact));
  if (!api.artifact_table(artifact)->num_weights)
    return success();
  moert_weights_options weightsOptions = {};
  weightsOptions.size = sizeof(weightsOptions);
  weightsOptions.path = options.weights.empty() ? nullptr : options.weights.c_str();
  return api.weights_open(artifact, &weightsOptions, &weights);
}

/// The shape of each input: given, or made of its fixed sizes and of dimensions that others name.
static moert_status resolveShapes(const moert_entry_info &entry, const InputShapes &given,
                                  std::vector<std::vector<int64_t>> &shapes) {
  std::map<std::string, int64_t> dims;
  auto nameOf = [](const moert_value_info &info, int32_t axis) -> const char * {
    return info.dim_names ? info.dim_names[axis] : nullptr;
  };
  std::set<std::string> unknown;
  for (const auto &[name, sizes] : given)
    unknown.insert(name);
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    const moert_value_info &info = entry.inputs[i];
    unknown.erase(info.name);
    auto found = given.find(info.name);
    if (found == given.end())
      continue;
    if (found->second.size() != size_t(info.rank))
      return failure(MOERT_INVALID_ARGUMENT, "input '%s' has %d dimensions, --shape gives %zu",
                     info.name, info.rank, found->second.size());
    for (int32_t axis = 0; axis < info.rank; ++axis)
      if (const char *name = nameOf(info, axis))
        dims.emplace(name, found->second[size_t(axis)]);
  }
  if (!unknown.empty())
    return failure(MOERT_INVALID_ARGUMENT, "there is no input '%s'", unknown.begin()->c_str());
  std::string open;
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    const moert_value_info &info = entry.inputs[i];
    auto found = given.find(info.name);
    std::vector<int64_t> shape;
    bool isOpen = false;
    for (int32_t axis = 0; axis < info.rank; ++axis) {
      int64_t size = found != given.end() ? found->second[size_t(axis)] : info.sizes[axis];
      const char *name = nameOf(info, axis);
      if (size < 0 && name && dims.count(name))
        size = dims[name];
      if (size < 0)
        isOpen = true;
      shape.push_back(size);
    }
    if (isOpen) {
      open += (open.empty() ? "" : ",") + std::string(info.name) + "=";
      for (int32_t axis = 0; axis < info.rank; ++axis) {
        open += std::string(axis ? "x" : "") + char('A' + axis % 26);
        // Told once, a size is known for later inputs.
        if (const char *name = nameOf(info, axis))
          dims.emplace(name, 0);
      }
    }
    shapes.push_back(std::move(shape));
  }
  if (!open.empty())
    return failure(MOERT_INVALID_ARGUMENT, "shapes of inputs are open: add %s to --shape",
                   open.c_str());
  return success();
}

template <typename T>
static void drawIntegers(Tensor &tensor, uint64_t limit, uint64_t seed) {
  std::mt19937_64 random(seed);
  uint64_t values = std::min<uint64_t>(limit - 1, sizeof(T) == 1 ? 127 : limit);
  T *data = reinterpret_cast<T *>(tensor.data.data());
  for (int64_t i = 0, e = tensor.data.size() / int64_t(sizeof(T)); i < e; ++i)
    data[i] = T(1 + random() % values);
}

moert_status BenchRuns::fillInputs(Request &request, const InputShapes &given, uint64_t seed) {
  std::vector<std::vector<int64_t>> shapes;
  MOERT_RETURN_IF_FAILED(resolveShapes(request.entry, given, shapes));
  request.tensors.resize(request.entry.num_inputs);
  // All memory before any of it is filled, which takes long.
  for (uint32_t i = 0; i < request.entry.num_inputs; ++i) {
    request.tensors[i] = Tensor();
    MOERT_RETURN_IF_FAILED(
        moert::cli::reserveRandom(request.entry.inputs[i], shapes[i], request.tensors[i]));
  }
  for (uint32_t i = 0; i < request.entry.num_inputs; ++i) {
    const moert_value_info &info = request.entry.inputs[i];
    Tensor &tensor = request.tensors[i];
    MOERT_RETURN_IF_FAILED(moert::cli::fillRandom(info, seed, tensor));
    switch (info.dtype) {
    case MOERT_I64:
    case MOERT_U64:
      drawIntegers<uint64_t>(tensor, options.integers, seed + i);
      break;
    case MOERT_I32:
    case MOERT_U32:
      drawIntegers<uint32_t>(tensor, options.integers, seed + i);
      break;
    case MOERT_BOOL:
      drawIntegers<uint8_t>(tensor, 2, seed + i);
      break;
    default:
      break;
    }
    moert_tensor value = {};
    value.size = sizeof(value);
    value.data = tensor.data.data();
    value.bytes = tensor.data.size();
    value.dtype = info.dtype;
    value.rank = int32_t(tensor.sizes.size());
    value.sizes = tensor.sizes.data();
    MOERT_RETURN_IF_FAILED(api.request_set_input(request.request, info.name, &value));
  }
  return success();
}

moert_status BenchRuns::runOnce(Request &request, const InputShapes &shapes, uint64_t seed,
                                double &time) {
  MOERT_RETURN_IF_FAILED(fillInputs(request, shapes, seed));
  // Every run is the first step of its sequence.
  MOERT_RETURN_IF_FAILED(api.session_truncate_state(request.session, nullptr, 0));
  int64_t begin = api.now_ns(runtime);
  MOERT_RETURN_IF_FAILED(api.request_run(request.request));
  time = double(api.now_ns(runtime) - begin) * 1e-6;
  return success();
}

moert_status BenchRuns::countWork(Request &request, RunWork &work) {
  std::vector<llvm::ArrayRef<int32_t>> offsets(options.products.size());
  for (auto [product, starts] : llvm::zip_equal(options.products, offsets)) {
    if (product.routing < 0)
      continue;
    moert_tensor tensor = {};
    tensor.size = sizeof(tensor);
    MOERT_RETURN_IF_FAILED(
        api.request_output(request.request, request.entry.outputs[product.routing].name, &tensor));
    starts = llvm::ArrayRef(static_cast<const int32_t *>(tensor.data),
                            size_t(tensor.bytes) / sizeof(int32_t));
  }
  work = moec::countWork(options.products, offsets);
  return success();
}

static std::string describe(const moert_entry_info &entry, const std::vector<Tensor> &tensors) {
  std::string text;
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    text += (i ? "," : "") + std::string(entry.inputs[i].name) + "=";
    for (size_t axis = 0; axis < tensors[i].sizes.size(); ++axis)
      text += (axis ? "x" : "") + std::to_string(tensors[i].sizes[axis]);
  }
  return text;
}

moert_status BenchRuns::measure(const InputShapes &shapes, ShapeTime &result) {
  const moert_artifact_v1 &table = *api.artifact_table(artifact);
  Request request(api, table.entries[0]);
  // Named dimensions of bound states are those of the inputs.
  std::vector<std::vector<int64_t>> resolved;
  MOERT_RETURN_IF_FAILED(resolveShapes(request.entry, shapes, resolved));
  std::map<std::string, int64_t> dims;
  for (uint32_t i = 0; i < request.entry.num_inputs; ++i)
    for (size_t axis = 0; axis < resolved[i].size(); ++axis)
      if (const auto *names = request.entry.inputs[i].dim_names)
        if (names[axis])
          dims.emplace(names[axis], resolved[i][axis]);
  std::vector<moert_dim_binding> bindings;
  for (const auto &[name, size] : dims)
    bindings.push_back({name.c_str(), size});
  moert_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.dims = bindings.data();
  sessionOptions.num_dims = bindings.size();
  sessionOptions.device = options.device.empty() ? nullptr : options.device.c_str();
  MOERT_RETURN_IF_FAILED(api.session_create(artifact, weights, &sessionOptions, &request.session));
  MOERT_RETURN_IF_FAILED(api.request_create(request.session, nullptr, &request.request));

  uint64_t seed = options.seed << 20;
  double time;
  MOERT_RETURN_IF_FAILED(runOnce(request, shapes, seed++, time));
  std::vector<double> times;
  traced.clear();
  events.clear();
  tracing = options.profile;
  for (int64_t i = 0; i < options.repeat; ++i) {
    MOERT_RETURN_IF_FAILED(runOnce(request, shapes, seed++, time));
    if (times.empty() || time < *std::min_element(times.begin(), times.end()))
      MOERT_RETURN_IF_FAILED(countWork(request, result.work));
    times.push_back(time);
  }
  tracing = false;
  std::sort(times.begin(), times.end());
  size_t half = times.size() / 2;
  result.shapes = describe(request.entry, request.tensors);
  result.minimum = times[0];
  result.median = times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  for (auto &[name, sums] : traced) {
    KernelTime kernel = sums;
    kernel.name = name;
    kernel.units /= kernel.calls;
    kernel.calls /= double(options.repeat);
    for (double *sum :
         {&kernel.milliseconds, &kernel.least, &kernel.work.bytes, &kernel.work.operations})
      *sum /= double(options.repeat);
    result.kernels.push_back(std::move(kernel));
  }
  result.events = std::move(events);
  std::sort(
      result.kernels.begin(), result.kernels.end(),
      [](const KernelTime &a, const KernelTime &b) { return a.milliseconds > b.milliseconds; });
  return success();
}
