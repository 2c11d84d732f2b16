// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Faults.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace moert::cli {

namespace {

constexpr const char *kKinds[] = {"kill", "stall", "slow"};
/// By moert_point, after the start.
constexpr const char *kStages[] = {"start", "dispatch", "experts", "combine", "end"};

bool parseNumber(const std::string &text, int64_t least, int64_t most, int64_t &number) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != std::string::npos)
    return false;
  number = strtoll(text.c_str(), nullptr, 10);
  return number >= least && number <= most;
}

template <typename Names>
bool parseName(const std::string &text, const Names &names, int64_t &index) {
  const auto found = std::find(std::begin(names), std::end(names), text);
  index = found - std::begin(names);
  return found != std::end(names);
}

/// Takes what follows the last `mark` off `text`; false if there is none.
bool takeTail(std::string &text, char mark, std::string &tail) {
  const size_t at = text.rfind(mark);
  if (at == std::string::npos)
    return false;
  tail = text.substr(at + 1);
  text.resize(at);
  return true;
}

void sleepFor(int64_t milliseconds) {
  timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0) {
  }
}

/// Stops this process with all its threads; another one, which has none of its connections, lets it
/// go on.
void stopProcess(int64_t milliseconds) {
  const pid_t self = getpid();
  const pid_t waker = milliseconds ? fork() : -1;
  if (waker == 0) {
    syscall(SYS_close_range, 3u, ~0u, 0u);
    sleepFor(milliseconds);
    kill(self, SIGCONT);
    _exit(0);
  }
  raise(SIGSTOP);
}

} // namespace

bool Fault::parse(const std::string &given, Fault &fault) {
  std::string text = given, tail;
  int64_t number = 0;
  fault = {};
  if (takeTail(text, ',', tail) && !parseNumber(tail, 1, 86400000, fault.milliseconds))
    return false;
  if (takeTail(text, '#', tail) && !parseNumber(tail, 1, INT32_MAX, fault.time))
    return false;
  const size_t colon = text.find(':'), at = text.find('@');
  if (colon == std::string::npos || at == std::string::npos || at < colon ||
      !parseName(text.substr(0, colon), kKinds, number))
    return false;
  fault.kind = Kind(number);
  if (!parseNumber(text.substr(colon + 1, at - colon - 1), 0, 1023, number))
    return false;
  fault.rank = int32_t(number);
  std::string stage = text.substr(at + 1);
  if (takeTail(stage, '.', tail)) {
    if (!parseNumber(stage, 0, INT32_MAX, number))
      return false;
    fault.layer = int32_t(number);
    stage = tail;
  }
  if (!parseName(stage, kStages, number))
    return false;
  fault.point = int32_t(number) - 1;
  const bool hasTime = fault.milliseconds > 0;
  return (fault.kind != Slow || hasTime) && (fault.kind != Kill || !hasTime) &&
         (fault.point != kStart || fault.layer < 0);
}

void Faults::set(const std::vector<Fault> &faults, bool isProcess,
                 std::function<bool(int32_t)> isOver) {
  for (const Fault &fault : faults)
    faults_.push_back({fault, 0});
  isProcess_ = isProcess;
  isOver_ = std::move(isOver);
}

void Faults::stopThread(int32_t rank, int64_t milliseconds) const {
  for (int64_t slept = 0; (milliseconds == 0 || slept < milliseconds) && !isOver_(rank); ++slept)
    sleepFor(1);
}

bool Faults::stalls() const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [](const Planned &planned) { return planned.fault.kind == Fault::Stall; });
}

int32_t Faults::reach(int32_t rank, int32_t layer, int32_t point) {
  for (Planned &planned : faults_) {
    const Fault &fault = planned.fault;
    if (fault.rank != rank || fault.point != point || (fault.layer >= 0 && fault.layer != layer))
      continue;
    const int64_t time = ++planned.seen;
    if (fault.kind == Fault::Slow) {
      if (fault.time == 0 || fault.time == time)
        sleepFor(fault.milliseconds);
      continue;
    }
    if (time != std::max<int64_t>(fault.time, 1))
      continue;
    if (fault.kind == Fault::Kill) {
      if (isProcess_)
        kill(getpid(), SIGKILL);
      return MOERT_PEER_LOST;
    }
    if (isProcess_)
      stopProcess(fault.milliseconds);
    else
      stopThread(rank, fault.milliseconds);
  }
  return MOERT_OK;
}

} // namespace moert::cli
