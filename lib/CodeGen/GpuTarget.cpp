//===- GpuTarget.cpp - NVIDIA chips -------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sources: PTX versions from the release notes of the PTX ISA; shared memory per
// block and warps per SM from the CUDA C++ Programming Guide, "Technical
// Specifications per Compute Capability"; SMs from the architecture's
// whitepaper, of the product that is named.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/GpuTarget.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace moec::codegen {

// Version 8.0 came with CUDA 12.0, the oldest toolkit whose drivers are still
// maintained; chips that appeared later need the version that appeared with them.
static const GpuTarget targets[] = {
    {"sm_80", 80, 163 << 10, 64, 108},   // A100
    {"sm_86", 80, 99 << 10, 48, 84},     // RTX 3090 Ti, A40
    {"sm_87", 80, 163 << 10, 48, 16},    // Jetson AGX Orin
    {"sm_89", 80, 99 << 10, 48, 142},    // L40S
    {"sm_90", 80, 227 << 10, 64, 132},   // H100 SXM, H200
    {"sm_90a", 80, 227 << 10, 64, 132},  // the same, with wgmma
    {"sm_100", 86, 227 << 10, 64, 148},  // B200
    {"sm_100a", 86, 227 << 10, 64, 148}, // the same, with tcgen05
    {"sm_120", 87, 99 << 10, 48, 188},   // RTX PRO 6000 Blackwell
    {"sm_120a", 87, 99 << 10, 48, 188},  // the same, with block-scaled mma
};

ArrayRef<GpuTarget> getGpuTargets() { return targets; }

const GpuTarget *findGpuTarget(StringRef chip) {
  for (const GpuTarget &target : targets)
    if (target.chip == chip)
      return &target;
  return nullptr;
}

std::string listGpuTargets() {
  SmallVector<StringRef> names;
  for (const GpuTarget &target : targets)
    names.push_back(target.chip);
  return join(names, ", ");
}

} // namespace moec::codegen
