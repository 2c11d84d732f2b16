// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is known about the bytes of a block's shared memory: whether they were written, by whom
// last, who has read them since, and whether a copy is on its way there.
#ifndef MOERT_VGPU_EXEC_SHAREDSHADOW_H
#define MOERT_VGPU_EXEC_SHAREDSHADOW_H

#include "vgpu/Exec/Clash.h"
#include "vgpu/Exec/Clocks.h"

namespace moert::vgpu {

/// By words of 4 bytes. Of each, the bytes that its last writer wrote are kept, and those that all
/// its readers since then read: what is found is a race, though not all races are found where
/// threads share a word.
class SharedShadow {
public:
  explicit SharedShadow(size_t bytes) : words_((bytes + 3) / 4) {}

  /// `bytes` from an offset on, which is aligned to them, or to 16. `checksRaces`: else only
  /// whether they were written.
  Clash read(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes,
             bool checksRaces);
  Clash write(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes,
              bool checksRaces);
  /// The same with races, for accesses that one's own thread or a barrier for all has made safe;
  /// false if a closer look is needed.
  bool readQuickly(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes) {
    return forWordsQuickly(offset, bytes, [&](Word &word, uint8_t mask) {
      if (word.isInFlight || (word.written & mask) != mask ||
          (word.writeStamp >= clocks.allKnown() && !word.isWriter(by)))
        return false;
      noteRead(clocks, by, mask, word);
      return true;
    });
  }
  bool writeQuickly(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes) {
    return forWordsQuickly(offset, bytes, [&](Word &word, uint8_t mask) {
      const bool isRead = word.readers != 0 && word.lastRead >= clocks.allKnown();
      if (word.isInFlight || (word.writeStamp >= clocks.allKnown() && !word.isWriter(by)) ||
          (isRead && !(word.readers == uint32_t(1) << by.warp && word.readerLane == by.lane)))
        return false;
      noteWrite(clocks, by, mask, word);
      return true;
    });
  }
  /// A copy has landed: it is written now by who waited for it.
  void land(const Clocks &clocks, const Accessor &by, uint64_t offset, uint32_t bytes) {
    forWordsQuickly(offset, bytes, [&](Word &word, uint8_t mask) {
      noteWrite(clocks, by, mask, word);
      return true;
    });
  }
  /// A copy to there begins, as a write does, or has ended.
  void setInFlight(const Accessor &by, uint64_t offset, uint32_t bytes, bool isInFlight) {
    forWordsQuickly(offset, bytes, [&](Word &word, uint8_t mask) {
      word.isInFlight = isInFlight;
      word.writer = uint8_t(by.warp);
      word.writerLane = uint8_t(by.lane);
      word.writeRecord = by.record;
      word.written |= mask;
      return true;
    });
  }

private:
  struct Word {
    uint32_t writeStamp = 0, writeRecord = 0;
    /// Warps that have read since the last write, from the first to the last stamp.
    uint32_t readers = 0, firstRead = 0, lastRead = 0, readRecord = 0;
    uint8_t writer = 0, writerLane = 0, readerLane = 0;
    // Of the word's four bytes.
    uint8_t written = 0, writeBytes = 0, readBytes = 0;
    bool isInFlight = false;
    bool isWriteStrong = false;
    bool isReadStrong = false; // any of the reads

    bool isWriter(const Accessor &by) const { return writer == by.warp && writerLane == by.lane; }
  };

  template <typename Function>
  bool forWordsQuickly(uint64_t offset, uint32_t bytes, Function f) {
    if (bytes < 4)
      return f(words_[offset / 4], uint8_t(((1u << bytes) - 1) << offset % 4));
    for (uint64_t word = offset / 4; word < (offset + bytes) / 4; ++word)
      if (!f(words_[word], uint8_t(15)))
        return false;
    return true;
  }

  static Clash clashWithWriter(Clash::Kind kind, const Word &word);
  static void noteRead(const Clocks &clocks, const Accessor &by, uint8_t bytes, Word &word) {
    const uint32_t now = clocks.now();
    const bool isFirst = word.readers == 0 || word.lastRead < clocks.allKnown() ||
                         word.readers == uint32_t(1) << by.warp || !(word.readBytes & bytes);
    if (isFirst) {
      word.readers = uint32_t(1) << by.warp;
      word.firstRead = now;
      word.readBytes = bytes;
      word.isReadStrong = by.isStrong;
    } else {
      word.readers |= uint32_t(1) << by.warp;
      word.readBytes &= bytes;
      word.isReadStrong |= by.isStrong;
    }
    word.lastRead = now;
    word.readerLane = uint8_t(by.lane);
    word.readRecord = by.record;
  }
  static void noteWrite(const Clocks &clocks, const Accessor &by, uint8_t bytes, Word &word) {
    word.written |= bytes;
    word.writeStamp = clocks.now();
    word.writeRecord = by.record;
    word.writer = uint8_t(by.warp);
    word.writerLane = uint8_t(by.lane);
    word.writeBytes = bytes;
    word.isWriteStrong = by.isStrong;
    // Readers of other bytes stay.
    word.readBytes &= uint8_t(~bytes);
    if (word.readBytes == 0)
      word.readers = 0;
  }
  static Clash findReader(const Clocks &clocks, const Accessor &by, uint8_t bytes,
                          const Word &word);
  static bool racesWithWrite(const Clocks &clocks, const Accessor &by, uint8_t bytes,
                             const Word &word);
  /// Calls f(word, its bytes) for each word of a range, until it gives a clash.
  template <typename Function>
  Clash forWords(uint64_t offset, uint32_t bytes, Function f);

  std::vector<Word> words_;
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_SHAREDSHADOW_H
