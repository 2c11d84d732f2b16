//===- Processes.cpp - Work in processes of its own -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Processes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace moec;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A piece of work under way. Its end of the pipe closes when it ends, whatever the way.
struct Running {
  size_t index;
  pid_t process;
  int pipe;
  Clock::time_point start;
  bool isLate = false;
  std::string output;
};

constexpr size_t outputLimit = 64 << 10;

[[noreturn]] void runHere(int pipe, pid_t parent, size_t index,
                          llvm::function_ref<int(size_t)> work) {
  // No work goes on for nobody.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(0);
  // A crash is a result; nobody wants its back trace or core file. SIGBUS keeps its handler, which
  // tells of files that became shorter, see exitOnTruncation.
  for (int number : {SIGABRT, SIGFPE, SIGILL, SIGSEGV, SIGTRAP})
    signal(number, SIG_DFL);
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(pipe, STDOUT_FILENO);
  dup2(pipe, STDERR_FILENO);
  close(pipe);
  int code = work(index);
  llvm::outs().flush();
  _exit(code);
}

class Processes {
public:
  Processes(const ProcessLimits &limits, llvm::function_ref<int(size_t)> work,
            llvm::function_ref<void(size_t, ProcessResult)> done)
      : limits(limits), work(work), done(done) {}

  int run(size_t count) {
    size_t next = 0;
    int error = 0;
    while (next < count || !running.empty()) {
      while (!error && next < count && running.size() < std::max(limits.jobs, 1u))
        if ((error = start(next)) == 0)
          ++next;
      if (running.empty())
        break;
      wait();
    }
    return error;
  }

private:
  /// Returns an errno, or 0.
  int start(size_t index) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      return errno;
    // Else the other process would print what is buffered a second time.
    llvm::outs().flush();
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0)
      runHere(ends[1], parent, index, work);
    int error = errno;
    close(ends[1]);
    if (process < 0) {
      close(ends[0]);
      return error;
    }
    running.push_back({index, process, ends[0], Clock::now(), false, {}});
    return 0;
  }

  /// Waits until something happens, and reports what has ended.
  void wait() {
    std::vector<pollfd> polls;
    double left = limits.seconds;
    for (const Running &one : running) {
      polls.push_back({one.pipe, POLLIN, 0});
      if (!one.isLate)
        left = std::min(left, limits.seconds - secondsSince(one.start));
    }
    int milliseconds = static_cast<int>(std::clamp(left * 1000 + 1, 0.0, 1e9));
    poll(polls.data(), polls.size(), milliseconds);
    for (auto [one, polled] : llvm::zip_equal(running, polls))
      if (polled.revents && !read(one))
        finish(one);
      else if (!one.isLate && secondsSince(one.start) >= limits.seconds)
        one.isLate = kill(one.process, SIGKILL) == 0;
    llvm::erase_if(running, [](const Running &one) { return one.process == 0; });
  }

  /// Takes what has been written. Returns false at the end.
  static bool read(Running &one) {
    char buffer[4096];
    ssize_t count = ::read(one.pipe, buffer, sizeof(buffer));
    if (count < 0)
      return errno == EINTR;
    one.output.append(buffer, std::min<size_t>(count, outputLimit - one.output.size()));
    return count > 0;
  }

  void finish(Running &one) {
    int status = 0;
    while (waitpid(one.process, &status, 0) < 0 && errno == EINTR)
      ;
    close(one.pipe);
    ProcessResult result;
    result.seconds = secondsSince(one.start);
    result.output = std::move(one.output);
    if (WIFEXITED(status))
      result.code = WEXITSTATUS(status);
    else if (!one.isLate)
      result.signal = WTERMSIG(status);
    one.process = 0;
    done(one.index, std::move(result));
  }

  const ProcessLimits &limits;
  llvm::function_ref<int(size_t)> work;
  llvm::function_ref<void(size_t, ProcessResult)> done;
  std::vector<Running> running;
};

} // namespace

int moec::runInProcesses(size_t count, const ProcessLimits &limits,
                         llvm::function_ref<int(size_t)> work,
                         llvm::function_ref<void(size_t, ProcessResult)> done) {
  return Processes(limits, work, done).run(count);
}
