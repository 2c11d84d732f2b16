// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Collective.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu {

namespace {

/// Calls f(lane, those of `lanes` that take part with it) for each of the lanes.
template <typename Function>
void forLanes(Warp &warp, const Record &record, LaneMask lanes, Function f) {
  const uint32_t *masks = warp.row<uint32_t>(record.inputs[3]);
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    f(lane, masks[lane] & lanes);
  }
}

/// The lane that `lane` reads, and whether the instruction's range has it.
struct Source {
  uint32_t lane;
  bool isInRange;
};

/// As the PTX ISA's text on `shfl.sync` has it: c is a mask of segments and a limit in them.
Source sourceOf(Shuffle mode, uint32_t lane, uint32_t b, uint32_t c) {
  const uint32_t segment = c >> 8 & 31, limit = c & 31;
  const uint32_t least = lane & segment, most = least | (limit & ~segment);
  const uint32_t step = b & 31;
  int32_t source = 0;
  bool isInRange = false;
  switch (mode) {
  case Shuffle::Up:
    source = int32_t(lane) - int32_t(step);
    isInRange = source >= int32_t(most);
    break;
  case Shuffle::Down:
    source = int32_t(lane + step);
    isInRange = source <= int32_t(most);
    break;
  case Shuffle::Butterfly:
    source = int32_t(lane ^ step);
    isInRange = source <= int32_t(most);
    break;
  case Shuffle::Index:
    source = int32_t(least | (step & ~segment));
    isInRange = source <= int32_t(most);
    break;
  }
  return {isInRange ? uint32_t(source) : lane, isInRange};
}

template <typename T>
void matchAnyOf(Warp &warp, const Record &record, LaneMask lanes) {
  const T *values = warp.row<T>(record.inputs[0]);
  uint32_t results[kLanes];
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    LaneMask same = 0;
    for (LaneMask left = members; left; left &= left - 1) {
      const auto other = uint32_t(__builtin_ctz(left));
      same |= LaneMask(values[other] == values[lane]) << other;
    }
    results[lane] = same;
  });
  uint32_t *result = warp.row<uint32_t>(record.result);
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask) { result[lane] = results[lane]; });
}

template <typename T>
void matchAllOf(Warp &warp, const Record &record, LaneMask lanes) {
  const T *values = warp.row<T>(record.inputs[0]);
  uint32_t results[kLanes];
  LaneMask equal = 0;
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    bool isSame = true;
    for (LaneMask left = members; left; left &= left - 1)
      isSame &= values[__builtin_ctz(left)] == values[lane];
    results[lane] = isSame ? members : 0;
    equal |= LaneMask(isSame) << lane;
  });
  uint32_t *result = warp.row<uint32_t>(record.result);
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask) { result[lane] = results[lane]; });
  if (record.extra)
    warp.setPredicate(uint16_t(record.extra), lanes, equal);
}

uint32_t reduce(Redux operation, uint32_t a, uint32_t b) {
  switch (operation) {
  case Redux::AddU32:
    return a + b;
  case Redux::MinU32:
    return std::min(a, b);
  case Redux::MaxU32:
    return std::max(a, b);
  case Redux::MinS32:
    return uint32_t(std::min(int32_t(a), int32_t(b)));
  case Redux::MaxS32:
    return uint32_t(std::max(int32_t(a), int32_t(b)));
  case Redux::And:
    return a & b;
  case Redux::Or:
    return a | b;
  case Redux::Xor:
    return a ^ b;
  }
  return 0;
}

} // namespace

void shuffle(Warp &warp, const Record &record, LaneMask lanes) {
  const auto mode = Shuffle(record.flags);
  const uint32_t *b = warp.row<uint32_t>(record.inputs[1]);
  const uint32_t *c = warp.row<uint32_t>(record.inputs[2]);
  // The result may be the row that is read.
  uint32_t values[kLanes];
  std::memcpy(values, warp.row<uint32_t>(record.inputs[0]), sizeof(values));
  uint32_t results[kLanes];
  LaneMask inRange = 0;
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    const Source source = sourceOf(mode, lane, b[lane], c[lane]);
    if (!(members >> source.lane & 1) && !warp.hasFailed)
      fail(warp, record, lane,
           "reads lane " + std::to_string(source.lane) + ", which takes no part");
    results[lane] = values[source.lane];
    inRange |= LaneMask(source.isInRange) << lane;
  });
  uint32_t *result = warp.row<uint32_t>(record.result);
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask) { result[lane] = results[lane]; });
  if (record.extra)
    warp.setPredicate(uint16_t(record.extra), lanes, inRange);
}

void vote(Warp &warp, const Record &record, LaneMask lanes) {
  const LaneMask said = warp.predicate(record.inputs[0]);
  uint32_t ballots[kLanes];
  LaneMask results = 0;
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    const LaneMask yes = said & members;
    ballots[lane] = yes;
    bool result = false;
    switch (Vote(record.flags)) {
    case Vote::All:
      result = yes == members;
      break;
    case Vote::Any:
      result = yes != 0;
      break;
    default:
      result = yes == members || yes == 0;
    }
    results |= LaneMask(result) << lane;
  });
  if (Vote(record.flags) != Vote::Ballot)
    return warp.setPredicate(record.result, lanes, results);
  uint32_t *result = warp.row<uint32_t>(record.result);
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask) { result[lane] = ballots[lane]; });
}

void matchAny(Warp &warp, const Record &record, LaneMask lanes) {
  record.flags ? matchAnyOf<uint64_t>(warp, record, lanes)
               : matchAnyOf<uint32_t>(warp, record, lanes);
}

void matchAll(Warp &warp, const Record &record, LaneMask lanes) {
  record.flags ? matchAllOf<uint64_t>(warp, record, lanes)
               : matchAllOf<uint32_t>(warp, record, lanes);
}

void redux(Warp &warp, const Record &record, LaneMask lanes) {
  const uint32_t *values = warp.row<uint32_t>(record.inputs[0]);
  uint32_t results[kLanes];
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    uint32_t sum = values[lane];
    for (LaneMask left = members & ~(LaneMask(1) << lane); left; left &= left - 1)
      sum = reduce(Redux(record.flags), sum, values[__builtin_ctz(left)]);
    results[lane] = sum;
  });
  uint32_t *result = warp.row<uint32_t>(record.result);
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask) { result[lane] = results[lane]; });
}

void elect(Warp &warp, const Record &record, LaneMask lanes) {
  LaneMask leaders = 0;
  uint32_t *result = record.result == kNoSlot ? nullptr : warp.row<uint32_t>(record.result);
  uint32_t results[kLanes];
  // The ISA leaves open which one it is; the first one is what GPUs choose.
  forLanes(warp, record, lanes, [&](uint32_t lane, LaneMask members) {
    results[lane] = uint32_t(__builtin_ctz(members));
    leaders |= LaneMask(results[lane] == lane) << lane;
  });
  if (result)
    for (LaneMask left = lanes; left; left &= left - 1)
      result[__builtin_ctz(left)] = results[__builtin_ctz(left)];
  if (record.extra)
    warp.setPredicate(uint16_t(record.extra), lanes, leaders);
}

void activeMask(Warp &warp, const Record &record, LaneMask lanes) {
  uint32_t *result = warp.row<uint32_t>(record.result);
  for (LaneMask left = lanes; left; left &= left - 1)
    result[__builtin_ctz(left)] = lanes;
}

} // namespace moert::vgpu
