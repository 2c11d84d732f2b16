// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libFuzzer target: what libmoert reads before it runs code of a model. The first byte chooses:
//   0  a weights file, as it is
//   1  a good weights file with bytes changed, its checksums made right again
//   2  a good shared object with bytes changed, sealed anew or not (checked, never loaded)
//   3  an artifact's tables, built from the input; what is accepted is run
// Whatever is accepted is used to its last byte. Pointers in tables are null or good: an artifact
// is code, and nothing can tell a wild pointer.
#include "lib/Core/Artifact.h"
#include "lib/Core/Seal.h"
#include "lib/Core/SharedObject.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"
#include "lib/Cpu/ThreadPool.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace moert;

namespace {

const moert_api &api() { return *moert_get_api(MOERT_API_VERSION); }

[[noreturn]] void wrong(const char *what, const char *message = "") {
  fprintf(stderr, "ArtifactFuzzer: %s %s\n", what, message);
  abort();
}

/// Well-formed, and one of the codes that refusing input may have.
bool accepted(const moert_status &status) {
  if (!memchr(status.message, 0, sizeof(status.message)) ||
      (status.code == MOERT_OK) != (status.message[0] == 0))
    wrong("malformed status");
  if (status.code == MOERT_IO || status.code < 0 || status.code > MOERT_UNSUPPORTED)
    wrong("unexpected status:", status.message);
  return status.code == MOERT_OK;
}

class Input {
public:
  Input(const uint8_t *data, size_t size) : next_(data), left_(size) {}
  size_t left() const { return left_; }
  const uint8_t *rest() const { return next_; }
  template <typename T>
  T number() {
    T value = 0;
    size_t count = std::min(left_, sizeof(T));
    if (count)
      memcpy(&value, next_, count);
    next_ += count;
    left_ -= count;
    return value;
  }
  uint8_t byte() { return number<uint8_t>(); }
  template <typename T, size_t Count>
  const T &of(const T (&values)[Count]) {
    return values[byte() % Count];
  }

private:
  const uint8_t *next_;
  size_t left_;
};

/// A file without a name: /proc gives it one.
class MemoryFile {
public:
  MemoryFile() : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    path_ = "/proc/self/fd/" + std::to_string(file_);
    if (file_ < 0)
      abort();
  }
  const char *hold(const uint8_t *data, size_t size) {
    if (ftruncate(file_, 0) != 0 || pwrite(file_, data, size, 0) != ssize_t(size))
      abort();
    return path_.c_str();
  }
  const char *path() const { return path_.c_str(); }
  std::vector<uint8_t> contents() const {
    std::vector<uint8_t> bytes(size_t(lseek(file_, 0, SEEK_END)));
    if (pread(file_, bytes.data(), bytes.size(), 0) != ssize_t(bytes.size()))
      abort();
    return bytes;
  }

private:
  int file_;
  std::string path_;
};

/// Gives at most 8 MiB at once, and none from a number on.
struct Limits {
  int64_t left = INT64_MAX;
  int64_t live = 0;

  moert_hooks hooks() {
    moert_hooks hooks = {};
    hooks.size = sizeof(hooks);
    hooks.user = this;
    hooks.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
      auto &self = *static_cast<Limits *>(user);
      void *memory = nullptr;
      if (--self.left < 0 || bytes > (8u << 20) ||
          posix_memalign(&memory, std::max(alignment, sizeof(void *)), bytes) != 0)
        return nullptr;
      ++self.live;
      return memory;
    };
    hooks.free = [](void *user, void *memory, size_t, size_t) {
      --static_cast<Limits *>(user)->live;
      free(memory);
    };
    hooks.now_ns = [](void *) -> int64_t { return 1; };
    return hooks;
  }
};

//===--- Weights ----------------------------------------------------------===//

const uint8_t kBuild[16] = {1, 2, 3};
const moert_weight_info kWeights[] = {{"first", MOERT_F32, 0, 3, 100, 4096},
                                      {"second", MOERT_I8, 0, 1, 0, 4096},
                                      {"the third", MOERT_BF16, 0, 2, 4096, 4096}};

/// Every slab of an accepted file, to its last byte.
void useWeights(const WeightsReader &reader) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < std::size(kWeights); ++i) {
    auto *data = static_cast<const uint8_t *>(reader.data(i));
    for (int64_t slab = 0; slab < kWeights[i].num_slabs; ++slab)
      for (int64_t k = 0; k < kWeights[i].slab_bytes; ++k)
        sum += data[slab * kWeights[i].slab_stride + k];
  }
  volatile uint32_t sink = sum;
  (void)sink;
}

bool openWeights(const char *path, uint8_t mode) {
  Limits limits;
  moert_hooks hooks = limits.hooks();
  Host host(hooks);
  bool opened;
  {
    WeightsReader reader(host);
    opened = accepted(reader.open(path, kBuild, kWeights, std::size(kWeights),
                                  mode & 1 ? MOERT_LOAD_READ : MOERT_LOAD_MMAP));
    if (opened) {
      static ThreadPool pool(host);
      accepted(reader.verify(pool));
      if (!accepted(reader.checkUnchanged()))
        wrong("a file nobody wrote to changed");
      useWeights(reader);
    }
  }
  if (limits.live != 0)
    wrong("memory is left");
  return opened;
}

std::vector<uint8_t> goodWeights() {
  char folder[] = "/tmp/fuzz-weights-XXXXXX";
  if (!mkdtemp(folder))
    abort();
  std::string path = std::string(folder) + "/w";
  WeightsWriter writer;
  std::vector<uint8_t> slab(4096, 7);
  bool good = writer.begin(path.c_str(), kBuild, kWeights, std::size(kWeights)).code == MOERT_OK;
  for (uint32_t i = 0; i < std::size(kWeights); ++i)
    for (int64_t s = 0; s < kWeights[i].num_slabs; ++s)
      good &= writer.append(i, s, slab.data(), kWeights[i].slab_bytes).code == MOERT_OK;
  good &= writer.finish().code == MOERT_OK;
  FILE *file = good ? fopen(path.c_str(), "rb") : nullptr;
  if (!file)
    abort();
  std::vector<uint8_t> bytes(size_t(1) << 16);
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  unlink(path.c_str());
  rmdir(folder);
  return bytes;
}

/// Overwrites pieces: place, length, bytes; a last byte may cut or extend the file.
void change(Input &input, std::vector<uint8_t> &bytes) {
  uint8_t end = input.byte();
  for (int count = input.byte() % 8; count > 0 && input.left(); --count) {
    size_t place = input.number<uint16_t>() % bytes.size();
    size_t length = std::min<size_t>(1 + input.byte() % 8, bytes.size() - place);
    for (size_t i = 0; i < length; ++i)
      bytes[place + i] = input.byte();
  }
  if (end < 64)
    bytes.resize(std::min<size_t>(bytes.size(), size_t(input.number<uint16_t>())));
  else if (end < 80)
    bytes.resize(bytes.size() + 1 + input.byte());
}

void changedWeights(Input &input, MemoryFile &file) {
  static const std::vector<uint8_t> good = goodWeights();
  std::vector<uint8_t> bytes = good;
  uint8_t mode = input.byte();
  change(input, bytes);
  WeightsHeader header;
  if (bytes.size() >= sizeof(header)) {
    // The checks behind the checksums are what is left to test. Only what the good file has is
    // covered by the directory's.
    size_t directory = std::min<size_t>(bytes.size(), 4096) - sizeof(header);
    memcpy(&header, bytes.data(), sizeof(header));
    if (mode & 2)
      header.directory_digest = digestOf(bytes.data() + sizeof(header), directory);
    if (mode & 4)
      header.header_digest = digestOf(&header, offsetof(WeightsHeader, header_digest));
    memcpy(bytes.data(), &header, sizeof(header));
  }
  openWeights(file.hold(bytes.data(), bytes.size()), mode);
}

//===--- Shared objects ---------------------------------------------------===//

/// As little as is a shared object: a header, two segments, two sections.
std::vector<uint8_t> goodObject() {
  std::vector<uint8_t> bytes(1024);
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  header.e_shoff = bytes.size() - 2 * sizeof(Elf64_Shdr);
  memcpy(bytes.data(), &header, sizeof(header));
  for (size_t i = 0; i < 2; ++i) {
    Elf64_Phdr segment = {};
    segment.p_type = PT_LOAD;
    segment.p_offset = i * 512;
    segment.p_filesz = segment.p_memsz = 512;
    memcpy(bytes.data() + sizeof(header) + i * sizeof(segment), &segment, sizeof(segment));
  }
  return bytes;
}

void changedObject(Input &input, MemoryFile &file) {
  static const std::vector<uint8_t> good = goodObject();
  static const std::vector<uint8_t> sealed = [&] {
    file.hold(good.data(), good.size());
    if (sealSharedObject(file.path()).code != MOERT_OK)
      abort();
    return file.contents();
  }();
  bool seals = input.byte() & 1;
  std::vector<uint8_t> bytes = seals ? good : sealed;
  change(input, bytes);
  file.hold(bytes.data(), bytes.size());
  if (seals && sealSharedObject(file.path()).code != MOERT_OK)
    abort();
  if (accepted(checkSharedObject(file.path())) && !seals && bytes != sealed)
    wrong("an altered object passes");
}

//===--- Tables -----------------------------------------------------------===//

const char *const kTexts[] = {nullptr, "", "x", "y", "z", "N", "M", "B", "x y\n"};
const int64_t kNumbers[] = {-1,
                            0,
                            1,
                            2,
                            3,
                            4,
                            16,
                            -2,
                            4096,
                            8192,
                            65536,
                            INT64_MAX,
                            INT64_MIN,
                            int64_t(1) << 32,
                            int64_t(1) << 60};
const int32_t kTypes[] = {MOERT_F32,  MOERT_I64,    MOERT_BOOL, MOERT_U4, MOERT_C128,
                          MOERT_BF16, MOERT_STRING, 0,          -1,       77};

/// Does as the table of the entry says, and sometimes not.
int32_t runAnything(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *);
void kernel(moert_ctx *, void *, int64_t, int64_t) {}

struct Tables {
  struct Value {
    int64_t sizes[MOERT_MAX_RANK + 1];
    const char *names[MOERT_MAX_RANK + 1];
  };
  struct moert_artifact_v1 table = {};
  moert_entry_info entries[2];
  moert_value_info inputs[2][3], outputs[2][2];
  moert_weight_info weights[2];
  moert_state_info states[2];
  moert_kernel_info kernels[2];
  std::array<Value, 12> values;
  size_t usedValues = 0;
  /// What runAnything does.
  Input behaviour{nullptr, 0};

  explicit Tables(Input &input) {
    for (int e = 0; e < 2; ++e) {
      for (moert_value_info &info : inputs[e])
        info = value(input);
      for (moert_value_info &info : outputs[e])
        info = value(input);
      entries[e] = {text(input),
                    input.byte() % 32 ? runAnything : nullptr,
                    uint32_t(input.byte() % 4),
                    uint32_t(input.byte() % 3),
                    input.byte() % 32 ? inputs[e] : nullptr,
                    input.byte() % 32 ? outputs[e] : nullptr};
    }
    for (moert_weight_info &weight : weights)
      weight = {text(input),        input.of(kTypes),   0,
                input.of(kNumbers), input.of(kNumbers), input.of(kNumbers)};
    for (moert_state_info &state : states) {
      moert_value_info info = value(input);
      state = {info.name,
               info.dtype,
               info.rank,
               info.sizes,
               info.dim_names,
               int32_t(input.of(kNumbers)),
               int32_t(input.of(kNumbers)),
               input.of(kNumbers)};
    }
    for (moert_kernel_info &info : kernels) {
      info = {text(input), {}};
      for (auto &level : info.levels)
        level = input.byte() % 2 ? kernel : nullptr;
    }
    table.abi_version = input.byte() % 64 ? MOERT_ABI_VERSION : input.byte();
    table.size = input.byte() % 64 ? uint32_t(sizeof(table)) : input.byte();
    memcpy(table.build_id, kBuild, sizeof(kBuild));
    table.producer = text(input);
    table.num_entries = input.byte() % 3;
    table.num_weights = input.byte() % 8 ? 0 : input.byte() % 3;
    table.num_states = input.byte() % 3;
    table.num_kernels = input.byte() % 3;
    table.entries = input.byte() % 32 ? entries : nullptr;
    table.weights = input.byte() % 32 ? weights : nullptr;
    table.states = input.byte() % 32 ? states : nullptr;
    table.kernels = input.byte() % 32 ? kernels : nullptr;
    table.metadata = text(input);
  }

  static const char *text(Input &input) { return kTexts[(2 + input.byte() % 16) % 9]; }

  moert_value_info value(Input &input) {
    Value &value = values[usedValues++ % values.size()];
    for (int i = 0; i <= MOERT_MAX_RANK; ++i) {
      // Mostly small, so that something runs.
      value.sizes[i] = input.byte() % 8 ? int64_t(input.byte() % 5) - 1 : input.of(kNumbers);
      value.names[i] = text(input);
    }
    static const int32_t kRanks[] = {0, 1, 2, 2, 3, 8, 9, -1};
    return {text(input), input.of(kTypes), input.of(kRanks),
            input.byte() % 32 ? value.sizes : nullptr, input.byte() % 4 ? value.names : nullptr};
  }
};

Tables *current;
const moert_entry_info *currentEntry;

int32_t runAnything(moert_ctx *ctx, const moert_buffer *inputs, moert_buffer *) {
  const moert_functions &f = *ctx->functions;
  Input &input = current->behaviour;
  const moert_entry_info &entry = *currentEntry;
  int64_t sizes[MOERT_MAX_RANK + 1];
  (void)inputs;
  for (int steps = input.byte() % 16; steps > 0; --steps)
    switch (input.byte() % 8) {
    case 0:
      f.alloc(ctx, input.of(kNumbers));
      break;
    case 1:
      f.release(ctx, f.alloc(ctx, input.byte()));
      break;
    case 2:
      f.parallel_for(ctx, input.byte() % 3, nullptr, input.of(kNumbers));
      break;
    case 3:
      f.weight(ctx, input.byte() % 3);
      break;
    case 4: {
      uint32_t index = input.byte() % 3;
      int64_t length, capacity;
      void *data = f.state(ctx, index, &length, &capacity);
      const moert_state_info &state = current->states[index];
      if (length < 0 || length > capacity || (capacity > 0 && !data && state.rank == 1))
        wrong("state");
      break;
    }
    case 5:
      f.append_state(ctx, input.byte() % 3, input.of(kNumbers));
      break;
    case 6:
      f.fail(ctx, input.byte(), kTexts[input.byte() % 9]);
      break;
    default:
      for (int64_t &size : sizes)
        size = input.of(kNumbers);
      f.output(ctx, input.byte() % 3, input.byte() % 10, sizes);
    }
  // The outputs as they should be.
  for (uint32_t i = 0; i < entry.num_outputs; ++i) {
    const moert_value_info &info = entry.outputs[i];
    for (int32_t axis = 0; axis < info.rank; ++axis)
      sizes[axis] = info.sizes[axis] < 0 ? input.byte() % 4 : info.sizes[axis];
    auto *data = static_cast<uint8_t *>(f.output(ctx, i, info.rank, sizes));
    int64_t bytes = tensorBytes(info.dtype, info.rank, sizes);
    if (bytes > 0)
      data[0] = data[bytes - 1] = 1;
  }
  return input.byte() % 16 ? MOERT_OK : input.byte();
}

void checkStatus(const moert_status &status) {
  if (!memchr(status.message, 0, sizeof(status.message)) || status.code < 0 ||
      status.code > MOERT_INTERNAL || (status.code == MOERT_OK) != (status.message[0] == 0))
    wrong("malformed status");
}

void runTables(Tables &tables, Input &input, moert_session *session) {
  for (uint32_t e = 0; e < tables.table.num_entries; ++e) {
    const moert_entry_info &entry = tables.table.entries[e];
    moert_request *request = nullptr;
    checkStatus(api().request_create(session, entry.name, &request));
    if (!request)
      continue;
    static uint8_t data[1 << 16];
    for (uint32_t i = 0; i < entry.num_inputs; ++i) {
      const moert_value_info &info = entry.inputs[i];
      int64_t sizes[MOERT_MAX_RANK];
      for (int32_t axis = 0; axis < info.rank; ++axis)
        sizes[axis] = info.sizes[axis] < 0 ? 1 + input.byte() % 2 : info.sizes[axis];
      int64_t bytes = tensorBytes(info.dtype, info.rank, sizes);
      if (bytes > int64_t(sizeof(data)))
        continue;
      moert_tensor tensor = {sizeof(tensor), data, bytes, info.dtype, info.rank, sizes};
      checkStatus(api().request_set_input(request, info.name, &tensor));
    }
    tables.behaviour = input;
    current = &tables;
    currentEntry = &entry;
    moert_status status = api().request_run(request);
    input = tables.behaviour;
    checkStatus(status);
    for (uint32_t i = 0; i < entry.num_outputs; ++i) {
      moert_tensor tensor = {};
      tensor.size = sizeof(tensor);
      moert_status fetched = api().request_output(request, entry.outputs[i].name, &tensor);
      checkStatus(fetched);
      if (status.code != MOERT_OK && fetched.code == MOERT_OK)
        wrong("an output of a run that failed");
    }
    api().request_release(request);
  }
}

void madeTables(Input &input) {
  Limits limits;
  moert_hooks hooks = limits.hooks();
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = 1;
  options.hooks = &hooks;
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_session *session = nullptr;
  checkStatus(api().runtime_create(&options, &runtime));
  if (uint8_t left = input.byte(); left < 64)
    limits.left = left;
  Tables tables(input);
  if (accepted(api().artifact_from_table(runtime, &tables.table, nullptr, &artifact))) {
    moert_dim_binding dims[] = {{"N", input.byte() % 4}, {"B", 1}, {"M", 2}};
    moert_session_options sessionOptions = {};
    sessionOptions.size = sizeof(sessionOptions);
    sessionOptions.dims = dims;
    sessionOptions.num_dims = input.byte() % 4;
    sessionOptions.state_capacity = input.byte() % 4 ? input.byte() % 8 : input.of(kNumbers);
    checkStatus(api().session_create(artifact, nullptr, &sessionOptions, &session));
    if (session)
      runTables(tables, input, session);
  }
  api().session_release(session);
  api().artifact_release(artifact);
  api().runtime_release(runtime);
  if (limits.live != 0)
    wrong("memory is left");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static MemoryFile file;
  Input input(data, size);
  switch (input.byte() % 4) {
  case 0:
    openWeights(file.hold(input.rest(), input.left()), uint8_t(size));
    break;
  case 1:
    changedWeights(input, file);
    break;
  case 2:
    changedObject(input, file);
    break;
  default:
    madeTables(input);
  }
  return 0;
}
