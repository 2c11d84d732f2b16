// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/RankRunner.h"
#include "lib/Comm/RankEnvironment.h"
#include "lib/Core/Artifact.h"
#include "lib/Core/Status.h"

namespace moert::cli {

moert_status RankRunner::countRanks(const struct moert_artifact_v1 &artifact,
                                    const Options &options, int32_t &count) {
  int64_t ranks = 1;
  std::string grid;
  const uint32_t axes = hasGrid(artifact) ? artifact.grid_rank : 0;
  for (uint32_t axis = 0; axis < axes; ++axis) {
    ranks *= artifact.grid[axis];
    grid += (axis ? "x" : "") + std::to_string(artifact.grid[axis]);
  }
  if (options.ranks && options.ranks != ranks)
    return failure(MOERT_INVALID_ARGUMENT,
                   "--ranks=%d: the model was compiled for %lld rank%s%s; see moec compile --ranks",
                   options.ranks, static_cast<long long>(ranks), ranks == 1 ? "" : "s",
                   grid.empty() ? "" : (" (" + grid + ")").c_str());
  if (ranks > 1024)
    return failure(MOERT_UNSUPPORTED, "a group has 1 to 1024 ranks, not %lld",
                   static_cast<long long>(ranks));
  count = int32_t(ranks);
  return success();
}

moert_status RankRunner::findOwnRank(int32_t count, bool &isRank, std::string &label) {
  isRank = false;
  // A model for one rank runs under any launcher.
  if (count == 1)
    return success();
  RankEnvironment environment;
  MOERT_RETURN_IF_FAILED(readRankEnvironment(processEnvironment(), environment));
  // Launchers start single programs, too.
  if (environment.size == 1)
    return success();
  if (environment.size != count)
    return failure(MOERT_INVALID_ARGUMENT,
                   "the environment (%s) names rank %d of %d, but the model was compiled for %d",
                   environment.source, environment.rank, environment.size, count);
  isRank = true;
  label = "rank " + std::to_string(environment.rank) + " of " + std::to_string(count) + ": ";
  return success();
}

moert_status RankRunner::create(moert_runtime *runtime, moert_artifact *artifact,
                                moert_weights *weights, const Options &options, int32_t count,
                                bool isRank, Inputs inputs, bool &badInput) {
  table_ = api_.artifact_table(artifact);
  entry_ = &table_->entries[0];
  whole_.resize(entry_->num_outputs);
  if (count == 1 && !options.faults.empty())
    return failure(MOERT_INVALID_ARGUMENT, "--fault needs a model that was compiled for several "
                                           "ranks; see moec compile --ranks");
  for (const Fault &fault : options.faults)
    if (fault.rank >= count)
      return failure(MOERT_INVALID_ARGUMENT, "--fault names rank %d, but there are %d", fault.rank,
                     count);
  isRank_ = isRank;
  const int32_t ownRanks = isRank ? 1 : count;
  ranks_.resize(size_t(ownRanks));
  if (ownRanks == 1) {
    inputs_.resize(1);
    inputs_[0].inputs = std::move(inputs);
  } else {
    MOERT_RETURN_IF_FAILED(splitBatch(*entry_, inputs, count, options.split, inputs_));
  }
  if (count > 1)
    MOERT_RETURN_IF_FAILED(createGroup(runtime, options, isRank));
  for (size_t rank = 0; rank < ranks_.size(); ++rank) {
    MOERT_RETURN_IF_FAILED(createSession(rank, artifact, weights, options));
    MOERT_RETURN_IF_FAILED(setInputs(rank, badInput));
  }
  return threads_.start(ownRanks);
}

/// How long a rank that stops keeps threads waiting: as long as processes wait by default.
static constexpr int64_t kStallSilenceNs = 1000000000;

moert_status RankRunner::createGroup(moert_runtime *runtime, const Options &options, bool isRank) {
  std::vector<moert_group *> groups(ranks_.size());
  moert_group_options groupOptions = {};
  groupOptions.size = sizeof(groupOptions);
  groupOptions.window_rows = options.windowRows;
  groupOptions.chunks = options.chunks;
  groupOptions.link_bytes_per_second = options.linkBytesPerSecond;
  faults_.set(options.faults, isRank, [this](int32_t rank) {
    moert_group_info info = {};
    info.size = sizeof(info);
    return api_.group_info(ranks_[size_t(rank)].group.get(), &info).code != MOERT_OK ||
           info.code != MOERT_OK;
  });
  if (!faults_.empty()) {
    groupOptions.at_point = [](void *user, int32_t rank, int32_t layer, int32_t point) {
      return static_cast<Faults *>(user)->reach(rank, layer, point);
    };
    groupOptions.point_user = &faults_;
    if (faults_.stalls() && !isRank)
      groupOptions.silence_ns = kStallSilenceNs;
  }
  if (isRank) {
    moert_group *group = nullptr;
    MOERT_RETURN_IF_FAILED(
        keep(api_.group_create_from_env(runtime, &groupOptions, &group), group, ranks_[0].group));
    moert_group_info info = {};
    info.size = sizeof(info);
    MOERT_RETURN_IF_FAILED(api_.group_info(group, &info));
    firstRank_ = info.rank;
    return success();
  }
  MOERT_RETURN_IF_FAILED(
      api_.group_create_local(runtime, int32_t(groups.size()), &groupOptions, groups.data()));
  for (size_t rank = 0; rank < groups.size(); ++rank)
    ranks_[rank].group.reset(groups[rank]);
  return success();
}

moert_status RankRunner::createSession(size_t rank, moert_artifact *artifact,
                                       moert_weights *weights, const Options &options) {
  // Sizes of bound states: what inputs have, what is bound, else 1.
  std::map<std::string, int64_t> bound(options.binds.begin(), options.binds.end());
  std::map<std::string, int64_t> &dims = inputs_[rank].inputs.dims;
  for (auto &[name, size] : bound)
    if (auto known = dims.find(name); known != dims.end())
      size = known->second; // a batch that was bound may have been split
  for (uint32_t i = 0; i < table_->num_states; ++i) {
    const moert_state_info &state = table_->states[i];
    for (int32_t axis = 0; axis < state.rank; ++axis)
      if (axis != state.axis && state.sizes[axis] == -1) {
        const char *name = state.dim_names[axis];
        bound.emplace(name, dims.emplace(name, 1).first->second);
      }
  }
  std::vector<moert_dim_binding> bindings;
  for (const auto &[name, size] : bound)
    bindings.push_back({name.c_str(), size});
  moert_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.dims = bindings.data();
  sessionOptions.num_dims = bindings.size();
  sessionOptions.device = options.device.empty() ? nullptr : options.device.c_str();
  sessionOptions.group = ranks_[rank].group.get();
  moert_session *session = nullptr;
  MOERT_RETURN_IF_FAILED(keep(api_.session_create(artifact, weights, &sessionOptions, &session),
                              session, ranks_[rank].session));
  moert_request *request = nullptr;
  return keep(api_.request_create(session, nullptr, &request), request, ranks_[rank].request);
}

moert_status RankRunner::setInputs(size_t rank, bool &badInput) {
  for (uint32_t i = 0; i < entry_->num_inputs; ++i) {
    moert_status status = setInput(rank, i);
    if (status.code == MOERT_OK)
      continue;
    const std::string &origin = inputs_[rank].inputs.origins[i];
    badInput = !origin.empty();
    if (!badInput)
      return status;
    return failure(status.code, "'%s': %s", origin.c_str(), status.message);
  }
  return success();
}

moert_status RankRunner::setInput(size_t rank, uint32_t index) {
  Tensor &tensor = inputs_[rank].inputs.tensors[index];
  moert_tensor given = {};
  given.size = sizeof(given);
  given.data = tensor.data.data();
  given.bytes = tensor.data.size();
  given.dtype = tensor.dtype;
  given.rank = int32_t(tensor.sizes.size());
  given.sizes = tensor.sizes.data();
  return api_.request_set_input(ranks_[rank].request.get(), entry_->inputs[index].name, &given);
}

moert_status RankRunner::restart() {
  for (Rank &rank : ranks_)
    MOERT_RETURN_IF_FAILED(api_.session_truncate_state(rank.session.get(), nullptr, 0));
  return success();
}

moert_status RankRunner::run() {
  return threads_.run([&](int32_t rank) { return runRank(rank); });
}

moert_status RankRunner::runRank(int32_t index) {
  Rank &rank = ranks_[size_t(index)];
  const int32_t code = faults_.reach(firstRank_ + index, -1, Fault::kStart);
  if (code == MOERT_OK)
    return api_.request_run(rank.request.get());
  // It leaves, and the others see that it is gone.
  rank.request.reset();
  rank.session.reset();
  rank.group.reset();
  return failure(code, "it was taken out before the run by a drill");
}

moert_status RankRunner::advance(const Steps &steps, std::vector<int64_t> &tokens) {
  tokens.clear();
  for (size_t rank = 0; rank < ranks_.size(); ++rank) {
    moert_tensor out;
    MOERT_RETURN_IF_FAILED(fetchPart(rank, steps.output(), out));
    std::vector<int64_t> own;
    MOERT_RETURN_IF_FAILED(steps.next(out, inputs_[rank].inputs, own));
    tokens.insert(tokens.end(), own.begin(), own.end());
    for (uint32_t index : steps.changed())
      MOERT_RETURN_IF_FAILED(setInput(rank, index));
  }
  // A rank without sequences takes part in what those of others need.
  if (tokens.empty() && !isRank_)
    return failure(MOERT_INVALID_ARGUMENT, "--feed: there is no sequence to go on with");
  return success();
}

moert_status RankRunner::fetchPart(size_t rank, uint32_t index, moert_tensor &tensor) {
  tensor = {};
  tensor.size = sizeof(tensor);
  return api_.request_output(ranks_[rank].request.get(), entry_->outputs[index].name, &tensor);
}

moert_status RankRunner::fetch(uint32_t index, moert_tensor &tensor) {
  if (ranks_.size() == 1)
    return fetchPart(0, index, tensor);
  std::vector<moert_tensor> parts(ranks_.size());
  for (size_t rank = 0; rank < ranks_.size(); ++rank)
    MOERT_RETURN_IF_FAILED(fetchPart(rank, index, parts[rank]));
  Tensor &whole = whole_[index];
  MOERT_RETURN_IF_FAILED(joinBatches(entry_->outputs[index], parts, inputs_, whole));
  tensor = {};
  tensor.size = sizeof(tensor);
  tensor.data = whole.data.data();
  tensor.bytes = whole.data.size();
  tensor.dtype = whole.dtype;
  tensor.rank = int32_t(whole.sizes.size());
  tensor.sizes = whole.sizes.data();
  return success();
}

moert_status RankRunner::collectTraffic(Profile &profile) const {
  for (size_t rank = 0; rank < ranks_.size() && ranks_[rank].group; ++rank) {
    moert_group *group = ranks_[rank].group.get();
    moert_group_info info = {};
    info.size = sizeof(info);
    MOERT_RETURN_IF_FAILED(api_.group_info(group, &info));
    for (int32_t layer = 0; layer < info.layers; ++layer)
      for (int32_t peer = 0; peer < info.ranks; ++peer) {
        moert_traffic traffic = {};
        traffic.size = sizeof(traffic);
        MOERT_RETURN_IF_FAILED(api_.group_traffic(group, layer, peer, &traffic));
        if (traffic.exchanges)
          profile.addTraffic(info.rank, layer, peer, traffic);
      }
  }
  return success();
}

} // namespace moert::cli
