// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// usage: moert-soak MODEL.so [--requests N] [--warm-up N] [--threads N] [--max-pool-bytes N]
//   [--sizes DIM=N,N...]...
//
// Steady load: threads that share one session, each with a request of its own, run the model on
// shapes drawn from all combinations of the sizes given. After the warm-up nothing may be allocated
// or mapped, memory may not grow, and every output must have the bits of that shape's first run.
// Exit code 0 if all of that held, 1 if not, 2 for usage, 3 if the model does not load or run.
#include "CountAllocations.h"
#include "lib/Cli/Inputs.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

using namespace moert;

namespace {

struct Settings {
  std::string model;
  int64_t requests = 2000;
  int64_t warmUp = 1000;
  int64_t threads = 4;
  int64_t maxPoolBytes = 0;
  std::vector<std::pair<std::string, std::vector<int64_t>>> sizes;
};

/// The most that resident memory may grow after the warm-up: pages of stacks touched late.
constexpr int64_t kResidentSlack = 256 << 10;

const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

void require(const moert_status &status, const char *what) {
  if (status.code == MOERT_OK)
    return;
  fprintf(stderr, "moert-soak: %s: %s\n", what, status.message);
  exit(3);
}

[[noreturn]] void usage() {
  fprintf(stderr, "usage: moert-soak MODEL.so [--requests N] [--warm-up N] [--threads N] "
                  "[--max-pool-bytes N] [--sizes DIM=N,N...]...\n");
  exit(2);
}

int64_t number(const char *text, char end, const char **rest) {
  char *stop;
  long long value = strtoll(text, &stop, 10);
  if (stop == text || (*stop && *stop != end) || value < 0)
    usage();
  *rest = stop;
  return value;
}

Settings parse(int argc, char **argv) {
  Settings settings;
  const char *rest;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name.compare(0, 2, "--") != 0) {
      settings.model = name;
      continue;
    }
    if (++i == argc)
      usage();
    if (name == "--sizes") {
      const char *equals = strchr(argv[i], '=');
      if (!equals)
        usage();
      std::vector<int64_t> sizes;
      for (rest = equals; *rest;)
        sizes.push_back(number(rest + 1, ',', &rest));
      settings.sizes.emplace_back(std::string(argv[i], size_t(equals - argv[i])), sizes);
      continue;
    }
    int64_t &value = name == "--requests"         ? settings.requests
                     : name == "--warm-up"        ? settings.warmUp
                     : name == "--threads"        ? settings.threads
                     : name == "--max-pool-bytes" ? settings.maxPoolBytes
                                                  : (usage(), settings.threads);
    value = number(argv[i], 0, &rest);
  }
  if (settings.model.empty() || settings.threads < 1 || settings.requests <= settings.warmUp)
    usage();
  return settings;
}

/// Inputs of one shape and what its first run made of them.
struct Shape {
  cli::Inputs inputs;
  std::vector<std::vector<uint8_t>> outputs;
};

void setInputs(moert_request *request, const moert_entry_info &entry, Shape &shape) {
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    cli::Tensor &tensor = shape.inputs.tensors[i];
    moert_tensor given = {sizeof(given), tensor.data.data(),           tensor.data.size(),
                          tensor.dtype,  int32_t(tensor.sizes.size()), tensor.sizes.data()};
    require(api().request_set_input(request, entry.inputs[i].name, &given), "set_input");
  }
}

moert_tensor output(moert_request *request, const moert_entry_info &entry, uint32_t index) {
  moert_tensor tensor = {};
  tensor.size = sizeof(tensor);
  require(api().request_output(request, entry.outputs[index].name, &tensor), "output");
  return tensor;
}

bool sameBits(moert_request *request, const moert_entry_info &entry, const Shape &shape) {
  for (uint32_t i = 0; i < entry.num_outputs; ++i) {
    moert_tensor tensor = output(request, entry, i);
    if (size_t(tensor.bytes) != shape.outputs[i].size() ||
        memcmp(tensor.data, shape.outputs[i].data(), shape.outputs[i].size()) != 0)
      return false;
  }
  return true;
}

/// Every combination of sizes, run once on a session of its own.
void makeShapes(const Settings &settings, moert_artifact *artifact, moert_weights *weights,
                std::vector<Shape> &shapes) {
  const moert_entry_info &entry = api().artifact_table(artifact)->entries[0];
  moert_session *session;
  moert_request *request;
  require(api().session_create(artifact, weights, nullptr, &session), "session");
  require(api().request_create(session, nullptr, &request), "request");
  size_t count = 1;
  for (const auto &dim : settings.sizes)
    count *= dim.second.size();
  shapes = std::vector<Shape>(count);
  for (size_t i = 0; i < count; ++i) {
    cli::Options options;
    options.random = true;
    options.seed = i;
    size_t rest = i;
    for (const auto &[name, sizes] : settings.sizes) {
      options.binds.emplace_back(name, sizes[rest % sizes.size()]);
      rest /= sizes.size();
    }
    require(cli::collectInputs(entry, options, nullptr, shapes[i].inputs), "inputs");
    setInputs(request, entry, shapes[i]);
    require(api().request_run(request), "first run");
    for (uint32_t k = 0; k < entry.num_outputs; ++k) {
      moert_tensor tensor = output(request, entry, k);
      auto *data = static_cast<const uint8_t *>(tensor.data);
      shapes[i].outputs.emplace_back(data, data + tensor.bytes);
    }
  }
  api().request_release(request);
  api().session_release(session);
}

struct Snapshot {
  soak::AllocationCounts counts;
  int64_t resident;

  static Snapshot take() { return {soak::countAllocations(), soak::residentBytes()}; }
};

/// What the threads share. All memory is there, and touched, before the first of them runs.
struct Load {
  const Settings &settings;
  moert_runtime *runtime;
  moert_session *session;
  const moert_entry_info &entry;
  std::vector<Shape> &shapes;
  pthread_barrier_t barrier = {};
  std::atomic<int64_t> started{0}, different{0};
  std::vector<uint32_t> nanoseconds = {}; // by request, cut at 4 s
  Snapshot warm = {}, end = {};
  int64_t warmTime = 0, endTime = 0;

  void runOne(moert_request *request, uint64_t &random, int64_t index) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    Shape &shape = shapes[size_t(random >> 11) % shapes.size()];
    setInputs(request, entry, shape);
    int64_t begin = api().now_ns(runtime);
    require(api().request_run(request), "run");
    int64_t time = api().now_ns(runtime) - begin;
    nanoseconds[size_t(index)] = uint32_t(std::min<int64_t>(time, UINT32_MAX));
    different += !sameBits(request, entry, shape);
  }

  void work(int64_t thread) {
    moert_request *request;
    require(api().request_create(session, nullptr, &request), "request");
    uint64_t random = 0x9e3779b97f4a7c15 * uint64_t(thread + 1);
    // Each thread meets every shape in the warm-up, whatever it draws later.
    for (Shape &shape : shapes) {
      setInputs(request, entry, shape);
      require(api().request_run(request), "run");
      different += !sameBits(request, entry, shape);
    }
    for (int64_t index; (index = started.fetch_add(1)) < settings.warmUp;)
      runOne(request, random, index);
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
      started = settings.warmUp;
      warm = Snapshot::take();
      warmTime = api().now_ns(runtime);
    }
    pthread_barrier_wait(&barrier);
    for (int64_t index; (index = started.fetch_add(1)) < settings.requests;)
      runOne(request, random, index);
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
      endTime = api().now_ns(runtime);
      end = Snapshot::take();
    }
    pthread_barrier_wait(&barrier);
    api().request_release(request);
  }
};

int report(Load &load) {
  const Settings &settings = load.settings;
  std::vector<uint32_t> times(load.nanoseconds.begin() + settings.warmUp, load.nanoseconds.end());
  std::sort(times.begin(), times.end());
  auto percentile = [&](double share) {
    return double(times[std::min(times.size() - 1, size_t(share * double(times.size())))]) * 1e-3;
  };
  int64_t growth = load.end.resident - load.warm.resident;
  int64_t allocations = load.end.counts.allocations - load.warm.counts.allocations;
  int64_t maps = load.end.counts.maps - load.warm.counts.maps;
  int64_t live = load.end.counts.liveBytes - load.warm.counts.liveBytes;
  auto asLong = [](int64_t value) { return static_cast<long long>(value); };
  printf("%lld requests of %zu shapes, %lld threads, one session\n", asLong(settings.requests),
         load.shapes.size(), asLong(settings.threads));
  printf("after %lld: %.0f requests/s, latency p50 %.1f us, p99 %.1f us, max %.1f us\n",
         asLong(settings.warmUp),
         double(times.size()) / (double(load.endTime - load.warmTime) * 1e-9), percentile(0.5),
         percentile(0.99), percentile(1));
  printf("resident: %lld KiB then, %lld KiB at the end\n", asLong(load.warm.resident >> 10),
         asLong(load.end.resident >> 10));
  printf("allocated: %lld bytes then, %lld bytes at the end\n", asLong(load.warm.counts.liveBytes),
         asLong(load.end.counts.liveBytes));
  printf("in between: %lld allocations, %lld maps\n", asLong(allocations), asLong(maps));
  printf("outputs that differ from their shape's first: %lld\n", asLong(load.different));
  bool holds =
      allocations == 0 && maps == 0 && live == 0 && growth <= kResidentSlack && load.different == 0;
  printf(holds ? "steady\n" : "NOT steady\n");
  return holds ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  Settings settings = parse(argc, argv);
  moert_runtime *runtime;
  moert_artifact *artifact;
  moert_weights *weights = nullptr;
  moert_session *session;
  require(api().runtime_create(nullptr, &runtime), "runtime");
  require(api().artifact_open(runtime, settings.model.c_str(), &artifact), "artifact");
  if (api().artifact_table(artifact)->num_weights)
    require(api().weights_open(artifact, nullptr, &weights), "weights");
  std::vector<Shape> shapes;
  makeShapes(settings, artifact, weights, shapes);
  moert_session_options options = {};
  options.size = sizeof(options);
  options.max_pool_bytes = settings.maxPoolBytes;
  require(api().session_create(artifact, weights, &options, &session), "session");

  Load load = {settings, runtime, session, api().artifact_table(artifact)->entries[0], shapes};
  load.nanoseconds.assign(size_t(settings.requests), 1);
  pthread_barrier_init(&load.barrier, nullptr, unsigned(settings.threads));
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < settings.threads; ++i)
    threads.emplace_back([&load, i] { load.work(i); });
  for (std::thread &thread : threads)
    thread.join();
  int exitCode = report(load);
  pthread_barrier_destroy(&load.barrier);
  api().session_release(session);
  api().weights_release(weights);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  return exitCode;
}
