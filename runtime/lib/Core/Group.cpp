// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Group.h"
#include "lib/Comm/LocalRanks.h"
#include "lib/Core/Options.h"

using namespace moert;

moert_group::~moert_group() {
  if (transport)
    transport->dispose();
  while (Layer *layer = layers_) {
    layers_ = layer->next;
    destroy(runtime->host, layer);
  }
}

void moert_group::dispose(moert_group *group) {
  Ref<moert_runtime> runtime = group->runtime;
  destroy(runtime->host, group);
}

moert_status moert_group::readGroupOptions(const moert_group_options *given,
                                           moert_group_options &options) {
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_group_options", options));
  if (options.silence_ns < 0 || options.link_bytes_per_second < 0 || options.window_rows < 0 ||
      options.chunks < 0)
    return failure(MOERT_INVALID_ARGUMENT, "a time, speed or number of the group is negative");
  return success();
}

moert_status moert_group::wrap(moert_runtime &runtime, GroupTransport &end,
                               const moert_group_options &options, moert_group *&group) {
  group = create<moert_group>(runtime.host, runtime);
  if (!group) {
    const int32_t ranks = end.ranks();
    end.dispose();
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
  }
  group->transport = &end;
  group->silenceNs = options.silence_ns;
  group->windowRows = options.window_rows;
  group->chunks = options.chunks;
  group->atPoint = options.at_point;
  group->pointUser = options.point_user;
  return success();
}

moert_status moert_group::makeLocal(moert_runtime &runtime, int32_t ranks,
                                    const moert_group_options *given, moert_group **groups) {
  moert_group_options options;
  MOERT_RETURN_IF_FAILED(readGroupOptions(given, options));
  if (ranks < 1 || ranks > GroupState::kMostRanks)
    return failure(MOERT_INVALID_ARGUMENT, "a group has 1 to %d ranks, not %d",
                   GroupState::kMostRanks, ranks);
  std::fill_n(groups, ranks, nullptr);
  Array<GroupTransport *> ends;
  if (!ends.allocate(runtime.host, size_t(ranks)))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
  MOERT_RETURN_IF_FAILED(
      LocalRanks::make(runtime.host, ranks, options.link_bytes_per_second, ends.data()));
  moert_status status = success();
  for (int32_t rank = 0; rank < ranks; ++rank)
    if (moert_status made = wrap(runtime, *ends[size_t(rank)], options, groups[rank]);
        made.code != MOERT_OK)
      status = made;
  for (int32_t rank = 0; status.code != MOERT_OK && rank < ranks; ++rank)
    if (moert_group *group = std::exchange(groups[rank], nullptr))
      group->release();
  return status;
}

moert_group_info moert_group::info() const {
  moert_group_info info = {};
  info.rank = transport->rank();
  info.ranks = transport->ranks();
  info.code = transport->code();
  info.layers = numLayers_.load(std::memory_order_relaxed);
  return info;
}

moert_status moert_group::traffic(int32_t layer, int32_t peer, moert_traffic *traffic) const {
  if (peer < 0 || peer >= transport->ranks())
    return failure(MOERT_INVALID_ARGUMENT, "the group has ranks 0 to %d, not %d",
                   transport->ranks() - 1, peer);
  const Layer *found = layer < 0 ? nullptr : layers_;
  while (found && layer-- > 0)
    found = found->next;
  if (!found)
    return failure(MOERT_INVALID_ARGUMENT, "runs with the group have had %d exchanges at most",
                   numLayers_.load(std::memory_order_relaxed));
  return writeStructure(found->peers[size_t(peer)], "moert_traffic", traffic);
}

moert_status moert_group::startRun() {
  if (running_.exchange(true, std::memory_order_acquire))
    return failure(MOERT_FAILED_PRECONDITION, "another request of this rank's group is running");
  moert_status status = transport->state();
  if (status.code != MOERT_OK)
    finishRun();
  return status;
}

moert_status moert_group::count(uint32_t layer, const ExchangeTransport &exchange, int64_t rowBytes,
                                int64_t resultBytes) {
  Layer **link = &layers_;
  for (uint32_t i = 0; i < layer && *link; ++i)
    link = &(*link)->next;
  if (!*link) {
    auto *made = create<Layer>(runtime->host);
    if (!made || !made->peers.allocate(runtime->host, size_t(transport->ranks()))) {
      destroy(runtime->host, made);
      return failure(MOERT_OUT_OF_MEMORY, "no memory to count what a group sends");
    }
    *link = made;
    numLayers_.fetch_add(1, std::memory_order_relaxed);
  }
  for (int32_t member = 0; member < exchange.members(); ++member) {
    if (member == exchange.member())
      continue;
    moert_traffic &peer = (*link)->peers[size_t(exchange.rankOf(member))];
    const int64_t sent = exchange.plan().sentTo(member);
    const int64_t returned = exchange.plan().sentFrom(member);
    const ExchangeNews news = exchange.newsTo(member);
    ++peer.exchanges;
    peer.dispatch_rows += sent;
    peer.dispatch_bytes += sent * rowBytes + news.dispatch;
    peer.return_rows += returned;
    peer.return_bytes += returned * resultBytes + news.results;
  }
  return success();
}

namespace {

/// The ranks of a grid that differ from `rank` along `axes` only, ascending.
void listMembers(const moert_artifact &artifact, int32_t rank, uint32_t axes, int32_t *members) {
  // The strides of the grid, from its last axis; a member's number counts along `axes` likewise.
  int64_t count = 1, stride = 1, base = rank;
  members[0] = 0;
  for (uint32_t axis = artifact.gridRank; axis-- > 0; stride *= artifact.grid[axis]) {
    if (!(axes >> axis & 1))
      continue;
    const int64_t size = artifact.grid[axis];
    base -= rank / stride % size * stride;
    for (int64_t i = count; i < count * size; ++i)
      members[i] = int32_t(members[i % count] + i / count * stride);
    count *= size;
  }
  for (int64_t i = 0; i < count; ++i)
    members[i] += int32_t(base);
}

} // namespace

moert_status GroupBinding::make(const moert_artifact &artifact, moert_group &group,
                                GroupBinding *&binding) {
  const int32_t ranks = group.transport->ranks();
  if (artifact.gridRank == 0)
    return failure(MOERT_INVALID_ARGUMENT,
                   "the artifact is for one rank by itself; its sessions take no group");
  if (artifact.ranks != ranks)
    return failure(MOERT_INVALID_ARGUMENT,
                   "the artifact is for %lld ranks (grid %s); the group has %d",
                   static_cast<long long>(artifact.ranks), artifact.describeGrid().text, ranks);
  const Host &host = artifact.runtime->host;
  auto *made = create<GroupBinding>(host);
  Array<int32_t> members;
  moert_status status = success();
  if (made && members.allocate(host, size_t(ranks)) &&
      made->exchanges.allocate(host, artifact.numExchanges)) {
    made->group = Ref<moert_group>(&group);
    for (uint32_t i = 0; i < artifact.numExchanges && status.code == MOERT_OK; ++i) {
      const uint32_t axes = artifact.exchanges[i].axes;
      listMembers(artifact, group.transport->rank(), axes, members.data());
      status = group.transport->open(members.data(), int32_t(artifact.membersAlong(axes)),
                                     made->exchanges[i]);
    }
  } else {
    status = failure(MOERT_OUT_OF_MEMORY, "no memory for a session's group");
  }
  if (status.code == MOERT_OK)
    binding = made;
  else
    destroy(host, made);
  return status;
}
