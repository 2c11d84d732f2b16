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
  /// A copy to there begins, as a write does, or has ended.
  void setInFlight(const Accessor &by, uint64_t offset, uint32_t bytes, bool isInFlight);

private:
  struct Word {
    uint32_t writeStamp = 0, writeRecord = 0;
    /// Warps that have read since the last write, from the first to the last stamp.
    uint32_t readers = 0, firstRead = 0, lastRead = 0, readRecord = 0;
    uint8_t writer = 0, writerLane = 0, readerLane = 0;
    // Of the word's four bytes.
    uint8_t written = 0, writeBytes = 0, readBytes = 0;
    bool isInFlight = false;
    bool isWriteStrong = false, isReadStrong = false;
  };

  static Clash clashWithWriter(Clash::Kind kind, const Word &word);
  static void noteRead(const Clocks &clocks, const Accessor &by, uint8_t bytes, Word &word);
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
