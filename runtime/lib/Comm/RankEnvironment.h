// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which rank this process is, and where it meets the others: what launchers leave in the
// environment. The names of MOERT_* come first, then those of torchrun, OpenMPI, PMI and Slurm; a
// program that was started by none of them is a group of one rank.
//
// Launchers are often nested (mpirun inside a Slurm job), and each numbers its own processes. A
// rank that counts wrong hangs or mixes up experts, so sources that disagree are an error that
// shows both, and MOERT_RANK_SOURCE names the one that is meant.
#ifndef MOERT_LIB_COMM_RANKENVIRONMENT_H
#define MOERT_LIB_COMM_RANKENVIRONMENT_H

#include "moert/moert.h"

namespace moert {

/// The value of variable `name`, or null, as getenv gives it.
struct EnvironmentLookup {
  const char *(*get)(void *user, const char *name);
  void *user;
};

/// The environment of this process.
EnvironmentLookup processEnvironment();

struct RankEnvironment {
  static constexpr int32_t kUnknown = -1;
  /// torchrun's, for sources that name a host and no port.
  static constexpr uint16_t kDefaultPort = 29500;
  /// Of the secret: one that can be guessed protects nothing.
  static constexpr uint64_t kLeastToken = 16, kMostToken = 256;

  /// "moert", "torchrun", "openmpi", "pmi", "slurm", or "none" for a process by itself.
  const char *source = "none";
  int32_t rank = 0;
  int32_t size = 1;
  int32_t localRank = kUnknown; // among those of this host
  /// Where rank 0 listens; a host name or an address, without brackets. Empty where size is 1 and
  /// nobody said.
  char host[256] = "";
  uint16_t port = 0;
  /// The shared secret, as text. Empty where size is 1 and nobody said.
  char token[kMostToken + 1] = "";
  /// How many groups there were before: a rank that still forms an earlier one is turned away.
  int32_t generation = 0;
  /// An address or the name of a device that connections use; empty: the one that leads to rank 0.
  char interface[64] = "";
};

/// INVALID_ARGUMENT, with the names and values of the variables that are wrong.
moert_status readRankEnvironment(const EnvironmentLookup &lookup, RankEnvironment &environment);

/// Splits "host:port", "[address]:port" or, with port kDefaultPort, "host". False if it is none.
bool parseEndpoint(const char *text, char *host, uint64_t room, uint16_t &port);

/// The first host of a Slurm list such as "n[001-004,9],other". False if it is malformed.
bool parseFirstHost(const char *list, char *host, uint64_t room);

} // namespace moert

#endif // MOERT_LIB_COMM_RANKENVIRONMENT_H
