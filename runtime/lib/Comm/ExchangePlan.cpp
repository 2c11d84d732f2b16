// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/ExchangePlan.h"

#include <algorithm>
#include <limits>

namespace moert {

namespace {

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Windows are counted in the 32 bits of offsets.
constexpr int64_t kMostWindowRows = std::numeric_limits<int32_t>::max();

} // namespace

int64_t chooseRounds(int64_t chunks, int64_t mostRows, int64_t windowRows) {
  // Rounds beyond one for each row would be empty.
  const int64_t wanted = std::clamp<int64_t>(chunks, 1, std::max<int64_t>(mostRows, 1));
  return mostRows == 0 ? 0 : std::max(wanted, divideUp(mostRows, windowRows));
}

int64_t ExchangeWalk::peek() {
  while (expert_ != lastExpert_) {
    const int32_t *offsets = offsets_[sender_] + *expert_;
    const int64_t left = int64_t(offsets[1]) - offsets[0] - taken_;
    if (left > 0 && (only_ < 0 || only_ == sender_))
      return position_;
    position_ += left;
    taken_ = 0;
    if (++sender_ == members_) {
      sender_ = 0;
      ++expert_;
    }
  }
  return -1;
}

bool ExchangeWalk::next(int64_t end, ExchangeRun &run) {
  const int64_t position = peek();
  if (position < 0 || position >= end)
    return false;
  const int32_t *offsets = offsets_[sender_] + *expert_;
  const int64_t first = offsets[0] + taken_;
  run = {sender_, *expert_, first, position, std::min(offsets[1] - first, end - position)};
  taken_ += run.count;
  position_ += run.count;
  return true;
}

bool ExchangePlan::makeRoom(const ExchangeShape &shape) {
  const auto members = size_t(shape.members), experts = size_t(shape.experts);
  if (received_.size() != members &&
      !(received_.allocate(host_, members) && sentTo_.allocate(host_, members) &&
        sentFrom_.allocate(host_, members) && firstExpert_.allocate(host_, members + 1)))
    return false;
  return byOwner_.size() >= experts || byOwner_.allocate(host_, experts);
}

bool ExchangePlan::compute(int32_t member, const ExchangeShape &shape) {
  if (!makeRoom(shape)) {
    // So that the next plan tries again.
    received_.clear();
    return false;
  }
  shape_ = shape;
  member_ = member;
  for (Array<int64_t> *counts : {&received_, &sentTo_, &sentFrom_})
    std::fill(counts->begin(), counts->end(), 0);
  std::fill(firstExpert_.begin(), firstExpert_.end(), 0);
  for (int32_t expert = 0; expert < shape.experts; ++expert) {
    const auto owner = size_t(shape.owners[expert]);
    ++firstExpert_[owner + 1];
    for (int32_t sender = 0; sender < shape.members; ++sender) {
      const int32_t *offsets = shape.offsets[sender] + expert;
      const int64_t rows = offsets[1] - offsets[0];
      received_[owner] += rows;
      if (sender == member)
        sentTo_[owner] += rows;
      if (int32_t(owner) == member)
        sentFrom_[size_t(sender)] += rows;
    }
  }
  int64_t most = 0, total = 0;
  for (int32_t each = 0; each < shape.members; ++each) {
    firstExpert_[size_t(each) + 1] += firstExpert_[size_t(each)];
    most = std::max(most, rowsOf(each));
    total += rowsOf(each);
  }
  // firstExpert_[owner] counts up while experts are placed, then it is that of the next owner.
  for (int32_t expert = 0; expert < shape.experts; ++expert)
    byOwner_[size_t(firstExpert_[size_t(shape.owners[expert])]++)] = expert;
  for (auto each = size_t(shape.members); each > 0; --each)
    firstExpert_[each] = firstExpert_[each - 1];
  firstExpert_[0] = 0;

  const int64_t room = std::min(shape.windowRows, kMostWindowRows);
  windowRows_ = std::max<int64_t>(1, std::min(room, total));
  rounds_ = chooseRounds(shape.chunks ? shape.chunks : chooseChunks(shape.costs, most), most, room);
  return true;
}

int64_t ExchangePlan::perRound(int32_t member) const {
  return std::max<int64_t>(1, divideUp(rowsOf(member), std::max<int64_t>(1, rounds_)));
}

int64_t ExchangePlan::roundBegin(int32_t member, int64_t round) const {
  return std::min(round * perRound(member), rowsOf(member));
}

ExchangeWalk ExchangePlan::walk(int32_t owner, int32_t sender) const {
  ExchangeWalk walk;
  walk.expert_ = byOwner_.data() + firstExpert_[size_t(owner)];
  walk.lastExpert_ = byOwner_.data() + firstExpert_[size_t(owner) + 1];
  walk.offsets_ = shape_.offsets;
  walk.members_ = shape_.members;
  walk.only_ = sender;
  return walk;
}

void ExchangePlan::writeOffsets(ExchangeWalk &walk, int64_t round, int32_t *offsets) const {
  const int64_t end = roundEnd(member_, round);
  int32_t expert = 0, rows = 0;
  ExchangeRun run;
  while (walk.next(end, run)) {
    while (expert <= run.expert)
      offsets[expert++] = rows;
    rows += int32_t(run.count);
  }
  while (expert <= shape_.experts)
    offsets[expert++] = rows;
}

} // namespace moert
