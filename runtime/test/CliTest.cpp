// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line as users meet it: programs, files, exit codes.
#include "Support.h"
#include "lib/Cli/Npy.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

using namespace moert::cli;
using namespace moert::test;

namespace {

struct Result {
  int exitCode;
  std::string out, err;
};

struct CliTest : testing::Test {
  CliTest() {
    weights = folder / "w";
    writeTestWeights(weights);
    writeNpy("x.npy", MOERT_F32, {2, 4}, std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}.data());
    writeNpy("bias.npy", MOERT_F32, {4}, std::vector<float>{0, 0, 0, 0}.data());
    writeNpy("mask.npy", MOERT_BOOL, {2}, "\1\1");
    all = " --input x=" + (folder / "x.npy") + " --input bias=" + (folder / "bias.npy") +
          " --input=mask=" + (folder / "mask.npy") + " --weights " + weights;
  }

  void writeNpy(const char *name, int32_t dtype, std::vector<int64_t> sizes, const void *data) {
    moert_tensor tensor = tensorOf(dtype, sizes, data);
    std::string header;
    ASSERT_OK(npyHeader(tensor, name, header));
    std::vector<uint8_t> file(header.begin(), header.end());
    auto *bytes = static_cast<const uint8_t *>(data);
    file.insert(file.end(), bytes, bytes + tensor.bytes);
    moert::test::writeFile(folder / name, file);
  }

  Result run(const std::string &arguments, const std::string &executable = MOERT_TEST_MODEL) {
    std::string out = folder / "stdout", err = folder / "stderr";
    int status = system((executable + " " + arguments + " >" + out + " 2>" + err).c_str());
    auto text = [](const std::string &path) {
      std::vector<uint8_t> bytes = moert::test::readFile(path);
      return std::string(bytes.begin(), bytes.end());
    };
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text(out), text(err)};
  }

  void expect(const std::string &arguments, int exitCode, const std::string &part,
              const std::string &executable = MOERT_TEST_MODEL) {
    Result result = run(arguments, executable);
    EXPECT_EQ(result.exitCode, exitCode) << arguments << "\n" << result.err;
    EXPECT_NE((result.out + result.err).find(part), std::string::npos) << arguments << "\n"
                                                                       << result.out << result.err;
  }

  Folder folder;
  std::string weights, all;
};

TEST_F(CliTest, RunsAndSummarises) {
  Result result = run(all + " --isa v2 --threads 2");
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, "y f32[2,4]: 111 223 335 447 115 227 339 451\nisa i64[1]: 0\n");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(run(all + " --quiet").out, "");
}

TEST_F(CliTest, VerifiesAllWeightsOnDemand) {
  expect(all + " --verify-weights --threads 2", 0, "y f32[2,4]: 111 223");
  std::vector<uint8_t> file = moert::test::readFile(weights);
  const float last[] = {100, 200, 300, 400}; // of slab 2
  auto *bytes = reinterpret_cast<const uint8_t *>(last);
  auto place = std::search(file.begin(), file.end(), bytes, bytes + sizeof(last));
  ASSERT_NE(place, file.end());
  place[7] ^= 0x10;
  moert::test::writeFile(weights, file);
  expect(all, 0, "y f32[2,4]:");
  expect(all + " --verify-weights", 3,
         "error: weights file is altered: wrong checksum of slab 2 of weight '");
  expect("--verify-weights=1", 2, "takes no value");
}

TEST_F(CliTest, FindsWeightsBesideTheModel) {
  std::string path = folder / "model.so";
  ASSERT_EQ(symlink(MOERT_TEST_ARTIFACT, path.c_str()), 0);
  expect(path + " --random 1", 3, "model.so.weights", MOERT_TEST_RUN);
  writeTestWeights(path + ".weights");
  expect(path + " --random 1", 0, "y f32[1,4]:", MOERT_TEST_RUN);
  // An executable's weights lie beside its file, not beside a link to it.
  expect("--random 1", 3, std::string(MOERT_TEST_MODEL) + ".weights");
}

TEST_F(CliTest, WritesFilesItCanRead) {
  std::string archive = folder / "out.npz", directory = folder / "out";
  expect(all + " --outputs " + archive + " --output-dir " + directory, 0, "y f32[2,4]");
  EXPECT_TRUE(fileExists(directory + "/y.npy"));
  EXPECT_TRUE(fileExists(directory + "/isa.npy"));
  // The output as an input: named alone, and in an archive with a name the model does not have.
  expect(all + " --input x=" + directory + "/y.npy", 0, "y f32[2,4]: 222 445");
  expect(all + " --inputs " + archive, 2, "the model has no input 'y'; its inputs are: x, bias");
  expect(all + " --output-dir " + (folder / "no/such"), 5, "cannot create folder");
  expect(all + " --outputs " + (folder / "no/such.npz"), 5, "cannot write");
}

TEST_F(CliTest, MakesUpInputs) {
  std::string arguments = "--weights " + weights + " --random 7";
  Result first = run(arguments + " --bind N=3");
  EXPECT_EQ(first.exitCode, 0) << first.err;
  EXPECT_NE(first.out.find("y f32[3,4]: "), std::string::npos) << first.out;
  EXPECT_EQ(run(arguments + " --bind N=3").out, first.out);
  EXPECT_NE(run("--weights " + weights + " --random 8 --bind N=3").out, first.out);
  // Sizes follow inputs that are given.
  expect(arguments + " --input x=" + (folder / "x.npy"), 0, "y f32[2,4]:");
  expect(arguments, 0, "y f32[1,4]:");
  expect(arguments + " --bind Z=3", 2, "no dimension named 'Z'; there are: B, N");
  expect(arguments + " --bind N=4 --input x=" + (folder / "x.npy"), 2, "binds it to 4");
  expect(arguments + " --bind N=999999999999999", 5, "no memory");
}

TEST_F(CliTest, MeasuresRepetitions) {
  Result result = run(all + " --repeat 5");
  EXPECT_EQ(result.exitCode, 0);
  EXPECT_EQ(result.err.find("5 runs: min "), 0u) << result.err;
  EXPECT_NE(result.err.find(" ms, median "), std::string::npos) << result.err;
}

TEST_F(CliTest, ExplainsItself) {
  expect("--version", 0, "moert 0.1.0\nmodel compiled by by hand");
  expect("--help", 0, "--output-dir DIR");
  expect("-h", 0, "  x f32[N,4]");
  expect("--help", 0, "usage: moert-test-run MODEL.so [options]", MOERT_TEST_RUN);
}

TEST_F(CliTest, TellsUsageErrors) {
  expect("", 3, "cannot open weights file");
  expect("--weights " + weights, 2, "inputs are missing: x f32[N,4], bias f32[4], mask bool[N]");
  expect("--no-such", 2, "unknown option '--no-such'; see --help");
  expect("stray", 2, "unexpected argument 'stray'");
  expect("--input", 2, "needs a value: NAME=FILE");
  expect("--input x", 2, "expected NAME=FILE");
  expect("--input =x", 2, "expected NAME=FILE");
  expect("--quiet=1", 2, "takes no value");
  for (const char *bad : {"--repeat 0", "--repeat x", "--threads -1", "--threads 99999999999",
                          "--random -1", "--random 1x", "--bind N", "--bind N=-1", "--bind =1"})
    expect(bad, 2, "has the value");
  for (const char *bad : {"--steps 0", "--feed x", "--feed x=y", "--feed '=argmax(y)'",
                          "--feed 'x=argmax()'", "--feed 'x=argmax(y'", "--print text"})
    expect(bad, 2, "has the value");
  expect("--steps 2", 2, "--steps needs --feed IN=argmax(OUT)");
  expect("--feed 'x=argmax(y)'", 2, "--feed, --advance and --print go with --steps");
  expect("--steps 2 --repeat 2 --feed 'x=argmax(y)'", 2, "exclude each other");
  expect("--threads 5000", 2, "must be 1 to 1024");
  expect("--isa sse9", 2, "must be v2, avx2 or avx512");
  expect(all + " --input z=" + (folder / "x.npy"), 2, "no input 'z'");
  expect("", 2, "no model is given", MOERT_TEST_RUN);
}

TEST_F(CliTest, TellsBadFiles) {
  expect(all + " --input x=" + (folder / "missing.npy"), 3, "missing.npy");
  expect(all + " --input x=" + (folder / "bias.npy"), 3,
         "bias.npy': input 'x' has the wrong rank: expected f32[N,4], got f32[4]");
  moert::test::writeFile(folder / "bad.npy", {'x'});
  expect(all + " --input x=" + (folder / "bad.npy"), 3, "no .npy file");
  moert::test::writeFile(folder / "bad.pb", {0xff});
  expect(all + " --input x=" + (folder / "bad.pb"), 3, "no TensorProto");
  moert::test::writeFile(folder / "ids.txt", {'x'});
  expect(all + " --input x=" + (folder / "ids.txt"), 2,
         "ids.txt': text is for inputs of i64 or i32 of rank 1 or more; 'x' is f32[N,4]");
  expect(all + " --inputs " + (folder / "x.npy"), 3, "no .npz file");
  expect(all + " --input x=" + (folder / "stdout"), 4, "neither");
  expect("--random 1 --weights " + (folder / "x.npy"), 3, "not a weights file");
  expect((folder / "x.npy") + " --random 1", 3, "not a shared object", MOERT_TEST_RUN);
}

} // namespace
