//===- LayerCost.h - What a layer costs a device ------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The static cost of MoE layers of real sizes, by the virtual GPU's counters.
// Routing and the weighted sum run whole. Products have thousands of tiles, so a
// sample of the real tiles runs, a block each, at the real depth and width: the
// first, the last and others at random. What a tile should cost follows from its
// rows and columns; the sample tells by which factor it costs more, and the sum
// over all tiles is scaled by it. Weights are zeros: counters do not depend on
// values.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_DEVICE_LAYERCOST_H
#define MOEC_UNITTESTS_DEVICE_LAYERCOST_H

#include "unittests/Device/DeviceProgram.h"

namespace moec {

/// A gated layer of bf16, all sizes in elements.
struct LayerShape {
  std::string name;
  int64_t hidden, width, experts, choices;
};

extern const LayerShape mixtralLayer, qwen3Layer;

/// What one kernel costs in one run of the layer. Bytes of global memory are those that lanes ask
/// for, whatever caches hold them.
struct KernelCost {
  std::string kernel;
  int64_t launches = 0; // with blocks
  int64_t tiles = 0, sampled = 0;
  double readBytes = 0, writtenBytes = 0; // of all tiles
  double implied = 0;                     // bytes that tiles of this shape read and write
  double roofline = 0;                    // bytes if everything came and went once
  double issued = 0, useful = 0;          // floating-point operations of matrix instructions
  double sectorBytes = 0;
  uint64_t bankConflicts = 0; // of the sample
  double instructions = 0;    // of warps

  double bytes() const { return readBytes + writtenBytes; }
};

struct LayerCost {
  std::vector<KernelCost> kernels; // in the order of their launches
  int64_t launches = 0;
  int64_t activeExperts = 0;

  /// The sum over all kernels.
  double sum(double KernelCost::*what) const;
  double bytes() const { return sum(&KernelCost::readBytes) + sum(&KernelCost::writtenBytes); }
};

/// A layer from its logits on, compiled for sm_80.
class LayerProgram {
public:
  explicit LayerProgram(const LayerShape &shape);

  bool isCompiled() const { return program.isCompiled(); }
  /// A run with random tokens and logits, of `samples` tiles of each product beside the first and
  /// the last one. Nothing, with failed expectations, if it fails.
  std::optional<LayerCost> measure(int64_t tokens, int64_t samples, uint32_t hostThreads) const;

private:
  LayerShape shape;
  DeviceProgram program;
};

} // namespace moec

#endif // MOEC_UNITTESTS_DEVICE_LAYERCOST_H
