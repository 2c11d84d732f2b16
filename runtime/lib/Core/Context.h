// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One run of compiled code: what its moert_ctx pointer really points at.
#ifndef MOERT_LIB_CORE_CONTEXT_H
#define MOERT_LIB_CORE_CONTEXT_H

#include "lib/Core/Accelerator.h"
#include "lib/Core/Pool.h"
#include "lib/Core/RunExchange.h"
#include "lib/Core/Session.h"
#include "lib/Core/StagedExchange.h"

#include <csetjmp>
#include <vector>

struct moert_request;

namespace moert {

/// Used by one run at a time, on the thread that runs it. Between runs it keeps its pool's memory.
struct Context final : moert_ctx {
  explicit Context(moert_session &session);
  ~Context() { destroy(session.host, solo_); }

  /// Runs the request's entry. Outputs are the request's; everything else is taken back by
  /// moert_session::finishRun.
  moert_status run(moert_request &request);

  /// Ends the run with `status`: back to `run`, past the compiled code. No frame in between has a
  /// destructor: compiled code has none, and the functions of the table keep to plain values.
  [[noreturn]] void unwind(const moert_status &status);
  /// After a run that failed: gives its group up if compiled code had begun, and returns when no
  /// other rank touches memory of the run.
  void leaveGroup(int32_t code);
  /// What carries the rows of exchange `number` of the artifact.
  moert_status findTransport(uint32_t number, ExchangeTransport *&transport);
  /// Hands a span of this run that ends now to the trace hook; only where there is one.
  void trace(int32_t kind, const char *name, int64_t begin, int64_t units,
             const void *record) const;

  /// Unwinds when the request was cancelled or its deadline has passed.
  void checkInterrupted();

  moert_session &session;
  Pool pool;
  Array<int64_t> stateLengths;
  moert_request *request = nullptr;
  RunExchange exchange;
  StagedExchange staged; // of `exchange`, with device code
  /// With device code: its work, and where the run's outputs are there.
  std::unique_ptr<AcceleratorRun> device;
  std::vector<void *> deviceOutputs;
  int64_t deviceNs = 0;        // of the last run, if the session times it
  void *failedCheck = nullptr; // what moert_functions.failed_check gives; null: nobody asked
  bool idle = false;           // guarded by the session's mutex
  Context *next = nullptr;     // likewise

private:
  int32_t enter();
  /// Copies of the request's inputs on the device.
  moert_status uploadInputs();
  /// Waits for all work of the run, and settles its outcome: outputs are the host's then, or a
  /// check has failed.
  void finishDevice();
  /// Enqueues the copies of outputs to the host.
  moert_status downloadOutputs();

  std::vector<moert_buffer> deviceInputs_;

  jmp_buf start_;
  bool hasEntered_ = false;
  SoloPart *solo_ = nullptr;
  moert_status outcome_;
};

} // namespace moert

#endif // MOERT_LIB_CORE_CONTEXT_H
