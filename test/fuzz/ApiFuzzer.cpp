// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libFuzzer target: libmoert's interface called in any order, with allocations that fail. The input
// is the sequence of calls; runtime/test/ApiCalls.h tells what is checked.
#include "test/ApiCalls.h"
#include "test/Support.h"
#include "test/TestArtifact.h"

using namespace moert::test;

namespace {

/// What outlives all inputs.
struct World {
  World() {
    writeTestWeights(folder / "m.weights");
    stateless.num_states = 0;
    stateless.states = nullptr;
    moert_runtime_options options = {};
    options.size = sizeof(options);
    options.threads = 2;
    std::string path = folder / "m";
    api().runtime_create(&options, &shared.runtime);
    api().artifact_from_table(shared.runtime, &stateless, path.c_str(), &shared.artifact);
    api().weights_open(shared.artifact, nullptr, &shared.weights);
    api().session_create(shared.artifact, shared.weights, nullptr, &shared.session);
    if (!shared.session)
      abort();
  }
  ~World() {
    api().session_release(shared.session);
    api().weights_release(shared.weights);
    api().artifact_release(shared.artifact);
    api().runtime_release(shared.runtime);
  }

  Folder folder;
  struct moert_artifact_v1 stateless = moert_artifact_v1;
  Shared shared;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static World world;
  static const Place place = {world.folder / ".", &moert_artifact_v1, &world.stateless};
  Choices choices(data, size);
  bool shares = choices.below(4) != 0;
  makeCalls(place, shares ? world.shared : Shared(), choices);
  return 0;
}
