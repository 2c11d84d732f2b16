// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/RankThreads.h"
#include "lib/Core/Status.h"

namespace moert::cli {

RankThreads::~RankThreads() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (pthread_t thread : threads_)
    pthread_join(thread, nullptr);
}

moert_status RankThreads::start(int32_t ranks) {
  statuses_.resize(size_t(ranks), success());
  if (ranks == 1)
    return success();
  starts_.reserve(size_t(ranks));
  for (int32_t rank = 0; rank < ranks; ++rank) {
    starts_.push_back({this, rank});
    pthread_t thread;
    if (int error = pthread_create(&thread, nullptr, enter, &starts_.back()))
      return osFailure(MOERT_RESOURCE_EXHAUSTED, error,
                       "cannot start a thread for each of %d ranks", ranks);
    threads_.push_back(thread);
  }
  return success();
}

moert_status RankThreads::run(const std::function<moert_status(int32_t)> &body) {
  if (threads_.empty())
    return body(0);
  std::unique_lock<std::mutex> lock(mutex_);
  body_ = &body;
  running_ = threads_.size();
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return running_ == 0; });
  return findCause();
}

/// Where one rank fails, the others report that they were given up.
moert_status RankThreads::findCause() const {
  size_t found = statuses_.size();
  for (size_t rank = 0; rank < statuses_.size(); ++rank) {
    int32_t code = statuses_[rank].code;
    bool isConsequence = code == MOERT_ABORTED || code == MOERT_PEER_LOST;
    if (code != MOERT_OK && (found == statuses_.size() || !isConsequence)) {
      found = rank;
      if (!isConsequence)
        break;
    }
  }
  if (found == statuses_.size())
    return success();
  const moert_status &status = statuses_[found];
  return failure(status.code, "rank %zu of %zu: %s", found, statuses_.size(), status.message);
}

void *RankThreads::enter(void *start) {
  auto &given = *static_cast<Start *>(start);
  given.owner->work(given.rank);
  return nullptr;
}

void RankThreads::work(int32_t rank) {
  int64_t done = 0;
  for (;;) {
    const std::function<moert_status(int32_t)> *body;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || round_ != done; });
      if (stopping_)
        return;
      done = round_;
      body = body_;
    }
    moert_status status = (*body)(rank);
    std::lock_guard<std::mutex> lock(mutex_);
    statuses_[size_t(rank)] = status;
    if (--running_ == 0)
      changed_.notify_all();
  }
}

} // namespace moert::cli
