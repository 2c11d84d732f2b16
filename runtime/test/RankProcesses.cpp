// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RankProcesses.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

namespace moert::test {

Process::Process(const char *program) {
  int in[2], out[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  char *const arguments[] = {const_cast<char *>(program), nullptr};
  EXPECT_EQ(posix_spawn(&id, program, &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  commands = in[1];
  answers = fdopen(out[0], "r");
}

Process::~Process() {
  close(commands);
  fclose(answers);
  kill(id, SIGKILL);
  waitpid(id, nullptr, 0);
}

void Process::say(const std::string &command) {
  const std::string line = command + "\n";
  EXPECT_EQ(write(commands, line.data(), line.size()), ssize_t(line.size()));
}

std::string Process::hear() {
  char line[1024] = "";
  if (!fgets(line, sizeof(line), answers))
    return "nothing";
  line[strcspn(line, "\n")] = '\0';
  return line;
}

Processes::Processes(int32_t count, const char *program) {
  for (int32_t i = 0; i < count; ++i)
    all.push_back(std::make_unique<Process>(program));
}

void Processes::form(const std::vector<int32_t> &members, int generation) {
  for (size_t rank = 0; rank < members.size(); ++rank)
    (*this)[members[rank]].say("form " + std::to_string(rank) + " " +
                               std::to_string(members.size()) + " " + std::to_string(port) + " " +
                               std::to_string(generation));
  for (int32_t member : members)
    ASSERT_EQ((*this)[member].hear(), "formed");
}

void Processes::expect(const std::vector<int32_t> &members, const std::string &command,
                       const char *answer) {
  for (int32_t member : members)
    (*this)[member].say(command);
  for (int32_t member : members)
    ASSERT_EQ((*this)[member].hear(), answer);
}

void Processes::expectLost(const std::vector<int32_t> &members, int64_t begin, int64_t promiseNs,
                           int32_t code, int32_t rank, const char *part, const char *title) {
  int64_t longest = 0;
  for (int32_t member : members) {
    long long at = 0;
    int foundCode = 0, foundRank = -1;
    const std::string line = (*this)[member].hear();
    ASSERT_EQ(sscanf(line.c_str(), "lost %lld %d %d", &at, &foundCode, &foundRank), 3) << line;
    EXPECT_EQ(foundCode, code) << line;
    EXPECT_EQ(foundRank, rank) << line;
    EXPECT_NE(line.find(part), std::string::npos) << line;
    longest = std::max<int64_t>(longest, at - begin);
  }
  noteFault(title, "processes", int32_t(all.size()), longest, promiseNs);
}

std::vector<int32_t> members(int32_t count, int32_t without) {
  std::vector<int32_t> list;
  for (int32_t i = 0; i < count; ++i)
    if (i != without)
      list.push_back(i);
  return list;
}

} // namespace moert::test
