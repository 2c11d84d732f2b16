// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "TestArtifact.h"

#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace moert::test;

namespace {

struct ArtifactTest : testing::Test {
  ArtifactTest() {
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 2;
    moert_runtime *made;
    EXPECT_OK(api().runtime_create(&options, &made));
    runtime.reset(made);
  }

  moert_status open(const std::string &path) {
    moert_artifact *made;
    moert_status status = api().artifact_open(runtime.get(), path.c_str(), &made);
    artifact.reset(made);
    return status;
  }

  moert_status wrap(const struct moert_artifact_v1 &table) {
    moert_artifact *made;
    moert_status status = api().artifact_from_table(runtime.get(), &table, nullptr, &made);
    artifact.reset(made);
    return status;
  }

  moert_status openWeights(const char *path, int32_t load = 0, int32_t verify = 0) {
    moert_weights_options options = {sizeof(options), path, load, verify};
    moert_weights *made;
    moert_status status = api().weights_open(artifact.get(), &options, &made);
    weights.reset(made);
    return status;
  }

  /// A session on the open weights, and a request of its "main".
  void makeRequest(Session &session, Request &request) {
    moert_dim_binding batch = {"B", 1};
    moert_session_options options = {};
    options.size = sizeof(options);
    options.dims = &batch;
    options.num_dims = 1;
    moert_session *made;
    ASSERT_OK(api().session_create(artifact.get(), weights.get(), &options, &made));
    session.reset(made);
    moert_request *call;
    ASSERT_OK(api().request_create(made, "main", &call));
    request.reset(call);
  }

  Folder folder;
  Runtime runtime;
  Artifact artifact;
  Weights weights;
};

TEST_F(ArtifactTest, LoadsRunsAndUnloads) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(open(MOERT_TEST_ARTIFACT));
    const struct moert_artifact_v1 *table = api().artifact_table(artifact.get());
    ASSERT_NE(table, nullptr);
    EXPECT_NE(table, &moert_artifact_v1);
    EXPECT_STREQ(table->producer, "by hand");
    if (i == 0)
      writeTestWeights(folder / "w");
    ASSERT_OK(openWeights((folder / "w").c_str()));
    moert_dim_binding batch = {"B", 1};
    moert_session_options options = {};
    options.size = sizeof(options);
    options.dims = &batch;
    options.num_dims = 1;
    moert_session *session;
    ASSERT_OK(api().session_create(artifact.get(), weights.get(), &options, &session));
    moert_request *request;
    ASSERT_OK(api().request_create(session, "main", &request));
    // Any order of release: the request keeps the rest.
    api().session_release(session);
    artifact.reset();
    weights.reset();
    MainCall call(5);
    call.set(request);
    ASSERT_OK(api().request_run(request));
    call.expect(request);
    api().request_release(request);
  }
}

TEST_F(ArtifactTest, FindsItsWeights) {
  std::string path = folder / "model.so";
  ASSERT_EQ(symlink(MOERT_TEST_ARTIFACT, path.c_str()), 0);
  ASSERT_OK(open(path));
  Environment unset("MOERT_WEIGHTS", nullptr);
  EXPECT_FAILS(openWeights(nullptr), MOERT_NOT_FOUND, "model.so.weights");
  writeTestWeights(path + ".weights");
  EXPECT_OK(openWeights(nullptr));
  EXPECT_OK(openWeights(nullptr, MOERT_LOAD_READ, MOERT_VERIFY_FULL));
  writeTestWeights(folder / "elsewhere");
  {
    Environment set("MOERT_WEIGHTS", (folder / "missing").c_str());
    EXPECT_FAILS(openWeights(nullptr), MOERT_NOT_FOUND, "missing");
    EXPECT_OK(openWeights((folder / "elsewhere").c_str()));
  }
  EXPECT_FAILS(openWeights(nullptr, 2), MOERT_INVALID_ARGUMENT, "load mode 2");
  EXPECT_FAILS(openWeights(nullptr, 0, -1), MOERT_INVALID_ARGUMENT, "verify mode -1");
  ASSERT_OK(wrap(moert_artifact_v1));
  EXPECT_FAILS(openWeights(nullptr), MOERT_INVALID_ARGUMENT, "no path");
}

TEST_F(ArtifactTest, NoticesWeightsThatChangeWhileMapped) {
  std::string path = folder / "w";
  for (bool mapped : {true, false}) {
    for (int change = 0; change < 3; ++change) {
      writeTestWeights(path);
      ASSERT_OK(wrap(moert_artifact_v1));
      ASSERT_OK(openWeights(path.c_str(), mapped ? MOERT_LOAD_MMAP : MOERT_LOAD_READ));
      Session session;
      Request request;
      ASSERT_NO_FATAL_FAILURE(makeRequest(session, request));
      MainCall main(3);
      main.set(request.get());
      ASSERT_OK(api().request_run(request.get()));
      std::vector<uint8_t> bytes = readFile(path);
      if (change == 0) {
        ASSERT_EQ(truncate(path.c_str(), 4096), 0);
      } else if (change == 1) {
        ASSERT_EQ(truncate(path.c_str(), off_t(bytes.size()) + 1), 0);
      } else {
        bytes[bytes.size() - 4096] ^= 1;
        writeFile(path, bytes);
      }
      moert_status status = api().request_run(request.get());
      if (mapped) {
        EXPECT_EQ(status.code, MOERT_CORRUPT) << status.message;
        EXPECT_NE(std::string(status.message)
                      .find(change ? "was written to while mapped" : "shrank from "),
                  std::string::npos)
            << status.message;
      } else {
        EXPECT_OK(status);
        main.expect(request.get());
      }
    }
  }
  // A file of the same name that takes its place does no harm.
  writeTestWeights(path);
  ASSERT_OK(openWeights(path.c_str()));
  writeTestWeights(path + "2");
  ASSERT_EQ(rename((path + "2").c_str(), path.c_str()), 0);
  Session session;
  Request request;
  ASSERT_NO_FATAL_FAILURE(makeRequest(session, request));
  MainCall main(3);
  main.set(request.get());
  EXPECT_OK(api().request_run(request.get()));
}

TEST_F(ArtifactTest, RefusesWhatIsNoArtifact) {
  EXPECT_FAILS(open(folder / "missing.so"), MOERT_NOT_FOUND, "missing.so");
  EXPECT_EQ(artifact, nullptr);
  EXPECT_FAILS(open("/"), MOERT_IO, "not a regular file");
  EXPECT_FAILS(open(MOERT_TEST_EMPTY), MOERT_INCOMPATIBLE, "not a compiled model");
  writeFile(folder / "text.so", {'t', 'e', 'x', 't'});
  EXPECT_FAILS(open(folder / "text.so"), MOERT_INCOMPATIBLE, "not a shared object");
  ASSERT_EQ(mkfifo((folder / "fifo.so").c_str(), 0600), 0);
  EXPECT_FAILS(open(folder / "fifo.so"), MOERT_IO, "not a regular file");
  std::vector<uint8_t> good = readFile(MOERT_TEST_ARTIFACT);
  auto openBytes = [&](const std::vector<uint8_t> &bytes) {
    writeFile(folder / "bad.so", bytes);
    return open(folder / "bad.so");
  };
  for (size_t length : {size_t(10), size_t(100), good.size() / 4, good.size() / 2})
    EXPECT_FAILS(openBytes({good.begin(), good.begin() + ptrdiff_t(length)}), MOERT_CORRUPT,
                 "truncated");
  std::vector<uint8_t> bad = good;
  bad[18] = 183; // e_machine: AArch64
  EXPECT_FAILS(openBytes(bad), MOERT_INCOMPATIBLE, "for this machine");
  EXPECT_FAILS(openBytes({}), MOERT_CORRUPT, "is empty");
  EXPECT_FAILS(open(MOERT_TEST_LIBRARY), MOERT_INCOMPATIBLE, "does not end in moec's seal");
  // Anywhere in the file, code and data included.
  for (size_t place = 64; place < good.size() - 40; place += good.size() / 50) {
    bad = good;
    bad[place] ^= 4;
    EXPECT_EQ(openBytes(bad).code, MOERT_CORRUPT) << place;
  }
  bad = good;
  bad[39] = 0x80; // e_phoff far outside
  EXPECT_FAILS(openBytes(bad), MOERT_CORRUPT, "truncated");
}

TEST_F(ArtifactTest, FindsNamesWithoutASlashInTheCurrentFolder) {
  char previous[4096];
  ASSERT_NE(getcwd(previous, sizeof(previous)), nullptr);
  ASSERT_EQ(symlink(MOERT_TEST_ARTIFACT, (folder / "plain").c_str()), 0);
  ASSERT_EQ(chdir((folder / ".").c_str()), 0);
  EXPECT_OK(open("plain"));
  ASSERT_EQ(chdir(previous), 0);
}

TEST_F(ArtifactTest, ChecksTables) {
  struct moert_artifact_v1 table = moert_artifact_v1;
  auto refuses = [&](int32_t code, const char *part) {
    EXPECT_FAILS(wrap(table), code, part);
    EXPECT_EQ(artifact, nullptr);
    table = moert_artifact_v1;
  };
  table.abi_version = 2;
  refuses(MOERT_INCOMPATIBLE, "ABI version 2");
  table.size += 8;
  refuses(MOERT_INCOMPATIBLE, "newer runtime");
  table.size = offsetof(struct moert_artifact_v1, metadata);
  refuses(MOERT_CORRUPT, "too short");
  table.size = offsetof(struct moert_artifact_v1, grid_rank);
  table.functions_bytes = sizeof(moert_functions) + 8;
  refuses(MOERT_INCOMPATIBLE, "newer runtime: it calls functions in a table of");
  table.functions_bytes += 8;
  refuses(MOERT_INCOMPATIBLE, "newer runtime: it calls functions in a table of");
  table.num_entries = 0;
  refuses(MOERT_CORRUPT, "no entry");
  table.entries = nullptr;
  refuses(MOERT_CORRUPT, "no entry");
  table.weights = nullptr;
  refuses(MOERT_CORRUPT, "a table is missing");
  table.kernels = nullptr;
  refuses(MOERT_CORRUPT, "a table is missing");
  table.states = nullptr;
  refuses(MOERT_CORRUPT, "a table is missing");

  int64_t sizes[MOERT_MAX_RANK + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  moert_value_info input = {"in", MOERT_F32, 1, sizes, nullptr};
  moert_entry_info entry = {"e", moert_artifact_v1.entries[4].fn, 1, 0, &input, nullptr};
  auto refusesEntry = [&](int32_t code, const char *part) {
    table.num_entries = 1;
    table.entries = &entry;
    refuses(code, part);
    input = {"in", MOERT_F32, 1, sizes, nullptr};
    entry = {"e", moert_artifact_v1.entries[4].fn, 1, 0, &input, nullptr};
  };
  entry.name = nullptr;
  refusesEntry(MOERT_CORRUPT, "without a name");
  entry.fn = nullptr;
  refusesEntry(MOERT_CORRUPT, "has no code");
  entry.inputs = nullptr;
  refusesEntry(MOERT_CORRUPT, "no signature");
  entry.num_outputs = 1;
  refusesEntry(MOERT_CORRUPT, "no signature");
  input.name = "";
  refusesEntry(MOERT_CORRUPT, "without a name");
  input.rank = -1;
  refusesEntry(MOERT_CORRUPT, "bad rank");
  input.rank = 9;
  refusesEntry(MOERT_CORRUPT, "bad rank");
  input.sizes = nullptr;
  refusesEntry(MOERT_CORRUPT, "bad rank");
  sizes[0] = -2;
  refusesEntry(MOERT_CORRUPT, "negative size");
  sizes[0] = 1;
  input.dtype = MOERT_STRING;
  refusesEntry(MOERT_UNSUPPORTED, "element type 8");
  input.dtype = 77;
  refusesEntry(MOERT_UNSUPPORTED, "element type 77");

  for (moert_weight_info weight :
       {moert_weight_info{nullptr, 1, 0, 1, 1, 4096}, moert_weight_info{"w", 1, 0, 0, 1, 4096},
        moert_weight_info{"w", 1, 0, 1, -1, 4096}, moert_weight_info{"w", 1, 0, 1, 1, 100},
        moert_weight_info{"w", 1, 0, 1, 5000, 4096}}) {
    table.weights = &weight;
    refuses(MOERT_CORRUPT, "weight");
  }
  const int64_t cache[] = {1, -1};
  const int64_t unnamed[] = {-1, -1};
  for (moert_state_info state : {moert_state_info{nullptr, 1, 2, cache, nullptr, 1, 1, 1},
                                 moert_state_info{"s", 0, 2, cache, nullptr, 1, 1, 1},
                                 moert_state_info{"s", 1, 0, cache, nullptr, 0, 1, 1},
                                 moert_state_info{"s", 1, 9, cache, nullptr, 1, 1, 1},
                                 moert_state_info{"s", 1, 2, nullptr, nullptr, 1, 1, 1},
                                 moert_state_info{"s", 1, 2, cache, nullptr, 2, 1, 1},
                                 moert_state_info{"s", 1, 2, cache, nullptr, -1, 1, 1},
                                 moert_state_info{"s", 1, 2, cache, nullptr, 1, 0, 1},
                                 moert_state_info{"s", 1, 2, cache, nullptr, 1, 1, -1},
                                 moert_state_info{"s", 1, 2, unnamed, nullptr, 1, 1, 1}}) {
    table.states = &state;
    refuses(MOERT_CORRUPT, "state");
  }
  moert_kernel_info kernel = {nullptr, {}};
  table.num_kernels = 1;
  table.kernels = &kernel;
  refuses(MOERT_CORRUPT, "kernel without a name");
  kernel.name = "k";
  table.num_kernels = 1;
  table.kernels = &kernel;
  refuses(MOERT_INCOMPATIBLE, "kernel 'k' is not built for level");
  EXPECT_OK(wrap(table));
}

TEST_F(ArtifactTest, ChecksGridsAndExchanges) {
  const int64_t grid[] = {2, 3};
  const int32_t owners[] = {0, 5, 2};
  const moert_exchange_info good = {"e", owners, 3, 3u, 1, 0, 0, 0, 0, 1};
  struct moert_artifact_v1 table = moert_artifact_v1;
  moert_exchange_info exchange;
  auto restore = [&] {
    table = moert_artifact_v1;
    table.grid_rank = 2;
    table.grid = grid;
    table.num_exchanges = 1;
    table.exchanges = &exchange;
    exchange = good;
  };
  auto refuses = [&](const char *part) {
    EXPECT_FAILS(wrap(table), MOERT_CORRUPT, part);
    restore();
  };
  restore();
  EXPECT_OK(wrap(table));
  table.grid_rank = 33;
  refuses("a grid of ranks that is missing, or has more than 32 axes");
  table.grid = nullptr;
  refuses("a grid of ranks that is missing, or has more than 32 axes");
  const int64_t badSizes[] = {0, -1, (1024 * 1024) / 2 + 1, 1024 * 1024 + 1, INT64_MAX, INT64_MIN};
  for (int64_t bad : badSizes) {
    const int64_t sizes[] = {2, bad};
    table.grid = sizes;
    refuses("a grid of ranks with a bad size");
  }
  table.grid_rank = 0;
  refuses("exchanges without a grid");
  table.exchanges = nullptr;
  refuses("exchanges without a grid");
  exchange.name = nullptr;
  refuses("an exchange without a name");
  exchange.name = "";
  refuses("an exchange without a name");
  for (uint32_t axes : {0u, 4u, 7u, 0x80000001u}) {
    exchange.axes = axes;
    refuses("exchange 'e' is along axes that the grid lacks");
  }
  for (uint32_t experts : {0u, (1u << 20) + 1, UINT32_MAX}) {
    exchange.num_experts = experts;
    refuses("exchange 'e' has a bad number of experts");
  }
  exchange.owners = nullptr;
  refuses("exchange 'e' has a bad number of experts");
  for (int64_t parts : {int64_t(0), int64_t(-1), int64_t(349526), INT64_MAX}) { // 3 experts
    exchange.parts = parts;
    refuses("exchange 'e' has experts of a bad number of parts");
  }
  const int32_t parts[] = {0, 5, 2, 0, 0, -1};
  exchange.owners = parts;
  exchange.parts = 2;
  refuses("exchange 'e' has an expert that nobody owns");
  for (int64_t moert_exchange_info::*field :
       {&moert_exchange_info::window_rows, &moert_exchange_info::chunks,
        &moert_exchange_info::row_bytes, &moert_exchange_info::result_bytes,
        &moert_exchange_info::row_flops}) {
    exchange.*field = -1;
    refuses("exchange 'e' has a bad size");
  }
  exchange.window_rows = 0;
  refuses("exchange 'e' has a bad size");
  exchange.row_bytes = INT64_MAX;
  refuses("exchange 'e' has a bad size");
  exchange.result_bytes = (int64_t(1) << 40) + 1;
  refuses("exchange 'e' has a bad size");
  exchange.axes = 2; // members 0 to 2
  refuses("exchange 'e' has an expert that nobody owns");
  const int32_t negative[] = {0, -1, 0};
  exchange.owners = negative;
  refuses("exchange 'e' has an expert that nobody owns");
  moert_weight_info weight = {"w", MOERT_F32, 2, 3, 16, 4096};
  table.weights = &weight;
  refuses("weight 'w' belongs to an exchange that the artifact lacks");
  weight.exchange = 1;
  EXPECT_OK(wrap(table));
  weight.num_slabs = 4; // 3 experts
  table.weights = &weight;
  refuses("weight 'w' has slabs that its owners cannot share");
  weight.num_slabs = 3;
  table.weights = &weight;
  table.size = offsetof(struct moert_artifact_v1, exchanges);
  refuses("weight 'w' belongs to an exchange that the artifact lacks");

  // All 32 axes, and a table that ends before it has a grid.
  std::vector<int64_t> ones(32, 1);
  table.grid = ones.data();
  table.grid_rank = 32;
  exchange.axes = UINT32_MAX;
  const int32_t none[] = {0, 0, 0};
  exchange.owners = none;
  EXPECT_OK(wrap(table));
  table.grid_rank = 33;
  table.size = offsetof(struct moert_artifact_v1, exchanges);
  EXPECT_OK(wrap(table));
}

} // namespace
