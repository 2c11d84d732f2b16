// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests share: handles that release themselves, a host that counts and fails, files.
#ifndef MOERT_TEST_SUPPORT_H
#define MOERT_TEST_SUPPORT_H

#include "moert/moert.h"

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace moert::test {

const moert_api &api();

struct Release {
  void operator()(moert_runtime *handle) const { api().runtime_release(handle); }
  void operator()(moert_artifact *handle) const { api().artifact_release(handle); }
  void operator()(moert_weights *handle) const { api().weights_release(handle); }
  void operator()(moert_session *handle) const { api().session_release(handle); }
  void operator()(moert_request *handle) const { api().request_release(handle); }
  void operator()(moert_group *handle) const { api().group_release(handle); }
};
using Runtime = std::unique_ptr<moert_runtime, Release>;
using Artifact = std::unique_ptr<moert_artifact, Release>;
using Weights = std::unique_ptr<moert_weights, Release>;
using Session = std::unique_ptr<moert_session, Release>;
using Request = std::unique_ptr<moert_request, Release>;
using Group = std::unique_ptr<moert_group, Release>;

/// Expects success, and tells the message where there is none.
#define EXPECT_OK(expression)                                                                      \
  do {                                                                                             \
    moert_status status_ = (expression);                                                           \
    EXPECT_EQ(status_.code, MOERT_OK) << status_.message;                                          \
  } while (false)
#define ASSERT_OK(expression)                                                                      \
  do {                                                                                             \
    moert_status status_ = (expression);                                                           \
    ASSERT_EQ(status_.code, MOERT_OK) << status_.message;                                          \
  } while (false)
/// Expects a code and a part of the message.
#define EXPECT_FAILS(expression, expectedCode, part)                                               \
  do {                                                                                             \
    moert_status status_ = (expression);                                                           \
    EXPECT_EQ(status_.code, expectedCode) << status_.message;                                      \
    EXPECT_NE(std::string(status_.message).find(part), std::string::npos) << status_.message;      \
  } while (false)

/// A folder that is gone at the end of the test.
class Folder {
public:
  Folder();
  ~Folder();
  std::string operator/(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

std::vector<uint8_t> readFile(const std::string &path);
void writeFile(const std::string &path, const std::vector<uint8_t> &bytes);
bool fileExists(const std::string &path);

/// A variable of the environment for one scope. Null unsets it.
class Environment {
public:
  Environment(const char *name, const char *value);
  ~Environment();

private:
  std::string name_, previous_;
  bool had_;
};

/// Hooks that count allocations, and fail one of them when asked.
struct CountingHost {
  CountingHost();
  moert_hooks hooks;
  std::atomic<int64_t> allocations{0};
  std::atomic<int64_t> liveBlocks{0};
  std::atomic<int64_t> liveBytes{0};
  /// Allocation number `failAt` (from 0) and `failCount` - 1 after it fail.
  int64_t failAt = -1;
  int64_t failCount = 1;
};

/// Writes the weights of TestArtifact: slab s holds 10^s, 2*10^s, 3*10^s, 4*10^s.
void writeTestWeights(const std::string &path);
/// What they add to each column: 111, 222, 333, 444.
constexpr float kWeightSum = 111;

moert_tensor tensorOf(int32_t dtype, const std::vector<int64_t> &sizes, const void *data);

/// A runtime with the in-process artifact, its weights and a session with batch 1.
struct Loaded {
  explicit Loaded(int32_t threads = 2, const moert_hooks *hooks = nullptr,
                  moert_session_options options = {});
  Request request(const char *entry) const;

  Folder folder;
  Runtime runtime;
  Artifact artifact;
  Weights weights;
  Session session;
};

/// Inputs of entry "main" for `rows` rows, x counting from `first`, and what y must be.
struct MainCall {
  explicit MainCall(int64_t rows, float first = 0);
  void set(moert_request *request) const;
  void expect(moert_request *request) const;

  int64_t rows;
  std::vector<float> x, bias, y;
  std::vector<uint8_t> mask;
};

} // namespace moert::test

#endif // MOERT_TEST_SUPPORT_H
