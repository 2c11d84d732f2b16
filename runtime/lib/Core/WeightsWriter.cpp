// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Digest.h"
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"
#include "lib/Core/WindowedFile.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace moert {

struct WeightsWriter::State {
  std::string path;
  WindowedFile file;
  WeightsHeader header = {};
  /// Everything from the header's end to data_offset.
  std::vector<uint8_t> directory;
  uint32_t numWeights = 0;

  // The slab being written.
  uint32_t weight = 0;
  int64_t slab = 0;
  int64_t filled = 0;
  StreamingDigest digest;

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
  if (!state)
    return failure(MOERT_OUT_OF_MEMORY, "no memory to write weights file '%s'", path);
  state->path = path;
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

  MOERT_RETURN_IF_FAILED(state->file.create(state->path + ".tmp", layout.file_bytes));
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

moert_status WeightsWriter::stage(uint32_t weight, int64_t slab, const void *data, int64_t bytes) {
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
  MOERT_RETURN_IF_FAILED(s.file.add(data, bytes, offset));
  s.digest.update(data, size_t(bytes));
  s.filled += bytes;
  skipFilled();
  return success();
}

moert_status WeightsWriter::writeStaged() {
  if (!state_)
    return failure(MOERT_FAILED_PRECONDITION, "the weights file has not been begun");
  return state_->file.writeFull();
}

moert_status WeightsWriter::append(uint32_t weight, int64_t slab, const void *data, int64_t bytes) {
  MOERT_RETURN_IF_FAILED(stage(weight, slab, data, bytes));
  return writeStaged();
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
  MOERT_RETURN_IF_FAILED(s.file.advance(s.header.file_bytes));
  MOERT_RETURN_IF_FAILED(s.file.writeRest());
  s.header.directory_digest = digestOf(s.directory.data(), s.directory.size());
  s.header.header_digest = digestOf(&s.header, offsetof(WeightsHeader, header_digest));
  MOERT_RETURN_IF_FAILED(
      s.file.writeAt(s.directory.data(), int64_t(s.directory.size()), kWeightsHeaderBytes));
  MOERT_RETURN_IF_FAILED(s.file.writeAt(&s.header, sizeof(s.header), 0));
  MOERT_RETURN_IF_FAILED(s.file.close());
  if (rename(s.file.path(), s.path.c_str()) != 0) {
    int error = errno;
    unlink(s.file.path());
    return osFailure(MOERT_IO, error, "cannot rename '%s' to '%s'", s.file.path(), s.path.c_str());
  }
  delete std::exchange(state_, nullptr);
  return success();
}

} // namespace moert
