// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libFuzzer target: what libmoert reads before it runs code of a model. The first byte chooses:
//   0  a weights file, as it is
//   1  a good weights file with bytes changed, its checksums made right again
//   2  a good shared object with bytes changed, sealed anew or not (checked, never loaded)
//   3  an artifact's tables, built from the input; what is accepted is run
// Whatever is accepted is used to its last byte. Pointers in tables are null or good: an artifact
// is code, and nothing can tell a wild pointer.
#include "ArtifactFuzzing.h"

#include "lib/Core/Digest.h"
#include "lib/Core/Host.h"
#include "lib/Core/Seal.h"
#include "lib/Core/SharedObject.h"
#include "lib/Core/Status.h"
#include "lib/Core/WeightsFile.h"
#include "lib/Cpu/ThreadPool.h"

#include <cstddef>
#include <elf.h>

using namespace moert;
using namespace moert::fuzz;

namespace {

//===--- Weights ----------------------------------------------------------===//

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
    makeTables(input);
  }
  return 0;
}
