// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/SharedShadow.h"

namespace moert::vgpu {

Clash SharedShadow::clashWithWriter(Clash::Kind kind, const Word &word) {
  Clash clash;
  clash.kind = kind;
  clash.warp = word.writer;
  clash.lane = word.writerLane;
  clash.record = word.writeRecord;
  return clash;
}

template <typename Function>
Clash SharedShadow::forWords(uint64_t offset, uint32_t bytes, Function f) {
  if (bytes < 4)
    return f(words_[offset / 4], uint8_t(((1u << bytes) - 1) << offset % 4));
  for (uint64_t word = offset / 4; word < (offset + bytes) / 4; ++word)
    if (Clash clash = f(words_[word], uint8_t(15)))
      return clash;
  return {};
}

bool SharedShadow::racesWithWrite(const Clocks &clocks, const Accessor &by, uint8_t bytes,
                                  const Word &word) {
  return word.writeStamp >= clocks.allKnown() && (word.writeBytes & bytes) &&
         !(by.isStrong && word.isWriteStrong) &&
         !clocks.isOrdered(by.warp, by.lane, word.writer, word.writerLane, word.writeStamp);
}

/// A reader that a write now races with for sure: of readers of several warps only the first and
/// the last stamp are known.
Clash SharedShadow::findReader(const Clocks &clocks, const Accessor &by, uint8_t bytes,
                               const Word &word) {
  if (word.readers == 0 || word.lastRead < clocks.allKnown() || !(word.readBytes & bytes) ||
      (by.isStrong && word.isReadStrong))
    return {};
  for (uint32_t left = word.readers; left; left &= left - 1) {
    const auto warp = uint32_t(__builtin_ctz(left));
    const bool isAlone = word.readers == uint32_t(1) << warp;
    if (warp == by.warp && !isAlone)
      continue; // which lane it was is not known
    if (!clocks.isOrdered(by.warp, by.lane, warp, word.readerLane,
                          isAlone ? word.lastRead : word.firstRead))
      return {Clash::Kind::Read, warp, word.readerLane, word.readRecord, 0, !isAlone};
  }
  return {};
}

Clash SharedShadow::read(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes,
                         bool checksRaces) {
  return forWords(offset, bytes, [&](Word &word, uint8_t mask) -> Clash {
    if (word.isInFlight)
      return clashWithWriter(Clash::Kind::InFlight, word);
    if ((word.written & mask) != mask)
      return Clash{Clash::Kind::NotWritten};
    if (!checksRaces)
      return {};
    if (racesWithWrite(clocks, by, mask, word))
      return clashWithWriter(Clash::Kind::Write, word);
    noteRead(clocks, by, mask, word);
    return {};
  });
}

Clash SharedShadow::write(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes,
                          bool checksRaces) {
  return forWords(offset, bytes, [&](Word &word, uint8_t mask) -> Clash {
    if (word.isInFlight)
      return clashWithWriter(Clash::Kind::InFlight, word);
    word.written |= mask;
    if (!checksRaces)
      return {};
    if (racesWithWrite(clocks, by, mask, word))
      return clashWithWriter(Clash::Kind::Write, word);
    if (const Clash reader = findReader(clocks, by, mask, word))
      return reader;
    noteWrite(clocks, by, mask, word);
    return {};
  });
}

} // namespace moert::vgpu
