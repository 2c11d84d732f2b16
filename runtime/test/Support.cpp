// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "TestArtifact.h"
#include "lib/Core/WeightsFile.h"

#include <cstdio>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace moert::test {

const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

Folder::Folder() {
  std::string pattern = testing::TempDir() + "moertXXXXXX";
  path_ = mkdtemp(pattern.data());
}

Folder::~Folder() { (void)!system(("rm -rf '" + path_ + "'").c_str()); }

std::vector<uint8_t> readFile(const std::string &path) {
  std::vector<uint8_t> bytes;
  FILE *file = fopen(path.c_str(), "rb");
  EXPECT_NE(file, nullptr) << path;
  if (!file)
    return bytes;
  fseek(file, 0, SEEK_END);
  bytes.resize(size_t(ftell(file)));
  rewind(file);
  EXPECT_EQ(fread(bytes.data(), 1, bytes.size(), file), bytes.size());
  fclose(file);
  return bytes;
}

void writeFile(const std::string &path, const std::vector<uint8_t> &bytes) {
  FILE *file = fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr) << path;
  EXPECT_EQ(fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  fclose(file);
}

bool fileExists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

Environment::Environment(const char *name, const char *value) : name_(name) {
  const char *previous = getenv(name);
  had_ = previous != nullptr;
  if (previous)
    previous_ = previous;
  if (value)
    setenv(name, value, 1);
  else
    unsetenv(name);
}

Environment::~Environment() {
  if (had_)
    setenv(name_.c_str(), previous_.c_str(), 1);
  else
    unsetenv(name_.c_str());
}

CountingHost::CountingHost() : hooks() {
  hooks.size = sizeof(hooks);
  hooks.user = this;
  hooks.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
    auto &self = *static_cast<CountingHost *>(user);
    int64_t number = self.allocations.fetch_add(1);
    if (self.failAt >= 0 && number >= self.failAt && number - self.failAt < self.failCount)
      return nullptr;
    void *memory = nullptr;
    if (posix_memalign(&memory, std::max(alignment, sizeof(void *)), bytes) != 0)
      return nullptr;
    self.liveBlocks += 1;
    self.liveBytes += int64_t(bytes);
    return memory;
  };
  hooks.free = [](void *user, void *memory, size_t bytes, size_t) {
    auto &self = *static_cast<CountingHost *>(user);
    self.liveBlocks -= 1;
    self.liveBytes -= int64_t(bytes);
    free(memory);
  };
}

void writeTestWeights(const std::string &path) {
  const struct moert_artifact_v1 &table = moert_artifact_v1;
  WeightsWriter writer;
  ASSERT_OK(writer.begin(path.c_str(), table.build_id, table.weights, table.num_weights));
  float scale = 1;
  for (int64_t slab = 0; slab < 3; ++slab, scale *= 10) {
    float values[] = {scale, 2 * scale, 3 * scale, 4 * scale};
    ASSERT_OK(writer.append(0, slab, values, sizeof(values)));
  }
  ASSERT_OK(writer.finish());
}

moert_tensor tensorOf(int32_t dtype, const std::vector<int64_t> &sizes, const void *data) {
  moert_tensor tensor = {};
  tensor.size = sizeof(tensor);
  tensor.data = const_cast<void *>(data);
  tensor.dtype = dtype;
  tensor.rank = int32_t(sizes.size());
  tensor.sizes = sizes.data();
  int64_t bits = moert_dtype_bits(dtype);
  for (int64_t size : sizes)
    bits *= size;
  tensor.bytes = bits / 8;
  return tensor;
}

Loaded::Loaded(int32_t threads, const moert_hooks *hooks, moert_session_options options) {
  moert_runtime_options runtimeOptions = {};
  runtimeOptions.size = sizeof(runtimeOptions);
  runtimeOptions.threads = threads;
  runtimeOptions.hooks = hooks;
  moert_runtime *newRuntime = nullptr;
  EXPECT_OK(api().runtime_create(&runtimeOptions, &newRuntime));
  runtime.reset(newRuntime);

  std::string path = folder / "model";
  moert_artifact *newArtifact = nullptr;
  EXPECT_OK(api().artifact_from_table(newRuntime, &moert_artifact_v1, path.c_str(), &newArtifact));
  artifact.reset(newArtifact);

  writeTestWeights(path + ".weights");
  moert_weights *newWeights = nullptr;
  EXPECT_OK(api().weights_open(newArtifact, nullptr, &newWeights));
  weights.reset(newWeights);

  moert_dim_binding batch = {"B", 1};
  options.size = sizeof(options);
  if (!options.dims) {
    options.dims = &batch;
    options.num_dims = 1;
  }
  moert_session *newSession = nullptr;
  EXPECT_OK(api().session_create(newArtifact, newWeights, &options, &newSession));
  session.reset(newSession);
}

Request Loaded::request(const char *entry) const {
  moert_request *made = nullptr;
  EXPECT_OK(api().request_create(session.get(), entry, &made));
  return Request(made);
}

MainCall::MainCall(int64_t rows, float first) : rows(rows), mask(size_t(rows), 1) {
  bias = {0.25f, 0.5f, 0.75f, 1.0f};
  for (int64_t i = 0; i < 4 * rows; ++i) {
    x.push_back(first + float(i));
    y.push_back(x.back() + (bias[size_t(i % 4)] + kWeightSum * float(i % 4 + 1)));
  }
}

void MainCall::set(moert_request *request) const {
  std::vector<int64_t> xSizes = {rows, 4}, biasSizes = {4}, maskSizes = {rows};
  moert_tensor xTensor = tensorOf(MOERT_F32, xSizes, x.data());
  moert_tensor biasTensor = tensorOf(MOERT_F32, biasSizes, bias.data());
  moert_tensor maskTensor = tensorOf(MOERT_BOOL, maskSizes, mask.data());
  EXPECT_OK(api().request_set_input(request, "x", &xTensor));
  EXPECT_OK(api().request_set_input(request, "bias", &biasTensor));
  EXPECT_OK(api().request_set_input(request, "mask", &maskTensor));
}

void MainCall::expect(moert_request *request) const {
  moert_tensor tensor = {};
  tensor.size = sizeof(tensor);
  ASSERT_OK(api().request_output(request, "y", &tensor));
  ASSERT_EQ(tensor.dtype, MOERT_F32);
  ASSERT_EQ(tensor.rank, 2);
  ASSERT_EQ(tensor.sizes[0], rows);
  ASSERT_EQ(tensor.sizes[1], 4);
  ASSERT_EQ(tensor.bytes, 16 * rows);
  auto *data = static_cast<const float *>(tensor.data);
  EXPECT_EQ(std::vector<float>(data, data + 4 * rows), y);
}

} // namespace moert::test
