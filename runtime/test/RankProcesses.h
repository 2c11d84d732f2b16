// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups whose ranks are processes, for tests that kill them.
#ifndef MOERT_TEST_RANKPROCESSES_H
#define MOERT_TEST_RANKPROCESSES_H

#include "Ranks.h"

#include <csignal>
#include <cstdio>

namespace moert::test {

/// A process of a program, moert-test-rank for one, which says what it understands.
class Process {
public:
  explicit Process(const char *program = MOERT_TEST_RANK);
  ~Process();
  Process(const Process &) = delete;

  void say(const std::string &command);
  std::string hear();

  pid_t id = 0;

private:
  int commands = -1;
  FILE *answers = nullptr;
};

struct Processes {
  explicit Processes(int32_t count, const char *program = MOERT_TEST_RANK);

  /// Forms a group of the processes `members`, numbered in that order.
  void form(const std::vector<int32_t> &members, int generation);
  /// Says it to all of `members` and then expects `answer` of each.
  void expect(const std::vector<int32_t> &members, const std::string &command, const char *answer);
  /// Expects of each of `members`, which have been told to wait, that the group has been given up
  /// since `begin`, because of `rank`; notes the fault `title`.
  void expectLost(const std::vector<int32_t> &members, int64_t begin, int64_t promiseNs,
                  int32_t code, int32_t rank, const char *part, const char *title);

  Process &operator[](int32_t index) { return *all[size_t(index)]; }
  uint16_t port = freePort();
  std::vector<std::unique_ptr<Process>> all;
};

/// 0 to `count` - 1.
std::vector<int32_t> members(int32_t count, int32_t without = -1);

} // namespace moert::test

#endif // MOERT_TEST_RANKPROCESSES_H
