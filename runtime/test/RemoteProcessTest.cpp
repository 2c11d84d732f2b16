// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Processes that run a model together when one of them dies or stops: what the others are told,
// after how long, and that they go on with the same sessions. And compiled programs as ranks.
#include "RankProcesses.h"
#include "lib/Cli/Npy.h"

#include <sys/wait.h>

using namespace moert::test;

namespace {

/// Ranks, numbers in a row, and whether rank 0 is the victim or the last one.
class RemoteProcessTest : public testing::TestWithParam<std::tuple<int, int, bool>> {
protected:
  int32_t count = std::get<0>(GetParam());
  std::string width = std::to_string(std::get<1>(GetParam()));
  int32_t victim = std::get<2>(GetParam()) ? count - 1 : 0;
  Environment plugins{"MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS};

  void make(Processes &ranks, int generation) {
    for (int32_t rank : members(count))
      ranks[rank].say("make " + std::to_string(rank) + " " + std::to_string(count) + " " +
                      std::to_string(ranks.port) + " " + std::to_string(generation));
    for (int32_t rank : members(count))
      ASSERT_EQ(ranks[rank].hear(), "made");
  }

  /// The victim gets the signal while all are running; then another process takes its place.
  void lose(int signal, int64_t promiseNs, const char *title) {
    Processes ranks(count, MOERT_TEST_PEER);
    ASSERT_NO_FATAL_FAILURE(make(ranks, 0));
    ASSERT_NO_FATAL_FAILURE(ranks.expect(members(count), "run 5 " + width, "fine"));
    for (int32_t rank : members(count))
      ranks[rank].say("run 1000000 " + width);
    usleep(200000);
    const int64_t begin = nowNs();
    kill(ranks[victim].id, signal);
    ranks.expectLost(members(count, victim), begin, promiseNs, MOERT_PEER_LOST, victim, "is lost",
                     title);
    ranks.all[size_t(victim)] = std::make_unique<Process>(MOERT_TEST_PEER);
    ASSERT_NO_FATAL_FAILURE(make(ranks, 1));
    ASSERT_NO_FATAL_FAILURE(ranks.expect(members(count), "run 5 " + width, "fine"));
  }
};

TEST_P(RemoteProcessTest, AKilledRankIsLostAndReplaced) {
  lose(SIGKILL, kClosedPromiseNs, "SIGKILL while running");
}

TEST_P(RemoteProcessTest, AStoppedRankIsLostAndReplaced) {
  lose(SIGSTOP, kSilentPromiseNs, "SIGSTOP while running");
}

INSTANTIATE_TEST_SUITE_P(Groups, RemoteProcessTest,
                         testing::Combine(testing::Values(2, 4), testing::Values(5, 50000),
                                          testing::Bool()));

/// The program of moert-test-peer, for two ranks, with inputs in files.
struct RankProgramTest : testing::Test {
  void SetUp() override {
    for (int32_t rank = 0; rank < 2; ++rank) {
      const int64_t rows = 3 + rank;
      std::vector<float> x;
      std::vector<int32_t> ids;
      for (int32_t i = 0; i < 2 * int32_t(rows); ++i) {
        x.push_back(float(i + rank * 10));
        ids.push_back((i + rank) % 4);
      }
      write("x" + std::to_string(rank), tensorOf(MOERT_F32, sizes = {rows, 2}, x.data()));
      write("ids" + std::to_string(rank), tensorOf(MOERT_I32, sizes, ids.data()));
    }
    const int64_t numbers[] = {4, 0, 0, 1};
    write("settings", tensorOf(MOERT_I64, sizes = {4}, numbers));
    write("calls", tensorOf(MOERT_I64, sizes = {1}, numbers + 1));
  }

  void write(const std::string &name, const moert_tensor &tensor) {
    std::string header;
    ASSERT_OK(moert::cli::npyHeader(tensor, name.c_str(), header));
    std::vector<uint8_t> file(header.begin(), header.end());
    const auto *bytes = static_cast<const uint8_t *>(tensor.data);
    file.insert(file.end(), bytes, bytes + tensor.bytes);
    writeFile(folder / (name + ".npy"), file);
  }

  std::string command(int32_t rank, const std::string &more) const {
    const std::string at = std::to_string(rank);
    return environment + " MOERT_RANK=" + at +
           " " MOERT_TEST_PEER " --input x=" + (folder / ("x" + at + ".npy")) +
           " --input ids=" + (folder / ("ids" + at + ".npy")) +
           " --input calls=" + (folder / "calls.npy") +
           " --input settings=" + (folder / "settings.npy") + " " + more + " > " +
           (folder / ("log" + at)) + " 2>&1";
  }
  std::string log(int32_t rank) const {
    const std::vector<uint8_t> bytes = readFile(folder / ("log" + std::to_string(rank)));
    return std::string(bytes.begin(), bytes.end());
  }
  static int exitCode(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

  Folder folder;
  std::vector<int64_t> sizes; // of the tensor at hand
  std::string environment =
      "MOERT_PLUGIN_PATH=" MOERT_TEST_PLUGINS
      " MOERT_SIZE=2 MOERT_TOKEN=0123456789abcdef MOERT_RENDEZVOUS=127.0.0.1:" +
      std::to_string(freePort());
};

TEST_F(RankProgramTest, RunsAsOneRank) {
  const std::string both = "(" + command(0, "--outputs " + (folder / "y0.npz")) + ") & first=$!; " +
                           command(1, "--ranks 2 --chunks 3 --outputs " + (folder / "y1.npz")) +
                           "; second=$?; wait $first && exit $second";
  // Options of a group are the same on all ranks, which these are not.
  EXPECT_NE(exitCode(system(both.c_str())), 0);
  EXPECT_NE((log(0) + log(1)).find("options of a group must be the same on all ranks"),
            std::string::npos)
      << log(0) << log(1);
  EXPECT_NE(log(1).find("error: rank 1 of 2: "), std::string::npos) << log(1);
  const std::string well = "(" + command(0, "--outputs " + (folder / "y0.npz")) + ") & first=$!; " +
                           command(1, "--ranks 2 --outputs " + (folder / "y1.npz")) +
                           "; second=$?; wait $first && exit $second";
  EXPECT_EQ(exitCode(system(well.c_str())), 0) << log(0) << log(1);
  EXPECT_NE(log(0).find("y f32[3,2]"), std::string::npos) << log(0);
  EXPECT_NE(log(1).find("y f32[4,2]"), std::string::npos) << log(1);
  EXPECT_TRUE(fileExists(folder / "y0.npz") && fileExists(folder / "y1.npz"));
}

TEST_F(RankProgramTest, OldGenerationsAreTurnedAway) {
  const std::string late = "MOERT_GENERATION=1 " + environment;
  environment = "MOERT_GENERATION=2 " + environment;
  const std::string newest = command(1, "");
  const std::string first = command(0, "");
  environment = late;
  // Rank 0 goes on waiting for one that fits.
  const std::string all = "(" + first + ") & first=$!; " + command(1, "") +
                          "; [ $? -ne 0 ] && mv " + (folder / "log1") + " " + (folder / "log2") +
                          " && " + newest + "; second=$?; wait $first && exit $second";
  EXPECT_EQ(exitCode(system(all.c_str())), 0) << log(0) << log(1);
  EXPECT_NE(log(2).find("builds generation 2 of the group, not 1"), std::string::npos) << log(2);
  EXPECT_NE(log(1).find("y f32[4,2]"), std::string::npos) << log(1);
}

TEST_F(RankProgramTest, FaultsAreThoseOfProcesses) {
  auto run = [&](const std::string &fault) {
    const std::string both = "(" + command(0, fault) + "; echo exit $? >> " + (folder / "log0") +
                             ") & first=$!; " + command(1, fault) +
                             "; second=$?; wait $first; exit $second";
    return system(both.c_str());
  };
  // It ends as killed processes do, and the other one names it.
  const int killed = run("--fault kill:1@dispatch");
  EXPECT_EQ(exitCode(killed), 128 + SIGKILL);
  EXPECT_NE(log(0).find("rank 1 of 2 is lost"), std::string::npos) << log(0);
  EXPECT_NE(log(0).find("exit 5"), std::string::npos) << log(0);
  // It stops for a moment, which harms nobody, or for longer than others wait, and finds out.
  EXPECT_EQ(exitCode(run("--fault stall:1@experts,100")), 0) << log(0) << log(1);
  EXPECT_NE(log(0).find("y f32[3,2]"), std::string::npos) << log(0);
  EXPECT_EQ(exitCode(run("--fault stall:1@experts,3000")), 5) << log(1);
  EXPECT_NE(log(0).find("rank 1 of 2 is lost: it was silent"), std::string::npos) << log(0);
  EXPECT_NE(log(1).find("counts as lost"), std::string::npos) << log(1);
}

TEST_F(RankProgramTest, ChecksTheNumberOfRanks) {
  EXPECT_EQ(exitCode(system(command(0, "--ranks 3").c_str())), 2);
  EXPECT_NE(log(0).find("compiled for 2 ranks"), std::string::npos) << log(0);
  environment += " MOERT_SIZE=3";
  EXPECT_EQ(exitCode(system(command(1, "").c_str())), 2);
  EXPECT_NE(log(1).find("the environment (moert) names rank 1 of 3"), std::string::npos) << log(1);
  environment += " MOERT_SIZE=2 MOERT_TOKEN=";
  EXPECT_EQ(exitCode(system(command(1, "").c_str())), 2);
  EXPECT_NE(log(1).find("need MOERT_TOKEN"), std::string::npos) << log(1);
}

} // namespace
