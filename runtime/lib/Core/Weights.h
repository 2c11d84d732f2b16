// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The weights of an artifact in memory.
#ifndef MOERT_LIB_CORE_WEIGHTS_H
#define MOERT_LIB_CORE_WEIGHTS_H

#include "lib/Core/Artifact.h"
#include "lib/Core/DeviceWeights.h"
#include "lib/Core/WeightsFile.h"

struct moert_weights final : moert::RefCounted<moert_weights> {
  explicit moert_weights(moert_artifact &artifact)
      : artifact(&artifact), reader(artifact.runtime->host) {}

  static moert_status open(moert_artifact &artifact, const moert_weights_options *given,
                           moert_weights **weights);
  static void dispose(moert_weights *weights);

  const moert::Ref<moert_artifact> artifact;
  moert::WeightsReader reader;
  moert::DeviceWeightsTable onDevices;
};

#endif // MOERT_LIB_CORE_WEIGHTS_H
