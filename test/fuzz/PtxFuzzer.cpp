// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX that nobody wrote: parsed, or refused with a line and a message.
#include "FuzzOptions.h"
#include "vgpu/Ptx/Module.h"

#include <cstdlib>

using namespace moert::vgpu;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ptx::ParseError error;
  const auto module = ptx::parse({reinterpret_cast<const char *>(data), size}, error);
  if (!module == error.message.empty())
    abort();
  return 0;
}
