// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RankEnvironment.h"
#include "Support.h"

#include <map>

using namespace moert;
using namespace moert::test;

namespace {

using Variables = std::map<std::string, std::string>;

moert_status read(const Variables &variables, RankEnvironment &environment) {
  const EnvironmentLookup lookup = {[](void *user, const char *name) -> const char * {
                                      const auto *all = static_cast<const Variables *>(user);
                                      auto found = all->find(name);
                                      return found == all->end() ? nullptr : found->second.c_str();
                                    },
                                    const_cast<Variables *>(&variables)};
  return readRankEnvironment(lookup, environment);
}

const char kToken[] = "0123456789abcdef";

/// `variables` and what every group needs.
Variables meeting(Variables variables) {
  variables.insert({"MOERT_TOKEN", kToken});
  variables.insert({"MOERT_RENDEZVOUS", "10.0.0.1:4000"});
  return variables;
}

struct Expected {
  const char *source;
  int32_t rank, size, localRank;
  const char *host;
  int port;
};

void expectRead(const Variables &variables, const Expected &expected) {
  RankEnvironment environment;
  ASSERT_OK(read(variables, environment));
  EXPECT_STREQ(environment.source, expected.source);
  EXPECT_EQ(environment.rank, expected.rank);
  EXPECT_EQ(environment.size, expected.size);
  EXPECT_EQ(environment.localRank, expected.localRank);
  EXPECT_STREQ(environment.host, expected.host);
  EXPECT_EQ(environment.port, expected.port);
}

void expectRefused(const Variables &variables, const char *part) {
  RankEnvironment environment;
  environment.rank = 77;
  EXPECT_FAILS(read(variables, environment), MOERT_INVALID_ARGUMENT, part);
  EXPECT_EQ(environment.rank, 77);
}

TEST(RankEnvironmentTest, NothingIsOneRank) { expectRead({}, {"none", 0, 1, -1, "", 0}); }

TEST(RankEnvironmentTest, LeavesTorchrunItsPort) {
  auto at = [](const char *port, const char *isTaken) {
    return Variables{{"RANK", "0"},           {"WORLD_SIZE", "2"},
                     {"MASTER_ADDR", "head"}, {"MASTER_PORT", port},
                     {"MOERT_TOKEN", kToken}, {"TORCHELASTIC_USE_AGENT_STORE", isTaken}};
  };
  expectRead(at("1234", "True"), {"torchrun", 0, 2, -1, "head", 1235});
  expectRead(at("1234", "False"), {"torchrun", 0, 2, -1, "head", 1234});
  expectRead(at("65535", "True"), {"torchrun", 0, 2, -1, "head", 65534});
  Variables named = at("1234", "True");
  named["MOERT_RENDEZVOUS"] = "other:1234";
  expectRead(named, {"torchrun", 0, 2, -1, "other", 1234});
}

TEST(RankEnvironmentTest, ReadsEveryLauncher) {
  expectRead(meeting({{"MOERT_RANK", "2"}, {"MOERT_SIZE", "4"}, {"MOERT_LOCAL_RANK", "1"}}),
             {"moert", 2, 4, 1, "10.0.0.1", 4000});
  expectRead({{"RANK", "3"},
              {"WORLD_SIZE", "8"},
              {"LOCAL_RANK", "3"},
              {"MASTER_ADDR", "head"},
              {"MASTER_PORT", "1234"},
              {"MOERT_TOKEN", kToken}},
             {"torchrun", 3, 8, 3, "head", 1234});
  expectRead({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "head"}, {"MOERT_TOKEN", kToken}},
             {"torchrun", 0, 2, -1, "head", 29500});
  expectRead(meeting({{"OMPI_COMM_WORLD_RANK", "1"},
                      {"OMPI_COMM_WORLD_SIZE", "2"},
                      {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}}),
             {"openmpi", 1, 2, 0, "10.0.0.1", 4000});
  expectRead(meeting({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "1"}}),
             {"pmi", 1, 2, 1, "10.0.0.1", 4000});
  expectRead({{"SLURM_PROCID", "5"},
              {"SLURM_NTASKS", "6"},
              {"SLURM_LOCALID", "1"},
              {"SLURM_JOB_NODELIST", "node[007-009,12],gpu1"},
              {"MOERT_TOKEN", kToken}},
             {"slurm", 5, 6, 1, "node007", 29500});
}

TEST(RankEnvironmentTest, OneRankNeedsNoSecretOrMeetingPlace) {
  expectRead({{"RANK", "0"}, {"WORLD_SIZE", "1"}}, {"torchrun", 0, 1, -1, "", 0});
}

TEST(RankEnvironmentTest, Generations) {
  auto generation = [](const Variables &variables) {
    RankEnvironment environment;
    EXPECT_OK(read(variables, environment));
    return environment.generation;
  };
  const Variables torchrun =
      meeting({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"TORCHELASTIC_RESTART_COUNT", "3"}});
  EXPECT_EQ(generation(torchrun), 3);
  Variables chosen = torchrun;
  chosen["MOERT_GENERATION"] = "0";
  EXPECT_EQ(generation(chosen), 0);
  const Variables ours = meeting({{"MOERT_RANK", "1"}, {"MOERT_SIZE", "2"}});
  EXPECT_EQ(generation(ours), 0);
  Variables again = ours;
  again["MOERT_GENERATION"] = "7";
  EXPECT_EQ(generation(again), 7);
  // Left over by a torchrun around a launcher of its own: its processes are not these.
  Variables around = ours;
  around["TORCHELASTIC_RESTART_COUNT"] = "3";
  EXPECT_EQ(generation(around), 0);
  again["MOERT_GENERATION"] = "-1";
  expectRefused(again, "MOERT_GENERATION is '-1', not a number from 0 to 2147483647");
  Variables bad = torchrun;
  bad["TORCHELASTIC_RESTART_COUNT"] = "once";
  expectRefused(bad, "TORCHELASTIC_RESTART_COUNT is 'once', not a number");
}

TEST(RankEnvironmentTest, EmptyIsUnset) {
  expectRead({{"MOERT_RANK", ""}, {"RANK", ""}, {"MOERT_TOKEN", ""}}, {"none", 0, 1, -1, "", 0});
}

TEST(RankEnvironmentTest, AllocationsOfSlurmAreNoTasks) {
  expectRead({{"SLURM_NTASKS", "8"}}, {"none", 0, 1, -1, "", 0});
}

TEST(RankEnvironmentTest, SourcesThatAgreeCompleteEachOther) {
  expectRead(meeting({{"PMI_RANK", "1"},
                      {"PMI_SIZE", "2"},
                      {"SLURM_PROCID", "1"},
                      {"SLURM_NTASKS", "2"},
                      {"SLURM_LOCALID", "0"}}),
             {"pmi", 1, 2, 0, "10.0.0.1", 4000});
}

TEST(RankEnvironmentTest, SourcesThatDisagreeAreBothShown) {
  expectRefused(meeting({{"OMPI_COMM_WORLD_RANK", "3"},
                         {"OMPI_COMM_WORLD_SIZE", "4"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_NTASKS", "4"}}),
                "OMPI_COMM_WORLD_RANK=3 and SLURM_PROCID=0 disagree; unset one, or set "
                "MOERT_RANK_SOURCE to 'openmpi' or 'slurm'");
  expectRefused(
      meeting({{"MOERT_RANK", "1"}, {"MOERT_SIZE", "2"}, {"RANK", "1"}, {"WORLD_SIZE", "4"}}),
      "MOERT_SIZE=2 and WORLD_SIZE=4 disagree");
  expectRefused(meeting({{"RANK", "1"},
                         {"WORLD_SIZE", "2"},
                         {"LOCAL_RANK", "1"},
                         {"PMI_RANK", "1"},
                         {"PMI_SIZE", "2"},
                         {"MPI_LOCALRANKID", "0"}}),
                "LOCAL_RANK=1 and MPI_LOCALRANKID=0 disagree");
}

TEST(RankEnvironmentTest, TheSourceCanBeChosen) {
  Variables variables = meeting({{"OMPI_COMM_WORLD_RANK", "3"},
                                 {"OMPI_COMM_WORLD_SIZE", "4"},
                                 {"SLURM_PROCID", "0"},
                                 {"SLURM_NTASKS", "2"},
                                 {"MOERT_RANK_SOURCE", "slurm"}});
  expectRead(variables, {"slurm", 0, 2, -1, "10.0.0.1", 4000});
  variables["MOERT_RANK_SOURCE"] = "openmpi";
  expectRead(variables, {"openmpi", 3, 4, -1, "10.0.0.1", 4000});
  variables["MOERT_RANK_SOURCE"] = "torchrun";
  expectRefused(variables, "MOERT_RANK_SOURCE is 'torchrun', but RANK and WORLD_SIZE are not set");
  variables["MOERT_RANK_SOURCE"] = "mpi";
  expectRefused(variables,
                "MOERT_RANK_SOURCE is 'mpi', not moert, torchrun, openmpi, pmi or slurm");
}

TEST(RankEnvironmentTest, MalformedNumbersNameTheirVariable) {
  for (const char *bad : {"x", "-1", "1.0", " 1", "1 ", "99999999999999999999", "0x1"})
    expectRefused(meeting({{"RANK", bad}, {"WORLD_SIZE", "2"}}),
                  (std::string("RANK is '") + bad + "', not a number").c_str());
  for (const char *bad : {"0", "1025", "many"})
    expectRefused(meeting({{"PMI_RANK", "0"}, {"PMI_SIZE", bad}}),
                  (std::string("PMI_SIZE is '") + bad + "', not a number from 1 to 1024").c_str());
  expectRefused(meeting({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "a"}}),
                "LOCAL_RANK is 'a'");
  expectRefused({{"RANK", "0"},
                 {"WORLD_SIZE", "2"},
                 {"MASTER_ADDR", "head"},
                 {"MASTER_PORT", "70000"},
                 {"MOERT_TOKEN", kToken}},
                "MASTER_PORT is '70000', not a number from 1 to 65535");
}

TEST(RankEnvironmentTest, NumbersThatDoNotFitTogether) {
  expectRefused(meeting({{"RANK", "2"}, {"WORLD_SIZE", "2"}}),
                "RANK is 2, but WORLD_SIZE is 2: ranks are counted from 0");
  expectRefused(meeting({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "4"}}),
                "LOCAL_RANK is 4, but WORLD_SIZE is 2");
  expectRefused(meeting({{"MOERT_RANK", "1"}}), "MOERT_RANK is set but MOERT_SIZE is not");
  expectRefused(meeting({{"WORLD_SIZE", "2"}}), "WORLD_SIZE is set but RANK is not");
  expectRefused(meeting({{"SLURM_PROCID", "0"}}), "SLURM_PROCID is set but SLURM_NTASKS is not");
}

TEST(RankEnvironmentTest, GroupsNeedAMeetingPlaceAndASecret) {
  Variables variables = {{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}};
  expectRefused(variables, "2 ranks (of pmi) need MOERT_RENDEZVOUS");
  variables["MOERT_RENDEZVOUS"] = "h:1";
  expectRefused(variables, "2 ranks (of pmi) need MOERT_TOKEN");
  variables["MOERT_TOKEN"] = "short-secret";
  RankEnvironment environment;
  moert_status status = read(variables, environment);
  EXPECT_FAILS(status, MOERT_INVALID_ARGUMENT, "MOERT_TOKEN has 12 characters");
  EXPECT_EQ(std::string(status.message).find("short-secret"), std::string::npos);
  variables["MOERT_TOKEN"] = std::string(257, 'x');
  expectRefused(variables, "MOERT_TOKEN has 257 characters");
  variables["MOERT_TOKEN"] = std::string(256, 'x');
  variables["MOERT_INTERFACE"] = "eth0";
  ASSERT_OK(read(variables, environment));
  EXPECT_EQ(environment.token, std::string(256, 'x'));
  EXPECT_STREQ(environment.interface, "eth0");
  variables["MOERT_INTERFACE"] = std::string(64, 'e');
  expectRefused(variables, "MOERT_INTERFACE is longer than an address");
}

TEST(RankEnvironmentTest, Endpoints) {
  char host[16];
  uint16_t port = 0;
  for (const auto &[text, expectedHost, expectedPort] :
       {std::tuple("a:1", "a", 1), std::tuple("10.0.0.1:65535", "10.0.0.1", 65535),
        std::tuple("[::1]:80", "::1", 80), std::tuple("[fe80::1]", "fe80::1", 29500),
        std::tuple("host", "host", 29500)}) {
    EXPECT_TRUE(parseEndpoint(text, host, sizeof(host), port)) << text;
    EXPECT_STREQ(host, expectedHost);
    EXPECT_EQ(port, expectedPort);
  }
  for (const char *text : {"", ":1", "a:", "a:0", "a:65536", "a:b", "::1", "[::1", "[]:1", "[::1]1",
                           "[::1]:", "a-name-that-is-16:1", "a:1:2"})
    EXPECT_FALSE(parseEndpoint(text, host, sizeof(host), port)) << text;
}

TEST(RankEnvironmentTest, FirstHosts) {
  char host[16];
  for (const auto &[list, expected] :
       {std::pair("a", "a"), std::pair("a,b", "a"), std::pair("n[1-3]", "n1"),
        std::pair("n[001,004-9],x", "n001"), std::pair("n[7]", "n7"),
        std::pair("r[1-2]n[03-4]-ib,z", "r1n03-ib")}) {
    EXPECT_TRUE(parseFirstHost(list, host, sizeof(host))) << list;
    EXPECT_STREQ(host, expected);
  }
  for (const char *list : {"", ",a", "n[", "n[]", "n[a]", "n[1", "n[1-", "n]1", "n[1[2]]", "n[1x]",
                           "a-name-that-is-16"})
    EXPECT_FALSE(parseFirstHost(list, host, sizeof(host))) << list;
}

} // namespace
