// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// usage: moert-test-seal FILE
//
// Makes the checksums of a file right, whatever is in it: appends the seal to a shared object, or
// computes anew those of a weights file's header and directory.
#include "lib/Core/Seal.h"
#include "lib/Core/WeightsFile.h"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace moert;

namespace {

bool digestWeights(FILE *file, std::vector<uint8_t> &bytes) {
  WeightsHeader header;
  memcpy(&header, bytes.data(), sizeof(header));
  if (header.data_offset > kWeightsHeaderBytes && header.data_offset <= int64_t(bytes.size()))
    header.directory_digest = digestOf(bytes.data() + kWeightsHeaderBytes,
                                       size_t(header.data_offset - kWeightsHeaderBytes));
  header.header_digest = digestOf(&header, offsetof(WeightsHeader, header_digest));
  return fseek(file, 0, SEEK_SET) == 0 && fwrite(&header, sizeof(header), 1, file) == 1;
}

} // namespace

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "r+b") : nullptr;
  if (!file)
    return 2;
  std::vector<uint8_t> bytes(size_t(1) << 20);
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  bool isWeights = bytes.size() >= sizeof(WeightsHeader) &&
                   memcmp(bytes.data(), kWeightsMagic, sizeof(kWeightsMagic)) == 0;
  bool done = !isWeights || digestWeights(file, bytes);
  done &= fclose(file) == 0;
  if (isWeights)
    return !done;
  moert_status status = sealSharedObject(argv[1]);
  if (status.code != MOERT_OK)
    fprintf(stderr, "moert-test-seal: %s\n", status.message);
  return status.code != MOERT_OK;
}
