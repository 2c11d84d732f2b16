// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups whose ranks are processes: what callers and the environment say about them.
#include "lib/Comm/LocalRanks.h"
#include "lib/Comm/RankEnvironment.h"
#include "lib/Comm/RemoteRanks.h"
#include "lib/Comm/TransportPlugin.h"
#include "lib/Core/Group.h"
#include "lib/Core/Options.h"

using namespace moert;

namespace {

/// Messages must not look for what is not there.
const char *textOf(const char *text) { return text ? text : ""; }

moert_status checkTcpOptions(const moert_tcp_options &tcp, const moert_group_options &options) {
  if (tcp.ranks < 1 || tcp.ranks > GroupState::kMostRanks)
    return failure(MOERT_INVALID_ARGUMENT, "a group has 1 to %d ranks, not %d",
                   GroupState::kMostRanks, tcp.ranks);
  if (tcp.rank < 0 || tcp.rank >= tcp.ranks)
    return failure(MOERT_INVALID_ARGUMENT, "a group of %d has ranks 0 to %d, not %d", tcp.ranks,
                   tcp.ranks - 1, tcp.rank);
  if (tcp.form_timeout_ns < 0 || tcp.heartbeat_ns < 0 || tcp.most_missed < 0)
    return failure(MOERT_INVALID_ARGUMENT, "a time or number of moert_tcp_options is negative");
  if (options.link_bytes_per_second)
    return failure(MOERT_INVALID_ARGUMENT,
                   "link_bytes_per_second is for groups of threads; processes have links");
  if (tcp.ranks == 1)
    return success();
  if (tcp.port < 1 || tcp.port > 65535 || !*textOf(tcp.host))
    return failure(MOERT_INVALID_ARGUMENT,
                   "host '%.200s' and port %d of moert_tcp_options are not where rank 0 listens",
                   textOf(tcp.host), tcp.port);
  if (!tcp.secret || tcp.secret_bytes < RankEnvironment::kLeastToken)
    return failure(MOERT_INVALID_ARGUMENT,
                   "ranks that are processes share a secret of %llu bytes at least, not %llu",
                   static_cast<unsigned long long>(RankEnvironment::kLeastToken),
                   static_cast<unsigned long long>(tcp.secret ? tcp.secret_bytes : 0));
  return success();
}

} // namespace

moert_status moert_group::makeRemote(moert_runtime &runtime, const moert_tcp_options &tcp,
                                     const moert_group_options &options, moert_group *&group) {
  MOERT_RETURN_IF_FAILED(checkTcpOptions(tcp, options));
  GroupTransport *end = nullptr;
  if (tcp.ranks == 1) {
    MOERT_RETURN_IF_FAILED(LocalRanks::make(runtime.host, 1, 0, &end));
    return wrap(runtime, *end, options, group);
  }
  // First, since others wait for a rank that has begun to form the group.
  const moert_transport_api *api;
  MOERT_RETURN_IF_FAILED(loadTransport(tcp.transport ? tcp.transport : "gloo", api));
  ControlOptions control;
  control.rank = tcp.rank;
  control.ranks = tcp.ranks;
  control.generation = tcp.generation;
  control.host = tcp.host;
  control.port = uint16_t(tcp.port);
  control.secret = tcp.secret;
  control.secretBytes = tcp.secret_bytes;
  control.interface = textOf(tcp.interface);
  if (tcp.form_timeout_ns)
    control.formNs = tcp.form_timeout_ns;
  if (tcp.heartbeat_ns)
    control.heartbeatNs = tcp.heartbeat_ns;
  if (tcp.most_missed)
    control.mostMissed = tcp.most_missed;
  MOERT_RETURN_IF_FAILED(RemoteRanks::make(runtime.host, control, *api, end));
  return wrap(runtime, *end, options, group);
}

moert_status moert_group::makeTcp(moert_runtime &runtime, const moert_tcp_options *given,
                                  const moert_group_options *givenOptions, moert_group *&group) {
  moert_tcp_options tcp;
  moert_group_options options;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_tcp_options", tcp));
  MOERT_RETURN_IF_FAILED(readGroupOptions(givenOptions, options));
  return makeRemote(runtime, tcp, options, group);
}

moert_status moert_group::makeFromEnvironment(moert_runtime &runtime,
                                              const moert_group_options *given,
                                              moert_group *&group) {
  moert_group_options options;
  MOERT_RETURN_IF_FAILED(readGroupOptions(given, options));
  RankEnvironment environment;
  MOERT_RETURN_IF_FAILED(readRankEnvironment(processEnvironment(), environment));
  moert_tcp_options tcp = {};
  tcp.size = sizeof(tcp);
  tcp.rank = environment.rank;
  tcp.ranks = environment.size;
  tcp.host = environment.host;
  tcp.port = environment.port;
  tcp.secret = environment.token;
  tcp.secret_bytes = strlen(environment.token);
  tcp.interface = environment.interface;
  tcp.generation = uint64_t(environment.generation);
  return makeRemote(runtime, tcp, options, group);
}
