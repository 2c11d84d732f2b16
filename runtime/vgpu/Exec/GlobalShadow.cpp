// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/GlobalShadow.h"

#include <sys/mman.h>

namespace moert::vgpu {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// How many have read a word since its last write.
enum class Readers : uint8_t { One, Warps, Blocks };

/// An access in 64 bits; 0 is none.
struct Access {
  uint64_t launch : 8, block : 20, warp : 5, lane : 5, bytes : 4, isStrong : 1, readers : 2,
      stamp : 19;
};
static_assert(sizeof(Access) == 8);
constexpr uint32_t kMostStamp = (1 << 19) - 1;
constexpr uint64_t kBlocks = 1 << 20;

Access unpack(uint64_t bits) {
  Access access;
  __builtin_memcpy(&access, &bits, sizeof(access));
  return access;
}

uint64_t pack(const Access &access) {
  uint64_t bits;
  __builtin_memcpy(&bits, &access, sizeof(bits));
  return bits;
}

Access accessOf(const AccessorBlock &in, const Accessor &by, uint8_t bytes) {
  Access access{};
  access.launch = in.launch % GlobalShadow::kLaunches;
  access.block = in.block % kBlocks;
  access.warp = by.warp;
  access.lane = by.lane;
  access.bytes = bytes;
  access.isStrong = by.isStrong;
  access.readers = uint64_t(Readers::One);
  access.stamp = in.clocks.now();
  return access;
}

/// Stamps, and blocks, that have no room in an access are not looked at.
bool hasRoom(const AccessorBlock &in) {
  return in.clocks.now() <= kMostStamp && in.block < kBlocks;
}

bool isOfLaunch(const Access &access, const AccessorBlock &in) {
  return access.bytes != 0 && access.launch == in.launch % GlobalShadow::kLaunches;
}

Clash clash(Clash::Kind kind, const Access &access, uint32_t record) {
  Clash found;
  found.kind = kind;
  found.warp = uint32_t(access.warp);
  found.lane = uint32_t(access.lane);
  found.record = record;
  found.block = access.block;
  found.isOneOfSeveral = Readers(access.readers) != Readers::One;
  return found;
}

} // namespace

GlobalShadow::GlobalShadow(uint64_t bytes) : words_((bytes + 3) / 4) {
  // Words are a multiple of 8, so that each part is aligned.
  const uint64_t words = (words_ + 15) / 8 * 8;
  mapBytes_ = words * (2 * sizeof(Cell) + 2 * sizeof(uint32_t)) + words / 2;
  void *map = mmap(nullptr, mapBytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED)
    return;
  map_ = map;
  writers_ = static_cast<Cell *>(map);
  readers_ = writers_ + words;
  records_ = reinterpret_cast<std::atomic<uint32_t> *>(readers_ + words);
  written_ = reinterpret_cast<std::atomic<uint8_t> *>(records_ + 2 * words);
}

GlobalShadow::~GlobalShadow() {
  if (map_)
    munmap(map_, mapBytes_);
}

bool GlobalShadow::isWritten(uint64_t offset, uint64_t bytes) const {
  if (bytes < 8) {
    const auto mask = uint8_t(((1u << bytes) - 1) << offset % 8);
    return (written_[offset / 8].load(kRelaxed) & mask) == mask;
  }
  for (uint64_t i = offset / 8; i < (offset + bytes) / 8; ++i)
    if (written_[i].load(kRelaxed) != 0xff)
      return false;
  return true;
}

void GlobalShadow::setWritten(uint64_t offset, uint64_t bytes) {
  const uint64_t end = offset + bytes;
  for (uint64_t at = offset; at < end;) {
    const uint64_t next = std::min(end, at / 8 * 8 + 8);
    const auto mask = uint8_t(((1u << (next - at)) - 1) << at % 8);
    std::atomic<uint8_t> &bits = written_[at / 8];
    if (mask == 0xff)
      bits.store(0xff, kRelaxed);
    else if ((bits.load(kRelaxed) & mask) != mask)
      bits.fetch_or(mask, kRelaxed);
    at = next;
  }
}

void GlobalShadow::copyWritten(uint64_t offset, const GlobalShadow &from, uint64_t fromOffset,
                               uint64_t bytes) {
  uint64_t i = 0;
  if (offset % 8 == 0 && fromOffset % 8 == 0)
    for (; i + 8 <= bytes; i += 8)
      written_[(offset + i) / 8].store(from.written_[(fromOffset + i) / 8].load(kRelaxed),
                                       kRelaxed);
  for (; i < bytes; ++i) {
    const auto mask = uint8_t(1u << (offset + i) % 8);
    if (from.isWritten(fromOffset + i, 1))
      written_[(offset + i) / 8].fetch_or(mask, kRelaxed);
    else
      written_[(offset + i) / 8].fetch_and(uint8_t(~mask), kRelaxed);
  }
}

template <typename Function>
Clash GlobalShadow::forWords(uint64_t offset, uint32_t bytes, Function f) {
  if (bytes < 4)
    return f(offset / 4, uint8_t(((1u << bytes) - 1) << offset % 4));
  for (uint64_t word = offset / 4; word < (offset + bytes) / 4; ++word)
    if (Clash found = f(word, uint8_t(15)))
      return found;
  return {};
}

Clash GlobalShadow::findWriter(const AccessorBlock &in, const Accessor &by, uint64_t word,
                               uint8_t bytes) {
  const Access last = unpack(writers_[word].load(kRelaxed));
  if (!isOfLaunch(last, in) || !(last.bytes & bytes) || (by.isStrong && last.isStrong))
    return {};
  const auto warp = uint32_t(last.warp), lane = uint32_t(last.lane), stamp = uint32_t(last.stamp);
  const bool isOrdered = last.block == in.block
                             ? in.clocks.isOrdered(by.warp, by.lane, warp, lane, stamp)
                             : in.clocks.isOrderedAfter(by.warp, last.block, warp, stamp);
  return isOrdered ? Clash{} : clash(Clash::Kind::Write, last, records_[2 * word].load(kRelaxed));
}

/// A reader that a write races with for sure. Of several only the first stamp is known.
Clash GlobalShadow::findReader(const AccessorBlock &in, const Accessor &by, uint64_t word,
                               uint8_t bytes) {
  const Access last = unpack(readers_[word].load(kRelaxed));
  if (!isOfLaunch(last, in) || !(last.bytes & bytes) || (by.isStrong && last.isStrong))
    return {};
  const auto warp = uint32_t(last.warp), lane = uint32_t(last.lane), stamp = uint32_t(last.stamp);
  bool isOrdered;
  if (last.block != in.block)
    isOrdered = Readers(last.readers) == Readers::One
                    ? in.clocks.isOrderedAfter(by.warp, last.block, warp, stamp)
                    : in.clocks.knowsOthers(by.warp);
  else if (Readers(last.readers) == Readers::One)
    isOrdered = in.clocks.isOrdered(by.warp, by.lane, warp, lane, stamp);
  else if (Readers(last.readers) == Readers::Warps)
    isOrdered = in.clocks.knowsMoreThan(by.warp, stamp);
  else
    isOrdered = in.clocks.knowsOthers(by.warp);
  return isOrdered ? Clash{}
                   : clash(Clash::Kind::Read, last, records_[2 * word + 1].load(kRelaxed));
}

void GlobalShadow::noteRead(const AccessorBlock &in, const Accessor &by, uint64_t word,
                            uint8_t bytes) {
  Access access = accessOf(in, by, bytes);
  const Access last = unpack(readers_[word].load(kRelaxed));
  if (isOfLaunch(last, in) && (last.bytes & bytes)) {
    const bool isSameBlock = last.block == in.block;
    const bool isOld = isSameBlock && last.stamp < in.clocks.allKnown() &&
                       Readers(last.readers) != Readers::Blocks;
    const bool isMine =
        isSameBlock && last.warp == by.warp && Readers(last.readers) == Readers::One;
    if (!isOld && !isMine) {
      access.bytes = last.bytes & bytes;
      access.isStrong = last.isStrong || by.isStrong; // any of the reads
      access.stamp = last.stamp;
      access.readers =
          uint64_t(isSameBlock && Readers(last.readers) != Readers::Blocks ? Readers::Warps
                                                                           : Readers::Blocks);
    }
  }
  readers_[word].store(pack(access), kRelaxed);
  records_[2 * word + 1].store(by.record, kRelaxed);
}

Clash GlobalShadow::read(const AccessorBlock &in, const Accessor &by, uint64_t offset,
                         uint32_t bytes) {
  if (!isWrittenBy(in.launch) || !hasRoom(in))
    return {};
  return forWords(offset, bytes, [&](uint64_t word, uint8_t mask) {
    const Clash found = findWriter(in, by, word, mask);
    if (!found)
      noteRead(in, by, word, mask);
    return found;
  });
}

Clash GlobalShadow::write(const AccessorBlock &in, const Accessor &by, uint64_t offset,
                          uint32_t bytes) {
  if (!isWrittenBy(in.launch))
    lastWriting_.store(in.launch + 1, kRelaxed);
  if (!hasRoom(in))
    return {};
  return forWords(offset, bytes, [&](uint64_t word, uint8_t mask) {
    Clash found = findWriter(in, by, word, mask);
    if (!found)
      found = findReader(in, by, word, mask);
    if (found)
      return found;
    writers_[word].store(pack(accessOf(in, by, mask)), kRelaxed);
    records_[2 * word].store(by.record, kRelaxed);
    const Access reader = unpack(readers_[word].load(kRelaxed));
    if (isOfLaunch(reader, in) && (reader.bytes & mask))
      readers_[word].store(0, kRelaxed);
    return found;
  });
}

bool GlobalShadow::writeQuickly(const AccessorBlock &in, Accessor by, const uint64_t *offsets,
                                uint32_t bytes) {
  if (!hasRoom(in))
    return false;
  if (!isWrittenBy(in.launch))
    lastWriting_.store(in.launch + 1, kRelaxed);
  const uint32_t allKnown = in.clocks.allKnown();
  Access mine = accessOf(in, by, 15);
  // Another thread's, or what several threads did.
  auto isInTheWay = [&](uint64_t cell) {
    const Access last = unpack(cell);
    return last.launch == mine.launch && (last.bytes & mine.bytes) &&
           !(last.block == mine.block && Readers(last.readers) == Readers::One &&
             (last.stamp < allKnown || (last.warp == mine.warp && last.lane == mine.lane)));
  };
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    mine.lane = lane;
    uint64_t word = offsets[lane] / 4;
    if (bytes < 4)
      mine.bytes = ((1u << bytes) - 1) << offsets[lane] % 4;
    for (const uint64_t end = word + (bytes + 3) / 4; word < end; ++word) {
      if (isInTheWay(writers_[word].load(kRelaxed)) || isInTheWay(readers_[word].load(kRelaxed)))
        return false;
      writers_[word].store(pack(mine), kRelaxed);
      records_[2 * word].store(by.record, kRelaxed);
    }
  }
  return true;
}

void GlobalShadow::forgetAccesses() {
  // Zeros come back when pages are touched again.
  const uint64_t bytes = 2 * sizeof(Cell) * ((words_ + 15) / 8 * 8), pages = bytes / 4096 * 4096;
  madvise(map_, pages, MADV_DONTNEED);
  __builtin_memset(static_cast<char *>(map_) + pages, 0, bytes - pages);
  lastWriting_.store(0, kRelaxed);
}

} // namespace moert::vgpu
