// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Descriptor.h"
#include "lib/Core/Digest.h"
#include "lib/Core/Host.h"
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"
#include "lib/Cpu/ThreadPool.h"

#include <atomic>
#include <cstddef>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace moert {

namespace {

long long asLong(int64_t value) { return value; }

/// What x86 maps with one entry of the last level but one.
constexpr size_t kHugePageBytes = size_t(2) << 20;

/// Smaller files gain nothing from huge pages.
size_t alignmentFor(int64_t bytes) {
  return bytes >= int64_t(kHugePageBytes) ? kHugePageBytes : MOERT_SLAB_ALIGNMENT;
}

/// Maps a file so that what the system keeps in huge pages is mapped by huge pages, or anyhow if
/// there is no address that is aligned so. MAP_FAILED with errno set where neither works.
void *mapFile(int file, size_t bytes) {
  void *memory = MAP_FAILED;
  size_t reserved = bytes + kHugePageBytes;
  if (alignmentFor(int64_t(bytes)) == kHugePageBytes && reserved > bytes)
    memory = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  auto *begin = static_cast<uint8_t *>(memory);
  size_t before = -reinterpret_cast<uintptr_t>(begin) % kHugePageBytes;
  memory = mmap(begin + before, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
  if (memory == MAP_FAILED) {
    int error = errno;
    munmap(begin, reserved);
    errno = error;
    return MAP_FAILED;
  }
  // Gives back what the alignment did not need. A mapping covers whole pages.
  size_t page = size_t(sysconf(_SC_PAGESIZE));
  size_t end = before + (bytes + page - 1) / page * page;
  if (before > 0)
    munmap(begin, before);
  if (end < reserved)
    munmap(begin + end, reserved - end);
  // Also lets the system read ahead in huge pages; a hint, so not having it is no failure.
  madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

} // namespace

WeightsReader::~WeightsReader() {
  if (!bytes_)
    return;
  void *memory = const_cast<uint8_t *>(bytes_);
  if (file_ >= 0) {
    munmap(memory, size_t(size_));
    close(file_);
  } else {
    host_.deallocate(memory, size_t(size_), alignmentFor(size_));
  }
}

moert_status WeightsReader::open(const char *path, const uint8_t buildId[16],
                                 const moert_weight_info *infos, uint32_t numWeights,
                                 int32_t loadMode) {
  // Not blocking: opening a FIFO must not wait for its other end.
  Descriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0) {
    int error = errno;
    return osFailure(error == ENOENT || error == ENOTDIR ? MOERT_NOT_FOUND : MOERT_IO, error,
                     "cannot open weights file '%s'", path);
  }
  MOERT_RETURN_IF_FAILED(load(file, path, loadMode));
  numWeights_ = numWeights;
  return check(path, buildId, infos, numWeights);
}

/// Brings the whole file into memory; everything else is looked at there.
moert_status WeightsReader::load(Descriptor &file, const char *path, int32_t loadMode) {
  struct stat info;
  if (fstat(file.value, &info) != 0)
    return osFailure(MOERT_IO, errno, "cannot examine weights file '%s'", path);
  if (!S_ISREG(info.st_mode))
    return failure(MOERT_IO, "weights file '%s' is not a regular file", path);
  if (info.st_size < kWeightsHeaderBytes)
    return failure(MOERT_CORRUPT, "weights file '%s' is truncated: %lld bytes do not hold a header",
                   path, asLong(info.st_size));
  if (loadMode == MOERT_LOAD_MMAP) {
    void *memory = mapFile(file.value, size_t(info.st_size));
    if (memory == MAP_FAILED)
      return osFailure(MOERT_IO, errno, "cannot map weights file '%s'", path);
    bytes_ = static_cast<const uint8_t *>(memory);
    size_ = info.st_size;
    written_ = info.st_mtim;
    file_ = file.release();
    return success();
  }
  const size_t alignment = alignmentFor(info.st_size);
  auto *memory = static_cast<uint8_t *>(host_.allocate(size_t(info.st_size), alignment));
  if (!memory)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for the %lld bytes of weights file '%s'",
                   asLong(info.st_size), path);
  bytes_ = memory;
  size_ = info.st_size;
  if (alignment == kHugePageBytes) // a hint; the rest of the last huge page may be another's memory
    madvise(memory, size_t(size_) & -kHugePageBytes, MADV_HUGEPAGE);
  int64_t count = file.readAt(memory, size_, 0);
  if (count < 0)
    return osFailure(MOERT_IO, errno, "cannot read weights file '%s'", path);
  if (count < size_)
    return failure(MOERT_CORRUPT, "weights file '%s' is truncated: it shrank while being read",
                   path);
  return success();
}

void WeightsReader::expect(uint32_t index, int64_t first, int64_t count, bool isRead) const {
  if (file_ < 0)
    return;
  const WeightsRecord &record = records()[index];
  const uint8_t *begin = bytes_ + record.data_offset + first * record.slab_stride;
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  // A page that somebody else's slab shares is that one's, too.
  const size_t before = -reinterpret_cast<uintptr_t>(begin) % page;
  const size_t bytes = size_t(std::min(count * record.slab_stride, bytes_ + size_ - begin));
  if (bytes < before + page)
    return;
  // A fault maps whatever is around it in the same page of the file's cache, 2 MiB perhaps, but
  // nothing of a range that has advice of its own.
  void *pages = const_cast<uint8_t *>(begin) + before;
  const size_t length = (bytes - before) / page * page;
  madvise(pages, length, isRead ? MADV_NORMAL : MADV_RANDOM);
  // What came with the directory; who does read it gets it from the file again.
  if (!isRead)
    madvise(pages, length, MADV_DONTNEED);
}

moert_status WeightsReader::check(const char *path, const uint8_t buildId[16],
                                  const moert_weight_info *infos, uint32_t numWeights) const {
  WeightsHeader header;
  memcpy(&header, bytes_, sizeof(header));
  if (memcmp(header.magic, kWeightsMagic, sizeof(header.magic)) != 0)
    return failure(MOERT_CORRUPT, "'%s' is not a weights file", path);
  // Before the digest, whose place another version may have moved.
  if (header.version != kWeightsVersion)
    return failure(MOERT_INCOMPATIBLE,
                   "weights file '%s' has format version %u; this runtime reads version %u", path,
                   header.version, kWeightsVersion);
  if (digestOf(&header, offsetof(WeightsHeader, header_digest)) != header.header_digest)
    return failure(MOERT_CORRUPT, "weights file '%s' is altered: wrong checksum of its header",
                   path);
  if (memcmp(header.build_id, buildId, sizeof(header.build_id)) != 0)
    return failure(MOERT_INCOMPATIBLE,
                   "weights file '%s' belongs to another build of the model than the code", path);
  if (size_ < header.file_bytes)
    return failure(MOERT_CORRUPT, "weights file '%s' is truncated: %lld of %lld bytes", path,
                   asLong(size_), asLong(header.file_bytes));
  if (size_ > header.file_bytes)
    return failure(MOERT_CORRUPT, "weights file '%s' is altered: %lld bytes after its end", path,
                   asLong(size_ - header.file_bytes));
  // The layout follows from the artifact's table, so nothing in the file is taken for an offset
  // before it has been compared with what it must be.
  Array<WeightsRecord> expected;
  if (!expected.allocate(host_, numWeights))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a directory of %u weights", numWeights);
  WeightsLayout layout;
  MOERT_RETURN_IF_FAILED(layOutWeights(infos, numWeights, expected.data(), layout));
  if (header.num_weights != numWeights || header.data_offset != layout.data_offset ||
      header.file_bytes != layout.file_bytes)
    return failure(MOERT_INCOMPATIBLE,
                   "weights file '%s' holds %u weights in %lld bytes; the code expects %u in %lld",
                   path, header.num_weights, asLong(header.file_bytes), numWeights,
                   asLong(layout.file_bytes));
  if (digestOf(bytes_ + kWeightsHeaderBytes, size_t(layout.data_offset - kWeightsHeaderBytes)) !=
      header.directory_digest)
    return failure(MOERT_CORRUPT, "weights file '%s' is altered: wrong checksum of its directory",
                   path);
  for (uint32_t i = 0; i < numWeights; ++i)
    if (memcmp(&records()[i], &expected[i], sizeof(WeightsRecord)) != 0 ||
        memcmp(bytes_ + expected[i].name_offset, infos[i].name, expected[i].name_bytes + 1) != 0)
      return failure(MOERT_INCOMPATIBLE,
                     "weights file '%s' has another weight in place %u than the code's '%s'", path,
                     i, infos[i].name);
  return success();
}

moert_status WeightsReader::checkUnchanged() const {
  if (file_ < 0)
    return success();
  struct stat info;
  if (fstat(file_, &info) != 0)
    return osFailure(MOERT_IO, errno, "cannot examine the weights file that is mapped");
  if (info.st_size < size_)
    return failure(MOERT_CORRUPT, "the weights file shrank from %lld to %lld bytes while mapped",
                   asLong(size_), asLong(info.st_size));
  if (info.st_size != size_ || info.st_mtim.tv_sec != written_.tv_sec ||
      info.st_mtim.tv_nsec != written_.tv_nsec)
    return failure(MOERT_CORRUPT, "the weights file was written to while mapped; open it anew");
  return success();
}

moert_status WeightsReader::verify(ThreadPool &pool) const {
  struct Loop {
    const WeightsReader *reader;
    uint32_t weight;
    std::atomic<int64_t> firstBad;
  };
  auto body = [](void *argument, int64_t begin, int64_t end) {
    auto &loop = *static_cast<Loop *>(argument);
    const WeightsRecord &record = loop.reader->records()[loop.weight];
    auto *data = static_cast<const uint8_t *>(loop.reader->data(loop.weight));
    auto *digests =
        reinterpret_cast<const WeightsDigest *>(loop.reader->bytes_ + record.digests_offset);
    for (int64_t slab = begin; slab < end; ++slab) {
      if (digestOf(data + slab * record.slab_stride, size_t(record.slab_bytes)) == digests[slab])
        continue;
      // The least bad slab, whichever thread is first.
      int64_t seen = loop.firstBad.load(std::memory_order_relaxed);
      while (slab < seen &&
             !loop.firstBad.compare_exchange_weak(seen, slab, std::memory_order_relaxed)) {
      }
      return;
    }
  };
  for (uint32_t i = 0; i < numWeights_; ++i) {
    Loop loop{this, i, {INT64_MAX}};
    pool.run(body, &loop, records()[i].num_slabs);
    int64_t bad = loop.firstBad.load(std::memory_order_relaxed);
    if (bad != INT64_MAX)
      return failure(MOERT_CORRUPT,
                     "weights file is altered: wrong checksum of slab %lld of weight '%s'",
                     asLong(bad), name(i));
  }
  return success();
}

} // namespace moert
