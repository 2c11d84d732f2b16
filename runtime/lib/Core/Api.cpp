// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The exported table: null checks here, everything else in the objects.
#include "lib/Core/Options.h"
#include "lib/Core/Request.h"
#include "lib/Cpu/Isa.h"

using namespace moert;

#ifndef MOERT_VERSION
#error "the build defines MOERT_VERSION as \"major.minor.patch\""
#endif

namespace {

moert_status nullArgument(const char *name) {
  return failure(MOERT_INVALID_ARGUMENT, "%s is null", name);
}

#define MOERT_REQUIRE(argument)                                                                    \
  do {                                                                                             \
    if (!(argument))                                                                               \
      return nullArgument(#argument);                                                              \
  } while (false)

const char *version() { return MOERT_VERSION; }

moert_status runtimeCreate(const moert_runtime_options *options, moert_runtime **runtime) {
  MOERT_REQUIRE(runtime);
  *runtime = nullptr;
  return moert_runtime::make(options, runtime);
}

/// `release` of a handle that may be null.
template <typename T>
void releaseHandle(T *handle) {
  if (handle)
    handle->release();
}

moert_status runtimeInfo(moert_runtime *runtime, moert_runtime_info *info) {
  MOERT_REQUIRE(runtime);
  moert_runtime_info values = {};
  values.threads = runtime->pool.threads();
  values.isa = runtime->isa;
  return writeStructure(values, "moert_runtime_info", info);
}

int64_t nowNs(moert_runtime *runtime) { return runtime ? runtime->host.now() : 0; }

moert_status artifactOpen(moert_runtime *runtime, const char *path, moert_artifact **artifact) {
  MOERT_REQUIRE(artifact);
  *artifact = nullptr;
  MOERT_REQUIRE(runtime);
  MOERT_REQUIRE(path);
  return moert_artifact::open(*runtime, path, artifact);
}

moert_status artifactFromTable(moert_runtime *runtime, const struct moert_artifact_v1 *table,
                               const char *path, moert_artifact **artifact) {
  MOERT_REQUIRE(artifact);
  *artifact = nullptr;
  MOERT_REQUIRE(runtime);
  MOERT_REQUIRE(table);
  return moert_artifact::wrap(*runtime, table, path, artifact);
}

const struct moert_artifact_v1 *artifactTable(moert_artifact *artifact) {
  return artifact ? artifact->table : nullptr;
}

moert_status weightsOpen(moert_artifact *artifact, const moert_weights_options *options,
                         moert_weights **weights) {
  MOERT_REQUIRE(weights);
  *weights = nullptr;
  MOERT_REQUIRE(artifact);
  return moert_weights::open(*artifact, options, weights);
}

moert_status sessionCreate(moert_artifact *artifact, moert_weights *weights,
                           const moert_session_options *options, moert_session **session) {
  MOERT_REQUIRE(session);
  *session = nullptr;
  MOERT_REQUIRE(artifact);
  return moert_session::make(*artifact, weights, options, session);
}

moert_status sessionStats(moert_session *session, moert_session_stats *stats) {
  MOERT_REQUIRE(session);
  return writeStructure(session->stats(), "moert_session_stats", stats);
}

moert_status sessionTrim(moert_session *session) {
  MOERT_REQUIRE(session);
  session->trim();
  return success();
}

moert_status sessionStateLength(moert_session *session, const char *name, int64_t *rows) {
  MOERT_REQUIRE(session);
  MOERT_REQUIRE(rows);
  return session->stateLength(name, *rows);
}

moert_status sessionTruncateState(moert_session *session, const char *name, int64_t rows) {
  MOERT_REQUIRE(session);
  return session->truncateState(name, rows);
}

moert_status requestCreate(moert_session *session, const char *entry, moert_request **request) {
  MOERT_REQUIRE(request);
  *request = nullptr;
  MOERT_REQUIRE(session);
  return moert_request::make(*session, entry, request);
}

moert_status requestSetInput(moert_request *request, const char *name, const moert_tensor *tensor) {
  MOERT_REQUIRE(request);
  MOERT_REQUIRE(name);
  MOERT_REQUIRE(tensor);
  return request->setInput(name, tensor);
}

moert_status requestSetOutput(moert_request *request, const char *name,
                              const moert_tensor *tensor) {
  MOERT_REQUIRE(request);
  MOERT_REQUIRE(name);
  return request->setOutput(name, tensor);
}

moert_status requestSetDeadline(moert_request *request, int64_t deadline) {
  MOERT_REQUIRE(request);
  request->deadline = deadline;
  return success();
}

moert_status requestRun(moert_request *request) {
  MOERT_REQUIRE(request);
  return request->run();
}

moert_status requestOutput(moert_request *request, const char *name, moert_tensor *tensor) {
  MOERT_REQUIRE(request);
  MOERT_REQUIRE(name);
  return request->output(name, tensor);
}

void requestCancel(moert_request *request) {
  if (request)
    request->cancelled.store(true, std::memory_order_relaxed);
}

moert_status requestReset(moert_request *request) {
  MOERT_REQUIRE(request);
  return request->reset();
}

moert_status groupCreateLocal(moert_runtime *runtime, int32_t ranks,
                              const moert_group_options *options, moert_group **groups) {
  MOERT_REQUIRE(groups);
  MOERT_REQUIRE(runtime);
  return moert_group::makeLocal(*runtime, ranks, options, groups);
}

moert_status groupInfo(moert_group *group, moert_group_info *info) {
  MOERT_REQUIRE(group);
  return writeStructure(group->info(), "moert_group_info", info);
}

void groupAbort(moert_group *group) {
  if (group)
    group->abort();
}

moert_status groupTraffic(moert_group *group, int32_t layer, int32_t peer, moert_traffic *traffic) {
  MOERT_REQUIRE(group);
  return group->traffic(layer, peer, traffic);
}

moert_status sessionSetGroup(moert_session *session, moert_group *group) {
  MOERT_REQUIRE(session);
  return session->setGroup(group);
}

moert_status groupCreateFromEnv(moert_runtime *runtime, const moert_group_options *options,
                                moert_group **group) {
  MOERT_REQUIRE(group);
  *group = nullptr;
  MOERT_REQUIRE(runtime);
  return moert_group::makeFromEnvironment(*runtime, options, *group);
}

moert_status groupCreateTcp(moert_runtime *runtime, const moert_tcp_options *tcp,
                            const moert_group_options *options, moert_group **group) {
  MOERT_REQUIRE(group);
  *group = nullptr;
  MOERT_REQUIRE(runtime);
  MOERT_REQUIRE(tcp);
  return moert_group::makeTcp(*runtime, tcp, options, *group);
}

const moert_api kApi = {
    sizeof(moert_api),
    version,
    codeName,
    dtypeName,
    isaName,
    runtimeCreate,
    releaseHandle<moert_runtime>,
    runtimeInfo,
    nowNs,
    artifactOpen,
    artifactFromTable,
    releaseHandle<moert_artifact>,
    artifactTable,
    weightsOpen,
    releaseHandle<moert_weights>,
    sessionCreate,
    releaseHandle<moert_session>,
    sessionStats,
    sessionTrim,
    sessionStateLength,
    sessionTruncateState,
    requestCreate,
    moert_request::dispose,
    requestSetInput,
    requestSetOutput,
    requestSetDeadline,
    requestRun,
    requestOutput,
    requestCancel,
    requestReset,
    groupCreateLocal,
    releaseHandle<moert_group>,
    groupInfo,
    groupAbort,
    groupTraffic,
    sessionSetGroup,
    groupCreateFromEnv,
    groupCreateTcp,
};

} // namespace

const moert_api *moert_get_api(uint32_t version) {
  return version == MOERT_API_VERSION ? &kApi : nullptr;
}
