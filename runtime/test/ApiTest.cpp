// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"

#include <dlfcn.h>

using namespace moert::test;

extern "C" int32_t moert_test_from_c(void);

namespace {

TEST(Api, IsVersioned) {
  EXPECT_EQ(api().size, sizeof(moert_api));
  EXPECT_STREQ(api().version(), "0.1.0");
  EXPECT_EQ(moert_get_api(0), nullptr);
  EXPECT_EQ(moert_get_api(MOERT_API_VERSION + 1), nullptr);
}

TEST(Api, WorksFromC) { EXPECT_EQ(moert_test_from_c(), 1); }

TEST(Api, NamesCodesTypesAndLevels) {
  const char *const codes[] = {"ok",
                               "invalid argument",
                               "not found",
                               "failed precondition",
                               "incompatible",
                               "corrupt",
                               "input/output error",
                               "out of memory",
                               "resource exhausted",
                               "unsupported",
                               "cancelled",
                               "deadline exceeded",
                               "peer lost",
                               "unavailable",
                               "aborted",
                               "internal error"};
  static_assert(std::size(codes) == MOERT_INTERNAL + 1);
  for (int32_t code = 0; code <= MOERT_INTERNAL; ++code)
    EXPECT_STREQ(api().code_name(code), codes[code]);
  EXPECT_STREQ(api().code_name(-1), "unknown code");
  EXPECT_STREQ(api().code_name(16), "unknown code");
  EXPECT_STREQ(api().dtype_name(MOERT_F32), "f32");
  EXPECT_STREQ(api().dtype_name(MOERT_BF16), "bf16");
  EXPECT_STREQ(api().dtype_name(MOERT_U2), "u2");
  EXPECT_STREQ(api().dtype_name(26), "unknown");
  EXPECT_STREQ(api().dtype_name(-1), "unknown");
  EXPECT_STREQ(api().isa_name(MOERT_ISA_AVX512), "avx512");
  EXPECT_STREQ(api().isa_name(7), "unknown");
}

TEST(Api, SizesOfTypes) {
  EXPECT_EQ(moert_dtype_bits(MOERT_U2), 2);
  EXPECT_EQ(moert_dtype_bits(MOERT_I4), 4);
  EXPECT_EQ(moert_dtype_bits(MOERT_BOOL), 8);
  EXPECT_EQ(moert_dtype_bits(MOERT_BF16), 16);
  EXPECT_EQ(moert_dtype_bits(MOERT_C128), 128);
  EXPECT_EQ(moert_dtype_bits(MOERT_STRING), 0);
  EXPECT_EQ(moert_dtype_bits(99), 0);
}

TEST(Api, RefusesNull) {
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  moert_session *session = nullptr;
  moert_request *request = nullptr;
  moert_tensor tensor = {};
  int64_t rows = 0;
  const int32_t code = MOERT_INVALID_ARGUMENT;
  EXPECT_FAILS(api().runtime_create(nullptr, nullptr), code, "runtime is null");
  EXPECT_FAILS(api().runtime_info(nullptr, nullptr), code, "runtime is null");
  EXPECT_FAILS(api().artifact_open(nullptr, "x", &artifact), code, "runtime is null");
  EXPECT_FAILS(api().artifact_open(runtime, "x", nullptr), code, "artifact is null");
  EXPECT_FAILS(api().artifact_from_table(nullptr, nullptr, nullptr, &artifact), code, "null");
  EXPECT_FAILS(api().weights_open(nullptr, nullptr, &weights), code, "artifact is null");
  EXPECT_FAILS(api().session_create(nullptr, nullptr, nullptr, &session), code, "null");
  EXPECT_FAILS(api().session_stats(nullptr, nullptr), code, "session is null");
  EXPECT_FAILS(api().session_trim(nullptr), code, "session is null");
  EXPECT_FAILS(api().session_state_length(nullptr, nullptr, &rows), code, "session is null");
  EXPECT_FAILS(api().session_truncate_state(nullptr, nullptr, 0), code, "session is null");
  EXPECT_FAILS(api().request_create(nullptr, nullptr, &request), code, "session is null");
  EXPECT_FAILS(api().request_set_input(nullptr, "x", &tensor), code, "request is null");
  EXPECT_FAILS(api().request_set_output(nullptr, "x", &tensor), code, "request is null");
  EXPECT_FAILS(api().request_set_deadline(nullptr, 1), code, "request is null");
  EXPECT_FAILS(api().request_run(nullptr), code, "request is null");
  EXPECT_FAILS(api().request_output(nullptr, "x", &tensor), code, "request is null");
  EXPECT_FAILS(api().request_reset(nullptr), code, "request is null");
  EXPECT_EQ(api().artifact_table(nullptr), nullptr);
  EXPECT_EQ(api().now_ns(nullptr), 0);
  api().runtime_release(nullptr);
  api().artifact_release(nullptr);
  api().weights_release(nullptr);
  api().session_release(nullptr);
  api().request_release(nullptr);
  api().request_cancel(nullptr);
}

TEST(Api, ReadsOptionsOfEveryAge) {
  moert_runtime *runtime = nullptr;
  moert_runtime_options options = {};
  options.threads = 3;
  EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_INVALID_ARGUMENT,
               "moert_runtime_options.size is 0");
  EXPECT_EQ(runtime, nullptr);

  // An older caller: only `size` and `threads` exist; the rest must not be read.
  options.size = offsetof(moert_runtime_options, reserved);
  options.isa = "no such level";
  ASSERT_OK(api().runtime_create(&options, &runtime));
  moert_runtime_info info = {};
  info.size = sizeof(info);
  EXPECT_OK(api().runtime_info(runtime, &info));
  EXPECT_EQ(info.threads, 3);
  api().runtime_release(runtime);

  // A newer caller, with and without use of what this library does not know.
  struct Newer {
    moert_runtime_options known;
    uint64_t unknown;
  } newer = {};
  newer.known.size = sizeof(newer);
  newer.known.threads = 1;
  ASSERT_OK(api().runtime_create(&newer.known, &runtime));
  api().runtime_release(runtime);
  newer.unknown = 1;
  EXPECT_FAILS(api().runtime_create(&newer.known, &runtime), MOERT_UNSUPPORTED, "lacks");

  // An older caller's result structure: nothing beyond its size is written.
  moert_runtime_info small = {};
  small.size = offsetof(moert_runtime_info, isa);
  small.isa = 77;
  newer.unknown = 0;
  ASSERT_OK(api().runtime_create(&newer.known, &runtime));
  EXPECT_OK(api().runtime_info(runtime, &small));
  EXPECT_EQ(small.threads, 1);
  EXPECT_EQ(small.isa, 77);
  EXPECT_EQ(small.size, offsetof(moert_runtime_info, isa));
  api().runtime_release(runtime);
}

TEST(Api, ChecksHooks) {
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  hooks.alloc = [](void *, size_t, size_t) -> void * { return nullptr; };
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.hooks = &hooks;
  moert_runtime *runtime;
  EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_INVALID_ARGUMENT, "go together");
  hooks.free = [](void *, void *, size_t, size_t) {};
  EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_OUT_OF_MEMORY, "no memory");
  hooks = {};
  hooks.size = sizeof(hooks);
  hooks.join = [](void *, void *) {};
  EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_INVALID_ARGUMENT,
               "the hooks spawn and join go together");
}

TEST(Api, ThreadsComeFromOptionThenEnvironment) {
  moert_runtime_options options = {};
  options.size = sizeof(options);
  moert_runtime_info info = {};
  info.size = sizeof(info);
  auto threads = [&] {
    moert_runtime *runtime;
    EXPECT_OK(api().runtime_create(&options, &runtime));
    EXPECT_OK(api().runtime_info(runtime, &info));
    api().runtime_release(runtime);
    return info.threads;
  };
  moert_runtime *runtime;
  {
    Environment unset("MOERT_THREADS", nullptr);
    EXPECT_GE(threads(), 1);
  }
  Environment three("MOERT_THREADS", "3");
  EXPECT_EQ(threads(), 3);
  options.threads = 2;
  EXPECT_EQ(threads(), 2);
  for (int32_t bad : {-1, 1025, INT32_MIN, INT32_MAX}) {
    options.threads = bad;
    EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_INVALID_ARGUMENT, "threads is");
  }
  options.threads = 0;
  for (const char *bad : {"0", "-1", "many", "2x", "99999999999999999999"}) {
    Environment environment("MOERT_THREADS", bad);
    EXPECT_FAILS(api().runtime_create(&options, &runtime), MOERT_INVALID_ARGUMENT,
                 "MOERT_THREADS is");
  }
}

TEST(Api, LogsWhereAsked) {
  struct Log {
    std::vector<std::string> lines;
  } log;
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  hooks.user = &log;
  hooks.log = [](void *user, int32_t, const char *message) {
    static_cast<Log *>(user)->lines.push_back(message);
  };
  Loaded loaded(2, &hooks);
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_NE(log.lines[0].find("2 threads"), std::string::npos);
  EXPECT_NE(log.lines[1].find("model.weights"), std::string::npos);
}

TEST(Api, SharedLibraryLoadsAndUnloads) {
  for (int i = 0; i < 100; ++i) {
    void *library = dlopen(MOERT_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    auto get = reinterpret_cast<decltype(&moert_get_api)>(dlsym(library, "moert_get_api"));
    ASSERT_NE(get, nullptr);
    const moert_api *table = get(MOERT_API_VERSION);
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 2;
    moert_runtime *runtime;
    ASSERT_OK(table->runtime_create(&options, &runtime));
    table->runtime_release(runtime);
    EXPECT_EQ(dlclose(library), 0);
  }
}

} // namespace
