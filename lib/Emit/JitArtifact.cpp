//===- JitArtifact.cpp - Artifacts in this process --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Emit.h"

#include "moert/abi.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;
using namespace moec;

struct JitArtifact::Engine {
  std::unique_ptr<orc::LLJIT> jit;
};

JitArtifact::JitArtifact(std::unique_ptr<Engine> engine, const moert_artifact_v1 *artifact)
    : engine(std::move(engine)), artifact(artifact) {}

JitArtifact::~JitArtifact() = default;

Expected<std::unique_ptr<JitArtifact>> JitArtifact::load(std::unique_ptr<MemoryBuffer> object) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Expected<std::unique_ptr<orc::LLJIT>> jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  if (Error error = (*jit)->addObjectFile(std::move(object)))
    return std::move(error);
  Expected<orc::ExecutorAddr> address = (*jit)->lookup(MOERT_ARTIFACT_SYMBOL);
  if (!address)
    return address.takeError();
  auto engine = std::make_unique<Engine>();
  engine->jit = std::move(*jit);
  return std::unique_ptr<JitArtifact>(
      new JitArtifact(std::move(engine), address->toPtr<const moert_artifact_v1 *>()));
}
