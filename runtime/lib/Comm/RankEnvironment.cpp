// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/RankEnvironment.h"
#include "lib/Comm/GroupState.h"
#include "lib/Core/Status.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace moert {

namespace {

/// What a launcher calls things. In the order in which they are believed.
struct Launcher {
  const char *name;
  const char *rank;
  const char *size;
  const char *localRank;
  /// The size alone says nothing: set in shells too, in which nothing has been launched.
  bool sizeIsAmbient;
};

constexpr Launcher kLaunchers[] = {
    {"moert", "MOERT_RANK", "MOERT_SIZE", "MOERT_LOCAL_RANK", false},
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", false},
    {"openmpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     false},
    {"pmi", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", false},
    {"slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", true},
};
constexpr char kSourceVariable[] = "MOERT_RANK_SOURCE";

/// An unset variable and an empty one are the same: shells leave empty ones behind.
const char *find(const EnvironmentLookup &lookup, const char *name) {
  const char *value = lookup.get(lookup.user, name);
  return value && *value ? value : nullptr;
}

/// Digits only, up to `most`.
bool parseNumber(const char *text, int64_t most, int64_t &number) {
  number = 0;
  if (!*text)
    return false;
  for (; *text; ++text) {
    if (*text < '0' || *text > '9')
      return false;
    number = number * 10 + (*text - '0');
    if (number > most)
      return false;
  }
  return true;
}

moert_status readNumber(const EnvironmentLookup &lookup, const char *name, int64_t least,
                        int64_t most, int32_t &number) {
  const char *text = find(lookup, name);
  int64_t value = 0;
  if (text && (!parseNumber(text, most, value) || value < least))
    return failure(MOERT_INVALID_ARGUMENT, "%s is '%.60s', not a number from %lld to %lld", name,
                   text, static_cast<long long>(least), static_cast<long long>(most));
  if (text)
    number = int32_t(value);
  return success();
}

bool isPresent(const EnvironmentLookup &lookup, const Launcher &launcher) {
  return find(lookup, launcher.rank) || (find(lookup, launcher.size) && !launcher.sizeIsAmbient);
}

moert_status readLauncher(const EnvironmentLookup &lookup, const Launcher &launcher,
                          RankEnvironment &found) {
  const char *missing = !find(lookup, launcher.rank)   ? launcher.rank
                        : !find(lookup, launcher.size) ? launcher.size
                                                       : nullptr;
  if (missing)
    return failure(MOERT_INVALID_ARGUMENT, "%s is set but %s is not; a rank needs both",
                   missing == launcher.rank ? launcher.size : launcher.rank, missing);
  found.source = launcher.name;
  MOERT_RETURN_IF_FAILED(readNumber(lookup, launcher.size, 1, GroupState::kMostRanks, found.size));
  MOERT_RETURN_IF_FAILED(readNumber(lookup, launcher.rank, 0, INT32_MAX, found.rank));
  MOERT_RETURN_IF_FAILED(readNumber(lookup, launcher.localRank, 0, INT32_MAX, found.localRank));
  if (found.rank >= found.size)
    return failure(MOERT_INVALID_ARGUMENT, "%s is %d, but %s is %d: ranks are counted from 0",
                   launcher.rank, found.rank, launcher.size, found.size);
  if (found.localRank >= found.size)
    return failure(MOERT_INVALID_ARGUMENT, "%s is %d, but %s is %d: ranks are counted from 0",
                   launcher.localRank, found.localRank, launcher.size, found.size);
  return success();
}

moert_status compare(const Launcher &one, const char *oneName, int32_t oneValue,
                     const Launcher &other, const char *otherName, int32_t otherValue) {
  return failure(MOERT_INVALID_ARGUMENT,
                 "%s=%d and %s=%d disagree; unset one, or set %s to '%s' or '%s'", oneName,
                 oneValue, otherName, otherValue, kSourceVariable, one.name, other.name);
}

moert_status compare(const Launcher &one, const RankEnvironment &first, const Launcher &other,
                     const RankEnvironment &second) {
  if (first.rank != second.rank)
    return compare(one, one.rank, first.rank, other, other.rank, second.rank);
  if (first.size != second.size)
    return compare(one, one.size, first.size, other, other.size, second.size);
  if (first.localRank != second.localRank && first.localRank != RankEnvironment::kUnknown &&
      second.localRank != RankEnvironment::kUnknown)
    return compare(one, one.localRank, first.localRank, other, other.localRank, second.localRank);
  return success();
}

/// The one that MOERT_RANK_SOURCE names, or null if it is unset.
moert_status findChosen(const EnvironmentLookup &lookup, const Launcher *&chosen) {
  const char *name = find(lookup, kSourceVariable);
  chosen = nullptr;
  if (!name)
    return success();
  for (const Launcher &launcher : kLaunchers)
    if (strcmp(launcher.name, name) == 0)
      chosen = &launcher;
  if (!chosen)
    return failure(MOERT_INVALID_ARGUMENT,
                   "%s is '%.60s', not moert, torchrun, openmpi, pmi or slurm", kSourceVariable,
                   name);
  if (!isPresent(lookup, *chosen))
    return failure(MOERT_INVALID_ARGUMENT, "%s is '%s', but %s and %s are not set", kSourceVariable,
                   name, chosen->rank, chosen->size);
  return success();
}

moert_status readRank(const EnvironmentLookup &lookup, RankEnvironment &environment) {
  const Launcher *chosen;
  MOERT_RETURN_IF_FAILED(findChosen(lookup, chosen));
  if (chosen)
    return readLauncher(lookup, *chosen, environment);
  for (const Launcher &launcher : kLaunchers) {
    if (!isPresent(lookup, launcher))
      continue;
    RankEnvironment found;
    MOERT_RETURN_IF_FAILED(readLauncher(lookup, launcher, found));
    if (!chosen) {
      chosen = &launcher;
      environment = found;
      continue;
    }
    MOERT_RETURN_IF_FAILED(compare(*chosen, environment, launcher, found));
    if (environment.localRank == RankEnvironment::kUnknown)
      environment.localRank = found.localRank;
  }
  return success();
}

/// Where rank 0 listens. Only the first that is set is read: hosts have many names, so these are
/// not compared.
moert_status readRendezvous(const EnvironmentLookup &lookup, RankEnvironment &environment) {
  char (&host)[sizeof(environment.host)] = environment.host;
  if (const char *text = find(lookup, "MOERT_RENDEZVOUS")) {
    if (!parseEndpoint(text, host, sizeof(host), environment.port))
      return failure(MOERT_INVALID_ARGUMENT,
                     "MOERT_RENDEZVOUS is '%.200s', not host:port or [address]:port", text);
    return success();
  }
  environment.port = RankEnvironment::kDefaultPort;
  if (const char *text = find(lookup, "MASTER_ADDR")) {
    if (size_t(snprintf(host, sizeof(host), "%s", text)) >= sizeof(host))
      return failure(MOERT_INVALID_ARGUMENT, "MASTER_ADDR is longer than a host name");
    int32_t port = environment.port;
    MOERT_RETURN_IF_FAILED(readNumber(lookup, "MASTER_PORT", 1, 65535, port));
    // torchrun itself listens at that port, and says so: the next one is ours.
    const char *isTaken = find(lookup, "TORCHELASTIC_USE_AGENT_STORE");
    if (isTaken && strcmp(isTaken, "True") == 0 && find(lookup, "MASTER_PORT"))
      port += port < 65535 ? 1 : -1;
    environment.port = uint16_t(port);
    return success();
  }
  if (const char *text = find(lookup, "SLURM_JOB_NODELIST")) {
    if (!parseFirstHost(text, host, sizeof(host)))
      return failure(MOERT_INVALID_ARGUMENT,
                     "SLURM_JOB_NODELIST is '%.200s', in which no first host is found", text);
    return success();
  }
  environment.port = 0;
  if (environment.size == 1)
    return success();
  return failure(MOERT_INVALID_ARGUMENT,
                 "%d ranks (of %s) need MOERT_RENDEZVOUS: host:port where rank 0 listens",
                 environment.size, environment.source);
}

/// torchrun counts how often it has started its processes again, which is what a generation is.
/// Other launchers do not count, so that whoever starts ranks again says it.
moert_status readGeneration(const EnvironmentLookup &lookup, RankEnvironment &environment) {
  const bool isOfTorchrun = strcmp(environment.source, "torchrun") == 0;
  const char *name = find(lookup, "MOERT_GENERATION") || !isOfTorchrun
                         ? "MOERT_GENERATION"
                         : "TORCHELASTIC_RESTART_COUNT";
  return readNumber(lookup, name, 0, INT32_MAX, environment.generation);
}

} // namespace

EnvironmentLookup processEnvironment() {
  return {[](void *, const char *name) -> const char * { return getenv(name); }, nullptr};
}

bool parseEndpoint(const char *text, char *host, uint64_t room, uint16_t &port) {
  const char *begin = text, *end;
  if (*text == '[') {
    begin = text + 1;
    end = strchr(begin, ']');
    text = end ? end + 1 : nullptr;
  } else {
    // More than one colon is an address of version 6 without brackets: where its port begins is
    // anybody's guess.
    end = strchr(begin, ':');
    if (end && strchr(end + 1, ':'))
      return false;
    end = end ? end : begin + strlen(begin);
    text = end;
  }
  if (!text || end == begin || uint64_t(end - begin) >= room)
    return false;
  int64_t number = RankEnvironment::kDefaultPort;
  if (*text && (*text != ':' || !parseNumber(text + 1, 65535, number) || number == 0))
    return false;
  memcpy(host, begin, size_t(end - begin));
  host[end - begin] = '\0';
  port = uint16_t(number);
  return true;
}

bool parseFirstHost(const char *list, char *host, uint64_t room) {
  uint64_t length = 0;
  auto put = [&](char c) {
    if (length + 1 < room)
      host[length] = c;
    ++length;
  };
  for (; *list && *list != ','; ++list) {
    if (*list == ']')
      return false;
    if (*list != '[') {
      put(*list);
      continue;
    }
    // The first number of the list in brackets, with its leading zeros.
    const uint64_t begin = length;
    for (++list; *list >= '0' && *list <= '9'; ++list)
      put(*list);
    if (length == begin || (*list != '-' && *list != ',' && *list != ']'))
      return false;
    while (*list && *list != ']' && *list != '[')
      ++list;
    if (*list != ']')
      return false;
  }
  if (length == 0 || length >= room)
    return false;
  host[length] = '\0';
  return true;
}

moert_status readRankEnvironment(const EnvironmentLookup &lookup, RankEnvironment &environment) {
  RankEnvironment found;
  MOERT_RETURN_IF_FAILED(readRank(lookup, found));
  MOERT_RETURN_IF_FAILED(readRendezvous(lookup, found));
  MOERT_RETURN_IF_FAILED(readGeneration(lookup, found));
  if (const char *token = find(lookup, "MOERT_TOKEN")) {
    // Its value must not get into messages.
    if (strlen(token) < RankEnvironment::kLeastToken || strlen(token) > RankEnvironment::kMostToken)
      return failure(MOERT_INVALID_ARGUMENT,
                     "MOERT_TOKEN has %zu characters; a secret has %llu to %llu, such as those "
                     "that 'openssl rand -hex 16' prints",
                     strlen(token), static_cast<unsigned long long>(RankEnvironment::kLeastToken),
                     static_cast<unsigned long long>(RankEnvironment::kMostToken));
    snprintf(found.token, sizeof(found.token), "%s", token);
  } else if (found.size > 1) {
    return failure(MOERT_INVALID_ARGUMENT,
                   "%d ranks (of %s) need MOERT_TOKEN: a secret that all of them share", found.size,
                   found.source);
  }
  if (const char *interface = find(lookup, "MOERT_INTERFACE"))
    if (size_t(snprintf(found.interface, sizeof(found.interface), "%s", interface)) >=
        sizeof(found.interface))
      return failure(MOERT_INVALID_ARGUMENT, "MOERT_INTERFACE is longer than an address");
  environment = found;
  return success();
}

} // namespace moert
