// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalRanks.h"
#include "lib/Core/Status.h"

namespace moert {

namespace {

class LocalRank final : public GroupTransport {
public:
  LocalRank(LocalRanks &shared, int32_t rank)
      : shared_(&shared), rank_(rank), courier_(shared.host) {}

  int32_t rank() const override { return rank_; }
  int32_t ranks() const override { return shared_->state.ranks(); }
  bool isOfProcesses() const override { return false; }
  moert_status state() const override { return shared_->state.state(); }
  int32_t code() const override { return shared_->state.code(); }
  void giveUp(int32_t code) override { shared_->giveUp(rank_, code); }

  moert_status open(const int32_t *ranks, int32_t count, ExchangeTransport *&exchange) override {
    LocalPart *part;
    MOERT_RETURN_IF_FAILED(shared_->open(ranks, count, part));
    LocalExchange &mine = part->exchange(part->memberOf(rank_));
    mine.setCourier(&courier_);
    exchange = &mine;
    return success();
  }

  void dispose() override {
    shared_->leave(rank_);
    // Where it goes last, this is what keeps it.
    Ref<LocalRanks> shared = shared_;
    destroy(shared->host, this);
  }

private:
  const Ref<LocalRanks> shared_;
  const int32_t rank_;
  Courier courier_;
};

} // namespace

LocalRanks::~LocalRanks() {
  while (LocalPart *part = parts_) {
    parts_ = part->next;
    destroy(host, part);
  }
}

void LocalRanks::dispose(LocalRanks *ranks) { destroy(ranks->host, ranks); }

moert_status LocalRanks::make(const Host &host, int32_t ranks, int64_t linkBytesPerSecond,
                              GroupTransport **ends) {
  auto *made = create<LocalRanks>(host, host);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
  moert_status status = made->state.create(ranks);
  bool complete = true;
  if (status.code == MOERT_OK)
    complete = made->link_.create(host, ranks, linkBytesPerSecond) &&
               made->left_.allocate(host, size_t(ranks));
  int32_t count = 0;
  while (status.code == MOERT_OK && complete && count < ranks) {
    ends[count] = create<LocalRank>(host, *made, count);
    complete = ends[count] != nullptr;
    count += complete;
  }
  if (!complete) {
    status = failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
    while (count > 0)
      ends[--count]->dispose();
  }
  made->release();
  return status;
}

LocalPart *LocalRanks::findPart(const int32_t *ranks, int32_t count) const {
  LocalPart *part = parts_;
  while (part && !part->isOf(ranks, count))
    part = part->next;
  return part;
}

moert_status LocalRanks::open(const int32_t *ranks, int32_t count, LocalPart *&part) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if ((part = findPart(ranks, count)))
      return success();
  }
  // Outside the lock: allocation hooks may take their time.
  auto *made = create<LocalPart>(host, host, state, link_);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", count);
  if (moert_status status = made->create(ranks, count); status.code != MOERT_OK) {
    destroy(host, made);
    return status;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  if ((part = findPart(ranks, count))) {
    lock.unlock();
    destroy(host, made);
    return success();
  }
  for (int32_t member = 0; member < count; ++member)
    if (left_[size_t(ranks[member])])
      made->group.leave(member);
  if (state.code() != MOERT_OK)
    made->group.giveUp(ranks[0], state.code());
  made->next = parts_;
  part = parts_ = made;
  return success();
}

void LocalRanks::giveUp(int32_t rank, int32_t code) {
  std::lock_guard<std::mutex> lock(mutex_);
  state.giveUp(rank, code);
  for (LocalPart *part = parts_; part; part = part->next)
    part->group.giveUp(rank, code);
}

void LocalRanks::leave(int32_t rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  left_[size_t(rank)] = true;
  for (LocalPart *part = parts_; part; part = part->next)
    if (const int32_t member = part->memberOf(rank); member >= 0)
      part->group.leave(member);
}

} // namespace moert
