// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests need to know about the artifact in TestArtifact.cpp.
#ifndef MOERT_TEST_TESTARTIFACT_H
#define MOERT_TEST_TESTARTIFACT_H

#include "moert/abi.h"

/// What entry "trouble" is asked to do.
enum Trouble : int64_t {
  kNoTrouble,
  kFail,           // calls fail in the middle, holding memory
  kFailWithoutWhy, // calls fail with an unknown code and no message
  kReturnCode,
  kReturnUnknownCode,
  kNoOutput,
  kOutputTwice,
  kOutputWrongRank,
  kOutputWrongSize,
  kBadIndexOfOutput,
  kBadIndexOfWeight,
  kBadIndexOfKernel,
  kBadIndexOfState,
  kReleaseTwice,
  kNegativeAlloc,
  kHugeAlloc,
  kNegativeAppend,
  kLoopForever, // parallel loops without end
};

extern "C" __attribute__((visibility("default"))) const struct moert_artifact_v1 moert_artifact_v1;

#endif // MOERT_TEST_TESTARTIFACT_H
