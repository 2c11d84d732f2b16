// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Digest.h"
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <new>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace moert {

namespace {

/// Writes begin at multiples of this and are as long, so that file systems can keep the file in
/// huge pages, which readers can then map as such: a first use of the weights has far fewer faults.
constexpr int64_t kWindowBytes = int64_t(2) << 20;

} // namespace

struct WeightsWriter::State {
  std::string path;
  std::string temporary;
  int file = -1;
  WeightsHeader header = {};
  /// Everything from the header's end to data_offset.
  std::vector<uint8_t> directory;
  uint32_t numWeights = 0;

  // The slab being written.
  uint32_t weight = 0;
  int64_t slab = 0;
  int64_t filled = 0;
  StreamingDigest digest;

  // The bytes at [windowOffset, windowOffset + windowFilled), which are not in the file yet.
  std::unique_ptr<uint8_t[]> window;
  int64_t windowOffset = 0;
  int64_t windowFilled = 0;

  ~State() {
    if (file < 0)
      return;
    close(file);
    unlink(temporary.c_str());
  }

  WeightsRecord &record(uint32_t index) {
    return reinterpret_cast<WeightsRecord *>(directory.data())[index];
  }
  const char *name(uint32_t index) {
    return reinterpret_cast<const char *>(directory.data()) + record(index).name_offset -
           kWeightsHeaderBytes;
  }
};

WeightsWriter::~WeightsWriter() { delete state_; }

moert_status WeightsWriter::begin(const char *path, const uint8_t buildId[16],
                                  const moert_weight_info *infos, uint32_t numWeights) {
  if (state_)
    return failure(MOERT_FAILED_PRECONDITION, "the weights file has been begun already");
  if (!path || !*path || !buildId || (!infos && numWeights))
    return failure(MOERT_INVALID_ARGUMENT, "a weights file needs a path, a build id and a table");
  std::vector<WeightsRecord> records(numWeights);
  WeightsLayout layout;
  MOERT_RETURN_IF_FAILED(layOutWeights(infos, numWeights, records.data(), layout));

  std::unique_ptr<State> state(new (std::nothrow) State);
  if (state)
    state->window.reset(new (std::nothrow) uint8_t[kWindowBytes]);
  if (!state || !state->window)
    return failure(MOERT_OUT_OF_MEMORY, "no memory to write weights file '%s'", path);
  state->path = path;
  state->temporary = state->path + ".tmp";
  state->numWeights = numWeights;
  memcpy(state->header.magic, kWeightsMagic, sizeof(kWeightsMagic));
  state->header.version = kWeightsVersion;
  state->header.num_weights = numWeights;
  memcpy(state->header.build_id, buildId, sizeof(state->header.build_id));
  state->header.file_bytes = layout.file_bytes;
  state->header.data_offset = layout.data_offset;
  state->directory.resize(size_t(layout.data_offset - kWeightsHeaderBytes));
  if (numWeights)
    memcpy(state->directory.data(), records.data(), records.size() * sizeof(WeightsRecord));
  for (uint32_t i = 0; i < numWeights; ++i)
    memcpy(state->directory.data() + records[i].name_offset - kWeightsHeaderBytes, infos[i].name,
           records[i].name_bytes);

  state->file =
      open(state->temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (state->file < 0)
    return osFailure(MOERT_IO, errno, "cannot create '%s'", state->temporary.c_str());
  // Sets the size at once, so gaps that are larger than a window are holes that read as zeros.
  if (ftruncate(state->file, layout.file_bytes) != 0)
    return osFailure(MOERT_IO, errno, "cannot give '%s' its size", state->temporary.c_str());
  state_ = state.release();
  skipFilled();
  return success();
}

/// Moves on to the next slab that has bytes, closing those of none.
void WeightsWriter::skipFilled() {
  State &s = *state_;
  while (s.weight < s.numWeights) {
    WeightsRecord &record = s.record(s.weight);
    if (s.filled < record.slab_bytes)
      return;
    WeightsDigest digest = s.digest.value();
    memcpy(s.directory.data() + record.digests_offset - kWeightsHeaderBytes +
               s.slab * int64_t(sizeof(digest)),
           &digest, sizeof(digest));
    s.digest.reset();
    s.filled = 0;
    if (++s.slab == record.num_slabs) {
      s.slab = 0;
      ++s.weight;
    }
  }
}

moert_status WeightsWriter::append(uint32_t weight, int64_t slab, const void *data, int64_t bytes) {
  if (!state_)
    return failure(MOERT_FAILED_PRECONDITION, "the weights file has not been begun");
  State &s = *state_;
  if (bytes < 0 || (!data && bytes))
    return failure(MOERT_INVALID_ARGUMENT, "data to append to a weights file is missing");
  if (bytes == 0)
    return success();
  if (s.weight >= s.numWeights)
    return failure(MOERT_FAILED_PRECONDITION, "the weights file is full already");
  const WeightsRecord &record = s.record(s.weight);
  if (weight != s.weight || slab != s.slab)
    return failure(MOERT_FAILED_PRECONDITION,
                   "slab %lld of weight %u is not next: slab %lld of weight %u ('%s') has %lld of "
                   "%lld bytes",
                   static_cast<long long>(slab), weight, static_cast<long long>(s.slab), s.weight,
                   s.name(s.weight), static_cast<long long>(s.filled),
                   static_cast<long long>(record.slab_bytes));
  if (bytes > record.slab_bytes - s.filled)
    return failure(MOERT_FAILED_PRECONDITION,
                   "%lld bytes are too many for slab %lld of weight '%s', which lacks %lld",
                   static_cast<long long>(bytes), static_cast<long long>(slab), s.name(weight),
                   static_cast<long long>(record.slab_bytes - s.filled));
  int64_t offset = record.data_offset + s.slab * record.slab_stride + s.filled;
  MOERT_RETURN_IF_FAILED(write(data, bytes, offset));
  s.digest.update(data, size_t(bytes));
  s.filled += bytes;
  skipFilled();
  return success();
}

moert_status WeightsWriter::finish() {
  if (!state_)
    return failure(MOERT_FAILED_PRECONDITION, "the weights file has not been begun");
  State &s = *state_;
  if (s.weight < s.numWeights)
    return failure(MOERT_FAILED_PRECONDITION,
                   "the weights file is incomplete: slab %lld of weight '%s' has %lld of %lld "
                   "bytes",
                   static_cast<long long>(s.slab), s.name(s.weight),
                   static_cast<long long>(s.filled),
                   static_cast<long long>(s.record(s.weight).slab_bytes));
  // Zeros follow the last slab, and hold the place of the directory where no slab has done so.
  MOERT_RETURN_IF_FAILED(advance(s.header.file_bytes));
  MOERT_RETURN_IF_FAILED(flush());
  s.header.directory_digest = digestOf(s.directory.data(), s.directory.size());
  s.header.header_digest = digestOf(&s.header, offsetof(WeightsHeader, header_digest));
  MOERT_RETURN_IF_FAILED(
      writeThrough(s.directory.data(), int64_t(s.directory.size()), kWeightsHeaderBytes));
  MOERT_RETURN_IF_FAILED(
      writeThrough(reinterpret_cast<const uint8_t *>(&s.header), sizeof(s.header), 0));
  if (close(std::exchange(s.file, -1)) != 0) {
    int error = errno;
    unlink(s.temporary.c_str());
    return osFailure(MOERT_IO, error, "cannot write '%s'", s.temporary.c_str());
  }
  if (rename(s.temporary.c_str(), s.path.c_str()) != 0) {
    int error = errno;
    unlink(s.temporary.c_str());
    return osFailure(MOERT_IO, error, "cannot rename '%s' to '%s'", s.temporary.c_str(),
                     s.path.c_str());
  }
  delete std::exchange(state_, nullptr);
  return success();
}

/// Writes what belongs at `offset`, which is not before the end of what was written last.
moert_status WeightsWriter::write(const void *data, int64_t bytes, int64_t offset) {
  State &s = *state_;
  const auto *from = static_cast<const uint8_t *>(data);
  MOERT_RETURN_IF_FAILED(advance(offset));
  while (bytes > 0) {
    int64_t count;
    if (s.windowFilled == 0 && bytes >= kWindowBytes) {
      // Whole windows need not be copied.
      count = bytes / kWindowBytes * kWindowBytes;
      MOERT_RETURN_IF_FAILED(writeThrough(from, count, s.windowOffset));
      s.windowOffset += count;
    } else {
      count = std::min(bytes, kWindowBytes - s.windowFilled);
      memcpy(s.window.get() + s.windowFilled, from, size_t(count));
      s.windowFilled += count;
      if (s.windowFilled == kWindowBytes)
        MOERT_RETURN_IF_FAILED(flush());
    }
    from += count;
    bytes -= count;
  }
  return success();
}

/// Moves on to `offset`; what lies between becomes zeros.
moert_status WeightsWriter::advance(int64_t offset) {
  State &s = *state_;
  if (offset >= s.windowOffset + kWindowBytes) {
    if (s.windowFilled > 0) {
      memset(s.window.get() + s.windowFilled, 0, size_t(kWindowBytes - s.windowFilled));
      s.windowFilled = kWindowBytes;
      MOERT_RETURN_IF_FAILED(flush());
    }
    s.windowOffset = offset / kWindowBytes * kWindowBytes;
  }
  int64_t gap = offset - s.windowOffset - s.windowFilled;
  memset(s.window.get() + s.windowFilled, 0, size_t(gap));
  s.windowFilled += gap;
  return success();
}

moert_status WeightsWriter::flush() {
  State &s = *state_;
  MOERT_RETURN_IF_FAILED(writeThrough(s.window.get(), s.windowFilled, s.windowOffset));
  s.windowOffset += s.windowFilled;
  s.windowFilled = 0;
  return success();
}

moert_status WeightsWriter::writeThrough(const uint8_t *data, int64_t bytes, int64_t offset) {
  while (bytes > 0) {
    ssize_t count = pwrite(state_->file, data, size_t(bytes), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return osFailure(MOERT_IO, errno, "cannot write '%s'", state_->temporary.c_str());
    data += count;
    bytes -= count;
    offset += count;
  }
  return success();
}

} // namespace moert
