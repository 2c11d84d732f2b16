// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/ExchangeIdentity.h"
#include "lib/Core/Status.h"

namespace moert {

namespace {

/// A name that may have come from somewhere else.
constexpr int kName = int(sizeof(ExchangeIdentity::name)) - 1;

} // namespace

ExchangeIdentity identify(const ExchangeStart &start) {
  ExchangeIdentity identity = {};
  memcpy(identity.buildId, start.buildId, sizeof(identity.buildId));
  identity.number = start.number;
  identity.ordinal = start.ordinal;
  identity.experts = start.info->num_experts;
  identity.rowBytes = start.send.row_bytes;
  identity.windowRows = start.windowRows;
  identity.chunks = start.chunks;
  memcpy(identity.name, start.info->name, strnlen(start.info->name, size_t(kName)));
  return identity;
}

moert_status compare(const ExchangeIdentity &mine, const ExchangeIdentity &theirs, int32_t rank) {
  if (memcmp(mine.buildId, theirs.buildId, sizeof(mine.buildId)) != 0)
    return failure(MOERT_INVALID_ARGUMENT,
                   "rank %d runs another artifact: it is at exchange '%.*s', this rank at '%.*s' "
                   "of its own",
                   rank, kName, theirs.name, kName, mine.name);
  if (mine.number != theirs.number || mine.ordinal != theirs.ordinal ||
      mine.experts != theirs.experts)
    return failure(MOERT_INVALID_ARGUMENT,
                   "rank %d is at exchange %u of its run, '%.*s', and this rank at exchange %u, "
                   "'%.*s': all ranks must run the same requests in the same order",
                   rank, theirs.ordinal, kName, theirs.name, mine.ordinal, kName, mine.name);
  if (mine.rowBytes != theirs.rowBytes)
    return failure(MOERT_INVALID_ARGUMENT,
                   "rank %d has rows of %lld bytes at exchange '%.*s', this rank of %lld: inputs "
                   "must agree in all sizes but the batch",
                   rank, static_cast<long long>(theirs.rowBytes), kName, mine.name,
                   static_cast<long long>(mine.rowBytes));
  if (mine.windowRows != theirs.windowRows || mine.chunks != theirs.chunks)
    return failure(MOERT_INVALID_ARGUMENT,
                   "rank %d has windows of %lld rows and %lld chunks at exchange '%.*s', this rank "
                   "%lld and %lld: options of a group must be the same on all ranks",
                   rank, static_cast<long long>(theirs.windowRows),
                   static_cast<long long>(theirs.chunks), kName, mine.name,
                   static_cast<long long>(mine.windowRows), static_cast<long long>(mine.chunks));
  return success();
}

} // namespace moert
