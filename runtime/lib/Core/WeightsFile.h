// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The weights file: its format, the reader the runtime uses and the writer the compiler uses.
//
//   offset 0       WeightsHeader, 128 bytes
//   offset 128     directory: one WeightsRecord per weight, in the artifact's order; then, per
//   weight
//                  and slab, the slab's XXH3-128; then the names, each ending in NUL; then zeros
//                  up to data_offset
//   data_offset    the slabs: those of one weight slab_stride apart, weights one after the other,
//   all
//                  starting at multiples of MOERT_SLAB_ALIGNMENT; zeros in between
//
// Numbers are little-endian; digests are XXH3-128 in its canonical (big-endian) form with seed 0.
// The header's digest covers the header, the directory's everything from 128 to data_offset, so
// every byte before the slabs is checked whenever a file is opened.
#ifndef MOERT_LIB_CORE_WEIGHTSFILE_H
#define MOERT_LIB_CORE_WEIGHTSFILE_H

#include "moert/moert.h"

#include <ctime>

namespace moert {

class Descriptor;
class Host;
class ThreadPool;

constexpr char kWeightsMagic[8] = {'M', 'O', 'E', 'R', 'T', 'W', 'T', 'S'};
constexpr uint32_t kWeightsVersion = 1;
constexpr int64_t kWeightsHeaderBytes = 128;

struct WeightsDigest {
  uint8_t bytes[16];
};

struct WeightsHeader {
  char magic[8];
  uint32_t version;
  uint32_t num_weights;
  uint8_t build_id[16];
  int64_t file_bytes;
  int64_t data_offset; // multiple of MOERT_SLAB_ALIGNMENT
  uint8_t reserved[48];
  WeightsDigest directory_digest;
  WeightsDigest header_digest; // of the bytes before it
};
static_assert(sizeof(WeightsHeader) == kWeightsHeaderBytes, "no padding");

struct WeightsRecord {
  int64_t name_offset;    // in the file
  int64_t digests_offset; // in the file
  int64_t data_offset;    // of slab 0, in the file
  int64_t num_slabs;
  int64_t slab_bytes;
  int64_t slab_stride;
  int32_t dtype;
  uint32_t name_bytes; // without the NUL
  int64_t reserved;
};
static_assert(sizeof(WeightsRecord) == 64, "no padding");

/// Where everything lies, from the table of weights alone.
struct WeightsLayout {
  int64_t data_offset;
  int64_t file_bytes;
};

/// Fills one record per weight. INVALID_ARGUMENT when a weight's numbers make no sense or the file
/// would be larger than 2^62 bytes.
moert_status layOutWeights(const moert_weight_info *infos, uint32_t numWeights,
                           WeightsRecord *records, WeightsLayout &layout);

/// An open weights file. Immutable once open, so any thread may read it.
class WeightsReader {
public:
  explicit WeightsReader(const Host &host) : host_(host) {}
  ~WeightsReader();
  WeightsReader(const WeightsReader &) = delete;
  WeightsReader &operator=(const WeightsReader &) = delete;

  /// Opens `path`, whose build id and table of weights must be those given.
  ///   NOT_FOUND     there is no such file
  ///   IO            it cannot be read
  ///   CORRUPT       it is no weights file, truncated, or altered; the message says which
  ///   INCOMPATIBLE  another format version, another build, or other weights
  moert_status open(const char *path, const uint8_t buildId[16], const moert_weight_info *infos,
                    uint32_t numWeights, int32_t loadMode);

  /// Checks the digest of every slab; CORRUPT names the first bad one.
  moert_status verify(ThreadPool &pool) const;

  /// Whether a mapped file still is what was opened; CORRUPT when it was written to or shrank
  /// since. Costs one system call; OK at once for weights that are not mapped.
  moert_status checkUnchanged() const;

  /// Says whether anybody in this process will read `count` slabs of weight `index`, from `first`.
  /// A hint, for mapped files: what nobody reads does not come into memory with what lies beside
  /// it. What was said last counts, for all that share the weights.
  void expect(uint32_t index, int64_t first, int64_t count, bool isRead) const;

  /// Slab 0 of weight `index`.
  const void *data(uint32_t index) const { return bytes_ + records()[index].data_offset; }
  int64_t fileBytes() const { return size_; }

private:
  moert_status load(Descriptor &file, const char *path, int32_t loadMode);
  moert_status check(const char *path, const uint8_t buildId[16], const moert_weight_info *infos,
                     uint32_t numWeights) const;
  const WeightsRecord *records() const {
    return reinterpret_cast<const WeightsRecord *>(bytes_ + kWeightsHeaderBytes);
  }
  const char *name(uint32_t index) const {
    return reinterpret_cast<const char *>(bytes_ + records()[index].name_offset);
  }

  const Host &host_;
  const uint8_t *bytes_ = nullptr;
  int64_t size_ = 0;
  uint32_t numWeights_ = 0;
  /// Of a mapped file; -1 otherwise.
  int file_ = -1;
  timespec written_ = {};
};

/// Writes a weights file as a stream, in bounded memory: begin, then the bytes of every slab in
/// order (in pieces of any size), then finish. Until finish has succeeded there is no file at
/// `path`; what is under way is called `path`.tmp and goes away with the writer. Used by one
/// thread, but for `writeStaged`.
class WeightsWriter {
public:
  WeightsWriter() = default;
  ~WeightsWriter();
  WeightsWriter(const WeightsWriter &) = delete;
  WeightsWriter &operator=(const WeightsWriter &) = delete;

  /// Starts the file. `infos` is copied.
  moert_status begin(const char *path, const uint8_t buildId[16], const moert_weight_info *infos,
                     uint32_t numWeights);

  /// Appends the next `bytes` bytes, which belong to slab `slab` of weight `weight`. Slabs come in
  /// order of weight, then slab; one that is not full may not be left. FAILED_PRECONDITION
  /// otherwise, IO when the disk is full or failing; after a failure only destruction makes sense.
  moert_status append(uint32_t weight, int64_t slab, const void *data, int64_t bytes);

  /// As append, but as long as there is memory for it nothing is written before writeStaged.
  moert_status stage(uint32_t weight, int64_t slab, const void *data, int64_t bytes);

  /// Writes what was staged, unless another thread is doing so. By any thread between begin and
  /// finish, also while another stages. IO as append.
  moert_status writeStaged();

  /// Completes the file and gives it its name.
  moert_status finish();

private:
  struct State;
  void skipFilled();

  State *state_ = nullptr;
};

} // namespace moert

#endif // MOERT_LIB_CORE_WEIGHTSFILE_H
