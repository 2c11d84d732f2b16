//===- LoadedModel.cpp - A compiled model, ready to run ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/LoadedModel.h"

#include "lib/Core/Status.h"

using namespace moec;

moert_status LoadedModel::load(const InMemoryModel &model, const std::string &device) {
  const moert_artifact_v1 *table = model.getArtifact();
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = 1;
  MOERT_RETURN_IF_FAILED(
      runtime.create([&](auto made) { return api.runtime_create(&options, made); }));
  MOERT_RETURN_IF_FAILED(artifact.create(
      [&](auto made) { return api.artifact_from_table(runtime.get(), table, nullptr, made); }));
  if (table->num_weights) {
    moert_weights_options weightsOptions = {};
    weightsOptions.size = sizeof(weightsOptions);
    weightsOptions.path = model.getWeights().c_str();
    MOERT_RETURN_IF_FAILED(weights.create(
        [&](auto made) { return api.weights_open(artifact.get(), &weightsOptions, made); }));
  }
  moert_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.device = device.empty() ? nullptr : device.c_str();
  return session.create([&](auto made) {
    return api.session_create(artifact.get(), weights.get(), &sessionOptions, made);
  });
}
