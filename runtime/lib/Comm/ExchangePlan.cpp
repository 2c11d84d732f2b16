// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/ExchangePlan.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
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
  while (range_ != lastRange_) {
    const int32_t *offsets = offsets_[sender_] + *range_ / parts_;
    const int64_t left = int64_t(offsets[1]) - offsets[0] - taken_;
    if (left > 0 && (only_ < 0 || only_ == sender_))
      return position_;
    position_ += left;
    taken_ = 0;
    if (++sender_ == members_) {
      sender_ = 0;
      ++range_;
    }
  }
  return -1;
}

bool ExchangeWalk::next(int64_t end, ExchangeRun &run) {
  const int64_t position = peek();
  if (position < 0 || position >= end)
    return false;
  const int32_t *offsets = offsets_[sender_] + *range_ / parts_;
  const int64_t first = offsets[0] + taken_;
  run = {sender_, *range_, first, position, std::min(offsets[1] - first, end - position)};
  taken_ += run.count;
  position_ += run.count;
  return true;
}

bool ExchangePlan::makeRoom(const ExchangeShape &shape) {
  const auto members = size_t(shape.members), ranges = size_t(shape.experts * shape.parts);
  if (received_.size() != members &&
      !(received_.allocate(host_, members) && sentTo_.allocate(host_, members) &&
        sentFrom_.allocate(host_, members) && firstRange_.allocate(host_, members + 1) &&
        isBordered_.allocate(host_, members)))
    return false;
  return borders_.size() >= ranges ||
         (byOwner_.allocate(host_, ranges) && borders_.allocate(host_, ranges));
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
  std::fill(firstRange_.begin(), firstRange_.end(), 0);
  for (int32_t range = 0; range < ranges(); ++range) {
    const auto owner = size_t(shape.owners[range]);
    ++firstRange_[owner + 1];
    for (int32_t sender = 0; sender < shape.members; ++sender) {
      const int32_t *offsets = shape.offsets[sender] + range / shape.parts;
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
    firstRange_[size_t(each) + 1] += firstRange_[size_t(each)];
    most = std::max(most, rowsOf(each));
    total += rowsOf(each);
  }
  // firstRange_[owner] counts up while ranges are placed, then it is that of the next owner.
  for (int32_t range = 0; range < ranges(); ++range)
    byOwner_[size_t(firstRange_[size_t(shape.owners[range])]++)] = range;
  for (auto each = size_t(shape.members); each > 0; --each)
    firstRange_[each] = firstRange_[each - 1];
  firstRange_[0] = 0;
  // The busiest member's ranges that have rows.
  int64_t busy = 0;
  bool isFirst = true;
  for (int32_t each = 0; each < shape.members; ++each) {
    int64_t end = 0, active = 0;
    for (auto i = size_t(firstRange_[size_t(each)]); i < size_t(firstRange_[size_t(each) + 1]);
         ++i) {
      const int64_t begin = end;
      for (int32_t sender = 0; sender < shape.members; ++sender)
        end += shape.offsets[sender][byOwner_[i] / shape.parts + 1] -
               shape.offsets[sender][byOwner_[i] / shape.parts];
      borders_[i] = end;
      active += end > begin;
    }
    if (isFirst && end == most) {
      busy = active;
      isFirst = false;
    }
  }

  const int64_t room = std::min(shape.windowRows, kMostWindowRows);
  windowRows_ = std::max<int64_t>(1, std::min(room, total));
  rounds_ =
      chooseRounds(shape.chunks ? shape.chunks : chooseChunks(shape.costs, most, busy), most, room);
  for (int32_t each = 0; each < shape.members; ++each)
    isBordered_[size_t(each)] = fitsBordered(each);
  return true;
}

int64_t ExchangePlan::perRound(int32_t member) const {
  return std::max<int64_t>(1, divideUp(rowsOf(member), std::max<int64_t>(1, rounds_)));
}

int64_t ExchangePlan::evenBegin(int32_t member, int64_t round) const {
  return std::min(round * perRound(member), rowsOf(member));
}

/// The end of an expert's rows that is nearest to where even rounds would begin, if it is not
/// further than half a round: so later rounds begin later.
int64_t ExchangePlan::borderedBegin(int32_t member, int64_t round) const {
  const int64_t even = evenBegin(member, round);
  const int64_t *first = borders_.data() + firstRange_[size_t(member)];
  const int64_t *last = borders_.data() + firstRange_[size_t(member) + 1];
  const int64_t *after = std::lower_bound(first, last, even);
  int64_t nearest = after == first ? 0 : after[-1];
  if (after != last && *after - even < even - nearest)
    nearest = *after;
  return 2 * std::abs(nearest - even) <= perRound(member) ? nearest : even;
}

/// Whether windows hold rounds that end where experts do.
bool ExchangePlan::fitsBordered(int32_t member) const {
  for (int64_t round = 0; round < rounds_ && 2 * perRound(member) > windowRows_; ++round)
    if (borderedBegin(member, round + 1) - borderedBegin(member, round) > windowRows_)
      return false;
  return true;
}

int64_t ExchangePlan::roundBegin(int32_t member, int64_t round) const {
  return isBordered_[size_t(member)] ? borderedBegin(member, round) : evenBegin(member, round);
}

int64_t ExchangePlan::roundOf(int32_t member, int64_t position) const {
  // Half a round away at most.
  int64_t round = position / perRound(member);
  while (roundBegin(member, round) > position)
    --round;
  while (roundEnd(member, round) <= position)
    ++round;
  return round;
}

ExchangeWalk ExchangePlan::walk(int32_t owner, int32_t sender) const {
  ExchangeWalk walk;
  walk.range_ = byOwner_.data() + firstRange_[size_t(owner)];
  walk.lastRange_ = byOwner_.data() + firstRange_[size_t(owner) + 1];
  walk.parts_ = shape_.parts;
  walk.offsets_ = shape_.offsets;
  walk.members_ = shape_.members;
  walk.only_ = sender;
  return walk;
}

void ExchangePlan::writeOffsets(ExchangeWalk &walk, int64_t round, int32_t *offsets) const {
  const int64_t end = roundEnd(member_, round);
  int32_t range = 0, rows = 0;
  ExchangeRun run;
  while (walk.next(end, run)) {
    while (range <= run.range)
      offsets[range++] = rows;
    rows += int32_t(run.count);
  }
  while (range <= ranges())
    offsets[range++] = rows;
}

void ExchangePlan::placeResults(void *results, const ExchangeRun &run, const char *rows,
                                int64_t rowBytes) const {
  const int64_t stride = rowBytes * shape_.parts;
  char *to =
      static_cast<char *>(results) + run.first * stride + run.range % shape_.parts * rowBytes;
  if (shape_.parts == 1) {
    memcpy(to, rows, size_t(run.count * rowBytes));
    return;
  }
  for (int64_t row = 0; row < run.count; ++row)
    memcpy(to + row * stride, rows + row * rowBytes, size_t(rowBytes));
}

} // namespace moert
